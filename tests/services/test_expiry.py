"""What time does to points: maturing, expiring, inactivity, clearing and bringing back, each once and no more."""

from __future__ import annotations

import itertools
import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind
from loyalty_plugin.domain.intents import Hold, Release
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.domain.lots import AfterPeriod, expiry_of
from loyalty_plugin.errors import (
    AwardNeedsApproval,
    DateOutOfRange,
    InvalidInput,
    LotUnavailable,
    PermissionDenied,
)
from loyalty_plugin.models.jobs import JobRun
from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.queries.programmes import forget_documents
from loyalty_plugin.services import expiry
from loyalty_plugin.services.posting import end_lots, post
from tests.scale import PATIENCE
from tests.services.books import (
    DAY,
    NOW,
    at_once,
    balance_of,
    count,
    give,
    make_members,
    make_plan,
    make_version,
    rows,
    spend,
)

pytestmark = pytest.mark.django_db
BASIC = {"tiers": [{"code": "basic", "name": {"en": "Basic"}, "rank": 0}]}
INACTIVITY = {**BASIC, "expiry": {"kind": "inactivity", "months": 12}}
CLERK = Actor(ActorKind.STAFF, "clerk", permissions=frozenset({"adjust_points"}))
MANAGER = Actor(ActorKind.STAFF, "manager", permissions=frozenset({"clear_points"}))


@pytest.fixture(autouse=True)
def _no_documents_of_other_tests() -> None:
    forget_documents()


def test_points_mature_when_their_window_is_over_and_not_before(version: ProgrammeVersion) -> None:
    [member] = make_members(version, 1)
    give(version, member, 100, matures_at=NOW)
    assert expiry.mature(now=NOW - timedelta(microseconds=1)).done == 0
    assert expiry.mature(now=NOW).done == 1
    assert expiry.mature(now=NOW).done == 0
    assert balance_of(member) == (0, 100, 0, 0, 100)
    entry = Entry.objects.latest("pk")
    assert (entry.kind, entry.occurred_at, entry.version_id) == ("mature", NOW, version.pk)


def test_what_is_owed_is_repaid_when_points_mature(version: ProgrammeVersion) -> None:
    [member] = make_members(version, 1)
    give(version, member, 100, matures_at=NOW)
    from loyalty_plugin.domain.ledger import Shortfall

    owing = make_plan(
        version, member, replace(spend(version, member, 30).intents[0], shortfall=Shortfall.OWE)
    )
    post([owing], recorded_at=NOW)
    assert balance_of(member) == (100, 0, 0, -30, 100)
    expiry.mature(now=NOW)
    assert balance_of(member) == (0, 70, 0, 0, 100)


def test_free_points_wait_for_a_verified_contact(version: ProgrammeVersion) -> None:
    [known] = make_members(version, 1)
    [stranger] = make_members(version, 1, verified_at=None)
    for member in (known, stranger):
        give(version, member, 50, matures_at=NOW - DAY, needs_verification=True)
    assert expiry.mature(now=NOW).done == 1
    assert balance_of(known) == (0, 50, 0, 0, 50)
    assert balance_of(stranger) == (50, 0, 0, 0, 50)


def test_points_that_wait_for_fulfilment_have_no_night_of_their_own(version: ProgrammeVersion) -> None:
    [member] = make_members(version, 1)
    give(version, member, 50, waits=True)
    assert expiry.mature(now=NOW + 999 * DAY).done == 0


@pytest.mark.parametrize(
    ("earned", "last_day"),
    [
        ("2025-03-29", "2026-03-29"),  # the clocks of Berlin go forward on 29 March 2026
        ("2025-10-25", "2026-10-25"),  # and back on 25 October
        ("2024-02-29", "2025-02-28"),
    ],
)
def test_a_lot_lives_till_the_end_of_its_last_day_in_the_programme(
    version: ProgrammeVersion, earned: str, last_day: str
) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    [member] = make_members(version, 1)
    at = datetime.fromisoformat(f"{earned}T10:00").replace(tzinfo=berlin)
    ends = expiry_of(AfterPeriod(months=12), at, berlin)
    give(version, member, 40, expires_at=ends)
    last_moment = datetime.fromisoformat(f"{last_day}T23:59:59").replace(tzinfo=berlin)
    assert expiry.expire(now=last_moment).done == 0
    assert expiry.expire(now=last_moment + timedelta(seconds=1)).done == 1
    assert balance_of(member) == (0, 0, 0, 0, 40)


