"""What the writer of the ledger and the database refuse: amounts, lots of others, changes of what is written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from loyalty_plugin.domain.intents import (
    Award,
    Capture,
    Consume,
    Expire,
    Hold,
    Mature,
    Release,
    TakeBack,
)
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.errors import (
    AwardNeedsApproval,
    InsufficientPoints,
    InvalidAmount,
    KeyConflict,
    LotUnavailable,
    LoyaltyError,
    UnknownProgramme,
)
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.services.posting import post
from tests.services.books import (
    NOW,
    balance_of,
    count,
    give,
    make_members,
    make_plan,
    make_version,
    rows,
)

pytestmark = pytest.mark.django_db

LOT_TERMS = [
    *("id", "member_id", "unit", "entry_id", "origin_lot_id", "amount", "matures_at", "expires_at"),
    "needs_verification",
]
MORE_POSTINGS = (
    "INSERT INTO loyalty_plugin_posting(entry_id, position, member_id, unit, source, destination, amount)"
    " SELECT id, 7, member_id, 'points', {} FROM loyalty_plugin_entry"
)


def test_an_award_above_the_hard_maximum_waits_for_a_person() -> None:
    version = make_version(max_award=100)
    [member] = make_members(version, 1)
    give(version, member, 100)
    for intents in ([Award(POINTS, 101)], [Award(POINTS, 60), Award(POINTS, 41, matures_at=NOW)]):
        with pytest.raises(AwardNeedsApproval):
            post([make_plan(version, member, *intents)], recorded_at=NOW)
    post([make_plan(version, member, Award(POINTS, 101), source="request:1")], recorded_at=NOW)
    assert balance_of(member) == (0, 201, 0, 0, 201)


def test_an_unknown_programme_is_refused(version: ProgrammeVersion) -> None:
    [member] = make_members(version, 1)
    with pytest.raises(UnknownProgramme):
        post([replace(make_plan(version, member, Award(POINTS, 1)), programme_id=999)], recorded_at=NOW)


@pytest.mark.parametrize("amount", [0, -1, 10**17, 1.5, True])
def test_amounts_that_can_never_be_right(version: ProgrammeVersion, amount: Any) -> None:
    [member] = make_members(
        version,
        1,
    )
    give(version, member, 5)
    for intent in (
        Award(POINTS, amount),
        Consume(POINTS, amount),
        Hold(POINTS, amount),
        TakeBack(POINTS, amount),
    ):
        with pytest.raises((InvalidAmount, AwardNeedsApproval)):
            post([make_plan(version, member, intent)], recorded_at=NOW)
    assert count("entry") == 1


def test_a_lot_of_somebody_else_is_not_there(version: ProgrammeVersion) -> None:
    one, two = make_members(version, 2)
    [lot] = give(version, one, 50).lots
    intents = (
        Mature(POINTS, (lot.id,)),
        Expire(POINTS, (lot.id,)),
        Capture(POINTS, ((lot.id, 1),)),
        Release(POINTS, ((lot.id, 1),)),
    )
    for intent in intents:
        with pytest.raises(LotUnavailable):
            post([make_plan(version, two, intent)], recorded_at=NOW)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE loyalty_plugin_entry SET kind = 'earn'",
        "DELETE FROM loyalty_plugin_entry",
        "TRUNCATE loyalty_plugin_entry CASCADE",
        "UPDATE loyalty_plugin_posting SET amount = amount + 1",
        "DELETE FROM loyalty_plugin_posting",
        "TRUNCATE loyalty_plugin_posting CASCADE",
        "UPDATE loyalty_plugin_block SET entries = 0",
        "DELETE FROM loyalty_plugin_block",
        "TRUNCATE loyalty_plugin_block",
        "UPDATE loyalty_plugin_auditrecord SET outcome = ''",
        "DELETE FROM loyalty_plugin_auditrecord",
        "TRUNCATE loyalty_plugin_auditrecord",
        *(f"UPDATE loyalty_plugin_lot SET {column} = {column}" for column in LOT_TERMS),
        "DELETE FROM loyalty_plugin_lot",
        "TRUNCATE loyalty_plugin_lot CASCADE",
        "UPDATE loyalty_plugin_programmeversion SET document = '{}'",
        "DELETE FROM loyalty_plugin_programmeversion",
    ],
)
def test_the_database_refuses_to_change_what_is_written(version: ProgrammeVersion, statement: str) -> None:
    [member] = make_members(version, 1)
    give(version, member, 5)
    connection.check_constraints()  # or TRUNCATE would stop at what is still to be checked
    with pytest.raises(DatabaseError, match="loyalty_plugin:"), transaction.atomic():
        rows(statement + " RETURNING 1" if not statement.startswith("TRUNCATE") else statement)
    assert balance_of(member) == (0, 5, 0, 0, 5)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE loyalty_plugin_balance SET available = -1",
        "UPDATE loyalty_plugin_balance SET pending = -1",
        "UPDATE loyalty_plugin_balance SET held = -1",
        "UPDATE loyalty_plugin_balance SET owed = 1",
        "UPDATE loyalty_plugin_lot SET available = -1",
        MORE_POSTINGS.format("'issuance', 'available', 0"),
        MORE_POSTINGS.format("'owed', 'owed', 1"),
    ],
)
def test_the_database_refuses_what_breaks_the_signs(version: ProgrammeVersion, statement: str) -> None:
    [member] = make_members(version, 1)
    give(version, member, 5)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows(statement + " RETURNING 1")


def test_every_refusal_has_a_code() -> None:
    for refusal in (InsufficientPoints(), KeyConflict(), AwardNeedsApproval(), LotUnavailable()):
        assert isinstance(refusal, LoyaltyError)
        assert refusal.code != LoyaltyError.code
