"""Traces each entry to what gave the right to post it, and its amount to what was asked or explained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from django.db import connection

from loyalty_plugin.queries.verifying.findings import Finding

#: Entries looked at in one step.
STEP: Final = 10_000

# `net`: what came to the member's accounts from outside, less what went out, in points. `issued`: points made.
_CHECKS: Final = """
WITH entry AS (
  SELECT * FROM loyalty_plugin_entry WHERE id > %(after)s AND id <= %(until)s
), sums AS (
  SELECT p.entry_id,
         coalesce(sum(p.amount) FILTER (WHERE p.unit = 'points' AND p.source = 'issuance'), 0) AS issued,
         coalesce(sum(p.amount) FILTER (WHERE p.unit = 'points' AND p.destination = 'issuance'), 0) AS returned,
         coalesce(sum(CASE WHEN p.source IN ('pending','available','held','owed') THEN -p.amount ELSE 0 END
                    + CASE WHEN p.destination IN ('pending','available','held','owed') THEN p.amount ELSE 0 END)
                  FILTER (WHERE p.unit = 'points'), 0) AS net,
         bool_or(p.source IN ('issuance','adjustment','expired','cleared')) AS gives
    FROM loyalty_plugin_posting p WHERE p.entry_id > %(after)s AND p.entry_id <= %(until)s
   GROUP BY p.entry_id
), joined AS (
  SELECT e.*, coalesce(s.issued, 0) AS issued, coalesce(s.returned, 0) AS returned, coalesce(s.net, 0) AS net,
         coalesce(s.gives, false) AS gives, s.entry_id IS NOT NULL AS moves,
         split_part(e.source, ':', 1) AS origin, substr(e.source, strpos(e.source, ':') + 1) AS origin_id
    FROM entry e LEFT JOIN sums s ON s.entry_id = e.id
)
SELECT 'programme_missing', id, programme_id::text, '' FROM joined j
 WHERE NOT EXISTS (SELECT FROM loyalty_plugin_programme p WHERE p.id = j.programme_id)
UNION ALL
SELECT 'version_missing', id, 'a published version of programme ' || programme_id, 'version ' || version_id
  FROM joined j
 WHERE NOT EXISTS (SELECT FROM loyalty_plugin_programmeversion v
                    WHERE v.id = j.version_id AND v.programme_id = j.programme_id AND v.status = 'published')
UNION ALL
SELECT 'member_missing', id, 'a member of programme ' || programme_id, 'member ' || member_id FROM joined j
 WHERE NOT EXISTS (SELECT FROM loyalty_plugin_member m
                    WHERE m.id = j.member_id AND m.programme_id = j.programme_id)
UNION ALL
SELECT 'order_missing', id, order_ref, 'no such order' FROM joined j
 WHERE order_ref <> '' AND NOT EXISTS (
       SELECT FROM loyalty_plugin_orderrecord o JOIN loyalty_plugin_realm r ON r.id = o.realm_id
        WHERE o.order_id = split_part(j.order_ref, '|', -1)
          AND r.api_url = left(j.order_ref, -1 - length(split_part(j.order_ref, '|', -1))))
UNION ALL
SELECT 'without_source', id, 'a source', quote_literal(source) FROM joined
 WHERE gives AND NOT (origin IN ('order','request','version','benefit','lot','member','person','clearing')
                      AND origin_id <> '' OR origin IN ('system','staff'))
UNION ALL
SELECT 'source_missing', id, source, 'nothing of that name' FROM joined j
 WHERE CASE origin
       WHEN 'order' THEN origin_id <> order_ref
       WHEN 'version' THEN origin_id <> version_id::text
       WHEN 'member' THEN origin_id <> member_id::text
       WHEN 'lot' THEN NOT EXISTS (SELECT FROM loyalty_plugin_lot l
                                    WHERE l.id::text = j.origin_id AND l.member_id = j.member_id)
       WHEN 'hold' THEN NOT EXISTS (SELECT FROM loyalty_plugin_hold h
                                     WHERE h.id::text = j.origin_id AND h.member_id = j.member_id)
       WHEN 'person' THEN NOT EXISTS (SELECT FROM loyalty_plugin_person p WHERE p.id::text = j.origin_id)
       WHEN 'request' THEN NOT EXISTS (SELECT FROM loyalty_plugin_request q WHERE q.id::text = j.origin_id)
       ELSE false END
