-- Entries, lots, postings and balances of members %(patterns)s + 1 to %(count)s as copies of the first in turn.
WITH last AS (SELECT max(id) AS entry, (SELECT max(id) FROM loyalty_plugin_lot) AS lot FROM loyalty_plugin_entry),
copies AS (SELECT k, k * %(patterns)s AS members, k * last.entry AS entries, k * last.lot AS lots
             FROM last, generate_series(1, %(count)s / %(patterns)s - 1) AS k),
entry AS (
  INSERT INTO loyalty_plugin_entry (id, business_key, input_hash, kind, programme_id, version_id, member_id,
         occurred_at, recorded_at, channel, issuing_shop, acting_shop, order_ref, batch, actor, source,
         explanation, cluster)
  SELECT e.id + c.entries, c.k || '|' || e.business_key, e.input_hash, e.kind, e.programme_id, e.version_id,
         e.member_id + c.members, e.occurred_at, e.recorded_at, e.channel, e.issuing_shop, e.acting_shop,
         CASE e.order_ref WHEN '' THEN '' ELSE e.order_ref || c.k END, e.batch, e.actor, e.source, e.explanation,
         e.cluster
    FROM copies c, loyalty_plugin_entry e
), lot AS (
  INSERT INTO loyalty_plugin_lot (id, member_id, unit, entry_id, amount, matures_at, expires_at,
         needs_verification, pending, available, held)
  SELECT l.id + c.lots, l.member_id + c.members, l.unit, l.entry_id + c.entries, l.amount, l.matures_at,
         l.expires_at, l.needs_verification, l.pending, l.available, l.held
    FROM copies c, loyalty_plugin_lot l
), posting AS (
  INSERT INTO loyalty_plugin_posting (entry_id, position, member_id, unit, source, destination, amount,
         source_lot_id, destination_lot_id)
  SELECT p.entry_id + c.entries, p.position, p.member_id + c.members, p.unit, p.source, p.destination, p.amount,
         p.source_lot_id + c.lots, p.destination_lot_id + c.lots
    FROM copies c, loyalty_plugin_posting p
)
UPDATE loyalty_plugin_balance b
   SET pending = m.pending, available = m.available, held = m.held, owed = m.owed, earned = m.earned
  FROM loyalty_plugin_balance m
 WHERE b.member_id > %(patterns)s AND m.member_id = (b.member_id - 1) %% %(patterns)s + 1 AND m.unit = b.unit;
