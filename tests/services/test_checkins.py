"""Check-ins: by a button or by logging in, as the version says; once a day of the programme, however often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.domain.programmes.document import CheckInWay
from loyalty_plugin.errors import InvalidDraft
from loyalty_plugin.models.ledger import Balance, Entry, Lot
from loyalty_plugin.models.members import CheckIn, Member
from loyalty_plugin.queries.checkins import check_in_state
from loyalty_plugin.queries.programmes import version_at
from loyalty_plugin.services import checkins, members
from tests.factories import CHANNEL, NOW, REALM, document, member, programme
from tests.services.books import at_once

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def rules(*ways: str, rule: bool = True) -> dict:
    made = document()
    if rule:
        params = {"first": 1, "step": 1, "most": 7}
        made["earning"]["rules"].append({"id": "visit", "rule": "check_in", "params": params})
    return {**made, "check_ins": {"by": list(ways)}} if ways else made


def log_in(of: Member, now: datetime = NOW, **where: str) -> checkins.Visit | None:
    known = {"realm_url": REALM, "user_id": of.external_id, "channel": CHANNEL, **where}
    return checkins.count_login(now=now, **known)


def press(of: Member, now: datetime = NOW) -> checkins.Visit:
    actor = Actor(ActorKind.MEMBER, of.external_id, member_id=of.pk)
    return checkins.check_in(actor, member_id=of.pk, now=now)


def available(of: Member) -> int:
    return Balance.objects.get(member=of, unit=POINTS).available


def test_logging_in_grows_the_streak_like_the_button_and_once_a_day():
    of = member(programme(rules()))
    seen = [
        log_in(of),
        log_in(of, NOW + timedelta(hours=3)),
        press(of, NOW + timedelta(hours=4)),
        press(of, NOW + DAY),
        log_in(of, NOW + DAY),
        log_in(of, NOW + 2 * DAY),
    ]
    assert [(visit.streak, visit.points, visit.first) for visit in seen] == [
        (1, 1, True),
        (1, 0, False),
        (1, 0, False),
        (2, 2, True),
        (2, 0, False),
        (3, 3, True),
    ]
    assert available(of) == 6


def test_a_day_is_the_programmes_own():
    of = member(programme(rules()))
    late, midnight = datetime(2026, 3, 2, 22, 59, tzinfo=UTC), datetime(2026, 3, 2, 23, 1, tzinfo=UTC)
    assert [log_in(of, late).streak, log_in(of, midnight).streak] == [1, 2]


@pytest.mark.parametrize(("ways", "counted"), [(("visit",), (0, 1)), (("login",), (1, 0))])
def test_only_the_ways_the_version_names_count(ways, counted):
    of = member(programme(rules(*ways)))
    logged, pressed = log_in(of), press(of, NOW + DAY)
    assert (logged.points, pressed.points) == counted
    assert (logged.first, pressed.first) == tuple(bool(points) for points in counted)
    assert CheckIn.objects.filter(member=of).count() == 1


def test_a_version_without_any_way_is_no_version():
    with pytest.raises(InvalidDraft):
        programme({**document(), "check_ins": {"by": []}})


def test_where_coming_brings_nothing_no_visit_is_kept():
    of = member(programme(rules(rule=False)))
    assert log_in(of) == checkins.Visit(0, 0, first=False)
    assert not CheckIn.objects.exists()


def test_tomorrows_reward_is_told_beside_the_ways_that_count():
    club = programme(rules("login"))
    of = member(club)
    log_in(of)
    state = check_in_state(of, version_at(club.pk, NOW), NOW)
    assert (state.streak, state.done_today, state.tomorrow) == (1, True, 2)
    assert state.by == (CheckInWay.LOGIN,)
    assert log_in(of, NOW + DAY).points == state.tomorrow


def test_strangers_and_those_who_left_are_no_matter():
    of = member(programme(rules()))
    assert log_in(of, user_id="User:stranger") is None
    assert log_in(of, channel="elsewhere") is None
    assert log_in(of, realm_url="https://other.example/graphql/") is None
    members.leave(SYSTEM, member_ids=[of.pk], now=NOW)
    assert log_in(of) is None


def test_points_for_a_visit_wait_for_the_verified_contact():
    of = member(programme(rules()), verified=False)
    log_in(of)
    assert available(of) == 0
    members.verify_contact(SYSTEM, member_id=of.pk, now=NOW + DAY)
    assert available(of) == 1


def test_a_lot_let_go_and_a_welcome_given_never_share_a_key():
    """Lots and members are numbered apart, so each number is once one's and once the other's."""
    terms = rules()
    welcome = {"id": "welcome", "rule": "welcome", "params": {"points": 50, "at": "verified"}}
    terms["earning"]["rules"].append(welcome)
    club = programme(terms)
    of = member(club, verified=False)
    log_in(of)
    lot = Lot.objects.get(member=of)
    members.verify_contact(SYSTEM, member_id=of.pk, now=NOW)
    assert available(of) == 51
    keys = set(Entry.objects.values_list("business_key", flat=True))
    assert {f"{club.code}|verified|{of.pk}", f"{club.code}|release|{lot.pk}"} <= keys


@pytest.mark.django_db(transaction=True)
def test_many_log_ins_at_the_same_moment_are_one_visit():
    of = member(programme(rules()))
    seen = at_once([partial(log_in, of)] * 4 + [partial(press, of)] * 4)
    assert sorted(visit.points for visit in seen) == [0] * 7 + [1]
    assert Entry.objects.count() == 1
