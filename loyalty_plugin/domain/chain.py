"""The canonical bytes of an entry and of a block, so that anybody can recompute the chain; never reads anything.

entry digest = SHA-256 of the UTF-8 JSON array of the entry's columns, its postings and the lots it opened, in
the order given by the callers, with no white space, instants as UTC ISO 8601 with six decimals, bytes as hex.
block root   = SHA-256 of previous root, block number (8 bytes, big endian) and the entries' digests in order.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

GENESIS = bytes(32)


def _canonical(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    raise TypeError(f"no canonical form for {type(value)}")


def entry_digest(
    entry: Sequence[object], postings: Sequence[Sequence[object]], lots: Sequence[Sequence[object]]
) -> bytes:
    """32 bytes over the rows of one entry."""
    text = json.dumps(
        [entry, postings, lots],
        separators=(",", ":"),
        ensure_ascii=False,
        sort_keys=True,
        default=_canonical,
    )
    return hashlib.sha256(text.encode()).digest()


def block_root(previous: bytes, number: int, digests: Iterable[bytes]) -> bytes:
    """32 bytes that bind a block to all before it."""
    block = hashlib.sha256(previous + number.to_bytes(8, "big"))
    for digest in digests:
        block.update(digest)
    return block.digest()
