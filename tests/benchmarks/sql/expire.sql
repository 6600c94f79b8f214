-- What the nightly job does, by hand and in one statement: entry, posting, lot and balance of each lot that is due.
WITH due AS (
  SELECT l.id, l.member_id, l.unit, l.available, l.held, l.expires_at,
         nextval('loyalty_plugin_entry_id_seq') AS entry_id
    FROM loyalty_plugin_lot l
   WHERE (l.pending > 0 OR l.available > 0) AND l.expires_at <= '2026-03-10 12:00+00'
), entry AS (
  INSERT INTO loyalty_plugin_entry (id, business_key, input_hash, kind, programme_id, version_id, member_id,
         occurred_at, recorded_at, channel, issuing_shop, acting_shop, order_ref, batch, actor, source, cluster)
  SELECT entry_id, 'club|expire|' || id || '|' || held, sha256(('club|expire|' || id)::bytea), 'expire', 1, 1,
         member_id, expires_at, '2026-03-10 12:00+00', '', '', '', '', '', 'system:loyalty', 'lot:' || id, 1
    FROM due
), posting AS (
  INSERT INTO loyalty_plugin_posting (entry_id, position, member_id, unit, source, destination, amount,
         source_lot_id)
  SELECT entry_id, 0, member_id, unit, 'available', 'expired', available, id FROM due
), lot AS (
  UPDATE loyalty_plugin_lot l SET available = 0, pending = 0 FROM due WHERE l.id = due.id
)
UPDATE loyalty_plugin_balance b SET available = b.available - due.available
  FROM due WHERE b.member_id = due.member_id AND b.unit = due.unit;
