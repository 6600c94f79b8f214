"""A full inbox is drained in lanes: the shop is asked for the next orders while others are worked on, each once."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence

import pytest
from django.db import connection

from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.models.realms import Installation
from loyalty_plugin.webhooks import processing
from tests import factories
from tests.factories import NOW
from tests.saleor.processingkit import Storefront, came, order_event, ours, storefront
from tests.scale import PATIENCE

__all__ = ["ours", "storefront"]


@pytest.mark.usefixtures("fresh_db")
def test_lanes_ask_at_the_same_time_and_apply_every_order_once(
    ours: Installation, storefront: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, threads = threading.Barrier(2), set[int]()
    found = storefront.orders

    def orders(realm: str, order_ids: Sequence[str]) -> Mapping[str, OrderFact]:
        # Nobody gets an answer before another lane asks, too.
        both.wait(timeout=PATIENCE)
        threads.add(threading.get_ident())
        return found(realm, order_ids)

    monkeypatch.setattr(storefront, "orders", orders)
    monkeypatch.setattr(processing, "BATCH", 3)
    of = factories.member(factories.programme())
    facts = [factories.order(of, 100) for _ in range(6)]
    storefront.has(*facts)
    # Each order is told of twice.
    came(ours, *map(order_event, facts), *(order_event(fact, "OrderUpdated") for fact in facts))
    assert processing.drain_inbox(100, NOW, lanes=2) == {"done": 12}
    assert len(threads) == 2
    assert threading.get_ident() not in threads
    assert not InboxItem.objects.exclude(status="done").exists()
    assert Entry.objects.filter(kind="earn").count() == 6


@pytest.mark.django_db
def test_a_few_events_need_no_lane(ours: Installation, storefront: Storefront) -> None:
    fact = factories.order(factories.member(factories.programme()), 100)
    storefront.has(fact)
    came(ours, order_event(fact))
    assert connection.in_atomic_block  # so another connection would see nothing
    assert processing.drain_inbox(100, NOW, lanes=2) == {"done": 1}
