"""Member prices: what a shelf shows for one, and the order to lay them on a cart; the plugin quotes, this only asks."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from django.http import HttpRequest
from django.utils.translation import get_language

from loyalty_plugin.domain.facts import CheckoutLineFact
from loyalty_plugin.domain.texts import text_in
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.queries.offers import newcomer, price_fact, quote_lines
from loyalty_plugin.services import benefits
from sandbox.shop.catalogue import Product, Variant
from sandbox.shop.loyalty.views import PriceBlock, ProductCard
from sandbox.shop.loyalty.who import Scene, scene
from sandbox.shop.money import Money
from sandbox.shop.saleor import CHANNEL

_log = logging.getLogger(__name__)

Offer = tuple[Product, Variant]


def member_prices(request: HttpRequest | None, offers: Sequence[Offer]) -> dict[str, Money]:
    """Prices better than the shelf's by variant id: the member's own, or for a guest a new member's."""
    found = scene(request)
    if found is None:
        return {}
    who = price_fact(found.member, found.version) if found.member else newcomer(found.version, found.now)
    own = [(p, v) for p, v in offers if v.price.currency == found.version.currency]
    quotes = quote_lines(found.version, who, [_line(*o) for o in own], now=found.now, channel=CHANNEL)
    return {
        variant.id: Money(quote.unit_price, variant.price.currency)
        for (_product, variant), quote in zip(own, quotes, strict=True)
        if quote.unit_price < variant.price.minor
    }


def _line(product: Product, variant: Variant) -> CheckoutLineFact:
    """One piece on the shelf, as a perk sees a line."""
    return CheckoutLineFact(
        line_id=variant.id,
        variant_id=variant.id,
        product_id=product.id,
        quantity=1,
        list_price=variant.undiscounted.minor,
        promotion_price=variant.price.minor,
        unit_price=variant.price.minor,
        category_id=product.category.id,
        collection_ids=product.collection_ids,
    )


def apply_benefits(request: HttpRequest, checkout_id: str) -> bool:
    """Lays the member's prices on the checkout; True when it may differ now from what was read of it before.

    That is so for every member, also where nothing was left to do: a worker may just have done it. A cart without
    its member prices is still a cart: the page shows what Saleor will charge, so a failure here is noted and the
    customer goes on.
    """
    found = scene(request)
    if found is None or found.member is None:
        return False
    try:
        benefits.apply_benefits(
            found.actor, realm_url=found.realm_url, checkout_id=checkout_id, now=found.now
        )
    except LoyaltyError as error:
        _log.warning("member prices were not laid on a checkout: %s", error)
        return False
    return True


def price_blocks(request: HttpRequest | None, offers: Iterable[Offer]) -> dict[str, PriceBlock]:
    """The price block of every variant by id."""
    wanted = list(offers)
    better = member_prices(request, wanted)
    found = scene(request) if better else None
    return {v.id: _block(v, better.get(v.id), found) for _product, v in wanted}


def _block(variant: Variant, better: Money | None, found: Scene | None) -> PriceBlock:
    on_sale = variant.undiscounted.minor > variant.price.minor
    before_sale = variant.undiscounted if on_sale else None
    if better is None or found is None:
        return PriceBlock(variant.price, struck=before_sale, sale=on_sale)
    if found.member is None:
        return PriceBlock(variant.price, struck=before_sale, sale=on_sale, teaser=better)
    tier = found.version.document.tier(found.member.tier)
    name = text_in(tier.name, get_language() or "en") if tier else ""
    return PriceBlock(better, struck=variant.price, tier=name)


def cards(request: HttpRequest | None, products: Sequence[Product]) -> list[ProductCard]:
    """Products with the price block of the variant a card shows."""
    priced = price_blocks(request, [(p, p.first) for p in products])
    return [ProductCard(p, priced[p.first.id]) for p in products]
