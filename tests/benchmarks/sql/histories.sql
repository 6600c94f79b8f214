-- Facts and events of members %(patterns)s + 1 to %(count)s as copies of those they are copies of.
INSERT INTO loyalty_plugin_tierfact (member_id, day, known_on, metric, amount, product_id, ref)
SELECT n, f.day, f.known_on, f.metric, f.amount, f.product_id, n || ' ' || f.ref
  FROM generate_series(%(patterns)s + 1, %(count)s) AS n
  JOIN loyalty_plugin_tierfact f ON f.member_id = (n - 1) %% %(patterns)s + 1;
INSERT INTO loyalty_plugin_tierevent (member_id, day, kind, tier, reason, recorded_at)
SELECT n, e.day, e.kind, e.tier, e.reason, e.recorded_at
  FROM generate_series(%(patterns)s + 1, %(count)s) AS n
  JOIN loyalty_plugin_tierevent e ON e.member_id = (n - 1) %% %(patterns)s + 1;
