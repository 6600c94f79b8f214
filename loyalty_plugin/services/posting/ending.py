"""Ends whole lots, many by one statement: the rows `post` writes for their plans, worked out by the database.

For the night, when a million lots end that each have the same outcome. It judges no exception: a key that is
taken or a balance that does not fit fails the statement, and the caller posts plan by plan. A property test
holds both ways to the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from loyalty_plugin.cursors import cursor
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.ledger import Account, Kind
from loyalty_plugin.services.posting.arrays import integers, moments, texts
from loyalty_plugin.services.posting.locks import MemberUnit, lock
from loyalty_plugin.signals import announce, points_posted

# `chosen` goes by the ids alone: with the day beside them the planner may read all that is due, for each batch.
# `numbered` is read by all parts, so it is worked out once, and its ids follow the order of its rows.
_END: Final = f"""
WITH chosen AS MATERIALIZED (
  SELECT l.id, l.member_id, l.unit, l.pending, l.available, l.held, l.expires_at, m.programme_id
    FROM unnest((SELECT $6::bigint[])) AS w(id)
    JOIN loyalty_plugin_lot l ON l.id = w.id
    JOIN loyalty_plugin_member m ON m.id = l.member_id
), due AS (
  SELECT c.*, t.version_id, t.code || '|expire|' || c.id || '|' || c.held AS business_key
    FROM chosen c
    JOIN unnest($1::bigint[], $2::bigint[], $3::text[], $4::timestamptz[], $5::timestamptz[])
      AS t(programme_id, version_id, code, starts, ends)
      ON t.programme_id = c.programme_id AND c.expires_at >= coalesce(t.starts, '-infinity')
     AND c.expires_at < coalesce(t.ends, 'infinity')
   WHERE (c.pending > 0 OR c.available > 0) AND c.expires_at <= $7::timestamptz
   ORDER BY c.expires_at, c.id
), numbered AS MATERIALIZED (
  SELECT nextval('loyalty_plugin_entry_id_seq') AS entry_id, due.* FROM due
), new_entry AS (
  INSERT INTO loyalty_plugin_entry (id, business_key, input_hash, kind, programme_id, version_id, member_id,
         occurred_at, channel, issuing_shop, acting_shop, order_ref, batch, actor, source, recorded_at, cluster)
  SELECT entry_id, business_key, sha256(convert_to(business_key, 'UTF8')), '{Kind.EXPIRE}', programme_id,
         version_id, member_id, expires_at, '', '', '', '', '', '{SYSTEM.name}', 'lot:' || id, $7::timestamptz,
         (SELECT system_identifier FROM pg_control_system())
    FROM numbered
), new_posting AS (
  INSERT INTO loyalty_plugin_posting (entry_id, position, member_id, unit, source, destination, amount,
         source_lot_id)
  SELECT n.entry_id, v.position, n.member_id, n.unit, v.source, '{Account.EXPIRED}', v.amount, n.id
    FROM numbered n
   CROSS JOIN LATERAL (VALUES (0, '{Account.PENDING}', n.pending),
                              ((n.pending > 0)::int, '{Account.AVAILABLE}', n.available)) AS v(position, source, amount)
   WHERE v.amount > 0
), old_lot AS (
  UPDATE loyalty_plugin_lot l SET pending = 0, available = 0 FROM numbered n WHERE l.id = n.id
), old_balance AS (
  UPDATE loyalty_plugin_balance b SET pending = b.pending - n.pending, available = b.available - n.available
    FROM (SELECT member_id, unit, sum(pending) AS pending, sum(available) AS available
            FROM numbered GROUP BY member_id, unit) AS n
   WHERE b.member_id = n.member_id AND b.unit = n.unit
)
SELECT array_agg(entry_id) FROM numbered
"""


@dataclass(frozen=True, slots=True)
class InForce:
    """A version of a programme and from when (None: always) till when (excluded; None: for ever) it is in force."""

    programme_id: int
    version_id: int
    code: str
    starts: datetime | None
    ends: datetime | None


def end_lots(
    lots: Sequence[tuple[int, MemberUnit]], versions: Iterable[InForce], *, now: datetime
) -> list[int]:
    """End those of these lots whose last day is over, all that is pending or available in them; the entries' ids.

    `versions` must cover all programmes of these members. Must run in a transaction. Raises IntegrityError, all
    or nothing, where one of the lots is not as plain as that.
    """
    lock({key for _, key in lots}, lots=False)
    terms = list(versions)
    with cursor() as run:
        # A statement of its own after the locks, so that it sees what their former holder committed.
        run.execute(
            _END,
            [
                integers(one.programme_id for one in terms),
                integers(one.version_id for one in terms),
                texts([one.code for one in terms]),
                moments(one.starts for one in terms),
                moments(one.ends for one in terms),
                integers(lot_id for lot_id, _ in lots),
                now,
            ],
        )
        row = run.fetchone()
    assert row is not None
    entry_ids: list[int] = row[0] or []
    if entry_ids:
        announce(points_posted, entry_ids=entry_ids)
    return entry_ids
