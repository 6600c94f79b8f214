"""Seals committed entries into hash-chained blocks, outside the writers' path; changes no entry.

Only what lies below the oldest running transaction is sealed, or a late commit would be lost. Transaction ids
restart when a dump is restored elsewhere: entries of an earlier cluster count as committed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from django.db import connection, transaction

from loyalty_plugin.domain.chain import block_root
from loyalty_plugin.models.ledger import Block
from loyalty_plugin.queries import chain

BLOCK: Final = 50_000
#: The advisory lock of the one sealer; any number, as long as it stays the same.
_LOCK: Final = 0x6C70_7365_616C


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one run sealed. `busy`: another sealer was at work, so this one left it to it."""

    blocks: int = 0
    entries: int = 0
    busy: bool = False


def seal(*, now: datetime, size: int = BLOCK) -> Sealed:
    """Seal what is committed and not sealed yet, in blocks of about `size` entries, one transaction each."""
    blocks = entries = 0
    while True:
        with transaction.atomic(durable=True):
            if not _only_sealer():
                return Sealed(blocks, entries, busy=True)
            sealed = _seal_next(now, size)
        if sealed is None:
            return Sealed(blocks, entries)
        blocks += 1
        entries += sealed


def _only_sealer() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])


def _seal_next(now: datetime, size: int) -> int | None:
    here, running = chain.this_cluster()
    earlier = [cluster for cluster in chain.clusters() if cluster != here]
    for cluster, horizon in [*((one, None) for one in earlier), (here, running)]:
        begin = chain.sealed_until(cluster)
        end = chain.block_end(cluster, begin, horizon, size)
        if end is not None:
            return _insert(cluster, begin, end, now)
    return None


def _insert(cluster: int, begin: int, end: int, now: datetime) -> int:
    last = chain.newest_block()
    number = last.number + 1 if last else 1
    previous = chain.root_after(last)
    count, first_entry, last_entry = 0, 0, 0

    def passing() -> Iterator[bytes]:
        nonlocal count, first_entry, last_entry
        for one in chain.digests(cluster, begin, end):
            count += 1
            first_entry = min(first_entry or one.entry_id, one.entry_id)
            last_entry = max(last_entry, one.entry_id)
            yield one.digest

    root = block_root(previous, number, passing())
    Block.objects.create(
        number=number,
        previous_root=previous,
        root=root,
        sealed_at=now,
        cluster=cluster,
        xid_from=begin,
        xid_until=end,
        first_entry=first_entry,
        last_entry=last_entry,
        entries=count,
    )
    return count


def write_anchor(file: Path, *, now: datetime) -> str | None:
    """Append the newest block's root to a file that is kept elsewhere, one line a day; the line, if it is new.

    A chain proves nothing against the owner of the table without a root that lies outside.
    """
    newest = chain.newest_block()
    if newest is None:
        return None
    line = f"{now.date().isoformat()} {newest.number} {newest.root.hex()}"
    before = file.read_text().splitlines() if file.exists() else []
    if any(one.split(" ", 1)[0] == now.date().isoformat() for one in before):
        return None
    with file.open("a") as anchor:
        anchor.write(line + "\n")
    return line
