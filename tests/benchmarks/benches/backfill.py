"""Bringing in a shop's earlier customers and orders against only reading their pages, at the delays measured on Saleor.

The reading alone asks for one page after the other, as anybody would; the backfill reads the next pages while it applies
one. Facts come ready-made from memory after the delay, so that the time of a page is the delay and nothing else.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.facts import Page, Part
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.registry import bind
from loyalty_plugin.services.history import backfill
from tests import factories
from tests.benchmarks.measures import Measure, seconds
from tests.benchmarks.world import World
from tests.services.historykit import PagedShop, customer

#: Seconds a page of a hundred takes at Saleor.
DELAYS = {"customers": 0.110, "orders": 0.700}
BEGINNING = factories.NOW - timedelta(days=700)


class SlowShop(PagedShop):
    """Answers with a page of a hundred after the time Saleor takes."""

    def _page(self, what: str, facts: Any, created: str, part: Part) -> Page[Any]:
        page = super()._page(what, facts, created, part)
        time.sleep(DELAYS[what])
        return page


def shop_of(pages: int) -> SlowShop:
    """So many pages of orders from before the programme, and twice as many customers, of whom not all bought."""
    chance, made = random.Random(5), SlowShop(size=100)
    count = pages * 100
    accounts = [
        customer(n, joined_at=BEGINNING + timedelta(minutes=n), realm=factories.REALM)
        for n in range(2 * count)
    ]
    made.has(*accounts)
    of = factories.member(factories.programme(starts_at=factories.NOW))
    for number in range(count):
        buyer, at = chance.choice(accounts), BEGINNING + timedelta(days=10, minutes=3 * number)
        fact = factories.order(of, chance.randint(1_000, 20_000), at=at)
        made.has(replace(fact, user_id=buyer.user_id, user_email=buyer.email))
    return made


def read_alone(shop: SlowShop, what: str) -> int:
    """All pages one after the other; how many items."""
    read = shop.orders_page if what == "orders" else shop.customers_page
    page = read(factories.REALM, Part())
    items = len(page.items)
    while page.more:
        page = read(factories.REALM, Part(page.cursor))
        items += len(page.items)
    return items


def run(world: World) -> Iterator[Measure]:
    """One database, customers first as the command does it; each list is brought in once, since it is new only once."""
    with world.database("bench_backfill"):
        shop = shop_of(world.size(20, 100))
        bind(storefront=shop)  # type: ignore[arg-type]
        for what in backfill.KINDS:
            alone = seconds(lambda what=what: read_alone(shop, what))  # type: ignore[misc]
            taken = seconds(
                lambda what=what: backfill.backfill(SYSTEM, realm=factories.REALM, what=what)  # type: ignore[misc]
            )
            told = f"{what} brought in"
            yield Measure("backfill", told, taken, "s", alone, "reading alone", 1.1, "at most")
        assert OrderRecord.objects.filter(past=True).count() == len(shop.order_facts)
