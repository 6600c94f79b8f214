"""The contracts an extension fulfils: one method each, parameters by its own pydantic schema; decides nothing.

An extension is a class without state. It is handed parsed parameters and frozen facts, and answers with exact
numbers and a reason as data. It reads no clock and no database: what it needs comes in with the occasion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any, ClassVar, Protocol, TypeAlias, runtime_checkable

from pydantic import BaseModel, ConfigDict

from loyalty_plugin.domain.facts import CheckoutLineFact, LineFact, MemberFact, OrderFact


@dataclass(frozen=True, slots=True)
class DraftContext:
    """What an extension's parameters may be checked against before a draft is published.

    `tiers` are the draft's tier codes, lowest first; the caps are points, None where there is none.
    """

    currency: str
    tiers: tuple[str, ...] = ()
    order_cap: int | None = None
    day_cap: int | None = None
    member_cap: int | None = None
    #: Codes of the programme's price lists, None where not to be checked.
    price_lists: frozenset[str] | None = None


class Params(BaseModel):
    """Base of an extension's parameters: frozen, and refusing what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def problems(self, context: DraftContext) -> Sequence[tuple[str, str]]:
        """Contradictions with the rest of the draft: pairs of the field's name and a stable code."""
        return ()


class OccasionKind(StrEnum):
    """What can bring points."""

    ORDER = "order"
    JOINED = "joined"
    VERIFIED = "verified"
    CHECK_IN = "check_in"
    BIRTHDAY = "birthday"
    MILESTONE = "milestone"


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something that happened to one member, with all a rule may look at.

    `day` and `at` are in the programme's time zone. `lines` are the order's lines that count by the version's
    basis, with the amount that counts (minor units) and its share of shipping where shipping counts.
    """

    kind: OccasionKind
    at: datetime
    day: date
    currency: str
    member: MemberFact
    order: OrderFact | None = None
    lines: tuple[tuple[LineFact, int], ...] = ()
    #: Amount that counts, in minor units: the sum of `lines`, and shipping where it counts.
    basis: int = 0
    #: What the version's basis left out or added, as pairs of a reason and minor units.
    left_out: tuple[tuple[str, int], ...] = ()
    #: Days in a row with a check-in, this one included (1: the first).
    streak: int = 0
    #: Points ever earned after this occasion's other awards (milestones look at it).
    earned_after: int = 0
    channel: str = ""
    #: Facts an extension prepared for itself (its own tables, read before the transaction's decision).
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a rule would give: exact points before rounding, and why, as data for a sentence.

    `by_line` pairs a line id with its exact part of the points; it may be empty where no line is the cause.
    `free` marks points that no purchase stands behind (welcome, birthday, check-in): they stay unspendable
    until the contact is verified. `once` names a free benefit of an order that a verified contact has once, also
    across memberships: where they had it before, it is left out.
    """

    points: Fraction
    reason: str
    data: Mapping[str, Any] = field(default_factory=dict)
    by_line: tuple[tuple[str, Fraction], ...] = ()
    free: bool = False
    once: str = ""


@runtime_checkable
class EarningRule(Protocol):
    """Gives points on an occasion.

    It may say `looks_at_tier = False` where the member's tier never matters to it: it is then asked once where
    the next tier is tried out. The same goes for multipliers.
    """

    code: ClassVar[str]
    label: ClassVar[Any]
    Params: ClassVar[type[BaseModel]]
    occasions: ClassVar[frozenset[OccasionKind]]

    def award(self, params: Any, occasion: Occasion) -> Offer | None:
        """The offer on this occasion, None where the rule does not apply."""
        ...


@dataclass(frozen=True, slots=True)
class Hint:
    """What would have given more, as data for a sentence: a kind and plain values."""

    kind: str
    data: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Hinting(Protocol):
    """What a rule or multiplier may offer besides: what would have given more on this occasion."""

    def hints(self, params: Any, occasion: Occasion) -> Sequence[Hint]:
        """Hints, best first; none where nothing more was to be had."""
        ...


