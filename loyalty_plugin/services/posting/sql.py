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

WRITE: Final = """
WITH new_entry AS (
  INSERT INTO loyalty_plugin_entry (id, business_key, input_hash, kind, programme_id, version_id, member_id,
         occurred_at, channel, issuing_shop, acting_shop, order_ref, reverses_id, batch, actor, source,
         note_digest, active_until, explanation, recorded_at, cluster)
  SELECT e.*, $1::timestamptz, $2::bigint
    FROM unnest($3::bigint[], $4::text[], $5::bytea[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[],
         $10::timestamptz[], $11::text[], $12::text[], $13::text[], $14::text[], $15::bigint[], $16::text[],
         $17::text[], $18::text[], $19::bytea[], $20::timestamptz[], $21::jsonb[]) AS e
), new_lot AS (
  INSERT INTO loyalty_plugin_lot (id, member_id, unit, entry_id, origin_lot_id, amount, matures_at,
         expires_at, needs_verification, pending, available, held)
  SELECT * FROM unnest($22::bigint[], $23::bigint[], $24::text[], $25::bigint[], $26::bigint[], $27::bigint[],
         $28::timestamptz[], $29::timestamptz[], $30::boolean[], $31::bigint[], $32::bigint[], $33::bigint[])
), new_posting AS (
  INSERT INTO loyalty_plugin_posting (entry_id, position, member_id, unit, source, destination, amount,
         source_lot_id, destination_lot_id)
  SELECT * FROM unnest($34::bigint[], $35::smallint[], $36::bigint[], $37::text[], $38::text[], $39::text[],
         $40::bigint[], $41::bigint[], $42::bigint[])
), old_lot AS (
  UPDATE loyalty_plugin_lot l SET pending = n.pending, available = n.available, held = n.held
    FROM unnest($43::bigint[], $44::bigint[], $45::bigint[], $46::bigint[]) AS n(id, pending, available, held)
   WHERE l.id = n.id
)
UPDATE loyalty_plugin_balance b
   SET pending = n.pending, available = n.available, held = n.held, owed = n.owed, earned = n.earned,
       active_until = GREATEST(b.active_until, n.active_until)
  FROM unnest($47::bigint[], $48::text[], $49::bigint[], $50::bigint[], $51::bigint[], $52::bigint[], $53::bigint[],
       $54::timestamptz[]) AS n(member_id, unit, pending, available, held, owed, earned, active_until)
 WHERE b.member_id = n.member_id AND b.unit = n.unit
"""
