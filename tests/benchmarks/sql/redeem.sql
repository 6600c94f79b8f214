-- Ten points held for a checkout, then used: two transactions of one round trip each, the rows and locks of our own.
-- A colon is written \x3a inside quotes: pgbench would take it for a variable.
\set member random(1, :members)
WITH me AS MATERIALIZED (
  SELECT id FROM loyalty_plugin_member WHERE id = :member::bigint FOR NO KEY UPDATE
), balance AS MATERIALIZED (
  SELECT b.member_id FROM loyalty_plugin_balance b JOIN me ON b.member_id = me.id
   WHERE b.unit = 'points' AND b.available >= 10 FOR UPDATE OF b
), lot AS MATERIALIZED (
  SELECT l.id FROM loyalty_plugin_lot l JOIN balance ON l.member_id = balance.member_id
   WHERE l.unit = 'points' AND l.available >= 10 ORDER BY l.expires_at, l.id LIMIT 1
), entry AS (
  INSERT INTO loyalty_plugin_entry (business_key, input_hash, kind, programme_id, version_id, member_id,
         occurred_at, channel, issuing_shop, acting_shop, order_ref, batch, actor, source, recorded_at, cluster)
  SELECT E'club|hold|bench-' || k.n, sha256(k.n::text::bytea), 'hold', 1, 1, :member::bigint, now(), '', '', '', '', '',
         E'system\x3aloyalty', 'system', now(), 1
    FROM (SELECT nextval('bench_orders') AS n) AS k, lot
  RETURNING id, business_key
), posting AS (
  INSERT INTO loyalty_plugin_posting (entry_id, position, member_id, unit, source, destination, amount,
         source_lot_id, destination_lot_id)
  SELECT entry.id, 0, :member::bigint, 'points', 'available', 'held', 10, lot.id, lot.id FROM entry, lot
), left_of_lot AS (
  UPDATE loyalty_plugin_lot l SET available = l.available - 10, held = l.held + 10 FROM lot WHERE l.id = lot.id
), left_of_balance AS (
  UPDATE loyalty_plugin_balance SET available = available - 10, held = held + 10
   WHERE member_id = :member::bigint AND unit = 'points'
), hold AS (
  INSERT INTO loyalty_plugin_hold (key, input_hash, member_id, realm_id, target, channel, state, placed_at, until,
         entry_id, reason)
  SELECT business_key, sha256(business_key::bytea), :member::bigint, 1, 'checkout', '', 'open', now(),
         now() + interval '1 hour', id, '' FROM entry
  RETURNING id
)
INSERT INTO loyalty_plugin_holdportion (hold_id, position, unit, lot_id, amount, captured, returned)
SELECT hold.id, 0, 'points', lot.id, 10, 0, 0 FROM hold, lot RETURNING hold_id, lot_id \gset
WITH me AS MATERIALIZED (
  SELECT id FROM loyalty_plugin_member WHERE id = :member::bigint FOR NO KEY UPDATE
), balance AS MATERIALIZED (
  SELECT b.member_id FROM loyalty_plugin_balance b JOIN me ON b.member_id = me.id
   WHERE b.unit = 'points' FOR UPDATE OF b
), entry AS (
  INSERT INTO loyalty_plugin_entry (business_key, input_hash, kind, programme_id, version_id, member_id,
         occurred_at, channel, issuing_shop, acting_shop, order_ref, batch, actor, source, recorded_at, cluster)
  SELECT h.key || '|capture', sha256(h.key::bytea), 'capture', 1, 1, h.member_id, now(), '', '', '', '', '',
         E'system\x3aloyalty', E'hold\x3a' || h.id, now(), 1
    FROM loyalty_plugin_hold h, balance WHERE h.id = :hold_id AND h.state = 'open'
  RETURNING id
), posting AS (
  INSERT INTO loyalty_plugin_posting (entry_id, position, member_id, unit, source, destination, amount, source_lot_id)
  SELECT entry.id, 0, :member::bigint, 'points', 'held', 'redeemed', 10, :lot_id::bigint FROM entry
), left_of_lot AS (
  UPDATE loyalty_plugin_lot SET held = held - 10 WHERE id = :lot_id
), left_of_balance AS (
  UPDATE loyalty_plugin_balance SET held = held - 10 WHERE member_id = :member::bigint AND unit = 'points'
), portion AS (
  UPDATE loyalty_plugin_holdportion SET captured = amount WHERE hold_id = :hold_id
)
UPDATE loyalty_plugin_hold h SET state = 'captured', ended_at = now(), ended_entry_id = entry.id, ended_hash = input_hash
  FROM entry WHERE h.id = :hold_id;
