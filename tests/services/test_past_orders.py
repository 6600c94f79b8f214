"""Orders from before the programme began in a shop: they count for tiers, and bring no points by themselves."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.models.members import Member, TierFact
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.services.orders import steps
from loyalty_plugin.services.orders.apply import apply_orders
from tests.factories import NOW, document, line, member, order, programme, realm

pytestmark = pytest.mark.django_db
BEFORE = NOW - timedelta(days=30)


def spent(of: Member) -> int:
    return sum(TierFact.objects.filter(member=of, metric="spend").values_list("amount", flat=True))


@pytest.fixture
def of(db: None) -> Member:
    """A member of a programme that begins today."""
    return member(programme(starts_at=NOW), now=NOW)


def test_an_order_paid_before_the_programme_began_counts_for_tiers_and_brings_no_points(of):
    [applied] = apply_orders([order(of, 40_000, at=BEFORE)], now=NOW)
    assert (applied.outcome, applied.points) == (steps.PAST_ORDER, 0)
    assert not Entry.objects.exists()
    assert spent(of) == 40_000
    of.refresh_from_db()
    assert of.tier == "premium"


def test_an_order_paid_at_the_very_start_earns(of):
    assert apply_orders([order(of, at=NOW)], now=NOW)[0].points == 100


def test_what_was_ordered_before_and_paid_after_the_start_earns(of):
    fact = order(of, at=NOW, created_at=BEFORE)
    assert apply_orders([fact], now=NOW)[0].points == 100


def test_an_order_from_before_its_saleor_was_connected_is_past_however_old_the_programme_is():
    of = member(programme())
    shop = realm()
    shop.connected_at = NOW - timedelta(days=10)
    shop.save()
    early, late = order(of, at=BEFORE), order(of, at=NOW - timedelta(days=9))
    assert [one.outcome for one in apply_orders([early, late], now=NOW)] == [steps.PAST_ORDER, ""]


def test_refunds_of_a_past_order_take_back_what_it_counted_and_nothing_else(of):
    fact = order(of, 40_000, at=BEFORE)
    apply_orders([fact], now=NOW)
    part = replace(fact, charged=10_000, refunded=30_000, updated_at=NOW)
    [applied] = apply_orders([part], now=NOW)
    assert (applied.outcome, spent(of)) == (steps.PAST_ORDER, 10_000)
    gone = replace(fact, charged=0, refunded=40_000, cancelled=True, updated_at=NOW + timedelta(hours=1))
    [applied] = apply_orders([gone], now=NOW + timedelta(hours=1))
    assert (applied.outcome, spent(of)) == (steps.CANCELLED, 0)
    of.refresh_from_db()
    assert of.tier == "basic"
    again = replace(fact, updated_at=NOW + timedelta(hours=2))
    [applied] = apply_orders([again], now=NOW + timedelta(hours=2))
    assert (applied.outcome, spent(of)) == (steps.PAST_ORDER, 40_000)
    assert not Entry.objects.exists()


def test_past_orders_count_as_earlier_ones_for_what_is_earned_later(of):
    lines = [line(5_000, quantity=3)]
    apply_orders([order(of, at=BEFORE, lines=lines), order(of, 40_000, at=BEFORE)], now=NOW)
    [applied] = apply_orders([order(of, at=NOW)], now=NOW)
    assert applied.points == 200  # premium by then, by what was bought before


def test_who_joins_by_a_past_order_gets_no_welcome_and_who_joins_by_a_new_one_does():
    rules = document()
    rules["earning"] = {
        "rules": [
            *rules["earning"]["rules"],
            {"id": "hello", "rule": "welcome", "params": {"points": 50, "at": "joined"}},
        ]
    }
    of = member(programme(rules, starts_at=NOW), now=NOW)
    before = Entry.objects.count()
    old = order(of, at=BEFORE, user_id="User:old", user_email="old@shop.example")
    new = order(of, at=NOW, user_id="User:new", user_email="new@shop.example")
    apply_orders([old], now=NOW)
    assert Member.objects.get(external_id="User:old").joined_at == BEFORE
    assert Entry.objects.count() == before
    apply_orders([new], now=NOW)
    kinds = Entry.objects.filter(member__external_id="User:new").values_list("kind", flat=True)
    assert sorted(kinds) == ["bonus", "earn"]


def test_the_row_of_a_past_order_says_so_until_the_points_are_accepted(of):
    apply_orders([order(of, at=BEFORE), order(of, at=NOW)], now=NOW)
    assert list(OrderRecord.objects.order_by("paid_at").values_list("past", flat=True)) == [True, False]