@runtime_checkable
class Counting(Protocol):
    """What a rule may ask for besides: how many pieces of some products the member bought before."""

    def counted_products(self, params: Any) -> frozenset[str]:
        """Ids of the products; their counts come in with `occasion.member.pieces_before`."""
        ...


@runtime_checkable
class Multiplier(Protocol):
    """Multiplies what rules give for an order."""

    code: ClassVar[str]
    label: ClassVar[Any]
    Params: ClassVar[type[BaseModel]]

    def factor(self, params: Any, occasion: Occasion) -> Fraction | None:
        """The factor on this occasion (2 doubles), None where it does not apply."""
        ...


@runtime_checkable
class Named(Protocol):
    """What every extension has."""

    code: ClassVar[str]
    label: ClassVar[Any]
    Params: ClassVar[type[BaseModel]]


@dataclass(frozen=True, slots=True)
class PriceOffer:
    """A member price a perk would grant on one line: unit price in minor units, and why.

    The price may be exact (a Fraction): the programme rounds, once, by its own rule.
    """

    unit_price: int | Fraction
    reason: str
    data: Mapping[str, Any] = field(default_factory=dict)
    #: More than this would break the perk's word (a bundle's stated price): it is rounded down, whatever the rule.
    at_most: bool = False
    #: How many of the line's pieces the perk prices, where it has limits; None: all of them.
    pieces: int | None = None


@dataclass(frozen=True, slots=True)
class Declined:
    """Why a perk grants a line nothing although it is about it: a `domain.perks.WhyNot`, or a code of its own."""

    why_not: str


@dataclass(frozen=True, slots=True)
class Taken:
    """Pieces bought at a perk's price before this cart, open promises included: by everybody, and by this member."""

    by_all: int = 0
    by_member: int = 0


@dataclass(frozen=True, slots=True)
class Limits:
    """How many pieces may ever be bought at a perk's price: by all together, and by one member; None: any number."""

    in_all: int | None = None
    each_member: int | None = None

    @property
    def some(self) -> bool:
        """There is a limit at all."""
        return self.in_all is not None or self.each_member is not None

    def left(self, taken: Taken) -> int | None:
        """Pieces that may still be bought, below zero where there were too many; None: any number."""
        rest = []
        if self.in_all is not None:
            rest.append(self.in_all - taken.by_all)
        if self.each_member is not None:
            rest.append(self.each_member - taken.by_member)
        return min(rest, default=None)


@dataclass(frozen=True, slots=True)
class Cart:
    """All lines a perk may price, with who buys, where and when; `day` and `at` in the programme's time zone.

    Each line's `list_price` is what the perk starts from. `taken` is counted where the perk is `Limited`, `read` is what
    it read beforehand where it is `Reading`.
    """

    lines: tuple[CheckoutLineFact, ...]
    member: MemberFact
    day: date
    at: datetime
    channel: str = ""
    currency: str = ""
    taken: Taken = Taken()
    read: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class LinePerk(Named, Protocol):
    """Lowers the price of a line for a member, whatever else is in the cart."""

    def price(
        self, params: Any, line: CheckoutLineFact, member: MemberFact, day: date
    ) -> PriceOffer | Declined | None:
        """The member price of one unit, None where the perk is not about this line."""
        ...


@runtime_checkable
class CartPerk(Named, Protocol):
    """Prices lines by the whole cart: several together, or so many of one at most. Asked instead of `price`.

    On a shelf each product is a cart of one piece.
    """

    def prices(self, params: Any, cart: Cart) -> Mapping[str, PriceOffer | Declined]:
        """Member prices of one unit by line id; lines the perk is not about are left out."""
        ...


@runtime_checkable
class Limited(Protocol):
    """What a perk may have besides: limits that count what was bought before.

    Its offers say in `pieces` how many they are for. Quotes that take of one perk wait for each other, so that no two of
    them have the last piece.
    """

    def limits(self, params: Any) -> Limits:
        """The limits; where there are some, what was bought before comes in with `cart.taken`."""
        ...


