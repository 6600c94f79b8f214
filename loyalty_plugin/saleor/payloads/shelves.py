"""Makes lines of one piece out of variants as a shop shows them (`fragments/ShelfVariant`, `ShelfProduct`)."""

from __future__ import annotations

from collections.abc import Callable

from loyalty_plugin.domain.facts import ShelfFact
from loyalty_plugin.saleor.payloads.values import Json, gross, id_of, is_gift_card, net


def shelf_fact(variant: Json, product: Json, with_tax: bool) -> ShelfFact | None:
    """A variant with its prices as the channel enters them; None where the channel has no price of it.

    Our App is shown more than a customer: what is not published has a price for us, too.
    """
    pricing = variant.get("pricing") or {}
    price = pricing.get("price")
    if not price:
        return None
    currency = price["currency"]
    side: Callable[[Json | None, str], int] = gross if with_tax else net
    now = side(price, currency)
    before = pricing.get("priceUndiscounted")
    return ShelfFact(
        variant_id=variant["id"],
        product_id=product["id"],
        currency=currency,
        list_price=side(before, currency) if before else now,
        price=now,
        category_id=id_of(product.get("category")),
        collection_ids=frozenset(one["id"] for one in product.get("collections") or ()),
        gift_card=is_gift_card(product),
    )
