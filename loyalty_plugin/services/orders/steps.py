"""Decides what a freshly read order means for its record: earn, change, wait or nothing; pure, it writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from loyalty_plugin.domain.facts import OrderFact
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


@dataclass(frozen=True, slots=True)
class Net:
    """What stands of an order: minor units that came in and stayed, of the whole."""

    paid: int
    left: int


def money_in(fact: OrderFact, version: ProgrammeVersion) -> int:
    """What came in and stayed, minor units; without what staff declared as paid where the version says so."""
    by_hand = fact.paid_by_hand if version.document.hand_paid == "left_out" else 0
    return max(fact.charged - by_hand, 0)


def whole_of(fact: OrderFact, version: ProgrammeVersion) -> int:
    """What came in for the order before anything went back, minor units; what was paid too much is no part of it."""
    by_hand = fact.paid_by_hand if version.document.hand_paid == "left_out" else 0
    return min(max(fact.charged + fact.refunded - by_hand, 0), fact.total_gross)


def why_not(fact: OrderFact, version: ProgrammeVersion) -> str:
    """The stable code why this order does not earn now, empty if it does."""
    if fact.currency != version.currency:
        return OTHER_CURRENCY
    if fact.cancelled:
        return CANCELLED
    if fact.total_gross <= 0:
        return ZERO_VALUE
    if fact.charged <= 0 or fact.charged + fact.refunded < fact.total_gross:
        return NOT_PAID
    if money_in(fact, version) <= 0 or whole_of(fact, version) <= 0:
        return "paid_by_hand"
    return ""


def net_of(record: Record, fact: OrderFact, version: ProgrammeVersion) -> Net:
    """What stands of what was paid when the order first earned. Nothing of a cancelled order stands."""
    left = 0 if fact.cancelled else money_in(fact, version)
    return Net(record.first_paid, min(left, record.first_paid))


def target(decided: int, net: Net) -> int:
    """The points that stand: the decided ones in the share that stands, rounded down; all of them where all stands."""
    return decided * min(net.left, net.paid) // net.paid if net.paid else 0


def outcome_of(record: Record, fact: OrderFact) -> str:
    """The stable code of what became of an order that was decided, empty where points stand."""
    if fact.cancelled:
        return CANCELLED
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
