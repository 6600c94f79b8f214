"""Lots ended by one statement and lots ended plan by plan leave the same rows, whatever there was before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty_plugin.domain.intents import Award, Expire, Hold
from loyalty_plugin.domain.ledger import POINTS, Kind
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.queries.programmes import forget_documents
from loyalty_plugin.services.expiry.due import DueLot, Programmes, expiring, lot_of
from loyalty_plugin.services.posting import end_lots, lock, post
from loyalty_plugin.signals import points_posted
from tests.services.books import DAY, NOW, give, make_members, make_plan, make_version, rows

pytestmark = pytest.mark.django_db
BONUS = "EUR.bonus"
Way = Callable[[list[DueLot]], list[int]]

# Expiry in days from now, with the boundaries of the versions below, on both sides of them and of now.
_DAYS = st.sampled_from([-40, -31, -30, -29, -20, -10, -1, 0, 1])
_LOT = st.tuples(
    st.integers(0, 3),  # which member
    st.sampled_from([POINTS, BONUS]),
    st.integers(1, 9),  # amount
    _DAYS,
    st.booleans(),  # on the way
    st.integers(0, 9),  # of which held
)


def _version(code: str, number: int, days: int) -> ProgrammeVersion:
    first = (
        make_version(code) if number == 1 else ProgrammeVersion.objects.get(programme__code=code, number=1)
    )
    if number > 1:
        first.pk, first.number, first.starts_at = None, number, NOW + days * DAY
        first.save(force_insert=True)
    return first


def _world(lots: list[tuple[int, str, int, int, bool, int]]) -> list[DueLot]:
    """Two programmes, one with three versions of which two begin together, four members, and these lots."""
    forget_documents()
    club, other = _version("club", 1, 0), _version("other", 1, 0)
    for number, days in ((2, -30), (3, -30), (4, -10)):
        _version("club", number, days)
    members = [(club, one) for one in make_members(club, 3)] + [
        (other, one) for one in make_members(other, 1)
    ]
    due = []
    for index, unit, amount, days, pending, held in lots:
        version, member = members[index]
        terms: dict[str, Any] = {"expires_at": NOW + days * DAY}
        if pending:
            terms["matures_at"] = NOW + 99 * DAY
        [posted] = post([make_plan(version, member, Award(unit, amount, **terms))], recorded_at=NOW)
        if held and not pending:
            # By soonest expiry, so perhaps from another lot: all the same here.
            post([make_plan(version, member, Hold(unit, min(held, amount)))], recorded_at=NOW)
        due.append(DueLot(posted.lots[0].id, member.pk, unit, version.programme_id))
    ends = dict(rows("SELECT id, expires_at FROM loyalty_plugin_lot"))
    return sorted(due, key=lambda one: (ends[one.lot_id], one.lot_id))


def _together(due: list[DueLot]) -> list[int]:
    in_force = Programmes().in_force({one.programme_id for one in due})
    return end_lots([(one.lot_id, one.key) for one in due], in_force, now=NOW)


def _one_by_one(due: list[DueLot]) -> list[int]:
    programmes, locked = Programmes(), lock({one.key for one in due})
    plans = [plan for one in due if (plan := expiring(programmes, one, lot_of(locked, one), NOW))]
    return [posted.entry_id or 0 for posted in post(plans, recorded_at=NOW, locked=locked)]


def _left_by(way: Way, due: list[DueLot]) -> list[Any]:
    """All rows of the ledger after going this way, which is undone; the first new entry has the same id each time."""
    found: list[Any] = []
    with transaction.atomic():
        rows("SELECT setval('loyalty_plugin_entry_id_seq', (SELECT max(id) FROM loyalty_plugin_entry))")
        found.append(way(due))
        found.extend(
            rows(f"SELECT to_jsonb(t)::text FROM loyalty_plugin_{table} t ORDER BY 1")
            for table in ("entry", "posting", "lot", "balance")
        )
        transaction.set_rollback(True)
    return found


@given(lots=st.lists(_LOT, min_size=1, max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_both_ways_leave_the_same_rows(lots: list[tuple[int, str, int, int, bool, int]]) -> None:
    with transaction.atomic():
        due = _world(lots)
        assert _left_by(_together, due) == _left_by(_one_by_one, due)
        transaction.set_rollback(True)


def test_an_entry_of_each_lot_is_announced_once(django_capture_on_commit_callbacks: Any) -> None:
    forget_documents()
    version = make_version()
    [member] = make_members(version, 1)
    [lot] = give(version, member, 30, expires_at=NOW).lots
    due = [DueLot(lot.id, member.pk, POINTS, version.programme_id)]
    heard: list[list[int]] = []

    def listen(entry_ids: list[int], **_: Any) -> None:
        heard.append(entry_ids)

    points_posted.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            [entry_id] = _together(due)
            assert _together(due) == []
    finally:
        points_posted.disconnect(listen)
    assert heard == [[entry_id]]
    assert rows(
        "SELECT kind, business_key, source, actor, occurred_at, recorded_at, version_id FROM loyalty_plugin_entry"
        " WHERE id = %s",
        entry_id,
    ) == [("expire", f"club|expire|{lot.id}|0", f"lot:{lot.id}", "system:loyalty", NOW, NOW, version.pk)]


def test_what_is_not_plain_fails_as_a_whole() -> None:
    forget_documents()
    version = make_version()
    members = make_members(version, 2)
    lots = [give(version, member, 10, expires_at=NOW - DAY).lots[0] for member in members]
    taken = make_plan(version, members[0], Hold(POINTS, 1), key=f"club|expire|{lots[1].id}|0")
    post([taken], recorded_at=NOW)
    due = [
        DueLot(lot.id, member.pk, POINTS, version.programme_id)
        for lot, member in zip(lots, members, strict=True)
    ]
    with pytest.raises(IntegrityError), transaction.atomic():
        _together(due)
    # A balance that does not hold what its lot says: somebody wrote by hand.
    rows("UPDATE loyalty_plugin_balance SET available = 3 WHERE member_id = %s RETURNING 1", members[0].pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        _together(due[:1])
    assert rows("SELECT count(*) FROM loyalty_plugin_entry WHERE kind = 'expire'") == [(0,)]


def test_a_lot_that_lives_on_is_left_alone() -> None:
    forget_documents()
    version = make_version()
    [member] = make_members(version, 1)
    later = give(version, member, 10, expires_at=NOW + timedelta(seconds=1)).lots[0]
    spent = give(version, member, 10, expires_at=NOW).lots[0]
    plan = make_plan(version, member, Expire(POINTS, (spent.id,)), kind=Kind.EXPIRE)
    post([plan], recorded_at=NOW)
    due = [DueLot(one.id, member.pk, POINTS, version.programme_id) for one in (later, spent)]
    assert _together(due) == []
