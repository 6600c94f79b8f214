"""Reads entries as they are sealed, and blocks; streams in the order of the chain and judges nothing."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from loyalty_plugin.domain.chain import GENESIS, entry_digest

#: How many entries are in memory at a time.
CHUNK: Final = 2_000
_NO_END: Final = 2**63 - 1

_ENTRIES: Final = """
SELECT id, business_key, input_hash, kind, programme_id, version_id, member_id, occurred_at, recorded_at,
       channel, issuing_shop, acting_shop, order_ref, reverses_id, batch, actor, source, note_digest,
       active_until, explanation::text, cluster, xid::text
  FROM loyalty_plugin_entry
 WHERE cluster = %s AND (xid, id) > (%s::text::xid8, %s) AND xid < %s::text::xid8
 ORDER BY loyalty_plugin_entry.xid, id LIMIT %s
"""
# Trap above: a bare `xid` there would be the text of the output column, and "1000" sorts before "999".
_POSTINGS: Final = """
SELECT entry_id, position, member_id, unit, source, destination, amount, source_lot_id, destination_lot_id
  FROM loyalty_plugin_posting WHERE entry_id = ANY(%s) ORDER BY entry_id, position
"""
_LOTS: Final = """
SELECT entry_id, id, member_id, unit, origin_lot_id, amount, matures_at, expires_at, needs_verification
  FROM loyalty_plugin_lot WHERE entry_id = ANY(%s) ORDER BY entry_id, id
"""


@dataclass(frozen=True, slots=True)
class Digested:
    """An entry's digest, with its id and the transaction that wrote it."""

    entry_id: int
    xid: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class BlockView:
    """A sealed block: all entries of `cluster` written by transactions from `xid_from` up to `xid_until`."""

    number: int
    previous_root: bytes
    root: bytes
    sealed_at: datetime
    cluster: int
    xid_from: int
    xid_until: int
    entries: int


def digests(cluster: int, xid_from: int, xid_until: int) -> Iterator[Digested]:
    """The digests of all entries of a range of transactions (`xid_until` excluded), in the chain's order."""
    # Ids are positive, so this begins with the first entry of the transaction.
    after = (xid_from, 0)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_ENTRIES, [cluster, str(after[0]), after[1], str(xid_until), CHUNK])
            entries = cursor.fetchall()
            if not entries:
                return
            ids = [row[0] for row in entries]
            postings = _by_entry(cursor, _POSTINGS, ids)
            lots = _by_entry(cursor, _LOTS, ids)
        for *columns, explanation, cluster_id, xid in entries:
            entry_id = columns[0]
            # Numbers stay as they are written: a float would round them.
            data = None if explanation is None else json.loads(explanation, parse_float=str)
            row = [*columns, data, cluster_id, int(xid)]
            yield Digested(entry_id, int(xid), entry_digest(row, postings[entry_id], lots[entry_id]))
        after = (int(entries[-1][-1]), entries[-1][0])


def _by_entry(cursor: Any, statement: str, ids: list[int]) -> dict[int, list[tuple[Any, ...]]]:
    found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    cursor.execute(statement, [ids])
    for entry_id, *rest in cursor.fetchall():
        found[entry_id].append(tuple(rest))
    return found


def blocks(after: int = 0) -> Iterator[BlockView]:
    """Blocks above this number, in order."""
    while True:
        found = _blocks("number > %s ORDER BY number LIMIT 500", after)
        if not found:
            return
        yield from found
        after = found[-1].number


def newest_block() -> BlockView | None:
    """The block sealed last."""
    return next(iter(_blocks("true ORDER BY number DESC LIMIT 1")), None)


def root_of(number: int) -> bytes | None:
    """The root of the block of this number, None where there is none."""
    return next((block.root for block in _blocks("number = %s", number)), None)


def root_after(block: BlockView | None) -> bytes:
    """The root the next block builds on."""
    return GENESIS if block is None else block.root


def _blocks(condition: str, *parameters: Any) -> list[BlockView]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, previous_root, root, sealed_at, cluster, xid_from::text, xid_until::text, entries"
            f"  FROM loyalty_plugin_block WHERE {condition}",
            parameters,
        )
        return [
            BlockView(
                number, bytes(previous), bytes(root), at, cluster, int(xid_from), int(xid_until), entries
            )
            for number, previous, root, at, cluster, xid_from, xid_until, entries in cursor.fetchall()
        ]


def clusters() -> list[int]:
    """The database clusters that entries were written in: more than one after a dump was restored."""
    with connection.cursor() as cursor:
        # Steps over the index from one to the next instead of reading it all.
        cursor.execute(
            """
            WITH RECURSIVE known AS (
              (SELECT cluster FROM loyalty_plugin_entry ORDER BY cluster LIMIT 1)
              UNION ALL
              SELECT (SELECT e.cluster FROM loyalty_plugin_entry e
                       WHERE e.cluster > known.cluster ORDER BY e.cluster LIMIT 1)
                FROM known WHERE known.cluster IS NOT NULL
            ) SELECT cluster FROM known WHERE cluster IS NOT NULL
            """
        )
        return [cluster for (cluster,) in cursor.fetchall()]


def this_cluster() -> tuple[int, int]:
    """This cluster's identity, and the oldest transaction id that may still be running in it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT system_identifier FROM pg_control_system()),"
            "       pg_snapshot_xmin(pg_current_snapshot())::text"
        )
        cluster, horizon = cursor.fetchone()
    return cluster, int(horizon)


def sealed_until(cluster: int) -> int:
    """Up to which transaction id a cluster's entries are sealed (excluded); 0 for none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT xid_until::text FROM loyalty_plugin_block WHERE cluster = %s ORDER BY number DESC LIMIT 1",
            [cluster],
        )
        found = cursor.fetchone()
    return int(found[0]) if found else 0


def block_end(cluster: int, xid_from: int, horizon: int | None, size: int) -> int | None:
    """Where a block of about `size` entries ends (excluded), None where there is nothing to seal.

    `horizon` is the oldest running transaction, None in a cluster where none can run any more. A transaction
    is never divided, so a block holds more where one transaction alone wrote more.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH waiting AS (
              SELECT xid FROM loyalty_plugin_entry
               WHERE cluster = %s AND xid >= %s::text::xid8 AND xid < %s::text::xid8
            )
            SELECT (SELECT xid::text FROM waiting ORDER BY waiting.xid LIMIT 1),
                   (SELECT xid::text FROM waiting ORDER BY waiting.xid OFFSET %s LIMIT 1),
                   (SELECT xid::text FROM waiting ORDER BY waiting.xid DESC LIMIT 1)
            """,
            [cluster, str(xid_from), str(_NO_END if horizon is None else horizon), size],
        )
        first, beyond, last = cursor.fetchone()
    if first is None:
        return None
    if beyond is None:
        return int(last) + 1 if horizon is None else horizon
    return max(int(beyond), int(first) + 1)
