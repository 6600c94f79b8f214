"""Orders through the one path: earned once, taken back in their share, counted for tiers, never from an old fact."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.models.ledger import Balance, Entry, Lot
from loyalty_plugin.models.members import Member, TierEvent, TierFact
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.requests import Request
from loyalty_plugin.services import approvals
from loyalty_plugin.services.orders import steps
from loyalty_plugin.services.orders.apply import apply_orders
from tests.factories import NOW, document, line, member, order, programme, realm

pytestmark = pytest.mark.django_db


def balance(of: Member) -> Balance:
    return Balance.objects.get(member=of, unit=POINTS)


def test_a_paid_order_brings_points_on_the_way_and_says_why():
    of = member(programme())
    [applied] = apply_orders([order(of, 12_345)], now=NOW)
    assert (applied.outcome, applied.points) == ("", 123)
    assert (balance(of).pending, balance(of).available) == (123, 0)
    entry = Entry.objects.get(kind="earn")
    assert entry.explanation["total"] == 123
    assert Lot.objects.get().matures_at > NOW + timedelta(days=14)


def test_the_same_fact_again_changes_nothing():
    of = member(programme())
    fact = order(of)
    apply_orders([fact], now=NOW)
    apply_orders([fact, fact], now=NOW)
    assert balance(of).pending == 100
    assert Entry.objects.count() == 1


def test_an_older_fact_is_dropped():
    of = member(programme())
    fact = order(of, at=NOW)
    refunded = replace(fact, charged=0, refunded=10_000, updated_at=NOW + timedelta(hours=1))
    apply_orders([refunded], now=NOW)
    [applied] = apply_orders([fact], now=NOW)
    assert applied.stale
    assert not Entry.objects.exists()


def test_an_unpaid_order_earns_nothing_until_it_is_paid():
    of = member(programme())
    fact = order(of, charged=0, paid_at=None)
    assert apply_orders([fact], now=NOW)[0].outcome == steps.NOT_PAID
    paid = replace(fact, charged=10_000, paid_at=NOW, updated_at=NOW + timedelta(days=90))
    assert apply_orders([paid], now=NOW + timedelta(days=90))[0].points == 100


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        ({"currency": "USD"}, steps.OTHER_CURRENCY),
        ({"cancelled": True}, steps.CANCELLED),
        ({"channel": "elsewhere"}, steps.NO_PROGRAMME),
        ({"realm": "https://unknown.example/graphql/"}, steps.NO_PROGRAMME),
        ({"user_id": ""}, steps.NOT_A_MEMBER),
        ({"paid_by_hand": 10_000}, "paid_by_hand"),
    ],
)
def test_what_can_not_earn_is_an_outcome_with_a_code(change, outcome):
    of = member(programme())
    assert apply_orders([replace(order(of), **change)], now=NOW)[0].outcome == outcome
    assert not Entry.objects.exists()


def test_a_staging_copy_posts_nothing():
    of = member(programme())
    staging = realm("https://staging.example/graphql/", live=False)
    [applied] = apply_orders([replace(order(of), realm=staging.api_url)], now=NOW)
    assert applied.outcome == steps.STAGING


def test_refunds_take_back_their_share_and_totals_may_fall_again():
    of = member(programme())
    fact = order(of, 10_000)
    apply_orders([fact], now=NOW)
    seen = []
    for hours, charged in ((1, 7_000), (2, 3_333), (3, 10_000), (4, 0), (5, 10_000)):
        change = replace(
            fact, charged=charged, refunded=10_000 - charged, updated_at=NOW + timedelta(hours=hours)
        )
        apply_orders([change], now=NOW + timedelta(hours=hours))
        seen.append(balance(of).pending)
    assert seen == [70, 33, 100, 0, 100]
    assert balance(of).earned == 100
    assert sum(TierFact.objects.filter(metric="spend").values_list("amount", flat=True)) == 10_000


def test_a_refund_after_spending_is_owed_and_repaid_by_the_next_order():
    rules = document(pending={"starts": "none"})
    of = member(programme(rules))
    fact = order(of, 10_000)
    apply_orders([fact], now=NOW)
    from loyalty_plugin.domain.intents import Consume, Plan
    from loyalty_plugin.domain.ledger import Kind, input_digest
    from loyalty_plugin.services import posting

    entry = Entry.objects.get()
    spend = Plan(
        "spend|1",
        input_digest({"n": 1}),
        Kind.SPEND,
        entry.programme_id,
        entry.version_id,
        of.pk,
        NOW,
        (Consume(POINTS, 80),),
    )
    posting.post([spend], recorded_at=NOW)
    apply_orders([replace(fact, charged=0, refunded=10_000, updated_at=NOW + timedelta(hours=1))], now=NOW)
    assert (balance(of).available, balance(of).owed) == (0, -80)
    apply_orders([order(of, 10_000, at=NOW + timedelta(hours=2))], now=NOW + timedelta(hours=2))
    assert (balance(of).available, balance(of).owed) == (20, 0)


def test_the_tier_reached_multiplies_the_next_order_and_not_the_last():
    of = member(programme())
    apply_orders([order(of, 30_000)], now=NOW)
    of.refresh_from_db()
    assert of.tier == "premium"
    assert balance(of).pending == 300
    assert TierEvent.objects.filter(member=of, kind="entered", tier="premium").count() == 1
    apply_orders([order(of, 10_000, at=NOW + timedelta(hours=1))], now=NOW + timedelta(hours=1))
    assert balance(of).pending == 500


def test_a_refund_undoes_the_tier():
    of = member(programme())
    fact = order(of, 30_000)
    apply_orders([fact], now=NOW)
    apply_orders([replace(fact, charged=0, refunded=30_000, updated_at=NOW + timedelta(hours=1))], now=NOW)
    of.refresh_from_db()
    assert of.tier == "basic"
    told = TierEvent.objects.filter(member=of, tier="premium").values_list("kind", flat=True)
    assert sorted(told) == ["entered", "left"]


def test_a_return_window_may_begin_with_fulfilment():
    from loyalty_plugin.services.windows import end_due

    of = member(programme(document(pending={"starts": "fulfilment", "window_days": 14})))
    fact = order(of)
    apply_orders([fact], now=NOW)
    assert Lot.objects.get().matures_at is None
    sent = NOW + timedelta(days=3)
    apply_orders([replace(fact, fulfilled_at=sent, updated_at=sent)], now=sent)
    assert end_due(now=sent + timedelta(days=14)) == 0
    assert end_due(now=sent + timedelta(days=15)) == 1
    assert (balance(of).pending, balance(of).available) == (0, 100)


def test_an_award_above_the_hard_maximum_waits_for_a_person():
    of = member(programme(max_award=50))
    [applied] = apply_orders([order(of, 10_000)], now=NOW)
    assert applied.outcome == approvals.AWAITING
    assert balance(of).pending == 0
    request = Request.objects.get()
    assert (request.operation, request.amount, request.requested_by) == ("award", 100, None)


def test_an_award_that_waits_is_withdrawn_when_the_order_is_refunded():
    of = member(programme(max_award=50))
    fact = order(of, 10_000)
    apply_orders([fact], now=NOW)
    apply_orders([replace(fact, charged=0, refunded=10_000, updated_at=NOW + timedelta(hours=1))], now=NOW)
    assert Request.objects.get().status == Request.Status.WITHDRAWN
    assert not Entry.objects.exists()


def test_a_customer_nobody_knew_joins_by_the_first_order():
    of = programme()
    stranger = member(of)
    fact = replace(order(stranger), user_id="User:new", user_email="new@shop.example")
    [applied] = apply_orders([fact], now=NOW)
    assert applied.points == 100
    assert Member.objects.get(external_id="User:new").source == "order"


def test_a_campaign_stops_exactly_at_its_budget():
    rules = document()
    rules["earning"]["campaigns"] = [{"code": "spring", "name": {"en": "Spring"}, "budget": 150}]
    rules["earning"]["multipliers"] = [
        {"id": "double", "multiplier": "campaign", "params": {"rate": "2"}, "campaign": "spring"}
    ]
    of = member(programme(rules))
    facts = [order(of, 10_000, at=NOW + timedelta(minutes=n)) for n in range(3)]
    assert [a.points for a in apply_orders(facts, now=NOW)] == [200, 150, 100]


def test_many_orders_cost_a_constant_number_of_queries():
    of = programme()
    people = [member(of) for _ in range(12)]

    def queries(batch: list) -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            apply_orders(batch, now=NOW)
        return len(seen)

    queries([order(people[0], 1_000)])
    few = queries([order(person, 1_000) for person in people[:2]])
    many = queries([order(person, 1_000) for person in people])
    assert many == few


def test_lines_of_several_products_count_for_tiers_by_piece():
    of = member(programme())
    apply_orders([order(of, lines=[line(5_000, product="Product:7", quantity=2)])], now=NOW)
    assert TierFact.objects.get(metric="product").amount == 2
    assert OrderRecord.objects.get().counted == 5_000


def test_system_actor_is_what_orders_are_posted_by():
    of = member(programme())
    apply_orders([order(of)], now=NOW)
    assert Entry.objects.get().actor == SYSTEM.name


def test_a_rule_that_counts_pieces_sees_those_of_earlier_orders_and_of_the_same_batch():
    rules = document()
    rules["earning"]["rules"] = [
        {
            "id": "coffee",
            "rule": "stamp_card",
            "params": {"products": ["Product:coffee"], "stamps": 10, "points": 30},
        }
    ]
    of = member(programme(rules))
    cups = [
        order(of, lines=[line(300, quantity=4, product="Product:coffee")], at=NOW + timedelta(minutes=n))
        for n in range(3)
    ]
    assert [applied.points for applied in apply_orders(cups[:1], now=NOW)] == [0]
    assert [applied.points for applied in apply_orders(cups[1:], now=NOW)] == [0, 30]
