"""Makes a CheckoutFact out of a checkout as Saleor answers it (`operations/fragments/CheckoutParts.graphql`)."""

from __future__ import annotations

from collections.abc import Callable

from loyalty_plugin.domain.facts import CheckoutFact, CheckoutLineFact
from loyalty_plugin.saleor.payloads.values import Json, gross, id_of, is_gift_card, money, net

#: Picks gross or net of a TaxedMoney: an override is entered as the channel enters its prices.
Side = Callable[[Json | None, str], int]


def checkout_fact(realm: str, checkout: Json) -> CheckoutFact:
    """The checkout as it was read. Raises InvalidInput for amounts that are none."""
    currency = checkout["totalPrice"]["currency"]
    with_tax = checkout["channel"]["taxConfiguration"]["pricesEnteredWithTax"]
    side: Side = gross if with_tax else net
    country = (checkout.get("shippingAddress") or {}).get("country") or checkout["channel"].get(
        "defaultCountry"
    )
    return CheckoutFact(
        realm=realm,
        checkout_id=checkout["id"],
        channel=checkout["channel"]["slug"],
        currency=currency,
        user_id=id_of(checkout.get("user")),
        email=checkout.get("email") or "",
        total_gross=gross(checkout["totalPrice"], currency),
        lines=tuple(_line(line, currency, side) for line in checkout["lines"]),
        voucher_code=checkout.get("voucherCode") or "",
        with_tax=with_tax,
        country=(country or {}).get("code") or "",
        reduced=money(checkout.get("discount"), currency) > 0,
        sent=bool(checkout.get("isShippingRequired", True)),
        covered=sum(
            money(one["authorizedAmount"], currency) + money(one["chargedAmount"], currency)
            for one in checkout.get("transactions") or ()
        ),
    )


def _line(line: Json, currency: str, side: Side) -> CheckoutLineFact:
    variant = line["variant"]
    product = variant["product"]
    pricing = variant.get("pricing") or {}
    unit = side(line["unitPrice"], currency)
    # A variant taken out of the channel has no price any more; the line keeps its own.
    promotion = side(pricing["price"], currency) if pricing.get("price") else unit
    undiscounted = pricing.get("priceUndiscounted")
    return CheckoutLineFact(
        line_id=line["id"],
        variant_id=variant["id"],
        product_id=product["id"],
        quantity=line["quantity"],
        list_price=side(undiscounted, currency) if undiscounted else promotion,
        promotion_price=promotion,
        unit_price=unit,
        category_id=id_of(product.get("category")),
        collection_ids=frozenset(c["id"] for c in product.get("collections") or ()),
        gift_card=is_gift_card(product),
        is_gift=bool(line.get("isGift")),
        override_reason=line.get("priceOverrideReason") or "",
    )
