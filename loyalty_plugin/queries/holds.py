"""Reads holds and what they hold, which of them are overdue, and when the lots they hold end; ends none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from loyalty_plugin.domain.holds import Portion
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.models.holds import Hold, HoldPortion
from loyalty_plugin.models.ledger import Balance, Lot
from loyalty_plugin.queries.realms import spending_held


def portions_of(hold_id: int) -> tuple[Portion, ...]:
    """What a hold took from which lots, in that order."""
    rows = HoldPortion.objects.filter(hold_id=hold_id).order_by("position")
    return tuple(Portion(*row) for row in rows.values_list("unit", "lot_id", "amount"))


def used_portions_of(hold_id: int) -> tuple[Portion, ...]:
    """What a captured hold used and has not given back, the last taken first: it is the last to end."""
    rows = HoldPortion.objects.filter(hold_id=hold_id).order_by("-position")
    return tuple(
        Portion(unit, lot, captured - returned)
        for unit, lot, captured, returned in rows.values_list("unit", "lot_id", "captured", "returned")
        if captured > returned
    )


def ends_of(lot_ids: Iterable[int]) -> list[datetime | None]:
    """When these lots end."""
    return list(Lot.objects.filter(pk__in=list(lot_ids)).values_list("expires_at", flat=True))


def active_until_of(member_id: int) -> datetime | None:
    """Until when the member's last activity keeps points alive that end by inactivity."""
    rows = Balance.objects.filter(member_id=member_id, unit=POINTS).values_list("active_until", flat=True)
    return rows.first()


def overdue(now: datetime, *, after: int, limit: int) -> Sequence[int]:
    """Open holds whose time is over, but for those of a Saleor where nothing may move; by id, above `after`."""
    # What the shop was told of ends with its payment.
    rows = Hold.objects.filter(state=Hold.State.OPEN, until__lte=now, payment=None)
    stopped = [one for one in set(rows.values_list("realm_id", flat=True)) if spending_held(one)]
    chosen = rows.filter(pk__gt=after).exclude(realm_id__in=stopped).order_by("pk")
    return list(chosen.values_list("pk", flat=True)[:limit])