UNION ALL
SELECT 'not_approved', j.id, 'an approved request', q.status FROM joined j
  JOIN loyalty_plugin_request q ON j.origin = 'request' AND q.id::text = j.origin_id
 WHERE q.status <> 'approved' OR q.member_id IS DISTINCT FROM j.member_id
UNION ALL
SELECT 'amount_not_asked', j.id, q.amount::text, j.net::text FROM joined j
  JOIN loyalty_plugin_request q ON j.origin = 'request' AND q.id::text = j.origin_id
 WHERE q.unit = 'points' AND q.amount <> j.net
UNION ALL
SELECT 'unexplained', id, 'an explanation', 'none' FROM joined
 WHERE kind = 'earn' AND issued > 0 AND explanation->'total' IS NULL
UNION ALL
SELECT 'amount_differs', id, explanation->>'total', issued::text FROM joined
 WHERE kind IN ('earn', 'bonus') AND jsonb_typeof(explanation->'total') = 'number'
   AND (explanation->>'total')::numeric <> issued
UNION ALL
SELECT 'amount_differs', id, explanation#>>'{adjustment,amount}', net::text FROM joined
 WHERE kind = 'adjust' AND jsonb_typeof(explanation#>'{adjustment,amount}') = 'number'
   AND (explanation#>>'{adjustment,amount}')::numeric <> net
UNION ALL
SELECT 'amount_differs', id, (explanation#>>'{refund,stood}') || ' - ' || (explanation#>>'{refund,stands}'),
       (returned - issued)::text FROM joined
 WHERE kind = 'refund' AND explanation ? 'refund'
   AND (explanation#>>'{refund,stood}')::numeric - (explanation#>>'{refund,stands}')::numeric <> returned - issued
UNION ALL
SELECT 'reversed_missing', id, reverses_id::text, 'no such entry' FROM joined j
 WHERE reverses_id IS NOT NULL AND NOT EXISTS (SELECT FROM loyalty_plugin_entry e WHERE e.id = j.reverses_id)
UNION ALL
SELECT 'transaction_ahead', id, 'a finished transaction', xid::text FROM joined
 WHERE cluster = (SELECT system_identifier FROM pg_control_system())
   AND xid >= pg_snapshot_xmax(pg_current_snapshot())
UNION ALL
SELECT 'posting_of_another', p.entry_id, 'member ' || j.member_id, 'member ' || p.member_id
  FROM joined j JOIN loyalty_plugin_posting p ON p.entry_id = j.id WHERE p.member_id <> j.member_id
UNION ALL
SELECT 'posting_without_entry', p.entry_id, 'an entry', 'none' FROM loyalty_plugin_posting p
 WHERE p.entry_id > %(after)s AND p.entry_id <= %(until)s
   AND NOT EXISTS (SELECT FROM entry e WHERE e.id = p.entry_id)
UNION ALL
SELECT 'lot_of_another', p.entry_id, 'a lot of member ' || p.member_id || ' in ' || p.unit, 'lot ' || v.lot_id
  FROM loyalty_plugin_posting p
 CROSS JOIN LATERAL (VALUES (p.source_lot_id), (p.destination_lot_id)) AS v(lot_id)
 WHERE p.entry_id > %(after)s AND p.entry_id <= %(until)s AND v.lot_id IS NOT NULL
   AND NOT EXISTS (SELECT FROM loyalty_plugin_lot l
                    WHERE l.id = v.lot_id AND l.member_id = p.member_id AND l.unit = p.unit)
 ORDER BY 2, 1 LIMIT 100
"""
_BOUND: Final = """
SELECT max(id) FROM (
  (SELECT id FROM loyalty_plugin_entry WHERE id > %(after)s ORDER BY id LIMIT %(step)s)
  UNION ALL
  SELECT max(entry_id) FROM loyalty_plugin_posting WHERE entry_id > (SELECT max(id) FROM loyalty_plugin_entry)
                                                     AND entry_id > %(after)s
) AS bounds
"""


def check(after: int) -> Iterator[tuple[int, int, list[Finding]]]:
    """Steps of (last entry id, entries, findings)."""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_BOUND, {"after": after, "step": STEP})
            until = cursor.fetchone()[0]
            if until is None:
                return
            cursor.execute(_CHECKS, {"after": after, "until": until})
            findings = [
                Finding(code, f"entry {entry_id}", expected or "", found or "")
                for code, entry_id, expected, found in cursor.fetchall()
            ]
        yield until, STEP, findings
        after = until