@runtime_checkable
class Reading(Protocol):
    """What a perk that prices a cart may do besides: read its own tables before anything is decided.

    Constant in queries, whatever the number of lines.
    """

    def read(
        self, params: Any, variants: Sequence[str], programme_id: int, channel: str, currency: str
    ) -> Mapping[str, Any]:
        """What `prices` needs of these variants in this channel; it comes in with `cart.read`."""
        ...


@runtime_checkable
class Gating(Named, Protocol):
    """Keeps products for those who have the perk."""

    def bars(self, params: Any, line: CheckoutLineFact) -> bool:
        """Whether the perk keeps this product: only those who have it may buy it."""
        ...


@dataclass(frozen=True, slots=True)
class ShippingMethod:
    """A way of sending that a perk adds to a checkout: minor units of the programme's currency, whole days."""

    name: str
    amount: int
    max_days: int | None = None


@runtime_checkable
class Shipping(Named, Protocol):
    """What a perk may offer besides: a way of sending of its own.

    It sees the tier and nothing else, since a checkout waits for the answer: what it says is looked up, not worked out.
    """

    def ships(self, params: Any, tier: str) -> ShippingMethod | None:
        """The way of sending for this tier, None where the perk brings it none."""
        ...


@dataclass(frozen=True, slots=True)
class Gift:
    """One piece of something, free, once: as members read it, what it may be, and for how many days, the first included."""

    title: str
    days: int
    products: frozenset[str] = frozenset()
    variants: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    collections: frozenset[str] = frozenset()


@runtime_checkable
class Giving(Named, Protocol):
    """What a perk may offer besides: a gift on an occasion that is no order."""

    def gives(self, params: Any, kind: OccasionKind) -> Gift | None:
        """The gift on this occasion, None where the perk brings none. Asked on birthdays."""
        ...


@dataclass(frozen=True, slots=True)
class Promise:
    """What a perk brings one tier: in words, and as a size by which two versions of it are compared.

    `terms` holds what else matters (products, rounding): where it differs, the perk is another one.
    """

    text: Any
    size: int
    terms: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Telling(Protocol):
    """What a perk may offer besides: what it brings a tier, so that a draft can say who would miss it."""

    def tell(self, params: Any, tier: str) -> Promise | None:
        """The promise to this tier, None where the perk brings it nothing."""
        ...


#: A perk does at least one of these.
Perk: TypeAlias = LinePerk | CartPerk | Gating | Shipping | Giving


@runtime_checkable
class Reward(Protocol):
    """Something a member takes for points."""

    code: ClassVar[str]
    label: ClassVar[Any]
    Params: ClassVar[type[BaseModel]]

    def cost(self, params: Any, member: MemberFact) -> int:
        """Points one taking costs this member."""
        ...


@runtime_checkable
class Channel(Protocol):
    """Carries a message to a member."""

    code: ClassVar[str]
    label: ClassVar[Any]
    Params: ClassVar[type[BaseModel]]

    def send(self, params: Any, address: str, subject: str, body: str) -> str:
        """Hand the message over; a receipt's reference. Raises TryLater where trying again may help."""
        ...


@runtime_checkable
class CardDesign(Protocol):
    """Draws a card."""

    code: ClassVar[str]
    label: ClassVar[Any]
    Params: ClassVar[type[BaseModel]]

    def html(self, params: Any, card: Mapping[str, str]) -> str:
        """One HTML document with a front and a back page; `card` holds the fields as text."""
        ...


@runtime_checkable
class Panel(Protocol):
    """Shows something on a member's page in the back office."""

    code: ClassVar[str]
    label: ClassVar[Any]
    Params: ClassVar[type[BaseModel]]

    def render(self, params: Any, member_id: int) -> str:
        """Safe HTML for this member."""
        ...
