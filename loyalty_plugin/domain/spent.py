"""How what was spent comes back: to its own lots, or with a grace where those have ended; pure, it reads no clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from loyalty_plugin.domain.intents import Award, GiveBack, Intent
from loyalty_plugin.domain.ledger import Account
from loyalty_plugin.domain.lots import day_end, local_day


class Spent(NamedTuple):
    """So much that was spent of one lot, when that ends, and whether it was itself opened to give something back."""

    unit: str
    lot: int
    amount: int
    expires_at: datetime | None = None
    grace: bool = False


def grace_until(days: int, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When what comes back too late for its own lot ends; None where the version gives no grace."""
    return day_end(local_day(now, zone) + timedelta(days=days), zone) if days else None


def giving_back(spent: Iterable[Spent], *, until: datetime | None, now: datetime) -> tuple[Intent, ...]:
    """The intents that return it all: every lot that still lives gets its own.

    What has no lot to return to gets a lot that ends `until` then, once: of a lot that was opened so before, and
    without a grace, it has expired.
    """
    living: dict[str, list[tuple[int, int]]] = {}
    lapsed: Counter[str] = Counter()
    graced: list[Award] = []
    for one in spent:
        if one.expires_at is None or one.expires_at > now:
            living.setdefault(one.unit, []).append((one.lot, one.amount))
        elif until is None or one.grace:
            lapsed[one.unit] += one.amount
        else:
            graced.append(
                Award(
                    one.unit,
                    one.amount,
                    expires_at=until,
                    source=Account.REDEEMED,
                    origin_lot=one.lot,
                    restores=True,
                )
            )
    back = [GiveBack(unit, tuple(living.get(unit, ())), lapsed[unit]) for unit in sorted({*living, *lapsed})]
    return (*back, *graced)
