"""Money paid by hand within 24 hours: the sum of many small orders is never passed unseen, however many come at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db.models import Sum

from loyalty_plugin.domain import provenance
from loyalty_plugin.domain.facts import ChargeFact, OrderFact
from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import HandMoney
from loyalty_plugin.models.requests import Request
from loyalty_plugin.services import approvals, decided
from loyalty_plugin.services.orders import steps
from loyalty_plugin.services.orders.apply import Applied, apply_orders
from tests.factories import NOW, document, member, order, programme
from tests.services.test_hand_paid import manager
from tests.services.test_orders_parallel import together

HOUR = timedelta(hours=1)


def club(limit: int = 3_000, daily: int | None = 7_000) -> Member:
    return member(programme(document(hand_paid="counts", hand_paid_limit=limit, hand_paid_daily=daily)))


def by_hand(of: Member, amount: int = 3_000) -> OrderFact:
    charge = ChargeFact("e1", amount, amount, f"{provenance.HAND}VXNlcjo3")
    return order(of, amount, charges=(charge,), paid_by_hand=amount)


def apply(fact: OrderFact, now: datetime = NOW) -> Applied:
    return apply_orders([replace(fact, updated_at=now)], now=now)[0]


@pytest.mark.django_db
def test_many_small_orders_pass_no_further_than_the_sum_of_a_day():
    of = club()
    outcomes = [apply(by_hand(of)).outcome for _ in range(4)]
    assert outcomes == ["", "", steps.HAND_WAITS, steps.HAND_WAITS]
    first = Request.objects.order_by("pk")[0]
    assert first.amount == 3_000
    assert (first.cause["which"], first.cause["limit"], first.cause["used"]) == (
        "hand_paid_day",
        7_000,
        6_000,
    )
    assert apply(by_hand(of, 1_000)).points == 10  # what there is room for


@pytest.mark.django_db
def test_the_day_rolls():
    of = club()
    for at in (NOW, NOW + 12 * HOUR):
        assert apply(by_hand(of), at).outcome == ""
    assert apply(by_hand(of), NOW + 23 * HOUR).outcome == steps.HAND_WAITS
    assert apply(by_hand(of), NOW + 24 * HOUR).outcome == ""
    assert apply(by_hand(of), NOW + 25 * HOUR).outcome == steps.HAND_WAITS


@pytest.mark.django_db
def test_without_a_sum_of_its_own_a_day_has_the_limit_of_one_order():
    of = club(3_000, None)
    assert [apply(by_hand(of, 2_000)).outcome for _ in range(2)] == ["", steps.HAND_WAITS]


@pytest.mark.django_db
def test_an_order_that_counted_stays_so_and_counts_once():
    of = club(3_000, 3_000)
    fact = by_hand(of)
    for hours in (0, 1, 30):
        assert apply(fact, NOW + hours * HOUR).points == 30
    assert HandMoney.objects.get().counted_at == NOW
    assert apply(by_hand(of), NOW + 30 * HOUR).outcome == ""
    assert apply(fact, NOW + 31 * HOUR).points == 30
    assert not Request.objects.exists()


@pytest.mark.django_db
def test_who_was_asked_decides_though_another_day_has_room():
    of = club(3_000, 3_000)
    apply(by_hand(of))
    waits = by_hand(of)
    refused = by_hand(of)
    for fact in (waits, refused):
        assert apply(fact).outcome == steps.HAND_WAITS
    approvals.reject(manager(), request_id=Request.objects.latest("pk").pk, now=NOW)
    assert apply(waits, NOW + 48 * HOUR).outcome == steps.HAND_WAITS
    assert apply(refused, NOW + 48 * HOUR).outcome == steps.HAND_REFUSED
    approvals.approve(manager("Max"), request_id=Request.objects.earliest("pk").pk, now=NOW)
    assert apply(waits, NOW + 49 * HOUR).points == 30
    assert HandMoney.objects.count() == 1  # what a person confirmed is no part of the sum


@pytest.mark.django_db
def test_who_was_asked_about_more_is_asked_about_what_is_left():
    of = club(3_000, 3_000)
    apply(by_hand(of))
    fact = by_hand(of)
    apply(fact)
    charge = replace(fact.charges[0], stands=2_000)
    part = replace(fact, charges=(charge,), paid_by_hand=2_000, charged=2_000, refunded=1_000)
    for hours in (1, 48):
        assert apply(part, NOW + hours * HOUR).outcome == steps.HAND_WAITS
    request = Request.objects.get(status="waiting")
    assert (request.amount, request.cause["used"]) == (2_000, 3_000)


@pytest.mark.django_db
def test_a_refund_makes_no_room_and_takes_back_what_it_must():
    of = club(3_000, 3_000)
    fact = by_hand(of)
    apply(fact)
    charge = replace(fact.charges[0], stands=0)
    assert (
        apply(replace(fact, charges=(charge,), paid_by_hand=0, charged=0, refunded=3_000), NOW + HOUR).points
        == 0
    )
    assert apply(by_hand(of), NOW + 2 * HOUR).outcome == steps.HAND_WAITS


@pytest.mark.django_db(transaction=True)
def test_twenty_orders_at_once_do_not_overshoot_the_sum():
    home = programme(document(hand_paid="counts", hand_paid_limit=3_000, hand_paid_daily=10_000))
    facts = [by_hand(member(home)) for _ in range(20)]
    assert together([lambda fact=fact: apply(fact) for fact in facts]) == []
    assert HandMoney.objects.aggregate(sum=Sum("amount"))["sum"] == 9_000
    assert Entry.objects.filter(kind="earn").count() == 3
    assert Request.objects.filter(operation=decided.HAND_PAID).count() == 17
