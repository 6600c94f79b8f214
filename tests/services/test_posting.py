"""The writer of the ledger: exactly once, all or nothing, few statements, laws kept by the database."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from loyalty_plugin.domain.intents import (
    Award,
    Capture,
    Consume,
    ConsumeAll,
    Expire,
    Hold,
    Release,
    TakeBack,
)
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING, Kind, Shortfall
from loyalty_plugin.errors import (
    InsufficientPoints,
    KeyConflict,
)
from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.services.posting import lock, post
from loyalty_plugin.signals import points_posted
from tests.services.books import (
    DAY,
    NOW,
    balance_of,
    count,
    give,
    make_members,
    make_plan,
    rows,
    spend,
)

pytestmark = pytest.mark.django_db

CARRIED = [
    *("programme_id", "version_id", "member_id", "occurred_at", "channel", "issuing_shop", "acting_shop"),
    *("order_ref", "reverses_id", "batch", "actor", "source", "active_until", "explanation"),
]


def test_an_award_leaves_entry_lot_posting_and_balance(version: ProgrammeVersion) -> None:
    [member] = make_members(version, 1)
    plan = make_plan(
        version,
        member,
        Award(POINTS, 120, matures_at=NOW + 14 * DAY, expires_at=NOW + 400 * DAY),
        Award(QUALIFYING, 100),
        kind=Kind.EARN,
        channel="default-channel",
        issuing_shop="north",
        acting_shop="south",
        order_ref="https://saleor.test/graphql/|T3JkZXI6MQ==",
        batch="b1",
        actor="system:loyalty",
        source="order:1",
        note_digest=bytes(range(32)),
        active_until=NOW + 300 * DAY,
        explanation={"total": 120, "why": "ß 积分"},
    )
    [posted] = post([plan], recorded_at=NOW)

    entry = Entry.objects.get(pk=posted.entry_id)
    for name in CARRIED:
        assert getattr(entry, name) == getattr(plan, name), name
    assert (entry.business_key, bytes(entry.input_hash), entry.kind) == (plan.key, plan.digest, "earn")
    assert bytes(entry.note_digest or b"") == plan.note_digest
    assert entry.recorded_at == NOW
    assert balance_of(member) == (120, 0, 0, 0, 120)
    assert balance_of(member, QUALIFYING) == (0, 100, 0, 0, 100)
    [lot] = posted.lots
    assert rows(
        "SELECT member_id, unit, entry_id, amount, matures_at, expires_at, pending, available"
        "  FROM loyalty_plugin_lot"
    ) == [(member.pk, POINTS, entry.pk, 120, NOW + 14 * DAY, NOW + 400 * DAY, 120, 0)]
    assert rows(
        "SELECT position, unit, source, destination, amount, source_lot_id, destination_lot_id"
        "  FROM loyalty_plugin_posting ORDER BY position"
    ) == [
        (0, POINTS, "issuance", "pending", 120, None, lot.id),
        (1, QUALIFYING, "issuance", "available", 100, None, None),
    ]
    assert rows("SELECT xid = pg_current_xact_id() FROM loyalty_plugin_entry") == [(True,)]


def test_the_same_key_and_input_gives_the_first_result(version: ProgrammeVersion) -> None:
    [member] = make_members(version, 1)
    plan = make_plan(version, member, Award(POINTS, 50))
    [first] = post([plan], recorded_at=NOW)
    [again] = post([plan], recorded_at=NOW + DAY)
    assert (again.entry_id, again.replayed, first.replayed) == (first.entry_id, True, False)
    assert balance_of(member) == (0, 50, 0, 0, 50)
    assert count("entry") == 1


def test_the_same_key_twice_in_one_batch_is_posted_once(version: ProgrammeVersion) -> None:
    [member] = make_members(version, 1)
    plan = make_plan(version, member, Award(POINTS, 50))
    first, second = post([plan, plan], recorded_at=NOW)
    assert (first.replayed, second.replayed, first.entry_id) == (False, True, second.entry_id)
    assert balance_of(member) == (0, 50, 0, 0, 50)


def test_the_same_key_with_other_input_is_an_error_and_stores_nothing(version: ProgrammeVersion) -> None:
    [member] = make_members(version, 1)
    plan = make_plan(version, member, Award(POINTS, 50))
    other = make_plan(version, member, Award(POINTS, 51), key=plan.key)
    post([plan], recorded_at=NOW)
    with pytest.raises(KeyConflict):
        post([make_plan(version, member, Award(POINTS, 7)), other], recorded_at=NOW)
    [fine, refused] = post(
        [make_plan(version, member, Award(POINTS, 7)), other], recorded_at=NOW, collect=True
    )
    assert fine.entry_id
    assert refused.entry_id is None
    assert isinstance(refused.refusal, KeyConflict)
    assert balance_of(member) == (0, 57, 0, 0, 57)


def test_several_plans_of_one_member_build_on_each_other(version: ProgrammeVersion) -> None:
    one, two = make_members(version, 2)
    results = post(
        [
            make_plan(version, one, Award(POINTS, 100, expires_at=NOW + 9 * DAY)),
            make_plan(version, two, Award(POINTS, 10)),
            spend(version, one, 30),
            make_plan(version, one, Award(POINTS, 5, expires_at=NOW + 2 * DAY)),
            spend(version, one, 10),
        ],
        recorded_at=NOW,
    )
    assert len({result.entry_id for result in results}) == 5
    assert balance_of(one) == (0, 65, 0, 0, 105)
    assert balance_of(two) == (0, 10, 0, 0, 10)
    # The lot that expires first was emptied first, although it came later.
    assert rows("SELECT amount, available FROM loyalty_plugin_lot ORDER BY id") == [
        (100, 65),
        (10, 10),
        (5, 0),
    ]


def test_one_refusal_undoes_the_whole_batch(version: ProgrammeVersion) -> None:
    one, two = make_members(version, 2)
    with pytest.raises(InsufficientPoints):
        post([make_plan(version, one, Award(POINTS, 5)), spend(version, two, 1)], recorded_at=NOW)
    assert (count("entry"), count("lot"), balance_of(one)) == (0, 0, (0, 0, 0, 0, 0))


def test_a_collected_refusal_leaves_nothing_and_the_others_stand(version: ProgrammeVersion) -> None:
    one, two = make_members(version, 2)
    give(version, one, 20)
    heard: list[Any] = []

    def listen(**facts: Any) -> None:
        heard.extend(facts["entry_ids"])

    points_posted.connect(listen)
    try:
        with transaction.atomic():
            results = post(
                [
                    # Refused only after its first intent has moved something.
                    make_plan(version, one, Award(POINTS, 5), Consume(POINTS, 5), Consume(POINTS, 99)),
                    spend(version, one, 20),
                    spend(version, two, 1),
                ],
                recorded_at=NOW,
                collect=True,
            )
    finally:
        points_posted.disconnect(listen)
    assert [type(result.refusal) for result in results] == [
        InsufficientPoints,
        type(None),
        InsufficientPoints,
    ]
    assert balance_of(one) == (0, 0, 0, 0, 20)
    assert count("entry") == 2
    assert count("posting") == 2


def test_locked_books_are_as_before_when_a_batch_was_rolled_back(version: ProgrammeVersion) -> None:
    [member] = make_members(version, 1)
    give(version, member, 20)
    with transaction.atomic():
        locked = lock([(member.pk, POINTS)])
        with pytest.raises(InsufficientPoints):
            post([spend(version, member, 15), spend(version, member, 15)], recorded_at=NOW, locked=locked)
        assert locked.balance(member.pk).available == 20
        post([spend(version, member, 20)], recorded_at=NOW, locked=locked)
        assert locked.balance(member.pk).available == 0
    assert balance_of(member) == (0, 0, 0, 0, 20)


def test_what_was_spent_is_taken_back_from_other_lots_and_then_owed(version: ProgrammeVersion) -> None:
    [member] = make_members(version, 1)
    [lot] = give(version, member, 50, expires_at=NOW + DAY).lots
    post([spend(version, member, 50)], recorded_at=NOW)
    give(version, member, 20)
    post([make_plan(version, member, TakeBack(POINTS, 50, (lot.id,)), kind=Kind.REFUND)], recorded_at=NOW)
    assert balance_of(member) == (0, 0, 0, -30, 20)
    give(version, member, 45)
    assert balance_of(member) == (0, 15, 0, 0, 65)


@pytest.mark.parametrize(
    ("policy", "left"),
    [(Shortfall.OWE, (0, 0, 0, -10, 30)), (Shortfall.WRITE_OFF, (0, 0, 0, 0, 30))],
)
def test_the_negative_policy_decides_about_a_shortfall(
    version: ProgrammeVersion, policy: Shortfall, left: tuple[int, ...]
) -> None:
    [member] = make_members(version, 1)
    give(version, member, 30)
    plan = make_plan(version, member, Consume(POINTS, 40, shortfall=policy))
    post([plan], recorded_at=NOW)
    assert balance_of(member) == left


def test_held_points_return_to_their_lots_or_are_used(version: ProgrammeVersion) -> None:
    [member] = make_members(version, 1)
    [early] = give(version, member, 30, expires_at=NOW + DAY).lots
    [late] = give(version, member, 30, expires_at=NOW + 9 * DAY).lots
    post([make_plan(version, member, Hold(POINTS, 40))], recorded_at=NOW)
    assert balance_of(member) == (0, 20, 40, 0, 60)
    post([make_plan(version, member, Expire(POINTS, (early.id, late.id)))], recorded_at=NOW)
    assert balance_of(member) == (0, 0, 40, 0, 60)  # what is held is not ended
    post(
        [
            make_plan(version, member, Capture(POINTS, ((early.id, 25),))),
            make_plan(version, member, Release(POINTS, ((early.id, 5), (late.id, 10)))),
        ],
        recorded_at=NOW,
    )
    assert rows("SELECT id, available, held FROM loyalty_plugin_lot ORDER BY id") == [
        (early.id, 5, 0),
        (late.id, 10, 0),
    ]
    post([make_plan(version, member, ConsumeAll(POINTS))], recorded_at=NOW)
    assert balance_of(member) == (0, 0, 0, 0, 60)


def test_activity_is_only_ever_extended(version: ProgrammeVersion) -> None:
    [member] = make_members(version, 1)
    for days in (30, 90, 60):
        post([make_plan(version, member, Award(POINTS, 1), active_until=NOW + days * DAY)], recorded_at=NOW)
    assert rows("SELECT active_until FROM loyalty_plugin_balance") == [(NOW + 90 * DAY,)]


def test_one_plan_and_five_hundred_take_the_same_number_of_statements(version: ProgrammeVersion) -> None:
    members = make_members(version, 501)
    post([make_plan(version, m, Award(POINTS, 10)) for m in members], recorded_at=NOW)  # make the balances
    counted = []
    for some in (members[:1], members[1:]):
        plans = [spend(version, m, 3) for m in some]
        plans += [make_plan(version, m, Award(POINTS, 2, matures_at=NOW)) for m in some]
        with CaptureQueriesContext(connection) as captured:
            post(plans, recorded_at=NOW)
        counted.append([query["sql"].split()[0] for query in captured.captured_queries])
    # Inside a transaction: savepoint, lock, lots, keys and ids, write, release.
    assert counted[0] == counted[1] == ["SAVEPOINT", "SELECT", "SELECT", "SELECT", "WITH", "RELEASE"]


def test_a_batch_of_nothing_touches_nothing(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        assert post([], recorded_at=NOW) == []
