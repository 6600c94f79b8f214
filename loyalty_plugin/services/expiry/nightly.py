"""The night's work on points, in batches that a crash may end anywhere: mature, expire, inactivity.

Selects by index only what is due, and posts each batch in one transaction together with its progress.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection, transaction

from loyalty_plugin.domain.intents import Plan
from loyalty_plugin.domain.ledger import POINTS, Lot
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.services import runs
from loyalty_plugin.services.expiry.due import DueLot, Programmes, expiring, inactive, lot_of, maturing
from loyalty_plugin.services.posting import lock, post

#: Lots or members in one transaction: large enough to be quick, small enough to hold locks shortly.
BATCH: Final = 1_000

_MATURING: Final = """
SELECT l.id, l.member_id, l.unit, m.programme_id, l.matures_at
  FROM loyalty_plugin_lot l JOIN loyalty_plugin_member m ON m.id = l.member_id
 WHERE l.pending > 0 AND l.matures_at <= %(now)s AND l.matures_at >= %(at)s
   AND (l.matures_at, l.id) > (%(at)s, %(id)s)
   AND (NOT l.needs_verification OR m.verified_at IS NOT NULL)
 ORDER BY l.matures_at, l.id LIMIT %(limit)s
"""
_EXPIRING: Final = """
SELECT l.id, l.member_id, l.unit, m.programme_id, l.expires_at
  FROM loyalty_plugin_lot l JOIN loyalty_plugin_member m ON m.id = l.member_id
 WHERE (l.pending > 0 OR l.available > 0) AND l.expires_at <= %(now)s AND l.expires_at >= %(at)s
   AND (l.expires_at, l.id) > (%(at)s, %(id)s)
 ORDER BY l.expires_at, l.id LIMIT %(limit)s
"""
_INACTIVE: Final = """
SELECT b.member_id, b.member_id, b.unit, m.programme_id, b.active_until
  FROM loyalty_plugin_balance b JOIN loyalty_plugin_member m ON m.id = b.member_id
 WHERE b.unit = 'points' AND b.available > 0 AND b.active_until <= %(now)s AND b.active_until >= %(at)s
   AND (b.active_until, b.member_id) > (%(at)s, %(id)s) AND m.programme_id = ANY(%(programmes)s)
 ORDER BY b.active_until, b.member_id LIMIT %(limit)s
"""
_STILL_INACTIVE: Final = """
SELECT member_id, active_until FROM loyalty_plugin_balance
 WHERE unit = 'points' AND member_id = ANY(%s) AND active_until <= %s
"""
#: Before anything: where a job begins.
_BEGINNING: Final = "0001-01-02T00:00:00+00:00"

Batch = Callable[[Sequence[DueLot]], list[Plan]]


@dataclass(frozen=True, slots=True)
class Done:
    """What a job did: lots or members dealt with, and those refused, which stay for the next run."""

    done: int = 0
    refused: int = 0


def mature(*, now: datetime, limit: int | None = None, batch: int = BATCH) -> Done:
    """Make available what has waited long enough: return window over, contact verified where that is needed."""
    programmes = Programmes()
    return _work("mature", _MATURING, now, limit, batch, lambda due: _of_lots(maturing, programmes, due, now))


def expire(*, now: datetime, limit: int | None = None, batch: int = BATCH) -> Done:
    """End lots whose last valid day is over."""
    programmes = Programmes()
    return _work("expire", _EXPIRING, now, limit, batch, lambda due: _of_lots(expiring, programmes, due, now))


def expire_inactive(*, now: datetime, limit: int | None = None, batch: int = BATCH) -> Done:
    """End the points of members who were not active for as long as their programme says."""
    programmes = Programmes()
    concerned = [
        programme
        for programme in Programme.objects.filter(versions__status="published").distinct().values_list("pk", flat=True)
        if programmes.expire_by_inactivity(programme, now)
    ]
    if not concerned:
        return Done()
    more = {"programmes": concerned}
    return _work(
        "inactivity", _INACTIVE, now, limit, batch, lambda due: _of_members(programmes, due, now), more
    )


def _of_lots(
    step: Callable[[Programmes, DueLot, Lot | None, datetime], Plan | None],
    programmes: Programmes,
    due: Sequence[DueLot],
    now: datetime,
) -> list[Plan]:
    locked = lock({one.key for one in due})
    plans = [plan for one in due if (plan := step(programmes, one, lot_of(locked, one), now))]
    return _post(plans, locked, now)
