"""What becomes of a reserved payment when the order exists: so much of it is charged, or all is let go and why."""

from __future__ import annotations

from typing import Final, NamedTuple

from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.domain.paying.parts import Parts
from loyalty_plugin.domain.paying.room import Payable
from loyalty_plugin.domain.promises import PAID_BY_ANOTHER, PAID_FOR_EXCLUDED

CANCELLED: Final = "order_cancelled"
NOTHING_DUE: Final = "nothing_due"
#: What somebody tried that should not be possible: the order is to be held back, and a person told.
SUSPICIOUS: Final = frozenset({PAID_BY_ANOTHER, PAID_FOR_EXCLUDED})


class Verdict(NamedTuple):
    """So much to charge, minor units; of nothing, why, as a stable code."""

    charge: int
    reason: str = ""


def judge(fact: OrderFact, parts: Parts, room: Payable, *, user_id: str, due: int) -> Verdict:
    """What of a payment its order uses. `due` is what the others have not paid; `room` is of the order as it is.

    A member pays their own orders, and only what may be paid so: lines may have been swapped since the checkout was
    looked at. Never more than was reserved, never more than is due.
    """
    if fact.cancelled:
        return Verdict(0, CANCELLED)
    if fact.user_id != user_id:
        return Verdict(0, PAID_BY_ANOTHER)
    charge = min(parts.money, due)
    if charge <= 0:
        return Verdict(0, NOTHING_DUE)
    of_points = min(parts.points_money, charge)
    if of_points > room.points or charge - of_points > room.stored or charge > room.both:
        return Verdict(0, PAID_FOR_EXCLUDED)
    return Verdict(charge)
