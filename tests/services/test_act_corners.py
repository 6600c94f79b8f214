"""Acts at odd moments: two at once, the same key for two things, an approval after the world moved on, a wrong actor."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, transaction

from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.errors import BirthdayLocked, InvalidInput, KeyConflict, PermissionDenied
from loyalty_plugin.models.ledger import Balance, Entry
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.programmes import CampaignBudget, Programme
from loyalty_plugin.models.requests import Request
from loyalty_plugin.services import adjustments, approvals, birthdays, checkins, members, programmes, tiers
from loyalty_plugin.services.orders.apply import apply_orders
from tests.factories import NOW, document, line, member, order, programme
from tests.services.test_adjustments import give, staff
from tests.services.test_orders_parallel import together

pytestmark = pytest.mark.django_db


def with_rules(*rules: dict, **earning) -> dict:
    made = document()
    made["earning"]["rules"].extend(rules)
    made["earning"].update(earning)
    return made


CHECK_IN = {
    "id": "visit",
    "rule": "check_in",
    "params": {"first": 10, "step": 0, "most": 10},
}


@pytest.mark.django_db(transaction=True)
def test_an_order_is_posted_while_an_act_holds_its_member():
    of = member(programme())
    fact = order(of)
    done: list[str] = []

    def post() -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '5s'")
            with transaction.atomic():
                from loyalty_plugin.services import posting

                posting.lock([(of.pk, POINTS)], lots=False)
                with connection.cursor() as cursor:
                    # What every new entry does to the member it refers to.
                    cursor.execute("SELECT FROM loyalty_plugin_member WHERE id = %s FOR KEY SHARE", [of.pk])
            done.append("posted")
        finally:
            connection.close()

    with transaction.atomic():
        members.get_locked(of.pk)
        thread = threading.Thread(target=post)
        thread.start()
        thread.join()
    assert done == ["posted"]
    assert apply_orders([fact], now=NOW)[0].points == 100


@pytest.mark.django_db(transaction=True)
def test_orders_and_check_ins_of_the_same_members_never_wait_in_a_circle():
    club = programme(with_rules(CHECK_IN))
    people = [member(club) for _ in range(6)]
    facts = [order(of, 40_000) for of in people]
    visits = [
        lambda of=of: checkins.check_in(
            Actor(ActorKind.MEMBER, of.external_id, member_id=of.pk), member_id=of.pk, now=NOW
        )
        for of in people
    ]
    assert (
        together([*visits, lambda: apply_orders(facts, now=NOW), lambda: apply_orders(facts, now=NOW)]) == []
    )
    assert Entry.objects.filter(kind="earn").count() == len(people)


@pytest.mark.django_db(transaction=True)
def test_the_same_customer_joining_many_times_at_once_is_one_member():
    club = programme()
    person = members.Person(email="new@shop.example", external_id="User:new")
    realm_id = club.channels.get().realm_id
    acts = [lambda: members.join(SYSTEM, programme_id=club.pk, person=person, now=NOW, realm_id=realm_id)] * 8
    assert together(acts) == []
    assert Member.objects.filter(external_id="User:new").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_request_approved_by_two_at_once_is_posted_once():
    one, two = staff("one", "manager"), staff("two", "manager")
    of = member(programme(max_award=50))
    apply_orders([order(of, 10_000)], now=NOW)
    request = Request.objects.get()
    acts = [lambda by=by: approvals.approve(by, request_id=request.pk, now=NOW) for by in (one, two)]
    assert [getattr(error, "code", error) for error in together(acts)] == ["request_closed"]
    assert Balance.objects.get(member=of, unit=POINTS).pending == 100


def test_one_key_for_two_requests_is_a_conflict():
    clerk, of = staff("clerk", "clerk"), member(programme())
    first = give(clerk, of, 501)
    assert give(clerk, of, 501).request_id == first.request_id
    with pytest.raises(KeyConflict):
        give(clerk, of, 600)
    with pytest.raises(KeyConflict):
        give(clerk, of, 10)


def test_an_adjustment_above_the_programmes_maximum_waits_whatever_the_persons_limit():
    owner, manager = staff("owner", "owner"), staff("manager", "manager")
    of = member(programme(max_award=50))
    outcome = give(owner, of, 51)
    assert (outcome.entry_id, outcome.excess.which) == (None, "hard_maximum")
    approvals.approve(manager, request_id=outcome.request_id, now=NOW)
    taken = give(owner, of, -51, key="take")
    assert adjustments.undo(owner, entry_id=taken.entry_id, now=NOW).entry_id
    assert Balance.objects.get(member=of, unit=POINTS).available == 51


def test_a_bonus_that_waited_while_the_contact_was_verified_is_available_once_approved():
    manager = staff("manager", "manager")
    of = member(programme(with_rules(CHECK_IN), max_award=5), verified=False)
    me = Actor(ActorKind.MEMBER, of.external_id, member_id=of.pk)
    checkins.check_in(me, member_id=of.pk, now=NOW)
    members.verify_contact(SYSTEM, member_id=of.pk, now=NOW)
    approvals.approve(manager, request_id=Request.objects.get().pk, now=NOW)
    balance = Balance.objects.get(member=of, unit=POINTS)
    assert (balance.available, balance.pending) == (10, 0)


def test_a_bonus_that_waits_draws_on_its_campaigns_budget():
    rules = with_rules(
        {**CHECK_IN, "campaign": "spring"},
        campaigns=[{"code": "spring", "name": {"en": "Spring"}, "budget": 15}],
    )
    of = member(programme(rules, max_award=5))
    me = Actor(ActorKind.MEMBER, of.external_id, member_id=of.pk)
    checkins.check_in(me, member_id=of.pk, now=NOW)
    checkins.check_in(me, member_id=of.pk, now=NOW + timedelta(days=1))
    assert CampaignBudget.objects.get().used == 15
    assert sorted(Request.objects.values_list("amount", flat=True)) == [10]
    assert Balance.objects.get(member=of, unit=POINTS).available == 5


def test_a_milestone_reached_by_a_bonus_draws_on_its_campaigns_budget():
    rules = with_rules(
        CHECK_IN,
        {"id": "ten", "rule": "milestone", "params": {"mark": 10, "points": 7}, "campaign": "spring"},
        campaigns=[{"code": "spring", "name": {"en": "Spring"}, "budget": 100}],
    )
    of = member(programme(rules))
    checkins.check_in(Actor(ActorKind.MEMBER, of.external_id, member_id=of.pk), member_id=of.pk, now=NOW)
    assert Balance.objects.get(member=of, unit=POINTS).available == 17
    assert CampaignBudget.objects.get().used == 7


def test_an_award_that_waited_passes_its_milestones_once_it_is_approved():
    """Otherwise they would lie behind the member for ever: the next order begins above their marks."""
    manager = staff("manager", "manager")
    rules = with_rules(
        {"id": "century", "rule": "milestone", "params": {"mark": 100, "points": 20}, "campaign": "spring"},
        {"id": "next", "rule": "milestone", "params": {"mark": 110, "points": 60}},
        {"id": "last", "rule": "milestone", "params": {"mark": 180, "points": 3}},
        campaigns=[{"code": "spring", "name": {"en": "Spring"}, "budget": 30}],
    )
    of = member(programme(rules, max_award=50))
    apply_orders([order(of, 10_000)], now=NOW)
    waiting = Request.objects.get()
    approvals.approve(manager, request_id=waiting.pk, now=NOW)
    balance = Balance.objects.get(member=of, unit=POINTS)
    assert (balance.earned, CampaignBudget.objects.get().used) == (120, 20)
    # The second brings more than one may have unasked, and passes the third.
    asked = Request.objects.get(status="waiting")
    assert asked.amount == 60
    approvals.approve(manager, request_id=asked.pk, now=NOW)
    balance.refresh_from_db()
    assert (balance.earned, CampaignBudget.objects.get().used) == (183, 20)


def test_a_birthday_locks_by_the_first_order_that_was_multiplied_for_it():
    rules = document()
    rules["earning"]["multipliers"] = [{"id": "b", "multiplier": "birthday", "params": {"span": "day"}}]
    of = member(programme(rules), birthday=date(1990, 3, 2))
    assert apply_orders([order(of, 10_000)], now=NOW)[0].points == 200
    me = Actor(ActorKind.MEMBER, of.external_id, member_id=of.pk)
    with pytest.raises(BirthdayLocked):
        birthdays.set_birthday(me, member_id=of.pk, birthday=date(1990, 3, 3), now=NOW)


def test_nobody_says_of_themselves_that_their_contact_is_verified():
    of = member(programme(), verified=False)
    for actor in (Actor(ActorKind.MEMBER, of.external_id, member_id=of.pk), Actor(ActorKind.PARTNER, "till")):
        with pytest.raises(PermissionDenied):
            members.verify_contact(actor, member_id=of.pk, now=NOW)
        with pytest.raises(PermissionDenied):
            members.leave(actor, member_ids=[of.pk], now=NOW)


def test_who_joins_by_an_old_order_is_booked_today():
    of = member(
        programme(with_rules({"id": "hi", "rule": "welcome", "params": {"points": 5, "at": "joined"}}))
    )
    before = NOW - timedelta(days=30)
    fact = order(of, at=before, user_id="User:stranger", user_email="stranger@shop.example")
    apply_orders([fact], now=NOW)
    joined = Member.objects.get(external_id="User:stranger")
    assert joined.joined_at == before
    entry = Entry.objects.get(member=joined, kind="bonus")
    assert (entry.occurred_at, entry.recorded_at) == (before, NOW)


def test_a_programme_whose_day_has_not_begun_keeps_no_other_waiting():
    west = member(programme(timezone="America/Los_Angeles"), birthday=date(1990, 3, 3))
    east = member(programme(timezone="Asia/Shanghai"), birthday=date(1990, 3, 3))
    Member.objects.filter(pk__in=[west.pk, east.pk]).update(tier_due=date(2026, 3, 3))
    evening = datetime(2026, 3, 2, 20, tzinfo=UTC)
    assert tiers.recompute_due(now=evening, limit=1) == 1
    assert tiers.recompute_due(now=evening, limit=1) == 0
    west.refresh_from_db()
    assert west.tier_due == date(2026, 3, 3)
    assert birthdays.award_due(now=evening, limit=1) == 1
    assert birthdays.award_due(now=evening, limit=1) == 0


def test_a_mark_that_is_written_another_way_or_is_none_harms_no_order():
    from loyalty_plugin.models.orders import PricePromise

    of = member(programme())
    version = of.programme.versions.get()
    promise = PricePromise.objects.create(
        member=of,
        version=version,
        realm=of.realm,
        checkout_id="Checkout:1",
        line_id="CheckoutLine:1",
        variant_id="v",
        quantity=1,
        unit_price=900,
        base_price=900,
        currency="EUR",
        created_at=NOW,
        valid_until=NOW + timedelta(hours=1),
    )
    lines = [line(900, mark=f"loyalty:{promise.pk.hex.upper()}"), line(100, mark="loyalty:nonsense")]
    assert apply_orders([order(of, lines=lines)], now=NOW)[0].points == 10
    promise.refresh_from_db()
    assert promise.status == PricePromise.Status.KEPT


@pytest.mark.parametrize("code", ["", "a|b", "a b", "x" * 60, "é"])
def test_a_programmes_code_is_one_that_keys_may_begin_with(code):
    with pytest.raises(InvalidInput):
        programmes.create_programme(
            SYSTEM, code=code, name="Club", currency="EUR", timezone="UTC", document=document(), now=NOW
        )
    assert not Programme.objects.exists()


def test_the_25_hours_of_a_day_are_one_day_for_its_cap():
    rules = with_rules(caps={"day": 150})
    of = member(programme(rules, starts_at=datetime(2025, 1, 1, tzinfo=UTC)))
    begin = datetime(2026, 10, 24, 22, 5, tzinfo=UTC)  # five past midnight in Berlin
    first = order(of, 10_000, at=begin)
    late = order(of, 10_000, at=begin + timedelta(hours=24, minutes=30))
    assert apply_orders([first], now=begin)[0].points == 100
    assert apply_orders([late], now=late.updated_at)[0].points == 50
