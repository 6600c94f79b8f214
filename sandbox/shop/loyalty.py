"""The shop's only window on the membership plugin, as frozen views; no other module of the shop imports the plugin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.http import HttpRequest

from sandbox.shop.money import Money

if TYPE_CHECKING:
    from sandbox.shop.cart import Cart
    from sandbox.shop.catalogue import Product, Variant


@dataclass(frozen=True)
class Points:
    """Whole points by state; `expiring` of the available ones go next, on `expires_on`."""

    available: int
    pending: int
    reserved: int
    owed: int
    expiring: int
    expires_on: date | None


@dataclass(frozen=True)
class Progress:
    """The way to the next tier: `percent` for the bar, `sentence` for everybody."""

    next_tier: str
    percent: int
    sentence: str


@dataclass(frozen=True)
class CheckIn:
    """The daily check-in: how long the streak is and what today and tomorrow bring."""

    streak: int
    done_today: bool
    reward: int
    tomorrow: int


@dataclass(frozen=True)
class Card:
    """The member's card: `payload` is what its QR code says."""

    number: str
    payload: str
    pdf_url: str | None


@dataclass(frozen=True)
class Membership:
    """Everything the membership page answers in one look."""

    name: str
    tier_code: str
    tier: str
    since: date
    points: Points
    progress: Progress | None
    outlook: tuple[str, ...]
    saved: Money | None
    check_in: CheckIn | None
    card: Card | None


@dataclass(frozen=True)
class StatementLine:
    """One movement as a bank would print it; `why` are sentences, the first the shortest."""

    day: date
    what: str
    why: tuple[str, ...]
    points: int
    balance: int


@dataclass(frozen=True)
class PriceBlock:
    """What a shelf shows for one variant; the same rows for guest and member, so that nothing jumps.

    `price` is the large one. For a member with a better price `struck` is the shelf's and `tier` names why; for a
    guest `teaser` is what joining would make it. `sale` says that `struck` is the price before a sale.
    """

    price: Money
    struck: Money | None = None
    tier: str | None = None
    teaser: Money | None = None
    sale: bool = False


@dataclass(frozen=True)
class ProductCard:
    product: Product
    price: PriceBlock


def member_for(request: HttpRequest) -> Membership | None:
    """The signed-in customer's membership, None for a guest or a customer who is no member."""
    return None


def member_prices(request: HttpRequest | None, variants: Sequence[Variant]) -> dict[str, Money]:
    """Prices better than the shelf's by variant id: the member's own, or for a guest those of the first tier."""
    return {}


def apply_benefits(request: HttpRequest, checkout_id: str) -> bool:
    """Lays the member's prices on the checkout; True when the checkout may have changed."""
    return False


def statement(request: HttpRequest) -> list[StatementLine]:
    """The latest movements, newest first."""
    return []


def check_in(request: HttpRequest) -> CheckIn | None:
    """Counts today's visit; the state afterwards, None for a customer who is no member."""
    return None


def points_at_stake(request: HttpRequest, cart: Cart) -> int | None:
    """Points this cart would earn, for a guest those a new member would; None when unknown."""
    return None


def blocks(request: HttpRequest | None, variants: Iterable[Variant]) -> dict[str, PriceBlock]:
    """The price block of every variant by id."""
    wanted = list(variants)
    better = member_prices(request, wanted)
    member = member_for(request) if request else None
    return {v.id: _block(v, better.get(v.id), member) for v in wanted}


def _block(variant: Variant, better: Money | None, member: Membership | None) -> PriceBlock:
    on_sale = variant.undiscounted.minor > variant.price.minor
    before_sale = variant.undiscounted if on_sale else None
    if better is None or better.minor >= variant.price.minor:
        return PriceBlock(variant.price, struck=before_sale, sale=on_sale)
    if member is None:
        return PriceBlock(variant.price, struck=before_sale, sale=on_sale, teaser=better)
    return PriceBlock(better, struck=variant.price, tier=member.tier)


def cards(request: HttpRequest | None, products: Sequence[Product]) -> list[ProductCard]:
    """Products with the price block of the variant a card shows."""
    priced = blocks(request, [p.first for p in products])
    return [ProductCard(p, priced[p.first.id]) for p in products]
