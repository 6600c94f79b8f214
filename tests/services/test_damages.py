"""Each single damage to the ledger is found and named by its proof."""

from __future__ import annotations

import pytest
from django.db import connection

from loyalty_plugin.queries import verifying
from tests.services.verifykit import EARN, LAST, LOT, MEMBER, damage, ledger

__all__ = ["ledger"]
pytestmark = pytest.mark.usefixtures("fresh_db")
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
