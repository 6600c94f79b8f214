"""Recomputes the chain block by block, and holds it against roots that were kept outside; judges no amounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from loyalty_plugin.domain.chain import GENESIS, block_root
from loyalty_plugin.queries import chain
from loyalty_plugin.queries.verifying.findings import Finding


def check(after: int) -> Iterator[tuple[int, int, list[Finding]]]:
    """Steps of (block number, entries, findings). Goes on after a block that was proved before."""
    previous, until = GENESIS, {}
    number = 0
    for block in chain.blocks():
        expected = number + 1
        number = block.number
        if number <= after:
            previous, until[block.cluster] = block.root, block.xid_until
            continue
        findings = []
        where = f"block {number}"
        if number != expected:
            findings.append(Finding("block_missing", f"block {expected}", "a block", f"block {number}"))
        if block.previous_root != previous:
            findings.append(
                Finding("chain_broken", where, previous.hex(), f"built on {block.previous_root.hex()}")
            )
        begin = until.get(block.cluster, 0)
        if block.xid_from != begin:
            findings.append(Finding("range_broken", where, f"from {begin}", f"from {block.xid_from}"))
        found = [one.digest for one in chain.digests(block.cluster, block.xid_from, block.xid_until)]
        if len(found) != block.entries:
            findings.append(
                Finding("block_count", where, f"{block.entries} entries", f"{len(found)} entries")
            )
        root = block_root(block.previous_root, number, found)
        if root != block.root:
            findings.append(Finding("block_differs", where, block.root.hex(), root.hex()))
        previous, until[block.cluster] = block.root, block.xid_until
        yield number, len(found), findings


def check_anchor(lines: Sequence[str]) -> list[Finding]:
    """Hold the chain against lines of "day number root" kept elsewhere: a dump restored, or a chain rewritten."""
    roots = {block.number: block.root.hex() for block in chain.blocks()}
    findings = []
    for number_of_line, line in enumerate(lines, 1):
        if not line.strip():
            continue
        parts = line.split()
        if len(parts) != 3 or not parts[1].isdigit():
            findings.append(
                Finding("anchor_unreadable", f"anchor line {number_of_line}", "day number root", line)
            )
            continue
        day, number, root = parts
        found = roots.get(int(number))
        if found is None:
            findings.append(Finding("anchor_ahead", f"block {number} ({day})", root, "no such block"))
        elif found != root:
            findings.append(Finding("anchor_differs", f"block {number} ({day})", root, found))
    return findings
