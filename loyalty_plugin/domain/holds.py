"""What a hold consists of, how long it may last and how it ends; pure arithmetic, never a clock or IO.

A hold reserves amounts in one or more units (points, or the principal and the bonus of one currency) and remembers the
lots they came from, soonest expiry first. It ends once: what is captured is taken from the lots that end soonest, the
rest goes back to its own lots.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from loyalty_plugin.domain.intents import Capture, Hold, Intent, Release
from loyalty_plugin.domain.ledger import LOTLESS, Account, Posting
from loyalty_plugin.domain.values import check_amount
from loyalty_plugin.errors import HoldExceeded, InvalidAmount, InvalidInput

#: No hold is placed or renewed for longer at once: it is for a checkout that is open, not for a shelf.
LONGEST: Final = timedelta(days=1)


class State(StrEnum):
    """Where a hold stands. Only an open one reserves anything."""

    OPEN = "open"
    CAPTURED = "captured"
    RELEASED = "released"


class Portion(NamedTuple):
    """So much of one lot."""

    unit: str
    lot: int
    amount: int


def check_asked(amounts: Mapping[str, int]) -> dict[str, int]:
    """What is to be held, by unit in a fixed order. Raises InvalidInput, InvalidAmount.

    Units without lots are never spent, so nothing of them can be reserved either.
    """
    if not amounts:
        raise InvalidInput(reason="nothing_to_hold")
    for unit, amount in amounts.items():
        if unit in LOTLESS:
            raise InvalidInput(unit=unit, reason="never_spent")
        check_amount(amount, zero=False)
    return dict(sorted(amounts.items()))


def placing(amounts: Mapping[str, int]) -> tuple[Hold, ...]:
    """The intents that reserve these amounts, all of them or none."""
    return tuple(Hold(unit, amount) for unit, amount in sorted(amounts.items()))


def portions_of(postings: Iterable[Posting]) -> tuple[Portion, ...]:
    """From which lots a posted hold took its amounts, in the order they were taken."""
    return tuple(
        Portion(one.unit, one.destination_lot, one.amount)
        for one in postings
        if one.destination is Account.HELD and one.destination_lot is not None
    )


def latest_end(ends: Iterable[datetime | None]) -> datetime | None:
    """Beyond which a hold can't last: the first instant at which something that it holds would have ended."""
    return min((end for end in ends if end is not None), default=None)


def held_until(now: datetime, lasting: timedelta, latest: datetime | None) -> datetime:
    """Until when a hold lasts that is placed or renewed now. Raises InvalidInput."""
    if not timedelta() < lasting <= LONGEST:
        raise InvalidInput(lasting=str(lasting))
    until = now + lasting
    return until if latest is None else min(until, latest)


def divide(
    portions: Sequence[Portion], amounts: Mapping[str, int] | None
) -> tuple[tuple[Portion, ...], tuple[Portion, ...]]:
    """What of the portions is captured and what is released; without amounts all is captured.

    A unit that is not named is released. Raises HoldExceeded, InvalidAmount.
    """
    if amounts is None:
        return tuple(portions), ()
    left = {unit: check_amount(amount) for unit, amount in amounts.items()}
    if not any(left.values()):
        raise InvalidAmount(amount="0")
    captured, released = [], []
    for portion in portions:
        taken = min(portion.amount, left.get(portion.unit, 0))
        if taken:
            left[portion.unit] -= taken
            captured.append(portion._replace(amount=taken))
        if portion.amount - taken:
            released.append(portion._replace(amount=portion.amount - taken))
    for unit, missing in left.items():
        if missing:
            raise HoldExceeded(unit=unit, asked=amounts[unit], held=amounts[unit] - missing)
    return tuple(captured), tuple(released)


def ending(captured: Sequence[Portion], released: Sequence[Portion]) -> tuple[Intent, ...]:
    """The intents that end a hold so."""
    return (
        *(Capture(unit, pairs) for unit, pairs in _by_unit(captured).items()),
        *(Release(unit, pairs) for unit, pairs in _by_unit(released).items()),
    )


def _by_unit(portions: Sequence[Portion]) -> dict[str, tuple[tuple[int, int], ...]]:
    found: dict[str, tuple[tuple[int, int], ...]] = {}
    for unit, lot, amount in portions:
        found[unit] = (*found.get(unit, ()), (lot, amount))
    return found
