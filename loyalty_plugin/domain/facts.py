"""What was found to be so, frozen: orders, refunds, checkouts and members as the domain reads them.

Adapters make facts out of what they read from outside; nothing here decides anything.
Amounts are minor units of the fact's currency; instants are timezone-aware.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Final, Generic, NamedTuple, TypeVar

T = TypeVar("T")
#: As many of anything as a shop gives at once.
PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class LineFact:
    """One line of an order or checkout. Prices are per line (not per unit), after the line's discounts."""

    line_id: str
    quantity: int
    product_id: str = ""
    variant_id: str = ""
    category_id: str = ""
    collection_ids: frozenset[str] = frozenset()
    gross: int = 0
    net: int = 0
    #: What the line would have cost without any discount, gross.
    undiscounted_gross: int = 0
    #: A member price was charged on this line.
    member_priced: bool = False
    gift_card: bool = False
    #: The plugin's own mark on the line (the promise behind a member price), empty when there is none.
    mark: str = ""
    #: Of one unit, as the shop says it; 0 where an adapter does not know.
    unit_gross: int = 0
    unit_net: int = 0
    #: The shop's own gift with a promotion.
    is_gift: bool = False
    #: As `undiscounted_gross`, without tax; 0 where an adapter does not know.
    undiscounted_net: int = 0


@dataclass(frozen=True, slots=True)
class ChargeFact:
    """One amount that came in for an order, minor units: `amount` in all, `stands` of it after refunds.

    `source` says who vouches for it, as `domain.provenance` writes it.
    """

    charge_id: str
    amount: int
    stands: int
    source: str


class TransactionFact(NamedTuple):
    """A payment transaction of the shop's: what may be taken by it yet, and what was, minor units."""

    transaction_id: str
    authorized: int
    charged: int


@dataclass(frozen=True, slots=True)
class OrderFact:
    """An order as it was last read. Totals are the whole order's; `charged` and `refunded` are running totals."""

    realm: str
    order_id: str
    number: str
    channel: str
    currency: str
    user_id: str
    user_email: str
    created_at: datetime
    updated_at: datetime
    status: str
    lines: tuple[LineFact, ...]
    total_gross: int
    total_net: int
    shipping_gross: int
    shipping_net: int
    #: Money that came in, less money that went back (charge-backs and refunds), never below zero.
    charged: int
    refunded: int
    #: The part of the charge paid with gift cards.
    gift_card_paid: int = 0
    #: The part of `charged` that nobody saw: staff declared it as paid, or an App that the shop does not name.
    paid_by_hand: int = 0
    #: Each charge with its source; empty where an adapter knows only sums.
    charges: tuple[ChargeFact, ...] = ()
    paid_at: datetime | None = None
    fulfilled_at: datetime | None = None
    cancelled: bool = False
    checkout_id: str = ""
    #: checkout, draft, reissue or bulk_create.
    origin: str = "checkout"
    #: The shop marked it as a test.
    test: bool = False
    #: Money that may be taken for it yet.
    authorized: int = 0
    #: A voucher or a promotion of the whole order lowered its lines, too.
    reduced: bool = False
    #: The code of its voucher, empty without one.
    voucher: str = ""
    #: Its channel takes orders that nobody has paid.
    may_owe: bool = False
    #: Its channel enters prices with tax: what lists, floors and member prices are stated in.
    with_tax: bool = True
    #: What of its charges was paid with points and bonus of a membership, before anything went back.
    given_paid: int = 0
    #: The transactions it is paid by; legacy payments are none.
    transactions: tuple[TransactionFact, ...] = ()

    @property
    def ref(self) -> str:
        """The order's name in the ledger: realm and id, since ids repeat between Saleors."""
        return f"{self.realm}|{self.order_id}"