def test_only_lots_that_are_due_expire_and_held_points_stay(version: ProgrammeVersion) -> None:
    [member] = make_members(version, 1)
    [due] = give(version, member, 30, expires_at=NOW).lots
    give(version, member, 20, expires_at=NOW + DAY)
    give(version, member, 10)
    give(version, member, 5, expires_at=NOW, matures_at=NOW + 9 * DAY)
    post([make_plan(version, member, Hold(POINTS, 12))], recorded_at=NOW)
    assert expiry.expire(now=NOW) == expiry.Done(2)
    assert balance_of(member) == (0, 30, 12, 0, 65)
    # What comes back from hold into an expired lot expires the next night, each time.
    for part in (5, 7):
        post([make_plan(version, member, Release(POINTS, ((due.id, part),)))], recorded_at=NOW)
        assert expiry.expire(now=NOW + DAY - timedelta(seconds=1)) == expiry.Done(1)
    assert balance_of(member) == (0, 30, 0, 0, 65)


def test_a_job_works_in_batches_and_stops_at_its_limit(version: ProgrammeVersion) -> None:
    for member in make_members(version, 7):
        give(version, member, 10, expires_at=NOW - DAY)
    assert expiry.expire(now=NOW, limit=5, batch=2).done == 5
    assert expiry.expire(now=NOW, batch=2).done == 2
    assert list(JobRun.objects.order_by("pk").values_list("name", "status", "done")) == [
        ("expire", "done", 5),
        ("expire", "done", 2),
    ]


def test_a_killed_job_goes_on_where_it_was(version: ProgrammeVersion) -> None:
    for member in make_members(version, 4):
        give(version, member, 10, expires_at=NOW - DAY)
    run = JobRun.objects.create(name="expire", started_at=NOW, beat_at=NOW, done=3)
    assert expiry.expire(now=NOW).done == 4
    run.refresh_from_db()
    assert (run.status, run.done) == ("done", 7)


