"""Ends the points of members whose account at the shop was deleted, after the day that was stated when it was."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.services import runs
from loyalty_plugin.services.expiry.due import Programmes, closed
from loyalty_plugin.services.posting import lock, post

#: Members in one transaction.
BATCH: Final = 500

# What is held returns to its lot and ends then; what a refund that did not last gives back ends with the next run.
_DUE: Final = """
SELECT m.id FROM loyalty_plugin_member m
 WHERE m.programme_id = %(programme)s AND m.points_end_on < %(today)s AND m.id > %(after)s
   AND EXISTS (SELECT FROM loyalty_plugin_lot l
                WHERE l.member_id = m.id AND l.unit = 'points' AND (l.pending > 0 OR l.available > 0))
 ORDER BY m.id LIMIT %(limit)s
"""


def end_closed(*, now: datetime, batch: int = BATCH) -> int:
    """End what is due; how many members it were. Killed half-way, it goes on when called again."""
    programmes, done = Programmes(), 0
    with runs.running("closed accounts") as run:
        for programme_id, timezone in Programme.objects.order_by("pk").values_list("pk", "timezone"):
            today, after = local_day(now, ZoneInfo(timezone)), 0
            while found := _due(programme_id, today.isoformat(), after, batch):
                with transaction.atomic(durable=True):
                    locked = lock({(member_id, POINTS) for member_id in found})
                    plans = [
                        closed(
                            programmes, programme_id, member_id, now, locked.books[member_id].lots_of(POINTS)
                        )
                        for member_id in found
                    ]
                    # One that can't be posted must not keep the others waiting.
                    post([plan for plan in plans if plan], recorded_at=now, locked=locked, collect=True)
                after, done = found[-1], done + len(found)
        run.result = {"done": done}
    return done


def _due(programme_id: int, today: str, after: int, limit: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(_DUE, {"programme": programme_id, "today": today, "after": after, "limit": limit})
        return [row[0] for row in cursor.fetchall()]
