-- Members %(patterns)s + 1 to %(count)s as copies of the first %(patterns)s in turn, with balances; made by rows,
-- since only what follows is measured.
CREATE SEQUENCE IF NOT EXISTS bench_orders CACHE 100;
INSERT INTO loyalty_plugin_member
SELECT copy.*
  FROM generate_series(%(patterns)s + 1, %(count)s) AS n
  JOIN loyalty_plugin_member m ON m.id = (n - 1) %% %(patterns)s + 1,
       -- Not (…).* in the list above: that would make the record anew for each of its columns.
       jsonb_populate_record(m, jsonb_build_object(
         'id', n, 'public_id', gen_random_uuid(), 'number', n::text,
         'external_id', CASE m.external_id WHEN '' THEN '' ELSE 'c' || n END)) AS copy;
INSERT INTO loyalty_plugin_balance (member_id, unit, pending, available, held, owed, earned)
SELECT n, unit, 0, 0, 0, 0, 0
  FROM generate_series(1, %(count)s) AS n, (VALUES ('points'), ('qualifying')) AS units(unit)
    ON CONFLICT DO NOTHING;
