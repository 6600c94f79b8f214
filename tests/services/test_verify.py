"""The proof of the ledger: whole when it is whole, and each single damage found and named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection, transaction

from loyalty_plugin.domain.chain import block_root
from loyalty_plugin.domain.intents import Award, Hold, TakeBack
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING, Account, Kind
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.models.requests import Request
from loyalty_plugin.models.staff import Person
from loyalty_plugin.queries import chain, verifying
from loyalty_plugin.queries.programmes import forget_documents
from loyalty_plugin.services import expiry, sealing
from loyalty_plugin.services.posting import post, rebuild
from tests.services.books import (
    DAY,
    NOW,
    balance_of,
    count,
    give,
    make_members,
    make_plan,
    make_version,
    rows,
    spend,
    wait_until_sealable,
)

pytestmark = pytest.mark.usefixtures("fresh_db")
API = "https://saleor.test/graphql/"


@pytest.fixture(autouse=True)
def ledger(fresh_db: None) -> Iterator[None]:
    """Orders earned, refunded, approved, spent, held, expired and brought back; sealed but for the last."""
    forget_documents()
    version = make_version(max_award=1000)
    one, two, three = make_members(version, 3)
    realm = Realm.objects.create(api_url=API)
    for number, member in enumerate((one, two), 1):
        OrderRecord.objects.create(
            realm=realm,
            order_id=f"T3JkZXI6{number}",
            programme=version.programme,
            member=member,
            created_at=NOW,
        )
        ref = f"{API}|T3JkZXI6{number}"
        earn = make_plan(
            version,
            member,
            Award(POINTS, 120, matures_at=NOW, expires_at=NOW + 30 * DAY),
            Award(QUALIFYING, 100),
            kind=Kind.EARN,
            order_ref=ref,
            source=f"order:{ref}",
            active_until=NOW + 90 * DAY,
            explanation={"total": 120},
        )
        [posted] = post([earn], recorded_at=NOW)
        refund = make_plan(
            version,
            member,
            TakeBack(POINTS, 20, (posted.lots[0].id,)),
            kind=Kind.REFUND,
            order_ref=ref,
            source=f"order:{ref}",
            reverses_id=posted.entry_id,
            explanation={"refund": {"stood": 120, "stands": 100}},
        )
        post([refund], recorded_at=NOW)
    expiry.mature(now=NOW)
    asking, deciding = Person.objects.create(name="a"), Person.objects.create(name="b")
    asked = Request.objects.create(
        programme=version.programme,
        member=three,
        operation="points.adjust",
        amount=5000,
        key="k",
        status="approved",
        requested_by=asking,
        decided_by=deciding,
        decided_at=NOW,
        created_at=NOW,
        expires_at=NOW + DAY,
    )
    approved = make_plan(
        version,
        three,
        Award(POINTS, 5000, source=Account.ADJUSTMENT),
        kind=Kind.ADJUST,
        source=f"request:{asked.pk}",
        explanation={"adjustment": {"amount": 5000}},
    )
    post([approved, spend(version, three, 300), make_plan(version, one, Hold(POINTS, 10))], recorded_at=NOW)
    give(version, three, 7, expires_at=NOW)
    expiry.expire(now=NOW)
    [(lot,)] = rows("SELECT max(id) FROM loyalty_plugin_lot")
    from loyalty_plugin.domain.actors import SYSTEM

    expiry.bring_back(SYSTEM, lot_ids=[lot], life_days=5, now=NOW)
    wait_until_sealable()
    sealing.seal(now=NOW, size=4)
    give(version, two, 1)
    yield
    forget_documents()


def damage(*statements: str) -> None:
    """As the table's owner could: with all triggers asleep."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for statement in statements:
            cursor.execute(statement)
            assert cursor.rowcount != 0, statement


def codes() -> set[str]:
    return {finding.code for finding in verifying.verify().differences}


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


