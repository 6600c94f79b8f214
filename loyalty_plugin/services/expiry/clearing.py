"""Clears all points of a programme on a date, after showing what that would take; never what came later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.intents import Expire, Plan
from loyalty_plugin.domain.ledger import POINTS, Account, Kind, input_digest
from loyalty_plugin.domain.lots import day_end
from loyalty_plugin.errors import DateOutOfRange
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.programmes import version_at
from loyalty_plugin.services import audit, runs
from loyalty_plugin.services.posting import lock, post

BATCH: Final = 1_000

_TOTALS: Final = """
SELECT count(DISTINCT l.member_id), coalesce(sum(l.available), 0)::bigint, coalesce(sum(l.pending), 0)::bigint
  FROM loyalty_plugin_lot l
  JOIN loyalty_plugin_member m ON m.id = l.member_id
  JOIN loyalty_plugin_entry e ON e.id = l.entry_id
 WHERE m.programme_id = %(programme)s AND l.unit = 'points' AND (l.pending > 0 OR l.available > 0)
   AND e.occurred_at < %(end)s
"""
_MEMBERS: Final = """
SELECT l.member_id, array_agg(l.id ORDER BY l.id)
  FROM loyalty_plugin_lot l
  JOIN loyalty_plugin_member m ON m.id = l.member_id
  JOIN loyalty_plugin_entry e ON e.id = l.entry_id
 WHERE m.programme_id = %(programme)s AND l.unit = 'points' AND (l.pending > 0 OR l.available > 0)
   AND e.occurred_at < %(end)s AND l.member_id > %(after)s
 GROUP BY l.member_id ORDER BY l.member_id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Cleared:
    """What a clearing takes: members concerned, their available points, and those still on the way."""

    members: int = 0
    available: int = 0
    pending: int = 0


def clear(
    actor: Actor, *, programme_id: int, on: date, now: datetime, preview: bool = False, batch: int = BATCH
) -> Cleared:
    """End all points that were earned up to the end of the programme's day `on`; held points stay.

    With `preview` nothing is posted and the answer is what would be. Killed half-way, it goes on when called
    again. Raises PermissionDenied, UnknownProgramme, DateOutOfRange for a day that is not over.
    """
    require(actor, Operation.CLEAR_POINTS)
    version = version_at(programme_id, now)
    zone: ZoneInfo = version.zone
    end = day_end(on, zone)
    if preview:
        with connection.cursor() as cursor:
            cursor.execute(_TOTALS, {"programme": programme_id, "end": end})
            return Cleared(*cursor.fetchone())
    if end > now:
        raise DateOutOfRange(day=on.isoformat(), reason="not_over")
    total = Cleared()
    with runs.running(f"clear {version.code} {on.isoformat()}"[:40]) as run:
        while True:
            with transaction.atomic(durable=True):
                chosen: dict[str, Any] = {"programme": programme_id, "end": end, "limit": batch}
                with connection.cursor() as cursor:
                    cursor.execute(_MEMBERS, {**chosen, "after": run.cursor.get("after", 0)})
                    found = dict(cursor.fetchall())
                if not found:
                    break
                locked = lock({(member_id, POINTS) for member_id in found})
                plans = []
                members = available = pending = 0
                for member_id, lot_ids in found.items():
                    books = locked.books[member_id]
                    lots = [books.lots[one] for one in lot_ids if one in books.lots]
                    held = sum(lot.held for lot in lots)
                    lots = [lot for lot in lots if lot.pending or lot.available]
                    if not lots:
                        continue
                    members += 1
                    available += sum(lot.available for lot in lots)
                    pending += sum(lot.pending for lot in lots)
                    plans.append(
                        Plan(
                            # What is held now may return and be cleared in its turn.
                            key=f"{version.code}|clear|{on.isoformat()}|{member_id}|{held}",
                            digest=input_digest({"programme": programme_id, "on": on.isoformat()}),
                            kind=Kind.CLEAR,
                            programme_id=programme_id,
                            version_id=version.id,
                            member_id=member_id,
                            occurred_at=now,
                            intents=(Expire(POINTS, tuple(lot.id for lot in lots), to=Account.CLEARED),),
                            actor=actor.name,
                            source=f"clearing:{on.isoformat()}",
                        )
                    )
                post(plans, recorded_at=now, locked=locked)
                run.advance({"after": max(found)}, members)
            total = Cleared(total.members + members, total.available + available, total.pending + pending)
        run.result = {"members": run.done, "available": total.available, "pending": total.pending}
        with transaction.atomic():
            detail = {"on": on.isoformat(), **run.result}
            audit.record(actor, "points.clear", f"programme:{programme_id}", "posted", now=now, detail=detail)
    return total
