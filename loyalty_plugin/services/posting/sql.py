"""The statements of the ledger's writer: few, set-based, each with arrays as parameters; no logic."""

from __future__ import annotations

from typing import Final

# `(SELECT $1)` instead of `$1`: the planner then expects as many rows whatever the array holds, finds that
# planning anew for each call gains nothing, and keeps the plan of a prepared statement.

LOCK: Final = """
SELECT b.member_id, b.unit, b.pending, b.available, b.held, b.owed, b.earned
  FROM loyalty_plugin_balance b
  JOIN unnest((SELECT $1::bigint[]), (SELECT $2::text[])) AS w(member_id, unit)
    ON b.member_id = w.member_id AND b.unit = w.unit
 WHERE (SELECT count(*)
          FROM unnest((SELECT $1::bigint[]), (SELECT $2::text[])) AS v(member_id, unit)
         WHERE EXISTS (SELECT FROM loyalty_plugin_balance c
                        WHERE c.member_id = v.member_id AND c.unit = v.unit)) = $3::int
 ORDER BY b.member_id, b.unit
   FOR UPDATE OF b
"""

# The update that never happens locks rows that are there already, in the order of the rows that are made.
CREATE_AND_LOCK: Final = """
INSERT INTO loyalty_plugin_balance AS b (member_id, unit, pending, available, held, owed, earned)
SELECT w.member_id, w.unit, 0, 0, 0, 0, 0
  FROM unnest($1::bigint[], $2::text[]) AS w(member_id, unit)
 ORDER BY w.member_id, w.unit
    ON CONFLICT (member_id, unit) DO UPDATE SET pending = b.pending WHERE false
"""

OPEN_LOTS: Final = """
SELECT l.member_id, l.id, l.unit, l.pending, l.available, l.held, l.matures_at, l.expires_at,
       l.needs_verification
  FROM loyalty_plugin_lot l
  JOIN unnest((SELECT $1::bigint[]), (SELECT $2::text[])) AS w(member_id, unit)
    ON l.member_id = w.member_id AND l.unit = w.unit
 WHERE l.pending > 0 OR l.available > 0 OR l.held > 0
"""

# Those that something returns to, be anything left in them or not.
NAMED_LOTS: Final = """
SELECT l.member_id, l.id, l.unit, l.pending, l.available, l.held, l.matures_at, l.expires_at,
       l.needs_verification
  FROM loyalty_plugin_lot l WHERE l.id = ANY($1::bigint[])
"""

# Its last column keeps, till the end of the transaction, the big statement below from being planned anew for
# each call: that would cost more than posting an order, and its plan is the same for one row and thousands.
PREPARE: Final = """
SELECT (SELECT json_agg(json_build_array(e.id, e.business_key, encode(e.input_hash, 'hex')))
          FROM loyalty_plugin_entry e WHERE e.business_key = ANY((SELECT $1::text[])::text[])),
       ARRAY(SELECT nextval('loyalty_plugin_entry_id_seq') FROM generate_series(1, (SELECT $2::int))),
       ARRAY(SELECT nextval('loyalty_plugin_lot_id_seq') FROM generate_series(1, (SELECT $3::int))),
       (SELECT json_object_agg(p.id, p.max_award)
          FROM loyalty_plugin_programme p WHERE p.id = ANY((SELECT $4::bigint[])::bigint[])),
       (SELECT system_identifier FROM pg_control_system()),
       set_config('plan_cache_mode', 'force_generic_plan', true)
"""

_INTO_ENTRY: Final = """
  INSERT INTO loyalty_plugin_entry (id, business_key, input_hash, kind, programme_id, version_id, member_id,
         occurred_at, channel, issuing_shop, acting_shop, order_ref, reverses_id, batch, actor, source,
         note_digest, active_until, explanation, recorded_at, cluster)"""
_INTO_LOT: Final = """
  INSERT INTO loyalty_plugin_lot (id, member_id, unit, entry_id, origin_lot_id, amount, matures_at,
         expires_at, needs_verification, pending, available, held)"""
_INTO_POSTING: Final = """
  INSERT INTO loyalty_plugin_posting (entry_id, position, member_id, unit, source, destination, amount,
         source_lot_id, destination_lot_id)"""

