"""What time does to points: maturing, expiring and inactivity, each once and no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from loyalty_plugin.domain.intents import Hold, Release
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.domain.lots import AfterPeriod, expiry_of
from loyalty_plugin.models.jobs import JobRun
from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.queries.programmes import forget_documents
from loyalty_plugin.services import expiry
from loyalty_plugin.services.posting import post
from tests.services.books import (
    DAY,
    NOW,
    balance_of,
    give,
    make_members,
    make_plan,
    make_version,
    spend,
)

pytestmark = pytest.mark.django_db
BASIC = {"tiers": [{"code": "basic", "name": {"en": "Basic"}, "rank": 0}]}
INACTIVITY = {**BASIC, "expiry": {"kind": "inactivity", "months": 12}}


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
