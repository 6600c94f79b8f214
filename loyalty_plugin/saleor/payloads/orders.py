"""Makes an OrderFact out of an order as Saleor answers it (`operations/fragments/OrderParts.graphql`)."""

from __future__ import annotations

from loyalty_plugin.domain import provenance
from loyalty_plugin.domain.facts import LineFact, OrderFact, TransactionFact
from loyalty_plugin.saleor.payloads.payments import fulfilled_at, paid
from loyalty_plugin.saleor.payloads.values import Json, gross, id_of, instant, is_gift_card, money, net


def order_fact(realm: str, order: Json) -> OrderFact:
    """The order as it was read. Raises InvalidInput for amounts and instants that are none."""
    currency = order["total"]["currency"]
    total = gross(order["total"], currency)
    created = instant(order["created"])
    payment = paid(order, currency)
    return OrderFact(
        realm=realm,
        order_id=order["id"],
        number=order["number"],
        channel=order["channel"]["slug"],
        currency=currency,
        user_id=id_of(order.get("user")),
        user_email=order.get("userEmail") or "",
        created_at=created,
        updated_at=instant(order["updatedAt"]),
        status=order["status"],
        lines=tuple(_line(line, currency) for line in order["lines"]),
        total_gross=total,
        total_net=net(order["total"], currency),
        shipping_gross=gross(order["shippingPrice"], currency),
        shipping_net=net(order["shippingPrice"], currency),
        charged=payment.charged,
        refunded=payment.went,
        gift_card_paid=provenance.by_gift_card(payment.charges),
        paid_by_hand=provenance.by_hand(payment.charges),
        charges=payment.charges,
        # Nothing to pay is paid when ordered: Saleor never charges such an order.
        paid_at=payment.covered_at(total) if total else created,
        fulfilled_at=fulfilled_at(order),
        cancelled=order["status"] in ("CANCELED", "EXPIRED"),
        checkout_id=order.get("checkoutId") or "",
        origin=order["origin"].lower(),
        # Private: what is public of a checkout, and so of its order, anybody may write.
        test=(order.get("privateMetafield") or "").lower() in ("true", "1", "yes"),
        authorized=money(order.get("totalAuthorized"), currency),
        voucher=order.get("voucherCode") or "",
        reduced=bool(order.get("voucherCode") or order.get("discounts")),
        may_owe=bool((order["channel"].get("orderSettings") or {}).get("allowUnpaidOrders")),
        transactions=tuple(
            TransactionFact(
                one["id"],
                money(one.get("authorizedAmount"), currency),
                money(one.get("chargedAmount"), currency),
            )
            for one in order.get("transactions") or ()
            if "id" in one
        ),
        with_tax=bool((order["channel"].get("taxConfiguration") or {}).get("pricesEnteredWithTax", True)),
    )


def _line(line: Json, currency: str) -> LineFact:
    variant = line.get("variant") or {}
    product = variant.get("product") or {}
    return LineFact(
        line_id=line["id"],
        quantity=line["quantity"],
        product_id=product.get("id", ""),
        # The variant may have been deleted since; its id stays on the line.
        variant_id=variant.get("id") or line.get("productVariantId") or "",
        category_id=id_of(product.get("category")),
        collection_ids=frozenset(c["id"] for c in product.get("collections") or ()),
        gross=gross(line["totalPrice"], currency),
        net=net(line["totalPrice"], currency),
        undiscounted_gross=gross(line["undiscountedTotalPrice"], currency),
        undiscounted_net=money(line["undiscountedTotalPrice"].get("net"), currency),
        gift_card=is_gift_card(product),
        member_priced=bool(line.get("isPriceOverridden")),
        mark=line.get("priceOverrideReason") or "",
        is_gift=bool(line.get("isGift")),
        unit_gross=money((line.get("unitPrice") or {}).get("gross"), currency),
        unit_net=money((line.get("unitPrice") or {}).get("net"), currency),
    )
