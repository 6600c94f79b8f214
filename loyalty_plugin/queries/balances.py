"""A member's points by state and by lot, and what goes next; reads balances and lots, adds nothing up twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from django.db import connection
from django.db.models import Sum

from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.domain.lots import Inactivity, last_valid_day, warning_day
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.models.ledger import Balance, Lot


@dataclass(frozen=True, slots=True)
class PointsView:
    """Points by state. `expiring` of the available ones can be used up to `last_day`, and are gone after it."""

    available: int
    pending: int
    held: int
    owed: int
    earned: int
    expiring: int
    last_day: date | None
    #: From when on the member is warned, where points expire by inactivity.
    warned_on: date | None = None
    #: By when all that is reserved is either used or available again.
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LotView:
    """What is left of one award."""

    lot_id: int
    amount: int
    pending: int
    available: int
    held: int
    available_from: date | None
    last_day: date | None
    needs_verification: bool


_POINTS: Final = """
SELECT b.available, b.pending, b.held, b.owed, b.earned, b.active_until,
       CASE WHEN b.held > 0 THEN (
         SELECT max(h.until) FROM loyalty_plugin_hold h JOIN loyalty_plugin_holdportion p ON p.hold_id = h.id
          WHERE h.member_id = b.member_id AND h.state = 'open' AND p.unit = b.unit) END,
       l.expires_at, l.available
  FROM loyalty_plugin_balance b
  LEFT JOIN LATERAL (
    SELECT expires_at, available FROM loyalty_plugin_lot
     WHERE member_id = b.member_id AND unit = b.unit AND available > 0 AND expires_at IS NOT NULL
     ORDER BY expires_at LIMIT 50
  ) AS l ON true
 WHERE b.member_id = %s AND b.unit = %s ORDER BY l.expires_at
"""


def points_of(member_id: int, version: ProgrammeVersion, now: datetime, *, unit: str = POINTS) -> PointsView:
    """A member's points in one look. One query, however many lots."""
    with connection.cursor() as cursor:
        cursor.execute(_POINTS, [member_id, unit])
        rows = cursor.fetchall()
    nothing = (0, 0, 0, 0, 0, None, None)
    available, pending, held, owed, earned, active_until, held_until = rows[0][:7] if rows else nothing
    expiring, last_day, warned_on = 0, None, None
    expiry = version.document.expiry
    if isinstance(expiry, Inactivity) and active_until is not None:
        expiring, last_day = available, last_valid_day(active_until, version.zone)
        warned_on = warning_day(expiry, active_until, version.zone)
    for *_, expires_at, left in rows:
        if expires_at is None:  # no lot that ends
            break
        day = last_valid_day(expires_at, version.zone)
        if last_day is None or day < last_day:
            expiring, last_day, warned_on = left, day, None
        elif day == last_day and warned_on is None:
            expiring += left
        else:
            break
    return PointsView(
        available,
        pending,
        held,
        owed,
        earned,
        expiring if last_day else 0,
        last_day if expiring else None,
        warned_on,
        held_until,
    )


def lots_of(
    member_id: int, version: ProgrammeVersion, *, unit: str = POINTS, limit: int = 100
) -> list[LotView]:
    """Lots with something left, in the order they are spent."""
    rows = (
        Lot.objects.filter(member_id=member_id, unit=unit)
        .exclude(pending=0, available=0, held=0)
        .order_by("expires_at", "pk")
        .values_list(
            "pk", "amount", "pending", "available", "held", "matures_at", "expires_at", "needs_verification"
        )
    )
    return [
        LotView(
            lot_id,
            amount,
            pending,
            available,
            held,
            matures_at.astimezone(version.zone).date() if matures_at and pending else None,
            last_valid_day(expires_at, version.zone) if expires_at else None,
            unverified and pending > 0,
        )
        for lot_id, amount, pending, available, held, matures_at, expires_at, unverified in rows[:limit]
    ]


@dataclass(frozen=True, slots=True)
class Standing:
    """Points of one member in a list."""

    available: int = 0
    pending: int = 0
    held: int = 0
    owed: int = 0


def balances_of(member_ids: Sequence[int], *, unit: str = POINTS) -> dict[int, Standing]:
    """Points of several members, zero where there are none. One query."""
    rows = Balance.objects.filter(member_id__in=member_ids, unit=unit).values_list(
        "member_id", "available", "pending", "held", "owed"
    )
    found = {member_id: Standing(*rest) for member_id, *rest in rows}
    return {member_id: found.get(member_id, Standing()) for member_id in member_ids}


def by_unit(member_id: int) -> dict[str, Standing]:
    """What one member has in each unit they ever had something of."""
    rows = Balance.objects.filter(member_id=member_id).values_list(
        "unit", "available", "pending", "held", "owed"
    )
    return {unit: Standing(*rest) for unit, *rest in rows}


def totals(*, unit: str = POINTS) -> Standing:
    """Points of all members, by state."""
    row = Balance.objects.filter(unit=unit).aggregate(
        available=Sum("available"), pending=Sum("pending"), held=Sum("held"), owed=Sum("owed")
    )
    return Standing(**{name: value or 0 for name, value in row.items()})


_GIVEN: Final = """
SELECT b.member_id, b.earned, coalesce(sum(l.available + l.pending) FILTER (WHERE l.expires_at <= %(now)s), 0)
  FROM loyalty_plugin_balance b
  LEFT JOIN loyalty_plugin_lot l ON l.member_id = b.member_id AND l.unit = b.unit
 WHERE b.member_id = ANY(%(ids)s) AND b.unit = %(unit)s GROUP BY b.member_id, b.earned
"""


def given(member_ids: Sequence[int], now: datetime, *, unit: str = POINTS) -> dict[int, tuple[int, int]]:
    """Points ever earned, and those in lots whose last day is over, by member. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_GIVEN, {"ids": list(member_ids), "now": now, "unit": unit})
        return {member_id: (earned, int(over)) for member_id, earned, over in cursor.fetchall()}
