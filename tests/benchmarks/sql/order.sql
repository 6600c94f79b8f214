-- One order, one transaction, one round trip: entry, lot, two postings, two balances, as our writer leaves them.
-- The key is unique by the same index; identity of the cluster is passed in, so that nothing is read for it.
-- A colon is written \x3a inside quotes: pgbench would take it for a variable.
\set member random(1, :members)
WITH entry AS (
  INSERT INTO loyalty_plugin_entry (business_key, input_hash, kind, programme_id, version_id, member_id,
         occurred_at, channel, issuing_shop, acting_shop, order_ref, reverses_id, batch, actor, source,
         note_digest, active_until, explanation, recorded_at, cluster)
  SELECT E'https\x3a//shop.example/graphql/|' || k.n || '|earn|1', sha256(k.n::text::bytea), 'earn', 1, 1, :member::bigint,
         now(), 'default-channel', '', '', E'https\x3a//shop.example/graphql/|' || k.n, NULL::bigint, '', E'system\x3aloyalty',
         E'order\x3ahttps\x3a//shop.example/graphql/|' || k.n, NULL::bytea, NULL::timestamptz, '{"total": 120}'::jsonb, now(), 1
    FROM (SELECT nextval('bench_orders') AS n) AS k
  RETURNING id
), lot AS (
  INSERT INTO loyalty_plugin_lot (member_id, unit, entry_id, origin_lot_id, amount, matures_at, expires_at,
         needs_verification, pending, available, held)
  SELECT :member::bigint, 'points', id, NULL::bigint, 120, now() + interval '14 days', now() + interval '1 year',
         false, 120, 0, 0 FROM entry
  RETURNING id, entry_id
), posting AS (
  INSERT INTO loyalty_plugin_posting (entry_id, position, member_id, unit, source, destination, amount,
         source_lot_id, destination_lot_id)
  SELECT entry_id, 0, :member::bigint, 'points', 'issuance', 'pending', 120, NULL::bigint, id FROM lot
  UNION ALL
  SELECT entry_id, 1, :member::bigint, 'qualifying', 'issuance', 'available', 100, NULL, NULL FROM lot
)
UPDATE loyalty_plugin_balance
   SET pending = pending + CASE unit WHEN 'points' THEN 120 ELSE 0 END,
       available = available + CASE unit WHEN 'points' THEN 0 ELSE 100 END,
       earned = earned + CASE unit WHEN 'points' THEN 120 ELSE 100 END
 WHERE member_id = :member::bigint AND unit IN ('points', 'qualifying');
