"""What the shop's pages show of a membership, as frozen views; they know neither the plugin nor the request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from sandbox.shop.money import Money

if TYPE_CHECKING:
    from sandbox.shop.catalogue import Product


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
    """The daily check-in: how long the streak is, what today and tomorrow bring, and whether a button counts."""

    streak: int
    done_today: bool
    reward: int
    tomorrow: int
    by_button: bool


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