@dataclass(frozen=True, slots=True)
class Part:
    """Which page of a long list is wanted: the one after a cursor, of what was created or last changed since.

    Oldest first; of what changed since an instant, by their last change. `counting` asks how many there are in all.
    """

    after: str = ""
    created_since: datetime | None = None
    changed_since: datetime | None = None
    counting: bool = False


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a long list, at most `PAGE`. `cursor` is what to give for the next one, while there is `more`."""

    items: tuple[T, ...]
    cursor: str
    more: bool
    #: How many there are in all, where that was asked.
    total: int | None = None
    #: What could not be read, by id: a stable code of why.
    unreadable: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckoutLineFact:
    """One line of an open checkout. Unit prices gross or net as the channel enters them."""

    line_id: str
    variant_id: str
    product_id: str
    quantity: int
    #: The variant's list price now, and its price with Saleor's own promotions.
    list_price: int
    promotion_price: int
    #: What the line is charged per unit at the moment.
    unit_price: int
    category_id: str = ""
    collection_ids: frozenset[str] = frozenset()
    gift_card: bool = False
    is_gift: bool = False
    override_reason: str = ""


@dataclass(frozen=True, slots=True)
class ShelfFact:
    """A variant as a channel sells it now: unit prices as the channel enters them, without and with promotions."""

    variant_id: str
    product_id: str
    price: int
    list_price: int
    currency: str
    category_id: str = ""
    collection_ids: frozenset[str] = frozenset()
    gift_card: bool = False

    def as_line(self) -> CheckoutLineFact:
        """One piece of it, as a perk sees a line; the variant's id is the line's."""
        return CheckoutLineFact(
            line_id=self.variant_id,
            variant_id=self.variant_id,
            product_id=self.product_id,
            quantity=1,
            list_price=self.list_price,
            promotion_price=self.price,
            unit_price=self.price,
            category_id=self.category_id,
            collection_ids=self.collection_ids,
            gift_card=self.gift_card,
        )


@dataclass(frozen=True, slots=True)
class CheckoutFact:
    """An open checkout as it was last read."""

    realm: str
    checkout_id: str
    channel: str
    currency: str
    user_id: str
    email: str
    total_gross: int
    lines: tuple[CheckoutLineFact, ...]
    voucher_code: str = ""
    #: Unit prices of lines are entered with tax in this channel.
    with_tax: bool = True
    #: Where it is sent to, the channel's own country while nobody has said; and whether there is anything to send.
    country: str = ""
    sent: bool = True
    #: A voucher or a promotion on the order is taken off it: the shop spreads it over its lines' unit prices.
    reduced: bool = False
    #: What of its total was paid or may be taken already, minor units.
    covered: int = 0


@dataclass(frozen=True, slots=True)
class CustomerFact:
    """A customer's account as it was last read. `confirmed`: the e-mail address was proven to be theirs."""

    realm: str
    user_id: str
    email: str
    name: str
    active: bool
    confirmed: bool
    language: str
    joined_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class MemberFact:
    """A member as rules see one, on one day of the programme."""

    member_id: int
    tier: str
    joined_on: date
    birthday: date | None = None
    verified: bool = False
    orders_before: int = 0
    #: Gross spend of earlier orders that count, in minor units.
    spend_before: int = 0
    #: Points ever earned before this fact, whatever became of them.
    earned_before: int = 0
    labels: frozenset[str] = frozenset()
    #: Pieces bought before, refunds taken off, by product id: only of products that a rule asked for.
    pieces_before: Mapping[str, int] = field(default_factory=dict)
    #: Before this day a birthday brings nothing: staff changed it lately.
    birthday_from: date | None = None
    #: Benefits of an order that the verified contact had before, by the name their rule gives them.
    had: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RemainingCaps:
    """What caps and budgets leave, read under the lock that guards them. None means no cap."""

    day: int | None = None
    member: int | None = None
    #: Campaign code to points left in its budget.
    budgets: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Factor:
    """One multiplier that applied, and where it comes from."""

    code: str
    rate: Fraction
    label: str = ""
