"""The night's work on points, in batches that a crash may end anywhere: mature, expire, inactivity.

Selects by index only what is due, so that what is done is never looked at again: after a crash the next run
begins with what is left. Each batch is one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final

from django.db import IntegrityError, connection, transaction

from loyalty_plugin.domain.intents import Plan
from loyalty_plugin.domain.ledger import POINTS, Lot
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.services import runs
from loyalty_plugin.services.expiry.due import DueLot, Programmes, expiring, inactive, lot_of, maturing
from loyalty_plugin.services.lanes import side_by_side
from loyalty_plugin.services.posting import Locked, end_lots, lock, post

#: Lots or members in one transaction: large enough to be quick, small enough to hold locks shortly.
BATCH: Final = 1_000

_MATURING: Final = """
SELECT l.id, l.member_id, l.unit, m.programme_id, l.matures_at::text
  FROM loyalty_plugin_lot l JOIN loyalty_plugin_member m ON m.id = l.member_id
 WHERE l.pending > 0 AND l.matures_at <= %(now)s AND l.matures_at >= %(at)s
   AND (l.matures_at, l.id) > (%(at)s, %(id)s)
   AND (NOT l.needs_verification OR m.verified_at IS NOT NULL)
 ORDER BY l.matures_at, l.id LIMIT %(limit)s
"""
_EXPIRING: Final = """
SELECT l.id, l.member_id, l.unit, m.programme_id, l.expires_at::text
  FROM loyalty_plugin_lot l JOIN loyalty_plugin_member m ON m.id = l.member_id
 WHERE (l.pending > 0 OR l.available > 0) AND l.expires_at <= %(now)s AND l.expires_at >= %(at)s
   AND (l.expires_at, l.id) > (%(at)s, %(id)s)
 ORDER BY l.expires_at, l.id LIMIT %(limit)s
"""
_INACTIVE: Final = """
SELECT b.member_id, b.member_id, b.unit, m.programme_id, b.active_until::text
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

Step = Callable[[Programmes, DueLot, Lot | None, datetime], Plan | None]
Act = Callable[[Sequence[DueLot]], "Done"]


@dataclass(frozen=True, slots=True)
class Done:
    """What a job did: lots or members dealt with, and those refused, which stay for the next run."""

    done: int = 0
    refused: int = 0


def mature(*, now: datetime, limit: int | None = None, batch: int = BATCH, lanes: int = 1) -> Done:
    """Make available what has waited long enough: return window over, contact verified where that is needed."""
    return _work(
        "mature", _MATURING, now, limit, batch, lanes, partial(_of_lots, maturing, Programmes(), now)
    )


def expire(*, now: datetime, limit: int | None = None, batch: int = BATCH, lanes: int = 1) -> Done:
    """End lots whose last valid day is over."""
    return _work("expire", _EXPIRING, now, limit, batch, lanes, partial(_end, Programmes(), now))


def expire_inactive(*, now: datetime, limit: int | None = None, batch: int = BATCH, lanes: int = 1) -> Done:
    """End the points of members who were not active for as long as their programme says."""
    programmes = Programmes()
    published = Programme.objects.filter(versions__status="published").distinct().values_list("pk", flat=True)
    concerned = [one for one in published if programmes.expire_by_inactivity(one, now)]
    if not concerned:
        return Done()
    act = partial(_of_members, programmes, now)
    return _work("inactivity", _INACTIVE, now, limit, batch, lanes, act, {"programmes": concerned})


def _end(programmes: Programmes, now: datetime, due: Sequence[DueLot]) -> Done:
    in_force = programmes.in_force({one.programme_id for one in due})
    try:
        with transaction.atomic():
            return Done(len(end_lots([(one.lot_id, one.key) for one in due], in_force, now=now)))
    except IntegrityError:
        # One of them is not as plain as that: plan by plan it is refused or replayed, and the others end.
        return _of_lots(expiring, programmes, now, due)


def _of_lots(step: Step, programmes: Programmes, now: datetime, due: Sequence[DueLot]) -> Done:
    locked = lock({one.key for one in due})
    return _post(locked, now, [step(programmes, one, lot_of(locked, one), now) for one in due])


def _of_members(programmes: Programmes, now: datetime, due: Sequence[DueLot]) -> Done:
    locked = lock({one.key for one in due})
    with connection.cursor() as cursor:
        # Again under lock: whoever was active in the meantime keeps their points.
        cursor.execute(_STILL_INACTIVE, [[one.member_id for one in due], now])
        until = dict(cursor.fetchall())
    plans = [
        inactive(
            programmes,
            one.programme_id,
            one.member_id,
            until[one.member_id],
            locked.books[one.member_id].lots_of(POINTS),
        )
        for one in due
        if one.member_id in until
    ]
    return _post(locked, now, plans)


def _post(locked: Locked, now: datetime, plans: Iterable[Plan | None]) -> Done:
    # One lot that can't be posted must not keep a million others waiting.
    results = post([plan for plan in plans if plan], recorded_at=now, locked=locked, collect=True)
    refused = sum(result.refusal is not None for result in results)
    return Done(len(results) - refused, refused)


def _work(
    name: str,
    statement: str,
    now: datetime,
    limit: int | None,
    batch: int,
    lanes: int,
    act: Act,
    more: Mapping[str, Any] | None = None,
) -> Done:
    """Take batch after batch of what is due, each in one transaction, `lanes` of them side by side."""
    done = refused = 0
    due = _due(statement, {"now": now, **(more or {})}, limit, batch)
    with runs.running(name) as run:
        for result in side_by_side(partial(_in_one_transaction, act), due, lanes):
            done += result.done
            refused += result.refused
            run.advance({}, result.done)
        run.result = {"done": run.done, "refused": refused}
    return Done(done, refused)


def _in_one_transaction(act: Act, due: Sequence[DueLot]) -> Done:
    with transaction.atomic(durable=True):
        return act(due)


def _due(
    statement: str, parameters: Mapping[str, Any], limit: int | None, batch: int
) -> Iterator[list[DueLot]]:
    """What is due, in its order and each once: what is refused does not come again before the next run."""
    at, last, left = _BEGINNING, 0, limit
    while left is None or left > 0:
        size = batch if left is None else min(batch, left)
        with connection.cursor() as cursor:
            cursor.execute(statement, {**parameters, "at": at, "id": last, "limit": size})
            rows = cursor.fetchall()
        if not rows:
            return
        yield [DueLot(*row[:4]) for row in rows]
        at, last = rows[-1][4], rows[-1][0]
        left = None if left is None else left - len(rows)
