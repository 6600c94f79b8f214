"""Orders from many connections at once: a budget is kept to the point, one order earns once, no deadlock."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection, transaction

from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.models.ledger import Balance, Entry
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.programmes import CampaignBudget
from loyalty_plugin.services.orders.apply import apply_orders
from loyalty_plugin.signals import points_posted
from tests.factories import NOW, document, member, order, programme
from tests.scale import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)


def together(acts: Sequence[Callable[[], object]]) -> list[BaseException]:
    """Run all at once, each on its own connection; what went wrong."""
    barrier = threading.Barrier(len(acts))
    errors: list[BaseException] = []

    def run(act: Callable[[], object]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait(timeout=PATIENCE)
            act()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_a_campaign_budget_is_not_overshot_by_50_parallel_orders():
    rules = document()
    rules["earning"]["campaigns"] = [{"code": "spring", "name": {"en": "Spring"}, "budget": 1_234}]
    rules["earning"]["multipliers"] = [
        {"id": "double", "multiplier": "campaign", "params": {"rate": "2"}, "campaign": "spring"}
    ]
    club = programme(rules)
    people = [member(club) for _ in range(50)]
    facts = [order(of, 10_000) for of in people]
    assert together([lambda fact=fact: apply_orders([fact], now=NOW) for fact in facts]) == []
    assert CampaignBudget.objects.get().used == 1_234
    assert sum(Balance.objects.filter(unit=POINTS).values_list("pending", flat=True)) == 50 * 100 + 1_234


def test_20_copies_of_one_order_earn_once():
    fact = order(member(programme()))
    assert together([lambda: apply_orders([fact], now=NOW)] * 20) == []
    assert Entry.objects.filter(kind="earn").count() == 1
    assert Balance.objects.get(unit=POINTS).pending == 100


def test_an_order_that_is_read_for_two_customers_at_once_earns_once():
    club = programme()
    fact = order(member(club))
    facts = [fact, replace(fact, user_id=member(club).external_id)] * 10
    assert together([lambda fact=fact: apply_orders([fact], now=NOW) for fact in facts]) == []
    assert OrderRecord.objects.get().points == 100
    assert Entry.objects.filter(kind="earn").count() == 1


def test_a_new_order_leaves_no_dead_row():
    of = member(programme())
    with transaction.atomic(), connection.cursor() as cursor:
        apply_orders([order(of)], now=NOW)
        cursor.execute(
            "SELECT pg_stat_get_xact_tuples_inserted(t.oid), pg_stat_get_xact_tuples_updated(t.oid)"
            "  FROM (SELECT 'loyalty_plugin_orderrecord'::regclass::oid) AS t"
        )
        assert cursor.fetchall() == [(1, 0)]


def test_batches_that_share_members_and_orders_do_not_deadlock():
    club = programme()
    people = [member(club) for _ in range(6)]
    facts = [order(of, 1_000) for of in people for _ in range(3)]
    batches = [facts, facts[::-1], facts[::2] + facts[1::2], facts[5:] + facts[:5]] * 3
    assert together([lambda batch=batch: apply_orders(batch, now=NOW) for batch in batches]) == []
    assert Entry.objects.filter(kind="earn").count() == len(facts)


def of_their_account(of: Member) -> OrderFact:
    return order(of)


def of_an_order_known_before(of: Member) -> OrderFact:
    fact = order(of)
    apply_orders([fact], now=NOW)
    later = NOW + timedelta(hours=1)
    return replace(fact, user_id="", user_email="", charged=5_000, refunded=5_000, updated_at=later)


def of_a_guest_with_their_address(of: Member) -> OrderFact:
    return order(of, user_id="", user_email=f" {of.email.upper()}")


def applied(fact: OrderFact) -> bool:
    return OrderRecord.objects.filter(order_id=fact.order_id, fact_updated_at=fact.updated_at).exists()


@pytest.mark.parametrize(
    "concerning", [of_their_account, of_an_order_known_before, of_a_guest_with_their_address]
)
def test_who_is_held_by_another_keeps_nobody_elses_order_waiting(concerning):
    club = programme()
    held, free = member(club), member(club)
    theirs, others = concerning(held), order(free)
    posted, results = threading.Event(), []

    def announced(**_: object) -> None:
        posted.set()

    points_posted.connect(announced)
    batch = threading.Thread(
        target=together, args=([lambda: results.extend(apply_orders([theirs, others], now=NOW))],)
    )
    try:
        with transaction.atomic():
            Member.objects.select_for_update(no_key=True).get(pk=held.pk)
            batch.start()
            assert posted.wait(timeout=60)
            assert not applied(theirs)
            assert applied(others)
            assert not results
    finally:
        points_posted.disconnect(announced)
        if batch.ident:
            batch.join()
    assert [result.order_ref for result in results] == [theirs.ref, others.ref]
    assert applied(theirs)
    assert results[1].points == 100