def test_nobody_is_kept_waiting_by_a_lot_that_is_refused(
    version: ProgrammeVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = make_members(version, 3)
    lots = [give(version, member, 10, expires_at=NOW - DAY).lots[0] for member in members]
    # The key is taken by something else: a conflict for this one lot.
    post(
        [make_plan(version, members[0], Hold(POINTS, 1), key=f"club|expire|{lots[1].id}|0")], recorded_at=NOW
    )
    assert expiry.expire(now=NOW, batch=1) == expiry.Done(2, 1)
    assert balance_of(members[2]) == (0, 0, 0, 0, 10)


def test_acts_between_last_day_and_night_bring_members_up_to_date(version: ProgrammeVersion) -> None:
    members = make_members(version, 3)
    for member in members:
        give(version, member, 10, expires_at=NOW)
        give(version, member, 20, matures_at=NOW)
        give(version, member, 40, matures_at=NOW - DAY, expires_at=NOW)
    assert expiry.bring_up_to_date([members[0].pk, members[1].pk], now=NOW) == 2 * 4
    assert expiry.bring_up_to_date([members[0].pk], now=NOW) == 0
    assert [balance_of(member)[:2] for member in members] == [(0, 20), (0, 20), (60, 10)]
    expiry.mature(now=NOW)
    expiry.expire(now=NOW)
    assert balance_of(members[2])[:2] == (0, 20)


class TestInactivity:
    @pytest.fixture
    def version(self) -> ProgrammeVersion:
        return make_version(document=INACTIVITY)

    def act(self, version: ProgrammeVersion, member: Any, amount: int, until: datetime) -> None:
        from loyalty_plugin.domain.intents import Award

        plan = make_plan(
            version, member, Award(POINTS, amount), Award("EUR.principal", 500), active_until=until
        )
        post([plan], recorded_at=NOW)

    def test_all_points_end_when_nothing_happened_for_so_long(self, version: ProgrammeVersion) -> None:
        [quiet, busy] = make_members(version, 2)
        for member in (quiet, busy):
            self.act(version, member, 10, NOW)
            self.act(version, member, 20, NOW - 30 * DAY)
        self.act(version, busy, 1, NOW + DAY)
        assert expiry.expire_inactive(now=NOW - timedelta(seconds=1)).done == 0
        assert expiry.expire_inactive(now=NOW).done == 1
        assert expiry.expire_inactive(now=NOW).done == 0
        assert balance_of(quiet) == (0, 0, 0, 0, 30)
        assert balance_of(busy) == (0, 31, 0, 0, 31)
        assert balance_of(quiet, "EUR.principal")[1] == 1000  # money never ends

    def test_what_comes_back_later_ends_too(self, version: ProgrammeVersion) -> None:
        [member] = make_members(version, 1)
        self.act(version, member, 10, NOW)
        [held] = post([make_plan(version, member, Hold(POINTS, 4))], recorded_at=NOW)
        assert expiry.expire_inactive(now=NOW).done == 1
        lot = held.postings[0].source_lot
        assert lot is not None
        post([make_plan(version, member, Release(POINTS, ((lot, 4),)))], recorded_at=NOW)
        assert expiry.expire_inactive(now=NOW + DAY).done == 1
        assert balance_of(member) == (0, 0, 0, 0, 10)

    def test_dates_of_a_former_version_no_longer_count(self, version: ProgrammeVersion) -> None:
        [member] = make_members(version, 1)
        self.act(version, member, 10, NOW)
        ProgrammeVersion.objects.create(
            programme=version.programme,
            number=2,
            status="published",
            document=BASIC,
            starts_at=NOW + DAY,
            published_at=NOW,
            created_at=NOW,
        )
        assert expiry.expire_inactive(now=NOW + 2 * DAY).done == 0
        assert balance_of(member) == (0, 10, 0, 0, 10)


class TestClearing:
    def test_it_shows_first_and_then_takes_what_was_earned_up_to_that_day(
        self, version: ProgrammeVersion
    ) -> None:
        other = make_version("other")
        one, two, later = make_members(version, 3)
        [elsewhere] = make_members(other, 1)
        give(version, one, 10)
        give(version, one, 7, matures_at=NOW + 9 * DAY)
        give(version, two, 5)
        give(other, elsewhere, 5)
        from loyalty_plugin.domain.intents import Award

        post([make_plan(version, later, Award(POINTS, 99), occurred_at=NOW + DAY)], recorded_at=NOW)
        on, now = NOW.date(), NOW + 2 * DAY
        what = {"programme_id": version.programme_id, "on": on, "now": now}
        expected = expiry.Cleared(members=2, available=15, pending=7)
        assert expiry.clear(MANAGER, **what, preview=True) == expected
        assert balance_of(one) == (7, 10, 0, 0, 17)
        assert expiry.clear(MANAGER, **what, batch=1) == expected
        assert expiry.clear(MANAGER, **what) == expiry.Cleared()
        assert [balance_of(member)[:2] for member in (one, two, later, elsewhere)] == [
            (0, 0),
            (0, 0),
            (0, 99),
            (0, 5),
        ]
        assert rows("SELECT DISTINCT destination FROM loyalty_plugin_posting WHERE source = 'pending'") == [
            ("cleared",)
        ]
        assert rows("SELECT operation, target FROM loyalty_plugin_auditrecord")[0] == (
            "points.clear",
            f"programme:{version.programme_id}",
        )

    def test_a_day_that_is_not_over_in_the_programme(self, version: ProgrammeVersion) -> None:
        with pytest.raises(DateOutOfRange):
            expiry.clear(SYSTEM, programme_id=version.programme_id, on=NOW.date(), now=NOW)

    def test_staff_without_the_permission(self, version: ProgrammeVersion) -> None:
        for preview in (True, False):
            with pytest.raises(PermissionDenied):
                expiry.clear(
                    CLERK, programme_id=version.programme_id, on=date(2020, 1, 1), now=NOW, preview=preview
                )


class TestBringingBack:
    def test_expired_points_come_back_once_as_a_new_lot_with_a_stated_life(
        self, version: ProgrammeVersion
    ) -> None:
        [member] = make_members(version, 1)
        [lot] = give(version, member, 50, expires_at=NOW).lots
        post([spend(version, member, 20)], recorded_at=NOW)
        expiry.expire(now=NOW)
        back = expiry.bring_back(MANAGER, lot_ids=[lot.id], life_days=30, now=NOW)
        assert (len(back.entries), back.points) == (1, 30)
        assert balance_of(member) == (0, 30, 0, 0, 50)  # earned once, not twice
        ends = datetime(2026, 4, 10, tzinfo=ZoneInfo("Europe/Berlin"))
        assert rows(
            "SELECT amount, expires_at, origin_lot_id FROM loyalty_plugin_lot ORDER BY id DESC LIMIT 1"
        ) == [(30, ends, lot.id)]
        assert expiry.bring_back(MANAGER, lot_ids=[lot.id], life_days=30, now=NOW) == expiry.BroughtBack(
            (), 0
        )
        # What expired again may come back again, from the new lot.
        expiry.expire(now=ends)
        [(new,)] = rows("SELECT max(id) FROM loyalty_plugin_lot")
        assert expiry.bring_back(MANAGER, lot_ids=[lot.id, new], life_days=0, now=ends).points == 30

    def test_what_was_cleared_comes_back_too(self, version: ProgrammeVersion) -> None:
        [member] = make_members(version, 1)
        [lot] = give(version, member, 50).lots
        expiry.clear(SYSTEM, programme_id=version.programme_id, on=NOW.date(), now=NOW + DAY)
        assert expiry.bring_back(SYSTEM, lot_ids=[lot.id], life_days=1, now=NOW + DAY).points == 50
        assert balance_of(member) == (0, 50, 0, 0, 50)

    def test_refusals(self, version: ProgrammeVersion) -> None:
        [member] = make_members(version, 1)
        [lot] = give(version, member, 50, expires_at=NOW).lots
        expiry.expire(now=NOW)
        for life in (-1, 10**6, 1.5, True):
            with pytest.raises(InvalidInput):
                expiry.bring_back(SYSTEM, lot_ids=[lot.id], life_days=life, now=NOW)  # type: ignore[arg-type]
        with pytest.raises(LotUnavailable):
            expiry.bring_back(SYSTEM, lot_ids=[lot.id, 999_999], life_days=1, now=NOW)
        with pytest.raises(PermissionDenied):
            expiry.bring_back(CLERK, lot_ids=[lot.id], life_days=1, now=NOW)
        rows("UPDATE loyalty_plugin_programme SET max_award = 49 RETURNING 1")
        with pytest.raises(AwardNeedsApproval):
            expiry.bring_back(SYSTEM, lot_ids=[lot.id], life_days=1, now=NOW)
        assert count("entry") == 2


@pytest.mark.usefixtures("fresh_db")
def test_lanes_side_by_side_do_everything_once_and_leave_no_connection() -> None:
    version = make_version()
    members = make_members(version, 50)
    for member in members:
        give(version, member, 10, expires_at=NOW - DAY)
    connections_before = rows("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
    assert expiry.expire(now=NOW, batch=7, lanes=3) == expiry.Done(50)
    assert all(balance_of(member) == (0, 0, 0, 0, 10) for member in members)
    assert JobRun.objects.get().done == 50
    deadline = time.monotonic() + PATIENCE
    while (
        rows("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()") != connections_before
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.usefixtures("fresh_db")
def test_a_lane_that_fails_ends_the_job_and_what_is_done_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    from loyalty_plugin.services.expiry import nightly

    version = make_version()
    for member in make_members(version, 9):
        give(version, member, 10, expires_at=NOW - DAY)
    calls = itertools.count()

    def fails_once(*arguments: Any, **options: Any) -> Any:
        if next(calls) == 1:
            raise RuntimeError("the cable was pulled")
        return end_lots(*arguments, **options)

    monkeypatch.setattr(nightly, "end_lots", fails_once)
    with pytest.raises(RuntimeError, match="cable"):
        expiry.expire(now=NOW, batch=3, lanes=2)
    assert JobRun.objects.get().status == "failed"
    monkeypatch.undo()
    left = 9 - rows("SELECT count(*) FROM loyalty_plugin_entry WHERE kind = 'expire'")[0][0]
    assert 3 <= left < 9
    assert expiry.expire(now=NOW).done == left


@pytest.mark.usefixtures("fresh_db")
def test_four_nights_at_once_expire_everything_once() -> None:
    version = make_version()
    members = make_members(version, 60)
    for member in members:
        give(version, member, 10, expires_at=NOW - DAY)
    results = at_once([lambda: expiry.expire(now=NOW, batch=7) for _ in range(4)])
    assert all(isinstance(result, expiry.Done) for result in results), results
    assert rows(
        "SELECT count(*), count(DISTINCT member_id) FROM loyalty_plugin_entry WHERE kind = 'expire'"
    ) == [(60, 60)]
    assert all(balance_of(member) == (0, 0, 0, 0, 10) for member in members)
