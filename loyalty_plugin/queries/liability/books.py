"""Adds postings up by the day they were booked, into a roll-forward that adds up to the unit; changes nothing.

The day is the booking day: an event heard late is booked today, however long ago it happened, so a day that is over
never changes. A breakdown by channel or shop counts a movement where its lot was issued, or a channel could owe less
than nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.ledger import LOTLESS, Account, Kind
from loyalty_plugin.domain.liability import Moved, RollForward, roll_forward
from loyalty_plugin.domain.lots import day_end, day_start, local_day
from loyalty_plugin.errors import DateOutOfRange, InvalidInput, UnknownProgramme
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.policies import Operation, require

#: Lots that came from other lots (brought back, undone), each with the entry its value was first given by.
ROOTS: Final = """
WITH RECURSIVE above AS (
  SELECT id, origin_lot_id AS root FROM loyalty_plugin_lot WHERE origin_lot_id IS NOT NULL
  UNION ALL
  SELECT above.id, l.origin_lot_id FROM above JOIN loyalty_plugin_lot l ON l.id = above.root
   WHERE l.origin_lot_id IS NOT NULL
), descended AS (
  SELECT above.id, l.entry_id FROM above JOIN loyalty_plugin_lot l ON l.id = above.root
   WHERE l.origin_lot_id IS NULL
)
"""
_LOTS: Final = """
  LEFT JOIN loyalty_plugin_lot l ON l.id = coalesce(p.source_lot_id, p.destination_lot_id)
  LEFT JOIN descended d ON d.id = l.id
  LEFT JOIN loyalty_plugin_entry o ON o.id = coalesce(d.entry_id, l.entry_id)
"""
#: The tier on the last day asked for, not today's.
_TIER: Final = """
  LEFT JOIN (SELECT DISTINCT ON (member_id) member_id, tier FROM loyalty_plugin_tierevent
              WHERE kind = 'entered' AND day <= %(day)s ORDER BY member_id, day DESC, id DESC) t
    ON t.member_id = e.member_id
"""
ORIGIN: Final = (
    "CASE WHEN p.unit LIKE '%%.principal' THEN 'bought'"
    " WHEN {entry}.kind = 'earn' OR ({entry}.kind = 'refund' AND {entry}.order_ref <> '') THEN 'sale' ELSE 'free' END"
)


@dataclass(frozen=True, slots=True)
class Breakdown:
    """What to group by, and what to join for it."""

    column: str
    before: str = ""
    join: str = ""


#: By the word of the command.
BREAKDOWNS: Final[dict[str, Breakdown]] = {
    "tier": Breakdown("coalesce(t.tier, '')", join=_TIER),
    "channel": Breakdown("coalesce(o.channel, e.channel)", ROOTS, _LOTS),
    "currency": Breakdown(
        "CASE WHEN p.unit LIKE '%%.%%' THEN split_part(p.unit, '.', 1) ELSE %(currency)s END"
    ),
    "issuing-shop": Breakdown("coalesce(o.issuing_shop, e.issuing_shop)", ROOTS, _LOTS),
    "origin": Breakdown(f"coalesce({ORIGIN.format(entry='o')}, {ORIGIN.format(entry='e')})", ROOTS, _LOTS),
}
_WHOLE: Final = Breakdown("''")
_SUMS: Final = """{before}
SELECT {key}, p.unit, e.kind, p.source, p.destination,
       coalesce(sum(p.amount) FILTER (WHERE e.recorded_at < %(begin)s), 0)::bigint,
       coalesce(sum(p.amount) FILTER (WHERE e.recorded_at >= %(begin)s), 0)::bigint
  FROM loyalty_plugin_entry e JOIN loyalty_plugin_posting p ON p.entry_id = e.id {join}
 WHERE e.programme_id = %(programme)s AND e.recorded_at < %(until)s AND p.unit <> ALL(%(lotless)s)
 GROUP BY 1, 2, 3, 4, 5
"""


@dataclass(frozen=True, slots=True)
class Books:
    """A programme's roll-forward from the beginning of `first` (None: of all) to the end of `day`, in its own zone."""

    programme: Programme
    first: date | None
    day: date
    until: datetime
    by: str
    #: By key of the breakdown; one empty key without.
    parts: dict[str, dict[str, RollForward]]


def programme_called(code: str) -> Programme:
    """The programme of this code; without one, the only one there is. Raises UnknownProgramme."""
    rows = list(Programme.objects.filter(code=code) if code else Programme.objects.order_by("pk")[:2])
    if len(rows) != 1:
        known = ", ".join(Programme.objects.order_by("code").values_list("code", flat=True)[:20])
        raise UnknownProgramme(programme=code, known=known)
    return rows[0]


def books_of(
    actor: Actor,
    programme: Programme,
    *,
    day: date,
    now: datetime,
    first: date | None = None,
    by: str = "",
) -> Books:
    """What was owed at the end of a day, and how it came to that. One query. Raises DateOutOfRange, InvalidInput."""
    require(actor, Operation.VIEW_TRAIL)
    zone = ZoneInfo(programme.timezone)
    today = local_day(now, zone)
    if day > today or (first is not None and first > day):
        raise DateOutOfRange(
            day=day.isoformat(), first=first.isoformat() if first else "", today=today.isoformat()
        )
    if by and by not in BREAKDOWNS:
        raise InvalidInput(by=by, known=", ".join(BREAKDOWNS))
    until = day_end(day, zone)
    sums = _sums(programme, day_start(first, zone) if first else None, until, day, by)
    return Books(programme, first, day, until, by, roll_forward(sums) or {"": {}})


def _sums(programme: Programme, begin: datetime | None, until: datetime, day: date, by: str) -> list[Moved]:
    how = BREAKDOWNS[by] if by else _WHOLE
    asked: dict[str, Any] = {
        "programme": programme.pk,
        "currency": programme.currency,
        "begin": begin or _BEGINNING,
        "until": until,
        "day": day,
        "lotless": sorted(LOTLESS),
    }
    with connection.cursor() as cursor:
        cursor.execute(_SUMS.format(before=how.before, key=how.column, join=how.join), asked)
        return [
            Moved(key, unit, Kind(kind), Account(source), Account(destination), before, within)
            for key, unit, kind, source, destination, before, within in cursor.fetchall()
        ]


_BEGINNING: Final = datetime.fromisoformat("1900-01-01T00:00:00+00:00")
