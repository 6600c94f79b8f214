-- Every member has a lot of points, in the ledger as an award would have left it.
CREATE SEQUENCE IF NOT EXISTS bench_orders;
INSERT INTO loyalty_plugin_entry (business_key, input_hash, kind, programme_id, version_id, member_id,
       occurred_at, recorded_at, channel, issuing_shop, acting_shop, order_ref, batch, actor, source, cluster)
SELECT 'club|purse|' || n, sha256(n::text::bytea), 'bonus', 1, 1, n, now(), now(), '', '', '', '', '', '', 'version:1', 1
  FROM generate_series(1, %(count)s) AS n;
INSERT INTO loyalty_plugin_lot (member_id, unit, entry_id, amount, expires_at, needs_verification, pending, available, held)
SELECT member_id, 'points', id, 100000000, '2030-01-01', false, 0, 100000000, 0 FROM loyalty_plugin_entry;
INSERT INTO loyalty_plugin_posting (entry_id, position, member_id, unit, source, destination, amount, destination_lot_id)
SELECT entry_id, 0, member_id, 'points', 'issuance', 'available', amount, id FROM loyalty_plugin_lot;
INSERT INTO loyalty_plugin_balance (member_id, unit, pending, available, held, owed, earned)
SELECT member_id, 'points', 0, 100000000, 0, 0, 100000000 FROM loyalty_plugin_lot
    ON CONFLICT (member_id, unit) DO UPDATE SET available = excluded.available, earned = excluded.earned;
