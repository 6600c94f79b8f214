"""Awards added by one statement and awards settled under locks leave the same rows, whatever there was before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty_plugin.domain.intents import Award, Consume, Plan
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING, Account, Shortfall
from loyalty_plugin.errors import AwardNeedsApproval, KeyConflict, LoyaltyError, UnknownProgramme
from loyalty_plugin.services.posting import Locked, Posted, post
from loyalty_plugin.services.posting.adding import add
from tests.services.books import DAY, NOW, at_once, give, make_members, make_plan, make_version, rows

BONUS = "EUR.bonus"
Way = Callable[[list[Plan]], list[Posted]]

# Everything a record has to quote, and what it would read as nothing.
_WORDS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8
) | st.sampled_from(["", " ", "NULL", '"', "\\", '\\"', "a,b", "(x)", "{y}", "\n", "\\x00", '""'])
_INSTANT = st.none() | st.sampled_from(
    [NOW + 14 * DAY, NOW + 365 * DAY, datetime.max.replace(tzinfo=NOW.tzinfo)]
)
_AWARD = st.builds(
    Award,
    unit=st.sampled_from([POINTS, QUALIFYING, BONUS]),
    amount=st.integers(1, 2_000),
    matures_at=_INSTANT,
    expires_at=_INSTANT,
    needs_verification=st.booleans(),
    waits=st.booleans(),
)
_PLAN = st.tuples(
    st.integers(0, 2),  # which member; the last one owes
    st.lists(_AWARD, max_size=3),
    st.fixed_dictionaries(
        {
            "channel": _WORDS,
            "order_ref": _WORDS,
            "actor": _WORDS,
            "source": _WORDS | st.just("request:7"),
            "active_until": _INSTANT,
            "note_digest": st.none() | st.binary(min_size=32, max_size=32),
            "explanation": st.none() | st.dictionaries(_WORDS, _WORDS, max_size=2),
        }
    ),
)


def _under_locks(plans: list[Plan]) -> list[Posted]:
    return post(plans, recorded_at=NOW, locked=Locked())


def _as_ever(plans: list[Plan]) -> list[Posted]:
    return post(plans, recorded_at=NOW)


def _left_by(way: Way, plans: list[Plan]) -> list[Any]:
    """The result and all rows of the ledger after going this way, which is undone; ids begin anew each time."""
    with transaction.atomic():
        for table in ("entry", "lot"):
            rows(
                f"SELECT setval('loyalty_plugin_{table}_id_seq', (SELECT max(id) FROM loyalty_plugin_{table}))"
            )
        try:
            with transaction.atomic():
                found: list[Any] = [way(plans)]
        except LoyaltyError as refusal:
            found = [refusal.code, refusal.details]
        found += rows("SELECT to_jsonb(e) - 'xid' FROM loyalty_plugin_entry e ORDER BY id")
        for table in ("posting", "lot", "balance"):
            found += rows(f"SELECT to_jsonb(t) FROM loyalty_plugin_{table} t ORDER BY 1")
        transaction.set_rollback(True)
    return found


@pytest.mark.django_db
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plans=st.lists(_PLAN, min_size=1, max_size=5), missing=st.booleans())
def test_both_ways_leave_the_same_rows(
    plans: list[tuple[int, list[Award], dict[str, Any]]], missing: bool
) -> None:
    with transaction.atomic():
        version = make_version(max_award=3_000)
        members = make_members(version, 3)
        for member in members[: 2 if missing else 3]:
            give(version, member, 5)
        owing = Consume(POINTS, 50, shortfall=Shortfall.OWE)
        post([make_plan(version, members[2], owing)], recorded_at=NOW)
        made = [make_plan(version, members[index], *awards, **fields) for index, awards, fields in plans]
        assert _left_by(_as_ever, made) == _left_by(_under_locks, made)
        transaction.set_rollback(True)


@pytest.mark.django_db
class TestWhatIsNotPlain:
    """The statement leaves it alone, so that the way under locks says what is the matter."""

    def leave(self, *plans: Plan) -> None:
        before = rows("SELECT count(*) FROM loyalty_plugin_entry")
        assert add(plans, recorded_at=NOW) is None
        assert rows("SELECT count(*) FROM loyalty_plugin_entry") == before

    def test_a_balance_that_is_missing(self) -> None:
        version = make_version()
        [member] = make_members(version, 1)
        self.leave(make_plan(version, member, Award(POINTS, 5)))

    def test_a_balance_that_owes(self) -> None:
        version = make_version()
        [member] = make_members(version, 1)
        post([make_plan(version, member, Consume(POINTS, 5, shortfall=Shortfall.OWE))], recorded_at=NOW)
        plan = make_plan(version, member, Award(POINTS, 8))
        self.leave(plan)
        [posted] = post([plan], recorded_at=NOW)
        assert [(one.destination, one.amount) for one in posted.postings] == [
            (Account.OWED, 5),
            (Account.AVAILABLE, 3),
        ]

    def test_a_key_that_is_known(self) -> None:
        version = make_version()
        [member] = make_members(version, 1)
        give(version, member, 5)
        plan = make_plan(version, member, Award(POINTS, 8), key="club|once")
        [first] = post([plan], recorded_at=NOW)
        self.leave(plan)
        [again] = post([plan], recorded_at=NOW)
        assert (again.entry_id, again.replayed) == (first.entry_id, True)
        other = make_plan(version, member, Award(POINTS, 9), key="club|once")
        self.leave(other)
        with pytest.raises(KeyConflict):
            post([other], recorded_at=NOW)

    def test_a_key_twice_in_a_batch(self) -> None:
        version = make_version()
        [member] = make_members(version, 1)
        give(version, member, 5)
        plan = make_plan(version, member, Award(POINTS, 8))
        self.leave(plan, plan)
        assert [one.replayed for one in post([plan, plan], recorded_at=NOW)] == [False, True]

    def test_more_than_the_hard_maximum(self) -> None:
        version = make_version(max_award=10)
        [member] = make_members(version, 1)
        give(version, member, 5)
        self.leave(make_plan(version, member, Award(POINTS, 11)))
        with pytest.raises(AwardNeedsApproval):
            post([make_plan(version, member, Award(POINTS, 11))], recorded_at=NOW)
        approved = make_plan(version, member, Award(POINTS, 11), source="request:1")
        assert add([approved], recorded_at=NOW) is not None

    def test_a_programme_that_is_not_there(self) -> None:
        version = make_version()
        [member] = make_members(version, 1)
        give(version, member, 5)
        plan = replace(make_plan(version, member, Award(POINTS, 8)), programme_id=version.programme_id + 999)
        self.leave(plan)
        with pytest.raises(UnknownProgramme):
            post([plan], recorded_at=NOW)


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_the_same_time_is_posted_once() -> None:
    version = make_version()
    [member] = make_members(version, 1)
    give(version, member, 5)
    plan = make_plan(version, member, Award(POINTS, 8))
    results = at_once([lambda: post([plan], recorded_at=NOW)[0]] * 8)
    assert len({one.entry_id for one in results}) == 1
    assert sum(not one.replayed for one in results) == 1
    assert rows("SELECT available FROM loyalty_plugin_balance WHERE unit = 'points'") == [(13,)]


@pytest.mark.django_db
def test_adding_is_one_statement(django_assert_num_queries: Any) -> None:
    version = make_version()
    members = make_members(version, 3)
    for member in members:
        give(version, member, 5)
    plans = [make_plan(version, member, Award(POINTS, 8), Award(QUALIFYING, 8)) for member in members]
    for member in members:
        post([make_plan(version, member, Award(QUALIFYING, 1))], recorded_at=NOW)
    with django_assert_num_queries(3):  # a savepoint, the statement, its release
        post(plans, recorded_at=NOW)