MEMBER = "(SELECT min(id) FROM loyalty_plugin_member)"
EARN = "(SELECT min(id) FROM loyalty_plugin_entry WHERE kind = 'earn')"
LOT = "(SELECT min(id) FROM loyalty_plugin_lot)"
LAST = "(SELECT max(id) FROM loyalty_plugin_entry)"
ENTRY_COLUMNS = (
    "input_hash, kind, programme_id, version_id, member_id, occurred_at, recorded_at, channel, issuing_shop,"
    " acting_shop, order_ref, batch, actor, source, explanation, cluster, xid"
)


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        (
            f"UPDATE loyalty_plugin_balance SET available = available + 1 WHERE member_id = {MEMBER}",
            "balance_differs",
        ),
        (
            f"UPDATE loyalty_plugin_balance SET earned = earned + 1 WHERE member_id = {MEMBER}",
            "balance_differs",
        ),
        (
            f"UPDATE loyalty_plugin_balance SET active_until = now() WHERE member_id = {MEMBER}",
            "balance_differs",
        ),
        (
            f"DELETE FROM loyalty_plugin_balance WHERE member_id = {MEMBER} AND unit = 'points'",
            "balance_missing",
        ),
        ("UPDATE loyalty_plugin_lot SET available = available - 1 WHERE available > 9", "lot_differs"),
        (f"UPDATE loyalty_plugin_lot SET amount = amount + 1 WHERE id = {LOT}", "lot_differs"),
        ("UPDATE loyalty_plugin_lot SET expires_at = expires_at + interval '1 day'", "block_differs"),
        (f"UPDATE loyalty_plugin_lot SET member_id = 2 WHERE id = {LOT}", "lot_of_another"),
        (f"DELETE FROM loyalty_plugin_lot WHERE id = {LOT}", "lot_missing"),
        (f"UPDATE loyalty_plugin_posting SET amount = amount + 1 WHERE entry_id = {EARN}", "balance_differs"),
        (f"UPDATE loyalty_plugin_posting SET member_id = 2 WHERE entry_id = {EARN}", "posting_of_another"),
        (f"DELETE FROM loyalty_plugin_posting WHERE entry_id = {EARN}", "balance_differs"),
        (f"DELETE FROM loyalty_plugin_entry WHERE id = {EARN}", "posting_without_entry"),
        (f"DELETE FROM loyalty_plugin_entry WHERE id = {EARN}", "block_count"),
        (f"DELETE FROM loyalty_plugin_entry WHERE id = {LAST}", "posting_without_entry"),
        (f"UPDATE loyalty_plugin_entry SET occurred_at = now() WHERE id = {EARN}", "block_differs"),
        (f"UPDATE loyalty_plugin_entry SET actor = 'staff:nobody' WHERE id = {EARN}", "block_differs"),
        (f"UPDATE loyalty_plugin_entry SET programme_id = 99 WHERE id = {LAST}", "programme_missing"),
        (f"UPDATE loyalty_plugin_entry SET version_id = 99 WHERE id = {LAST}", "version_missing"),
        (f"UPDATE loyalty_plugin_entry SET source = '' WHERE id = {LAST}", "without_source"),
        (f"UPDATE loyalty_plugin_entry SET source = 'just:because' WHERE id = {LAST}", "without_source"),
        (f"UPDATE loyalty_plugin_entry SET source = 'request:99' WHERE id = {LAST}", "source_missing"),
        (f"UPDATE loyalty_plugin_entry SET source = 'lot:0' WHERE id = {LAST}", "source_missing"),
        (f"UPDATE loyalty_plugin_entry SET reverses_id = 99 WHERE id = {LAST}", "reversed_missing"),
        (f"UPDATE loyalty_plugin_entry SET xid = '999999999' WHERE id = {LAST}", "transaction_ahead"),
        ("UPDATE loyalty_plugin_programmeversion SET status = 'draft'", "version_missing"),
        (f"DELETE FROM loyalty_plugin_member WHERE id = {MEMBER}", "member_missing"),
        (f"DELETE FROM loyalty_plugin_orderrecord WHERE member_id = {MEMBER}", "order_missing"),
        ("UPDATE loyalty_plugin_request SET status = 'waiting'", "not_approved"),
        ("UPDATE loyalty_plugin_request SET amount = 4999", "amount_not_asked"),
        ("DELETE FROM loyalty_plugin_request", "source_missing"),
        (
            f"UPDATE loyalty_plugin_entry SET explanation = '{{\"total\": 121}}' WHERE id = {EARN}",
            "amount_differs",
        ),
        (f"UPDATE loyalty_plugin_entry SET explanation = NULL WHERE id = {EARN}", "unexplained"),
        (
            'UPDATE loyalty_plugin_entry SET explanation = \'{"adjustment": {"amount": 1}}\''
            " WHERE kind = 'adjust'",
            "amount_differs",
        ),
        (
            'UPDATE loyalty_plugin_entry SET explanation = \'{"refund": {"stood": 1, "stands": 1}}\''
            " WHERE kind = 'refund'",
            "amount_differs",
        ),
        ("UPDATE loyalty_plugin_block SET root = sha256('x') WHERE number = 2", "block_differs"),
        ("UPDATE loyalty_plugin_block SET root = sha256('x') WHERE number = 2", "chain_broken"),
        ("DELETE FROM loyalty_plugin_block WHERE number = 2", "block_missing"),
        ("DELETE FROM loyalty_plugin_block WHERE number = 2", "range_broken"),
        ("UPDATE loyalty_plugin_block SET entries = entries + 1 WHERE number = 1", "block_count"),
        (
            # A whole entry put by hand into a sealed range, balance and all: only the chain knows.
            "WITH new AS (INSERT INTO loyalty_plugin_entry"
            f" (business_key, {ENTRY_COLUMNS}) SELECT 'club|by|hand', {ENTRY_COLUMNS}"
            f" FROM loyalty_plugin_entry WHERE id = {EARN} RETURNING id, member_id),"
            " posting AS (INSERT INTO loyalty_plugin_posting"
            " (entry_id, position, member_id, unit, source, destination, amount)"
            " SELECT id, 0, member_id, 'qualifying', 'issuance', 'available', 1 FROM new)"
            " UPDATE loyalty_plugin_balance b SET available = available + 1, earned = earned + 1"
            " FROM new WHERE b.member_id = new.member_id AND b.unit = 'qualifying'",
            "block_count",
        ),
        ("ALTER TABLE loyalty_plugin_entry DISABLE TRIGGER loyalty_insert_only", "trigger_disabled"),
        ("ALTER TABLE loyalty_plugin_lot DISABLE TRIGGER ALL", "trigger_disabled"),
        ("DROP TRIGGER loyalty_insert_only ON loyalty_plugin_posting", "trigger_missing"),
        ("DROP TRIGGER loyalty_freeze ON loyalty_plugin_programmeversion", "trigger_missing"),
        (
            "CREATE OR REPLACE FUNCTION loyalty_refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN IF false THEN RAISE EXCEPTION ''x''; END IF; RETURN NULL; END'",
            "trigger_changed",
        ),
        ("ALTER TABLE loyalty_plugin_balance DROP CONSTRAINT lp_balance_signs", "constraint_missing"),
    ],
)
def test_every_single_damage_is_found(statement: str, code: str) -> None:
    if statement.split()[0] in ("ALTER", "DROP", "CREATE"):
        with connection.cursor() as cursor:
            cursor.execute(statement)
    else:
        damage(statement)
    report = verifying.verify()
    assert not report.whole
    assert code in {finding.code for finding in report.differences}, report.differences
    assert report.as_data()["first"]["where"]


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
