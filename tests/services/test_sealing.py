"""Sealing: everything committed, nothing that may still commit below it, one sealer, also after a restore."""

from __future__ import annotations

import subprocess
import threading
from datetime import date
from pathlib import Path

import pytest
from django.db import connection, connections, transaction

from loyalty_plugin.domain.chain import GENESIS, block_root
from loyalty_plugin.queries import chain
from loyalty_plugin.services import sealing
from sandbox.postgres import Cluster, Server, django_database, find_binaries
from tests.scale import PATIENCE
from tests.services.books import (
    DAY,
    NOW,
    at_once,
    count,
    give,
    make_members,
    make_version,
    rows,
    wait_until_sealable,
)

pytestmark = pytest.mark.usefixtures("fresh_db")


def test_blocks_hold_every_entry_once_and_build_on_each_other() -> None:
    version = make_version()
    for member in make_members(version, 7):
        give(version, member, 10)
    wait_until_sealable()
    sealed = sealing.seal(now=NOW, size=3)
    assert (sealed.blocks, sealed.entries) == (3, 7)
    previous = GENESIS
    for block in chain.blocks():
        found = [one.digest for one in chain.digests(block.cluster, block.xid_from, block.xid_until)]
        assert len(found) == block.entries
        assert block.previous_root == previous
        assert block.root == block_root(previous, block.number, found)
        previous = block.root
    assert sealing.seal(now=NOW) == sealing.Sealed()
    give(version, member, 1)
    wait_until_sealable()
    assert sealing.seal(now=NOW).entries == 1


def test_a_transaction_is_never_divided() -> None:
    from loyalty_plugin.domain.intents import Award
    from loyalty_plugin.domain.ledger import POINTS
    from loyalty_plugin.services.posting import post
    from tests.services.books import make_plan

    version = make_version()
    members = make_members(version, 10)
    give(version, members[0], 1)
    post([make_plan(version, member, Award(POINTS, 1)) for member in members], recorded_at=NOW)
    give(version, members[0], 1)
    wait_until_sealable()
    sealing.seal(now=NOW, size=2)
    assert [block.entries for block in chain.blocks()] == [1, 10, 1]


def test_nothing_is_sealed_above_a_transaction_that_still_runs() -> None:
    """Else an entry that commits late would lie in a sealed range without being in the block."""
    version = make_version()
    early, late = make_members(version, 2)
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        try:
            with transaction.atomic():
                give(version, early, 10)
                begun.set()
                assert go_on.wait(PATIENCE)
        finally:
            connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert begun.wait(PATIENCE)
    give(version, late, 20)
    try:
        assert sealing.seal(now=NOW).entries == 0
    finally:
        go_on.set()
        thread.join()
    wait_until_sealable()
    assert sealing.seal(now=NOW).entries == 2


def test_of_many_sealers_one_works_and_the_chain_stays_one() -> None:
    version = make_version()
    for member in make_members(version, 12):
        give(version, member, 10)
    wait_until_sealable()
    results = at_once([lambda: sealing.seal(now=NOW, size=2) for _ in range(6)])
    sealed = [result for result in results if isinstance(result, sealing.Sealed)]
    assert len(sealed) == 6, results
    sealing.seal(now=NOW, size=2)
    assert [block.number for block in chain.blocks()] == list(range(1, count("block") + 1))
    assert rows("SELECT sum(entries) FROM loyalty_plugin_block") == [(12,)]


def test_after_dump_and_restore_elsewhere_the_chain_goes_on(tmp_path: Path, postgres: Server) -> None:
    """Transaction ids restart there, so entries of the old cluster count as committed."""
    tools = find_binaries().folder
    if not (tools / "pg_dump").exists():
        pytest.skip(f"no pg_dump in {tools}")
    version = make_version()
    members = make_members(version, 3)
    give(version, members[0], 10)
    wait_until_sealable()
    sealing.seal(now=NOW)
    for member in members[1:]:
        give(version, member, 20)  # not sealed yet when the dump is made
    old_url = postgres.url(connection.settings_dict["NAME"])
    dump = subprocess.run([tools / "pg_dump", "-d", old_url], check=True, capture_output=True).stdout

    before = dict(connection.settings_dict)
    elsewhere = Cluster(tmp_path / "data", durable=False)
    tmp_path.chmod(0o711)
    for parent in (tmp_path.parent, tmp_path.parent.parent):
        parent.chmod(0o711)
    elsewhere.start()
    try:
        new_url = elsewhere.create_database("restored")
        subprocess.run(
            [tools / "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-d", new_url],
            input=dump,
            check=True,
            capture_output=True,
        )
        connections.close_all()
        connection.settings_dict.update(django_database(new_url))
        give(version, members[0], 5)
        assert len(chain.clusters()) == 2
        assert sealing.seal(now=NOW).entries == 3
        assert [block.entries for block in chain.blocks()] == [1, 2, 1]
        assert rows(
            "SELECT count(*) FROM loyalty_plugin_entry e JOIN loyalty_plugin_block b"
            " ON e.cluster = b.cluster AND e.xid >= b.xid_from AND e.xid < b.xid_until"
        ) == [(4,)]
    finally:
        connections.close_all()
        connection.settings_dict.update(before)
        elsewhere.delete()


def test_the_anchor_gets_one_line_a_day(tmp_path: Path) -> None:
    file = tmp_path / "anchor.txt"
    assert sealing.write_anchor(file, now=NOW) is None
    version = make_version()
    [member] = make_members(version, 1)
    for days in (0, 0, 1):
        give(version, member, 1)
        wait_until_sealable()
        sealing.seal(now=NOW + days * DAY)
        sealing.write_anchor(file, now=NOW + days * DAY)
    lines = [line.split() for line in file.read_text().splitlines()]
    roots = {block.number: block.root.hex() for block in chain.blocks()}
    assert lines == [[date(2026, 3, 10).isoformat(), "1", roots[1]], ["2026-03-11", "3", roots[3]]]


def test_transactions_are_read_in_the_order_of_their_numbers_and_not_of_their_digits() -> None:
    """Numbers grow by a digit now and then: 1000 comes after 999."""
    version = make_version()
    for member in make_members(version, 3):
        give(version, member, 10)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            "UPDATE loyalty_plugin_entry e SET xid = (998 + n.place)::text::xid8"
            "  FROM (SELECT id, row_number() OVER (ORDER BY id) AS place FROM loyalty_plugin_entry) n"
            " WHERE e.id = n.id"
        )
        cursor.execute("SELECT DISTINCT cluster FROM loyalty_plugin_entry")
        [cluster] = cursor.fetchone()
    found = [one.xid for one in chain.digests(cluster, 0, 2_000)]
    assert found == [999, 1000, 1001]
