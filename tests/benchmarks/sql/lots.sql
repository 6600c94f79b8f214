-- One award of 100 points for every member, expired the day before the bench's day: entry, lot, posting, balance.
INSERT INTO loyalty_plugin_entry (id, business_key, input_hash, kind, programme_id, version_id, member_id,
       occurred_at, recorded_at, channel, issuing_shop, acting_shop, order_ref, batch, actor, source, cluster)
SELECT m.id, 'bench|earn|' || m.id, sha256(m.id::text::bytea), 'bonus', 1, 1, m.id,
       '2025-03-01', '2025-03-01', '', '', '', '', '', 'system:loyalty', 'version:1', 1
  FROM loyalty_plugin_member m;
INSERT INTO loyalty_plugin_lot (id, member_id, unit, entry_id, amount, expires_at, needs_verification,
       pending, available, held)
SELECT id, id, 'points', id, 100, '2026-03-09 23:00+00', false, 0, 100, 0 FROM loyalty_plugin_member;
INSERT INTO loyalty_plugin_posting (entry_id, position, member_id, unit, source, destination, amount,
       destination_lot_id)
SELECT id, 0, id, 'points', 'issuance', 'available', 100, id FROM loyalty_plugin_member;
UPDATE loyalty_plugin_balance SET available = 100, earned = 100 WHERE unit = 'points';
SELECT setval('loyalty_plugin_entry_id_seq', (SELECT max(id) FROM loyalty_plugin_entry)),
       setval('loyalty_plugin_lot_id_seq', (SELECT max(id) FROM loyalty_plugin_lot));
