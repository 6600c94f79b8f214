"""The proof of the ledger: whole when it is whole, goes on where it was, and is held to an anchor outside."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import connection

from loyalty_plugin.domain.chain import block_root
from loyalty_plugin.queries import chain, verifying
from loyalty_plugin.services import sealing
from loyalty_plugin.services.posting import rebuild
from tests.services.books import (
    NOW,
    balance_of,
    count,
    give,
    rows,
    wait_until_sealable,
)
from tests.services.verifykit import EARN, LAST, LOT, MEMBER, damage, ledger

__all__ = ["ledger"]
pytestmark = pytest.mark.usefixtures("fresh_db")


def test_a_whole_ledger_is_whole() -> None:
    report = verifying.verify()
    assert report.differences == []
    assert report.checked == {
        "members": 3,
        "entries": count("entry"),
        "blocks": count("block"),
        "sealed entries": count("entry") - 1,
    }
    assert {finding.code for finding in report.warnings} == {"role_too_strong"}  # tests run as the owner
    assert rebuild().equal


def test_grants_that_are_too_wide_are_told() -> None:
    name = "loyalty_test_role"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {name}")
        try:
            cursor.execute(f"GRANT UPDATE, SELECT ON loyalty_plugin_entry TO {name}")
            warnings = verifying.verify().warnings
        finally:
            cursor.execute(f"DROP OWNED BY {name}")
            cursor.execute(f"DROP ROLE {name}")
    assert ("grant_too_wide", f"loyalty_plugin_entry to {name}", "UPDATE") in {
        (finding.code, finding.where, finding.found) for finding in warnings
    }


def test_a_chain_rewritten_by_its_owner_is_found_by_the_anchor_only(tmp_path: Path) -> None:
    file = tmp_path / "anchor"
    sealing.write_anchor(file, now=NOW)
    lines = file.read_text().splitlines()
    assert verifying.verify(anchor=lines).whole
    damage(f"UPDATE loyalty_plugin_entry SET actor = 'staff:nobody' WHERE id = {EARN}")
    previous = bytes(32)
    for block in list(chain.blocks()):
        found = [one.digest for one in chain.digests(block.cluster, block.xid_from, block.xid_until)]
        root = block_root(previous, block.number, found)
        damage(
            f"UPDATE loyalty_plugin_block SET previous_root = '\\x{previous.hex()}', root = '\\x{root.hex()}'"
            f" WHERE number = {block.number}"
        )
        previous = root
    assert verifying.verify().whole
    report = verifying.verify(anchor=lines)
    assert [finding.code for finding in report.differences] == ["anchor_differs"]


def test_an_old_dump_restored_is_found_by_the_anchor(tmp_path: Path) -> None:
    file = tmp_path / "anchor"
    wait_until_sealable()
    sealing.seal(now=NOW)
    sealing.write_anchor(file, now=NOW)
    damage(
        f"DELETE FROM loyalty_plugin_posting WHERE entry_id = {LAST}",
        f"DELETE FROM loyalty_plugin_lot WHERE entry_id = {LAST}",
        "UPDATE loyalty_plugin_balance SET available = available - 1, earned = earned - 1"
        f" WHERE unit = 'points' AND member_id = (SELECT member_id FROM loyalty_plugin_entry WHERE id = {LAST})",
        f"DELETE FROM loyalty_plugin_entry WHERE id = {LAST}",
        "DELETE FROM loyalty_plugin_block WHERE number = (SELECT max(number) FROM loyalty_plugin_block)",
    )
    assert verifying.verify().whole
    [finding] = verifying.verify(anchor=file.read_text().splitlines()).differences
    assert finding.code == "anchor_ahead"
    [unreadable] = verifying.verify(anchor=["what is this", ""]).differences
    assert unreadable.code == "anchor_unreadable"


def test_a_killed_check_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    from loyalty_plugin.queries.verifying import books, sources

    monkeypatch.setattr(books, "STEP", 1)
    monkeypatch.setattr(sources, "STEP", 2)
    damage(
        f"UPDATE loyalty_plugin_balance SET available = available + 1 WHERE member_id = {MEMBER} AND unit = 'points'"
    )
    whole = verifying.verify()
    seen: list[dict[str, object]] = []
    verifying.verify(progress=lambda at: seen.append(at.as_data()))
    assert len(seen) > 10
    for left in seen:
        again = verifying.verify(start=verifying.Checkpoint.from_data(left))
        assert again.differences == whole.differences


def test_the_check_reads_one_moment_while_others_write() -> None:
    """Entries that come while it runs are neither half seen nor called wrong."""
    version_id, member_id = rows(
        "SELECT version_id, member_id FROM loyalty_plugin_entry ORDER BY id DESC LIMIT 1"
    )[0]
    from threading import Thread

    from loyalty_plugin.models.programmes import ProgrammeVersion

    version = ProgrammeVersion.objects.get(pk=version_id)
    before = count("entry")

    def write() -> None:
        give(version, member_id, 1)
        connection.close()

    def progress(_at: verifying.Checkpoint) -> None:
        thread = Thread(target=write)
        thread.start()
        thread.join()

    report = verifying.verify(progress=progress)
    assert report.whole
    assert report.checked["entries"] == before
    assert count("entry") > before


def test_projections_are_rebuilt_bit_by_bit() -> None:
    whole = (
        rows("SELECT * FROM loyalty_plugin_balance ORDER BY member_id, unit"),
        rows("SELECT * FROM loyalty_plugin_lot ORDER BY id"),
    )
    damage(
        f"UPDATE loyalty_plugin_balance SET available = available + 5, active_until = NULL WHERE member_id = {MEMBER}",
        "DELETE FROM loyalty_plugin_balance WHERE member_id = 2 AND unit = 'qualifying'",
        f"UPDATE loyalty_plugin_lot SET available = 1, held = 3 WHERE id = {LOT}",
    )
    found = rebuild()
    assert (found.balances, found.lots, found.mended) == (3, 1, False)
    assert rebuild(write=True).lots == 1
    assert rebuild().equal
    assert whole == (
        rows("SELECT * FROM loyalty_plugin_balance ORDER BY member_id, unit"),
        rows("SELECT * FROM loyalty_plugin_lot ORDER BY id"),
    )
    assert verifying.verify().whole
    assert balance_of(1)[2] == 10
