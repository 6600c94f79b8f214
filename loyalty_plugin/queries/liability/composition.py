"""What the closing consists of: open lots as they were at the end of a day, by origin, age and end; changes nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, NamedTuple

from django.db import connection

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.ledger import LOTLESS
from loyalty_plugin.domain.liability import AGES, ENDS
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.liability.books import ORIGIN, ROOTS

#: Classes of age and of end, by number: 0 is the youngest, or the soonest. What has no end is in the class after all.
_OPEN: Final = f"""{ROOTS.rstrip()}, left_over AS (
  SELECT v.lot_id, sum(v.amount)::bigint AS amount
    FROM loyalty_plugin_entry e JOIN loyalty_plugin_posting p ON p.entry_id = e.id
   CROSS JOIN LATERAL (VALUES (p.destination_lot_id, p.amount), (p.source_lot_id, -p.amount)) AS v(lot_id, amount)
   WHERE e.programme_id = %(programme)s AND e.recorded_at < %(until)s AND v.lot_id IS NOT NULL
     AND p.unit <> ALL(%(lotless)s)
   GROUP BY v.lot_id HAVING sum(v.amount) <> 0
)
SELECT p.unit, {ORIGIN.format(entry="o")},
       width_bucket(greatest(extract(epoch FROM %(until)s - o.occurred_at) / 86400, 0), %(ages)s::numeric[]),
       CASE WHEN p.expires_at IS NULL THEN -1
            ELSE width_bucket(extract(epoch FROM p.expires_at - %(until)s) / 86400, %(ends)s::numeric[]) END,
       sum(x.amount)::bigint
  FROM left_over x
  JOIN loyalty_plugin_lot p ON p.id = x.lot_id
  LEFT JOIN descended d ON d.id = p.id
  JOIN loyalty_plugin_entry o ON o.id = coalesce(d.entry_id, p.entry_id)
 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""


class Part(NamedTuple):
    """What is left of lots alike. `age` and `ends` index AGES and ENDS, the last class open; `ends` -1: never."""

    unit: str
    origin: str
    age: int
    ends: int
    amount: int


def composition(actor: Actor, programme_id: int, until: datetime) -> list[Part]:
    """Lots that had something left at this instant, by what was booked until then. One query."""
    require(actor, Operation.VIEW_TRAIL)
    asked: dict[str, Any] = {
        "programme": programme_id,
        "until": until,
        "lotless": sorted(LOTLESS),
        # A bucket begins at its bound, and a class ends with its last day.
        "ages": [days + 1 for days in AGES],
        "ends": [days + 1 for days in ENDS],
    }
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, asked)
        return [Part(*row) for row in cursor.fetchall()]
