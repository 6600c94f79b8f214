"""Decides what a freshly read order means for its record: earn, change, wait or nothing; pure, it writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.services.orders.records import Record

#: Outcomes of an order, as stable codes; each is a sentence at the doors.
NO_PROGRAMME = "no_programme"
NOT_A_MEMBER = "not_a_member"
GUEST_ORDER = "guest_order"
STAGING = "staging_realm"
FROZEN = "member_frozen"
NOT_PAID = "not_paid"
OTHER_CURRENCY = "other_currency"
ZERO_VALUE = "zero_value"
CANCELLED = "cancelled"
NOTHING_EARNED = "nothing_earned"
PAST_ORDER = "past_order"
DRAFT = "draft"
NOT_CONFIRMED = "not_confirmed"
TEST_ORDER = "test_order"
IMPORTED = "imported"
PAID_BY_HAND = "paid_by_hand"
HAND_WAITS = "hand_paid_waits"
HAND_REFUSED = "hand_paid_refused"


@dataclass(frozen=True, slots=True)
class Net:
    """What stands of an order: minor units that came in and stayed, of the whole."""

    paid: int
    left: int


def money_in(fact: OrderFact, version: ProgrammeVersion) -> int:
    """What came in and stayed, minor units; without the money paid by hand that does not count.

    Gift cards may be no basis at all, points and bonus never are one: then what is paid by hand is a share of the rest,
    and weighs so much more.
    """
    by_hand, total = fact.paid_by_hand, fact.total_gross
    by_card = 0 if version.document.earning.basis.gift_card_paid else fact.gift_card_paid
    if by_hand and (none := by_card + fact.given_paid):
        rest = max(total - none, 0)
        by_hand = -(-by_hand * total // rest) if rest else fact.charged
    return max(fact.charged - by_hand, 0)


def whole_of(fact: OrderFact) -> int:
    """What came in for the order before anything went back, minor units; what was paid too much is no part of it."""
    return min(fact.charged + fact.refunded, fact.total_gross)


def why_not(fact: OrderFact, version: ProgrammeVersion) -> str:
    """The stable code why this order does not earn now, empty if it does."""
    if fact.currency != version.currency:
        return OTHER_CURRENCY
    if fact.status == "DRAFT":
        return DRAFT
    if fact.cancelled:
        return CANCELLED
    if fact.test:
        return TEST_ORDER
    if fact.status == "UNCONFIRMED":
        return NOT_CONFIRMED
    if fact.origin == "bulk_create" and not _imported_earns(fact, version):
        return IMPORTED
    if fact.total_gross <= 0:
        return ZERO_VALUE
    if fact.charged <= 0 or fact.charged + fact.refunded < fact.total_gross:
        return NOT_PAID
    if money_in(fact, version) <= 0:
        return PAID_BY_HAND
    return ""


def _imported_earns(fact: OrderFact, version: ProgrammeVersion) -> bool:
    """Whether an order made by a bulk import was placed on or after the day from which those earn."""
    since = version.document.imported_from
    return since is not None and local_day(fact.created_at, version.zone) >= since


def ended(fact: OrderFact) -> str:
    """The stable code why nothing of the order stands, whatever was paid; empty if it is not so."""
    return CANCELLED if fact.cancelled else TEST_ORDER if fact.test else ""


def net_of(record: Record, fact: OrderFact, version: ProgrammeVersion) -> Net:
    """What stands of what was paid when the order first earned. Nothing of a cancelled or a test order stands."""
    left = 0 if ended(fact) else money_in(fact, version)
    return Net(record.first_paid, min(left, record.first_paid))


def target(decided: int, net: Net) -> int:
    """The points that stand: the decided ones in the share that stands, rounded down; all of them where all stands."""
    return decided * min(net.left, net.paid) // net.paid if net.paid else 0


def outcome_of(record: Record, fact: OrderFact) -> str:
    """The stable code of what became of an order that was decided, empty where points stand."""
    if over := ended(fact):
        return over
    if record.past:
        return PAST_ORDER
    return "" if record.points else NOTHING_EARNED


def counts_at(fact: OrderFact, version: ProgrammeVersion, window_end: datetime | None) -> datetime | None:
    """When the order's money counts towards tiers, None while that is not known."""
    match version.document.spend_counts:
        case "payment":
            return fact.paid_at
        case "fulfilment":
            return fact.fulfilled_at
        case _:
            return window_end or (fact.paid_at if version.document.pending.starts == "none" else None)
