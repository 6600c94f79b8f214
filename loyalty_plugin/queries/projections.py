"""What balances and lots must be according to the postings: the statements, for checking and for mending.

Each takes members above `%(after)s` up to `%(until)s` and returns only what differs from the rows stored.
"""

from __future__ import annotations

from typing import Any, Final

from django.db import connection

BALANCE_COLUMNS: Final = ("pending", "available", "held", "owed", "earned", "active_until")
LOT_COLUMNS: Final = ("pending", "available", "held", "amount")


def _left(account: str) -> str:
    return (
        f"coalesce(sum(p.amount) FILTER (WHERE p.destination = '{account}'), 0)"
        f" - coalesce(sum(p.amount) FILTER (WHERE p.source = '{account}'), 0)"
    )


BALANCES: Final = f"""
WITH postings AS (
  SELECT e.member_id, p.unit,
         {_left("pending")} AS pending, {_left("available")} AS available, {_left("held")} AS held,
         {_left("owed")} AS owed,
         coalesce(sum(p.amount) FILTER (WHERE p.source = 'issuance'), 0)
         - coalesce(sum(p.amount) FILTER (WHERE p.destination = 'issuance'), 0) AS earned,
         max(e.active_until) AS active_until
    FROM loyalty_plugin_entry e JOIN loyalty_plugin_posting p ON p.entry_id = e.id
   WHERE e.member_id > %(after)s AND e.member_id <= %(until)s
   GROUP BY e.member_id, p.unit
), stored AS (
  SELECT * FROM loyalty_plugin_balance WHERE member_id > %(after)s AND member_id <= %(until)s
)
SELECT member_id, unit,
       s.pending, s.available, s.held, s.owed, s.earned, s.active_until,
       coalesce(p.pending, 0)::bigint, coalesce(p.available, 0)::bigint, coalesce(p.held, 0)::bigint,
       coalesce(p.owed, 0)::bigint, coalesce(p.earned, 0)::bigint, p.active_until
  FROM stored s FULL JOIN postings p USING (member_id, unit)
 WHERE (s.pending, s.available, s.held, s.owed, s.earned, s.active_until)
       IS DISTINCT FROM (coalesce(p.pending, 0), coalesce(p.available, 0), coalesce(p.held, 0),
                         coalesce(p.owed, 0), coalesce(p.earned, 0), p.active_until)
 ORDER BY member_id, unit
"""

LOTS: Final = """
WITH sides AS (
  SELECT v.lot_id, v.account, v.amount,
         -- What was spent and came back to its lot is nothing new in it.
         CASE WHEN v.amount > 0 AND p.source NOT IN ('pending', 'available', 'held', 'owed')
               AND (e.kind <> 'give_back'
                    OR EXISTS (SELECT FROM loyalty_plugin_lot o WHERE o.id = v.lot_id AND o.entry_id = e.id))
              THEN v.amount ELSE 0 END AS opened
    FROM loyalty_plugin_entry e
    JOIN loyalty_plugin_posting p ON p.entry_id = e.id
   CROSS JOIN LATERAL (VALUES (p.destination_lot_id, p.destination, p.amount),
                              (p.source_lot_id, p.source, -p.amount)) AS v(lot_id, account, amount)
   WHERE e.member_id > %(after)s AND e.member_id <= %(until)s AND v.lot_id IS NOT NULL
), postings AS (
  SELECT lot_id AS id,
         coalesce(sum(amount) FILTER (WHERE account = 'pending'), 0) AS pending,
         coalesce(sum(amount) FILTER (WHERE account = 'available'), 0) AS available,
         coalesce(sum(amount) FILTER (WHERE account = 'held'), 0) AS held,
         sum(opened) AS amount
    FROM sides GROUP BY lot_id
), stored AS (
  SELECT * FROM loyalty_plugin_lot WHERE member_id > %(after)s AND member_id <= %(until)s
)
SELECT id, s.member_id, s.pending, s.available, s.held, s.amount,
       coalesce(p.pending, 0)::bigint, coalesce(p.available, 0)::bigint, coalesce(p.held, 0)::bigint,
       coalesce(p.amount, 0)::bigint
  FROM stored s FULL JOIN postings p USING (id)
 WHERE (s.pending, s.available, s.held, s.amount)
       IS DISTINCT FROM (coalesce(p.pending, 0), coalesce(p.available, 0), coalesce(p.held, 0), coalesce(p.amount, 0))
 ORDER BY id
"""

_BOUND: Final = """
SELECT max(id) FROM (SELECT id FROM loyalty_plugin_member WHERE id > %s ORDER BY id LIMIT %s) AS step
"""


def differing(statement: str, after: int, until: int) -> list[tuple[Any, ...]]:
    """The rows of one of the statements above."""
    with connection.cursor() as cursor:
        cursor.execute(statement, {"after": after, "until": until})
        return list(cursor.fetchall())


def next_bound(after: int, size: int) -> int | None:
    """The id of the member `size` members further on, None where there are none."""
    with connection.cursor() as cursor:
        cursor.execute(_BOUND, [after, size])
        found = cursor.fetchone()[0]
    return None if found is None else int(found)
