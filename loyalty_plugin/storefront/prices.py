"""Price blocks of a shelf: what the shop's own price is, and what it is to the member who looks; the quotes decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.http import HttpRequest

from loyalty_plugin.domain.facts import ShelfFact
from loyalty_plugin.domain.perks import QuotedLine
from loyalty_plugin.domain.values import currency_exponent
from loyalty_plugin.errors import InvalidInput
from loyalty_plugin.queries.explanations.offers import for_whom_it_is, why_no_member_price
from loyalty_plugin.queries.offers import kept_lines, newcomer, price_fact, quote_lines
from loyalty_plugin.storefront.visitor import Scene, scene
from loyalty_plugin.storefront.words import money, tier_name


@dataclass(frozen=True, slots=True)
class Offer(ShelfFact):
    """One variant on the shelf. `price` is what everybody pays, `list_price` what it was before a promotion of the
    shop's (the same without one); both minor units of `currency`, as the channel shows them."""


@dataclass(frozen=True, slots=True)
class PriceBlock:
    """What a shelf shows for one variant: the same rows for guest and member, so that nothing jumps.

    `amount` is the large one, minor units. For a member with a better price `struck` is the shelf's and `tier` names
    why; for a guest `teaser` is what joining would make it. `sale` says that `struck` is the price before a sale.
    `why` tells a member in a sentence why there is no member price. `barred`: it is
    not sold to who looks, and `kept` says for whom it is; `joining` that whoever joins may have it.
    """

    amount: int
    currency: str
    struck: int | None = None
    tier: str = ""
    teaser: int | None = None
    sale: bool = False
    why: str = ""
    barred: bool = False
    kept: str = ""
    joining: bool = False

    @property
    def price_text(self) -> str:
        return money(self.amount, self.currency)

    @property
    def struck_text(self) -> str:
        return money(self.struck, self.currency) if self.struck is not None else ""

    @property
    def teaser_text(self) -> str:
        return money(self.teaser, self.currency) if self.teaser is not None else ""


def saleor_offer(product: Mapping[str, Any], variant: Mapping[str, Any]) -> Offer | None:
    """An offer from Saleor's own answer, None for a variant without a price in the channel.

    `product` has `id`, `category{id}`, `collections{id}` and `productType{kind}` (gift cards never have a member
    price); `variant` has `id` and `pricing{price priceUndiscounted}`, each with `gross{amount currency}`. Read amounts
    as decimals: `json.loads(answer, parse_float=Decimal)`. Raises InvalidInput for an amount that is a float.
    """
    pricing = variant.get("pricing") or {}
    price = (pricing.get("price") or {}).get("gross")
    if not price:
        return None
    before = (pricing.get("priceUndiscounted") or {}).get("gross") or price
    return Offer(
        variant_id=variant["id"],
        product_id=product["id"],
        price=_minor(price),
        list_price=_minor(before),
        currency=price["currency"],
        category_id=(product.get("category") or {}).get("id", ""),
        collection_ids=frozenset(one["id"] for one in product.get("collections") or ()),
        gift_card=(product.get("productType") or {}).get("kind") == "GIFT_CARD",
    )


def _minor(amount: Mapping[str, Any]) -> int:
    if isinstance(amount["amount"], float):
        raise InvalidInput(amount="float")
    return int(Decimal(amount["amount"]).scaleb(currency_exponent(amount["currency"])).to_integral_value())


def price_blocks(request: HttpRequest | None, offers: Iterable[Offer]) -> list[PriceBlock]:
    """The price blocks of these offers, in their order. As many queries for a hundred as for one."""
    wanted = list(offers)
    found = scene(request)
    quotes = _quotes(found, wanted) if found is not None else {}
    lines = [offer.as_line() for offer in wanted]
    kept = kept_lines(found.version, lines, now=found.now, channel=found.channel) if found is not None else {}
    return [
        _block(offer, quotes.get(offer.variant_id), found, kept.get(offer.variant_id)) for offer in wanted
    ]


def _quotes(found: Scene, offers: Sequence[Offer]) -> dict[str, QuotedLine]:
    """Quotes by variant id, the member's own, or for a guest a new member's; none in a foreign currency."""
    who = price_fact(found.member, found.version) if found.member else newcomer(found.version, found.now)
    lines = [offer.as_line() for offer in offers if offer.currency == found.version.currency]
    quotes = quote_lines(found.version, who, lines, now=found.now, channel=found.channel)
    return {quote.line_id: quote for quote in quotes}


def _block(
    offer: Offer, quote: QuotedLine | None, found: Scene | None, tiers: Sequence[str] | None
) -> PriceBlock:
    on_sale = offer.list_price > offer.price
    plain = PriceBlock(
        offer.price, offer.currency, struck=offer.list_price if on_sale else None, sale=on_sale
    )
    if quote is None or found is None:
        return plain
    better = quote.unit_price if quote.unit_price < offer.price else None
    if tiers is not None and (found.member is None or quote.barred):
        joining = found.member is None and not quote.barred
        return replace(plain, barred=True, kept=for_whom_it_is(found.version, tiers), joining=joining)
    if found.member is None:
        # What joining would not change is no reason to join.
        return replace(plain, teaser=better)
    if better is None:
        return replace(plain, why=why_no_member_price(quote.why_not))
    name = tier_name(found.version.document.tier(found.member.tier))
    return PriceBlock(better, offer.currency, struck=offer.price, tier=name)
