-- One paid order, one transaction, one round trip: entry, lot, posting, balance, the order's own row and what of it
-- counts for tiers, as our path of orders leaves them. The award and its explanation are given; nothing is
-- judged. Everything happens on the day of our own orders: what counts only later would make us set members' next
-- day anew.
-- A colon is written \x3a inside quotes: pgbench would take it for a variable.
\set member random(1, :members)
WITH entry AS (
  INSERT INTO loyalty_plugin_entry (business_key, input_hash, kind, programme_id, version_id, member_id,
         occurred_at, channel, issuing_shop, acting_shop, order_ref, reverses_id, batch, actor, source,
         note_digest, active_until, explanation, recorded_at, cluster)
  SELECT E'https\x3a//shop.example/graphql/|' || k.n || '|earn|0', sha256(k.n::text::bytea), 'earn', 1, 1, :member::bigint,
         now(), 'default-channel', '', '', E'https\x3a//shop.example/graphql/|' || k.n, NULL::bigint, '', E'system\x3aloyalty',
         E'order\x3ahttps\x3a//shop.example/graphql/|' || k.n, NULL::bytea, NULL::timestamptz, 
         '{"schema": 1, "version": {"id": 1, "number": 1, "name": "Club"}, "occasion": "order", "day": "2026-03-02", "currency": "EUR", "tier": "basic", "basis": {"amount": 10000, "tax": "included", "shipping": false, "discounts": "after", "left_out": []}, "combine": "sum", "rules": [{"id": "base", "code": "amount", "exact": "100", "taken": "100", "reason": "amount", "data": {"points": "1", "per": 100, "basis": 10000}, "campaign": "", "free": false, "why_not": ""}], "combine_multipliers": "best", "multipliers": [{"id": "tier", "code": "tier", "rate": "1", "applied": false, "narrowed": false, "campaign": "", "why_not": "does_not_apply"}], "rate": "1", "exact": "100", "rounded_off": "0", "campaigns": [], "caps": [], "total": 100, "free": 0, "names": {"tiers": {"basic": {"en": "Basic"}, "premium": {"en": "Premium"}}, "campaigns": {}}, "hints": [{"kind": "next_tier", "data": {"tier": "premium", "points": 200}}]}'::jsonb, now(), 1
    FROM (SELECT nextval('bench_orders') AS n) AS k
  RETURNING id, order_ref, split_part(order_ref, '|', 2) AS number
), lot AS (
  INSERT INTO loyalty_plugin_lot (member_id, unit, entry_id, origin_lot_id, amount, matures_at, expires_at,
         needs_verification, pending, available, held)
  SELECT :member::bigint, 'points', id, NULL::bigint, 100, now() + interval '14 days', now() + interval '1 year',
         false, 100, 0, 0 FROM entry
  RETURNING id, entry_id
), posting AS (
  INSERT INTO loyalty_plugin_posting (entry_id, position, member_id, unit, source, destination, amount,
         source_lot_id, destination_lot_id)
  SELECT entry_id, 0, :member::bigint, 'points', 'issuance', 'pending', 100, NULL::bigint, id FROM lot
), paid_order AS (
  INSERT INTO loyalty_plugin_orderrecord (realm_id, order_id, number, programme_id, member_id, revision,
         fact_updated_at, fact, paid_at, counted, points, qualifying, first_counted, first_points, first_qualifying,
         first_paid, version_id, earn_entry, window_ends_at, matured_at, past, contact, outcome, created_at)
  SELECT 1, number, number, 1, :member::bigint, 1, now(),
         '{"total": 10000, "status": "UNFULFILLED", "channel": "default-channel", "charged": 10000, "currency": "EUR", "refunded": 0}'::jsonb,
         now(), 10000, 100, 0, 10000, 100, 0, 10000, 1, id, NULL::timestamptz, NULL::timestamptz, false, '', '', now()
    FROM entry
), counted AS (
  INSERT INTO loyalty_plugin_tierfact (member_id, day, known_on, metric, amount, product_id, ref)
  SELECT :member::bigint, date '2026-03-02', NULL::date, c.metric, c.amount, c.product, order_ref || '|' || c.ref
    FROM entry, (VALUES ('spend', 10000, '', 'spend'), ('orders', 1, '', 'orders'),
                        ('product', 1, E'Product\x3a1', E'product|Product\x3a1')) AS c(metric, amount, product, ref)
)
UPDATE loyalty_plugin_balance SET pending = pending + 100, earned = earned + 100
 WHERE member_id = :member::bigint AND unit = 'points';