WRITE: Final = f"""
WITH new_entry AS (
{_INTO_ENTRY}
  SELECT e.*, $1::timestamptz, $2::bigint FROM unnest($3::loyalty_new_entry[]) AS e
), new_lot AS (
{_INTO_LOT}
  SELECT * FROM unnest($4::loyalty_new_lot[])
), new_posting AS (
{_INTO_POSTING}
  SELECT * FROM unnest($5::loyalty_new_posting[])
), old_lot AS (
  UPDATE loyalty_plugin_lot l SET pending = n.pending, available = n.available, held = n.held
    FROM unnest($6::loyalty_left_lot[]) AS n
   WHERE l.id = n.id
)
UPDATE loyalty_plugin_balance b
   SET pending = n.pending, available = n.available, held = n.held, owed = n.owed, earned = n.earned,
       active_until = GREATEST(b.active_until, n.active_until)
  FROM unnest($7::loyalty_new_balance[]) AS n
 WHERE b.member_id = n.member_id AND b.unit = n.unit
"""

# Plans that only award, from beginning to end: what is added does not depend on what is there, as long as
# nothing is owed. So nothing is read before, and locks are held for this one statement. Rows come numbered
# from 1 and find their ids in `ids`. If anything is not as expected (a balance is missing or owes, a key is
# known, a hard maximum is passed), nothing is written.
ADD: Final = f"""
WITH held AS MATERIALIZED (
  SELECT b.member_id
    FROM loyalty_plugin_balance b
    JOIN unnest((SELECT $6::loyalty_new_balance[])) AS n ON b.member_id = n.member_id AND b.unit = n.unit
   WHERE b.owed = 0
   ORDER BY b.member_id, b.unit
     FOR UPDATE OF b
), ids AS MATERIALIZED (
  SELECT ARRAY(SELECT nextval('loyalty_plugin_entry_id_seq')
                 FROM generate_series(1, cardinality((SELECT $3::loyalty_new_entry[])))) AS entry,
         ARRAY(SELECT nextval('loyalty_plugin_lot_id_seq')
                 FROM generate_series(1, cardinality((SELECT $4::loyalty_new_lot[])))) AS lot
   WHERE (SELECT count(*) FROM held) = cardinality((SELECT $6::loyalty_new_balance[]))
     AND (SELECT count(*)
            FROM loyalty_plugin_programme p
            JOIN unnest((SELECT $7::bigint[]), (SELECT $8::bigint[])) AS a(programme_id, amount)
              ON p.id = a.programme_id AND p.max_award >= a.amount) = cardinality((SELECT $7::bigint[]))
     AND NOT EXISTS (SELECT FROM loyalty_plugin_entry e WHERE e.business_key = ANY((SELECT $2::text[])::text[]))
), new_entry AS (
{_INTO_ENTRY}
  SELECT (SELECT entry FROM ids)[e.id], e.business_key, e.input_hash, e.kind, e.programme_id, e.version_id,
         e.member_id, e.occurred_at, e.channel, e.issuing_shop, e.acting_shop, e.order_ref, e.reverses_id, e.batch,
         e.actor, e.source, e.note_digest, e.active_until, e.explanation, $1::timestamptz,
         (SELECT system_identifier FROM pg_control_system())
    FROM unnest((SELECT $3::loyalty_new_entry[])) AS e
   WHERE EXISTS (SELECT FROM ids)
), new_lot AS (
{_INTO_LOT}
  SELECT (SELECT lot FROM ids)[l.id], l.member_id, l.unit, (SELECT entry FROM ids)[l.entry_id], l.origin_lot_id,
         l.amount, l.matures_at, l.expires_at, l.needs_verification, l.pending, l.available, l.held
    FROM unnest((SELECT $4::loyalty_new_lot[])) AS l
   WHERE EXISTS (SELECT FROM ids)
), new_posting AS (
{_INTO_POSTING}
  SELECT (SELECT entry FROM ids)[p.entry_id], p.position, p.member_id, p.unit, p.source, p.destination, p.amount,
         NULL, (SELECT lot FROM ids)[p.destination_lot_id]
    FROM unnest((SELECT $5::loyalty_new_posting[])) AS p
   WHERE EXISTS (SELECT FROM ids)
), balance AS (
  UPDATE loyalty_plugin_balance b
     SET pending = b.pending + n.pending, available = b.available + n.available, earned = b.earned + n.earned,
         active_until = GREATEST(b.active_until, n.active_until)
    FROM unnest((SELECT $6::loyalty_new_balance[])) AS n
   WHERE b.member_id = n.member_id AND b.unit = n.unit AND EXISTS (SELECT FROM ids)
)
SELECT entry, lot FROM ids
"""
