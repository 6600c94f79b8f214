"""Draining the inbox: looks at what events name, believes no body, puts off outages, isolates what is at fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.errors import AppTokenDead, SaleorUnreachable
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.models.realms import Installation
from loyalty_plugin.registry import bind, ports
from loyalty_plugin.saleor.hints import Hint
from loyalty_plugin.saleor.subscriptions import EVENTS
from loyalty_plugin.webhooks import looking, processing
from loyalty_plugin.webhooks.outcomes import Outcome, done
from loyalty_plugin.webhooks.processing import drain_inbox
from tests import factories
from tests.factories import NOW
from tests.saleor.processingkit import (
    Storefront,
    came,
    order_event,
    ours,
    overdue,
    state,
    storefront,
)
from tests.saleor.roomkit import event

__all__ = ["ours", "storefront"]
pytestmark = pytest.mark.django_db


def test_a_paid_order_earns_what_saleor_says_it_is_worth(ours: Installation, storefront: Storefront):
    fact = factories.order(factories.member(factories.programme()), 5_000)
    storefront.has(fact)
    [row] = came(ours, order_event(fact, total=999_999))
    assert drain_inbox(100, NOW) == {"done": 1}
    assert Entry.objects.get(kind="earn").explanation["total"] == 50
    row.refresh_from_db()
    assert (row.status, row.processed_at, row.attempts) == ("done", NOW, 1)


def test_a_signed_fully_paid_for_an_unpaid_order_earns_nothing(ours: Installation, storefront: Storefront):
    fact = replace(factories.order(factories.member(factories.programme())), charged=0, paid_at=None)
    storefront.has(fact)
    came(ours, order_event(fact))
    assert drain_inbox(100, NOW) == {"done": 1}
    assert not Entry.objects.filter(kind="earn").exists()


def test_many_events_of_one_order_are_one_look(ours: Installation, storefront: Storefront):
    fact = factories.order(factories.member(factories.programme()))
    storefront.has(fact)
    names = ["OrderCreated", "OrderPaid", "OrderFullyPaid", "OrderConfirmed", "OrderUpdated"]
    came(ours, *(order_event(fact, name) for name in names))
    assert drain_inbox(100, NOW) == {"done": 5}
    assert storefront.asked == [[fact.order_id]]
    assert Entry.objects.filter(kind="earn").count() == 1


def test_orders_created_in_bulk_are_each_looked_at(ours: Installation, storefront: Storefront):
    of = factories.member(factories.programme())
    facts = [factories.order(of, 100) for _ in range(3)]
    storefront.has(*facts)
    [row] = came(ours, event("OrderBulkCreated", orders=[{"id": fact.order_id} for fact in facts]))
    assert drain_inbox(100, NOW) == {"done": 1}
    assert storefront.asked == [sorted(fact.order_id for fact in facts)]
    assert Entry.objects.filter(kind="earn").count() == 3
    assert state(row) == ("done", "")


def test_an_event_of_many_is_tried_again_for_the_one_at_fault(
    ours: Installation, storefront: Storefront, monkeypatch: pytest.MonkeyPatch
):
    of = factories.member(factories.programme())
    good, bad = factories.order(of), factories.order(of)
    storefront.has(good, bad)
    apply = looking.apply_orders

    def picky(facts: Sequence[OrderFact], **more: Any) -> Any:
        if bad in facts:
            raise RuntimeError("can't digest")
        return apply(facts, **more)

    monkeypatch.setattr(looking, "apply_orders", picky)
    [row] = came(ours, event("OrderBulkCreated", orders=[{"id": fact.order_id} for fact in (bad, good, bad)]))
    assert drain_inbox(100, NOW) == {"new": 1}
    assert state(row) == ("new", "unexpected")
    assert Entry.objects.get(kind="earn").order_ref == good.ref
    monkeypatch.setattr(looking, "apply_orders", apply)
    overdue()
    assert drain_inbox(100, NOW) == {"done": 1}
    assert Entry.objects.filter(kind="earn").count() == 2


@pytest.mark.parametrize("typename", [name for name, heard in EVENTS.items() if len(heard.paths) == 1])
def test_every_event_heard_leads_to_a_look(
    typename: str, ours: Installation, storefront: Storefront, monkeypatch: pytest.MonkeyPatch
):
    looked: list[Hint] = []

    def look(realm: str, named: Sequence[Hint], now: Any) -> dict[int, Outcome]:
        looked.extend(named)
        return {one.item_id: done() for one in named}

    [(subject, path)] = EVENTS[typename].paths
    monkeypatch.setitem(processing._LOOKERS, subject, look)
    thing = {"id": "T3JkZXI6MQ=="}
    [row] = came(ours, event(typename, **{path: [thing] if path == "orders" else thing}))
    drain_inbox(100, NOW)
    assert state(row) == ("done", "")
    assert [(one.subject, one.target) for one in looked] == [(subject, "T3JkZXI6MQ==")]


def test_a_transactions_event_is_about_its_order(ours: Installation, storefront: Storefront):
    fact = factories.order(factories.member(factories.programme()))
    storefront.has(fact)
    named = {"order": {"id": fact.order_id}, "checkout": None}
    [row] = came(ours, event("TransactionItemMetadataUpdated", transaction=named))
    drain_inbox(100, NOW)
    assert state(row) == ("done", "")
    assert Entry.objects.filter(kind="earn").exists()


def test_orders_are_looked_at_by_the_hundred(ours: Installation, storefront: Storefront):
    of = factories.member(factories.programme())
    facts = [factories.order(of, 100) for _ in range(250)]
    storefront.has(*facts)
    came(ours, *map(order_event, facts))
    assert drain_inbox(1000, NOW) == {"done": 250}
    assert [len(ids) for ids in storefront.asked] == [100, 100, 50]


def test_the_limit_is_kept(ours: Installation, storefront: Storefront):
    came(ours, *(event(order={"id": str(n)}) for n in range(7)))
    assert drain_inbox(3, NOW) == {"ignored": 3}
    assert InboxItem.objects.filter(status="new").count() == 4


@pytest.mark.parametrize(
    "body",
    [
        event("SomethingNew"),
        event("ProductUpdated", product={"id": "x"}),
        event(order=None),
        event(order="shaped"),
        event(order={"id": None}),
        event("OrderBulkCreated", orders=["shaped", {"id": 7}]),
        event("OrderBulkCreated", orders=None),
        event("TransactionItemMetadataUpdated", transaction={"order": None}),
        event("TransactionItemMetadataUpdated", transaction="shaped"),
    ],
)
def test_what_names_nothing_of_ours_is_ignored(body: bytes, ours: Installation, storefront: Storefront):
    [row] = came(ours, body)
    drain_inbox(100, NOW)
    assert state(row) == ("ignored", "not_for_us")
    assert not storefront.asked


def test_an_order_saleor_does_not_know_is_ignored(ours: Installation, storefront: Storefront):
    [row] = came(ours, event())
    drain_inbox(100, NOW)
    assert state(row) == ("ignored", "unknown_order")


@pytest.mark.parametrize("trouble", [SaleorUnreachable(), AppTokenDead()])
def test_an_outage_uses_up_no_tries(trouble: Exception, ours: Installation, storefront: Storefront, settings):
    settings.LOYALTY = {**settings.LOYALTY, "MAX_ATTEMPTS": 2}
    fact = factories.order(factories.member(factories.programme()))
    storefront.has(fact)
    storefront.trouble = trouble
    [row] = came(ours, order_event(fact))
    for _ in range(5):
        assert drain_inbox(100, NOW) == {"new": 1}
        overdue()
    storefront.trouble = None
    assert drain_inbox(100, NOW) == {"done": 1}
    row.refresh_from_db()
    assert row.attempts == 1


def test_failures_wait_longer_each_time_and_end(ours: Installation, storefront: Storefront, settings):
    settings.LOYALTY = {**settings.LOYALTY, "MAX_ATTEMPTS": 3}
    storefront.trouble = RuntimeError("a bug")
    [row] = came(ours, event())
    pauses = []
    while state(row)[0] == "new":
        began = timezone.now()
        drain_inbox(100, NOW)
        row.refresh_from_db()
        if row.next_attempt_at:
            pauses.append((row.next_attempt_at - began).total_seconds())
        overdue()
    assert [round(pause / 5) for pause in pauses] == [1, 2]
    assert state(row) == ("failed", "unexpected")
    assert drain_inbox(100, NOW) == {}


def test_a_failing_row_is_not_tried_before_its_time(ours: Installation, storefront: Storefront):
    storefront.trouble = SaleorUnreachable()
    came(ours, event())
    drain_inbox(100, NOW)
    storefront.trouble = None
    assert drain_inbox(100, NOW + timedelta(days=400)) == {}


def test_the_order_at_fault_stops_no_other(
    ours: Installation, storefront: Storefront, monkeypatch: pytest.MonkeyPatch
):
    of = factories.member(factories.programme())
    good, bad = factories.order(of), factories.order(of)
    storefront.has(good, bad)
    apply = looking.apply_orders

    def picky(facts: Sequence[OrderFact], **more: Any) -> Any:
        if bad in facts:
            raise RuntimeError("can't digest")
        return apply(facts, **more)

    monkeypatch.setattr(looking, "apply_orders", picky)
    rows = came(ours, order_event(good), order_event(bad))
    assert drain_inbox(100, NOW) == {"done": 1, "new": 1}
    assert [state(row)[0] for row in rows] == ["done", "new"]


def test_rows_of_a_worker_that_died_come_back(ours: Installation, storefront: Storefront):
    rows = came(ours, event())
    assert len(processing._claim(10)) == 1  # and then nothing more is heard of it
    assert drain_inbox(100, NOW) == {}
    overdue()
    assert drain_inbox(100, NOW) == {"ignored": 1}
    assert state(rows[0])[0] == "ignored"


def test_events_about_ourselves_are_looked_into(
    ours: Installation, storefront: Storefront, monkeypatch: pytest.MonkeyPatch
):
    told: list[tuple[str, str]] = []

    class Connection:
        def review(self, realm: str, *, told_: str = "", **more: Any) -> str:
            told.append((realm, more["told"]))
            return "inactive"

    before = ports.connection
    bind(connection=Connection())  # type: ignore[arg-type]
    try:
        [row] = came(ours, event("AppStatusChanged", app={"id": "QXBwOjE="}))
        drain_inbox(100, NOW)
    finally:
        bind(connection=before)
    assert told == [(factories.REALM, "inactive")]
    assert state(row) == ("done", "inactive")
