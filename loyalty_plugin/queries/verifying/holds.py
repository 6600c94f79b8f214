"""Holds the rows of holds against the ledger: what is held of each lot, and what each hold took and gave; mends nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from loyalty_plugin.queries.projections import differing
from loyalty_plugin.queries.verifying.findings import Finding

_LOTS: Final = """
WITH told AS (
  SELECT p.lot_id AS id, sum(p.amount)::bigint AS held
    FROM loyalty_plugin_hold h JOIN loyalty_plugin_holdportion p ON p.hold_id = h.id
   WHERE h.state = 'open' AND h.member_id > %(after)s AND h.member_id <= %(until)s GROUP BY p.lot_id
), stored AS (
  SELECT id, held FROM loyalty_plugin_lot
   WHERE member_id > %(after)s AND member_id <= %(until)s AND held > 0
)
SELECT id, coalesce(stored.held, 0), coalesce(told.held, 0)
  FROM stored FULL JOIN told USING (id)
 WHERE coalesce(stored.held, 0) <> coalesce(told.held, 0) ORDER BY id
"""
_HOLDS: Final = """
WITH hold AS (
  SELECT * FROM loyalty_plugin_hold WHERE member_id > %(after)s AND member_id <= %(until)s
), told AS (
  SELECT h.id, p.lot_id, p.unit, w.way, w.amount
    FROM hold h JOIN loyalty_plugin_holdportion p ON p.hold_id = h.id
   CROSS JOIN LATERAL (VALUES ('held', p.amount), ('captured', p.captured),
                              ('released', CASE WHEN h.state = 'open' THEN 0 ELSE p.amount - p.captured END)
                      ) AS w(way, amount)
   WHERE w.amount > 0
), posted AS (
  SELECT h.id, q.destination_lot_id AS lot_id, q.unit, 'held' AS way, sum(q.amount)::bigint AS amount
    FROM hold h JOIN loyalty_plugin_posting q ON q.entry_id = h.entry_id AND q.destination = 'held'
   GROUP BY 1, 2, 3
  UNION ALL
  SELECT h.id, q.source_lot_id, q.unit,
         CASE WHEN q.destination IN ('available', 'owed') THEN 'released' ELSE 'captured' END,
         sum(q.amount)::bigint
    FROM hold h JOIN loyalty_plugin_posting q ON q.entry_id = h.ended_entry_id AND q.source = 'held'
   GROUP BY 1, 2, 3, 4
)
SELECT id, lot_id, way, coalesce(posted.amount, 0), coalesce(told.amount, 0)
  FROM posted FULL JOIN told USING (id, lot_id, unit, way)
 WHERE coalesce(posted.amount, 0) <> coalesce(told.amount, 0) ORDER BY id, lot_id, way
"""
# By unit: what had no lot to return to, or repaid a debt, names none.
_RETURNED: Final = """
WITH told AS (
  SELECT h.id, p.unit, sum(p.returned)::bigint AS amount
    FROM loyalty_plugin_hold h JOIN loyalty_plugin_holdportion p ON p.hold_id = h.id
   WHERE h.member_id > %(after)s AND h.member_id <= %(until)s AND p.returned > 0 GROUP BY 1, 2
), posted AS (
  SELECT h.id, q.unit, sum(q.amount)::bigint AS amount
    FROM loyalty_plugin_hold h
    JOIN loyalty_plugin_entry e
      ON e.member_id = h.member_id AND e.kind = 'give_back' AND e.source = 'hold:' || h.id
    JOIN loyalty_plugin_posting q ON q.entry_id = e.id AND q.source = 'redeemed'
   WHERE h.member_id > %(after)s AND h.member_id <= %(until)s AND h.state = 'captured' GROUP BY 1, 2
)
SELECT id, unit, coalesce(posted.amount, 0), coalesce(told.amount, 0)
  FROM posted FULL JOIN told USING (id, unit)
 WHERE coalesce(posted.amount, 0) <> coalesce(told.amount, 0) ORDER BY id, unit
"""


def check(after: int, until: int) -> Iterator[Finding]:
    """What differs for members above `after` up to `until`."""
    for lot_id, held, told in differing(_LOTS, after, until):
        yield Finding("hold_differs", f"lot {lot_id}.held", str(held), str(told))
    for hold_id, lot_id, way, posted, told in differing(_HOLDS, after, until):
        yield Finding("hold_not_posted", f"hold {hold_id}: {way} of lot {lot_id}", str(posted), str(told))
    for hold_id, unit, posted, told in differing(_RETURNED, after, until):
        yield Finding("hold_not_posted", f"hold {hold_id}: returned of {unit}", str(posted), str(told))
