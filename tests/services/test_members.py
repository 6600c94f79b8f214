"""Joining, verifying, birthdays and check-ins: free points wait for a contact, and each contact has them once."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.errors import AlreadyMember, BirthdayLocked, DateOutOfRange, PermissionDenied
from loyalty_plugin.models.ledger import Balance, Entry
from loyalty_plugin.models.members import ClaimedBenefit, Member, TierEvent
from loyalty_plugin.services import birthdays, checkins, members
from loyalty_plugin.services.orders.apply import apply_orders
from tests.factories import NOW, document, member, order, programme, realm

pytestmark = pytest.mark.django_db


def rules(*more: dict) -> dict:
    made = document()
    made["earning"]["rules"] += more
    return made


WELCOME = {"id": "welcome", "rule": "welcome", "params": {"points": 50, "at": "verified"}}
JOINED = {"id": "joined", "rule": "welcome", "params": {"points": 30, "at": "joined"}}
BIRTHDAY = {"id": "birthday", "rule": "birthday", "params": {"points": 200}}
MILESTONE = {"id": "century", "rule": "milestone", "params": {"mark": 100, "points": 25}}


def balance(of: Member) -> Balance:
    return Balance.objects.get(member=of, unit=POINTS)


def myself(of: Member) -> Actor:
    return Actor(ActorKind.MEMBER, f"member:{of.pk}", member_id=of.pk, via="test")


def test_a_new_member_is_in_the_lowest_tier_and_it_is_told():
    of = member(programme())
    assert of.tier == "basic"
    assert TierEvent.objects.get(member=of).kind == "entered"
    assert len(of.number) == 10


def test_the_same_customer_joins_once():
    club = programme()
    of = member(club)
    again = members.join(
        SYSTEM,
        programme_id=club.pk,
        person=members.Person(external_id=of.external_id),
        now=NOW,
        realm_id=realm().pk,
    )
    assert again.pk == of.pk


@pytest.mark.parametrize("same", [{"email": "A@shop.example"}, {"phone": "+49301234"}])
def test_a_contact_belongs_to_one_member(same):
    club = programme()
    members.join(
        SYSTEM,
        programme_id=club.pk,
        person=members.Person(email="a@shop.example", phone="+49301234"),
        now=NOW,
    )
    with pytest.raises(AlreadyMember):
        members.join(SYSTEM, programme_id=club.pk, person=members.Person(**same), now=NOW)


def test_welcome_points_come_with_the_verified_contact_and_once():
    of = member(programme(rules(WELCOME)), verified=False)
    assert not Entry.objects.exists()
    for _ in range(2):
        members.verify_contact(SYSTEM, member_id=of.pk, now=NOW)
    assert balance(of).available == 50
    assert Entry.objects.get().explanation["total"] == 50


def test_points_for_joining_wait_for_the_verified_contact():
    of = member(programme(rules(JOINED)), verified=False)
    assert (balance(of).pending, balance(of).available) == (30, 0)
    members.verify_contact(SYSTEM, member_id=of.pk, now=NOW + timedelta(days=1))
    assert (balance(of).pending, balance(of).available) == (0, 30)


def test_a_contact_that_had_the_benefit_does_not_have_it_again():
    club = programme(rules(JOINED))
    first = member(club, email="same@shop.example", verified=True)
    assert balance(first).available == 30
    # The member is erased; what the contact had is remembered by its digest alone.
    Member.objects.filter(pk=first.pk).update(email="", external_id="", status=Member.Status.ERASED)
    second = member(club, email="Same@shop.example ".strip(), verified=False)
    assert balance(second).pending == 30
    members.verify_contact(SYSTEM, member_id=second.pk, now=NOW)
    assert (balance(second).pending, balance(second).available) == (0, 0)
    assert ClaimedBenefit.objects.count() == 1


def test_a_birthday_is_paid_on_its_day_and_locks():
    of = member(programme(rules(BIRTHDAY)), birthday=date(1990, 3, 5))
    assert birthdays.award_due(now=NOW) == 0
    midnight = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)  # 5 March in Berlin
    assert birthdays.award_due(now=midnight) == 1
    assert birthdays.award_due(now=midnight) == 0
    assert balance(of).available == 200
    of.refresh_from_db()
    assert (of.birthday_due, of.birthday_locked_at) == (date(2027, 3, 5), midnight)
    with pytest.raises(BirthdayLocked):
        birthdays.set_birthday(myself(of), member_id=of.pk, birthday=date(1990, 4, 1), now=NOW)
    clerk = Actor(ActorKind.STAFF, "user:1", frozenset({"edit_members"}))
    changed = birthdays.set_birthday(clerk, member_id=of.pk, birthday=date(1990, 4, 1), now=midnight)
    assert changed.birthday_due == date(2027, 4, 1)


def test_a_birthday_that_staff_changed_waits_a_year_for_its_multiplier_too():
    made = rules(BIRTHDAY)
    month = {"id": "birthday", "multiplier": "birthday", "params": {"rate": "2", "span": "month"}}
    made["earning"]["multipliers"] = [month]
    of = member(programme(made), birthday=date(1990, 3, 3))
    apply_orders([order(of, 10_000)], now=NOW)
    assert balance(of).pending == 200
    clerk = Actor(ActorKind.STAFF, "user:1", frozenset({"edit_members"}))
    birthdays.set_birthday(clerk, member_id=of.pk, birthday=date(1990, 4, 10), now=NOW)
    april, next_april = datetime(2026, 4, 10, 9, tzinfo=UTC), datetime(2027, 4, 10, 9, tzinfo=UTC)
    apply_orders([order(of, 10_000, at=april)], now=april)
    assert birthdays.award_due(now=april) == 0
    assert balance(of).pending == 300
    apply_orders([order(of, 10_000, at=next_april)], now=next_april)
    assert birthdays.award_due(now=next_april) == 1
    assert (balance(of).pending, balance(of).available) == (500, 200)


def test_a_birthday_is_paid_after_an_outage_and_dated_on_its_day():
    of = member(programme(rules(BIRTHDAY)), birthday=date(1990, 3, 5))
    assert birthdays.award_due(now=NOW + timedelta(days=9)) == 1
    assert balance(of).available == 200
    assert Entry.objects.get().occurred_at == datetime(2026, 3, 4, 23, tzinfo=UTC)
    of.refresh_from_db()
    assert of.birthday_due == date(2027, 3, 5)


def test_one_born_on_a_leap_day_is_paid_in_a_common_year():
    of = member(programme(rules(BIRTHDAY)), birthday=date(1992, 2, 29), now=NOW)
    for day in range(380):
        birthdays.award_due(now=NOW + timedelta(days=day))
    assert balance(of).available == 200


@pytest.mark.parametrize("birthday", [date(2026, 3, 3), date(1890, 1, 1)])
def test_an_impossible_birthday_is_refused(birthday):
    of = member(programme())
    with pytest.raises(DateOutOfRange):
        birthdays.set_birthday(myself(of), member_id=of.pk, birthday=birthday, now=NOW)


def test_nobody_edits_another_member():
    of = member(programme())
    stranger = Actor(ActorKind.MEMBER, "member:0", member_id=of.pk + 1)
    with pytest.raises(PermissionDenied):
        birthdays.set_birthday(stranger, member_id=of.pk, birthday=None, now=NOW)


def test_check_ins_grow_with_the_streak_and_count_once_a_day():
    streak = {"id": "visit", "rule": "check_in", "params": {"first": 1, "step": 1, "most": 3}}
    of = member(programme(rules(streak)))
    seen = []
    for day in (0, 0, 1, 2, 4):
        visit = checkins.check_in(myself(of), member_id=of.pk, now=NOW + timedelta(days=day))
        seen.append((visit.streak, visit.points, visit.first))
    assert seen == [(1, 1, True), (1, 0, False), (2, 2, True), (3, 3, True), (1, 1, True)]


def test_a_milestone_is_paid_once_even_if_the_mark_is_passed_again():
    from dataclasses import replace

    of = member(programme(rules(MILESTONE)))
    fact = order(of, 12_000)
    apply_orders([fact], now=NOW)
    assert Entry.objects.filter(kind="bonus").count() == 1
    later = NOW + timedelta(hours=1)
    apply_orders([replace(fact, charged=0, refunded=12_000, updated_at=later)], now=later)
    apply_orders([order(of, 30_000, at=later)], now=later)
    assert Entry.objects.filter(kind="bonus").count() == 1


def test_what_a_milestone_brings_passes_the_next_one_in_whatever_order_they_stand():
    second = {"id": "next", "rule": "milestone", "params": {"mark": 120, "points": 10}}
    third = {"id": "last", "rule": "milestone", "params": {"mark": 136, "points": 1}}
    of = member(programme(rules(third, second, MILESTONE)))
    apply_orders([order(of, 10_000)], now=NOW)
    # 100 of the order bring 25, which bring 10; 135 are not yet 136.
    given = Entry.objects.filter(kind="bonus").order_by("pk").values_list("source", flat=True)
    assert list(given) == ["benefit:milestone:century", "benefit:milestone:next"]
    assert balance(of).earned == 135
    apply_orders([order(of, 100)], now=NOW)
    assert balance(of).earned == 137
    assert Entry.objects.filter(source="benefit:milestone:last").count() == 1


def test_an_erased_account_earns_nothing_more():
    of = member(programme())
    members.leave(SYSTEM, member_ids=[of.pk], now=NOW)
    [applied] = apply_orders([order(of)], now=NOW)
    assert applied.outcome == "member_frozen"
