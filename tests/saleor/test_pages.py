"""Reading long lists of a Saleor page by page, and what it gave up telling us of, against the stand-in."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from loyalty_plugin import vault
from loyalty_plugin.domain.facts import OrderFact, Page, Part
from loyalty_plugin.saleor import http, pages
from loyalty_plugin.saleor.documents import document
from loyalty_plugin.saleor.storefront import SaleorStorefront
from sandbox.saleor.values import key_of
from tests.saleor.roomkit import install
from tests.saleor.standinkit import Receiver, Shop

API = "http://saleor.example/graphql/"
START = datetime.fromisoformat("2026-01-01T10:00:00+00:00")
HOOK = """mutation($i:WebhookCreateInput!){webhookCreate(input:$i){webhook{id} errors{field message}}}"""


@pytest.fixture
def storefront(db: None, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> SaleorStorefront:
    """The plugin's own reading of the stand-in, with an App's token."""
    monkeypatch.setattr(http, "pool", lambda: shop.anonymous.client)
    token = shop.app("MANAGE_ORDERS", "MANAGE_USERS").token or ""
    install(api_url=API, token=vault.encrypt(token.encode()))
    return SaleorStorefront()


def walk(read: Any, **asked: Any) -> list[Page[Any]]:
    found: list[Page[Any]] = []
    while not found or found[-1].more:
        found.append(read(API, Part(found[-1].cursor if found else "", counting=not found, **asked)))
    return found


def place(shop: Shop, count: int, start: datetime = START) -> list[dict[str, Any]]:
    lines = [{"sku": "S-100", "quantity": 1}]
    some = [
        {
            "customer": "g@mail.example",
            "guest": True,
            "lines": lines,
            "at": (start + timedelta(hours=n)).isoformat(),
        }
        for n in range(count)
    ]
    placed: list[dict[str, Any]] = shop.placed(orders=some)["orders"]
    return placed


def test_orders_come_oldest_first_a_hundred_a_page_and_each_once(storefront, shop):
    start = START + timedelta(days=100)  # after those that other tests of this module place
    placed = place(shop, 103, start)
    found = walk(storefront.orders_page, created_since=start)
    assert [len(page.items) for page in found] == [100, 3]
    assert [page.total for page in found] == [103, None]
    assert [fact.order_id for page in found for fact in page.items] == [one["id"] for one in placed]
    assert all(isinstance(fact, OrderFact) and fact.charged == 1_000 for fact in found[0].items)

    since = walk(storefront.orders_page, created_since=start + timedelta(hours=101))
    assert [fact.order_id for fact in since[0].items] == [one["id"] for one in placed[101:]]

    moment = max(fact.updated_at for page in found for fact in page.items) + timedelta(microseconds=1)
    shop.anonymous.control("clock", now=(moment + timedelta(days=1)).isoformat())
    shop.anonymous.control("psp", order=placed[3]["id"], type="CHARGE_BACK", amount="4.00")
    shop.anonymous.control("clock", now=None)
    [changed] = walk(storefront.orders_page, changed_since=moment)
    assert [(fact.order_id, fact.charged) for fact in changed.items] == [(placed[3]["id"], 600)]


def test_customers_come_without_staff(storefront, shop):
    email, _ = shop.customer(joined="2025-05-05T10:00:00+00:00")
    [found] = walk(storefront.customers_page)
    mine = [fact for fact in found.items if fact.email == email]
    assert [fact.joined_at.year for fact in mine] == [2025]
    assert "owner@shop.example" not in {fact.email for fact in found.items}
    assert found.total == len(found.items)


def test_what_can_not_be_read_is_told_and_keeps_back_no_other():
    def call(operation: str, **variables: Any) -> Any:
        assert (operation, variables["by"], variables["where"]) == ("orders_page", "CREATED_AT", None)
        assert variables["whole"]
        edges = [{"node": {"id": "good"}}, {"node": {"id": "bad"}}]
        at = {"hasNextPage": False, "endCursor": "c"}
        return {"orders": {"edges": edges, "pageInfo": at}}

    def make(node: Any) -> str:
        if node["id"] == "bad":
            raise KeyError("total")
        return str(node["id"])

    found = pages.page(call, "orders", make, Part())
    assert (found.items, found.unreadable, found.cursor, found.more) == (
        ("good",),
        {"bad": "unreadable"},
        "c",
        False,
    )


def test_events_that_saleor_gave_up_on_are_read_as_long_as_it_remembers_them(shop: Shop, receiver: Receiver):
    app = shop.app("MANAGE_ORDERS")
    receiver.answer = lambda request: (404, {})  # never repeated
    query = "subscription{event{__typename ... on OrderPaid{order{id}}}}"
    hook = {"name": "h", "targetUrl": f"{receiver.url}/hook", "asyncEvents": ["ORDER_PAID"]}
    app.data(HOOK, i={**hook, "query": query, "isActive": True})
    placed = place(shop, 60)  # more than a page of deliveries
    shop.settled(60)

    def call(operation: str, **variables: Any) -> Any:
        return app.data(document(operation).text, **variables)

    found = list(pages.failed_events(call))
    assert [kind for kind, _ in found] == ["OrderPaid"] * 60
    assert {json.loads(body)["order"]["id"] for _, body in found} == {one["id"] for one in placed}


def test_an_order_that_saleor_can_not_serve_keeps_back_no_other(storefront, shop):
    placed = place(shop, 7)
    odd = [placed[0]["id"], placed[4]["id"]]
    with shop.standin.store.write() as tx:
        for one in odd:
            tx.patch("order", key_of(one, "Order"), {"origin": ""})  # as in the sample data Saleor comes with
    found = walk(storefront.orders_page)
    unreadable = {order: code for page in found for order, code in page.unreadable.items()}
    assert unreadable == dict.fromkeys(odd, "saleor_error")
    read = {fact.order_id for page in found for fact in page.items}
    assert {one["id"] for one in placed} - read == set(odd)
    assert found[0].total == len(read) + len(odd)
    with shop.standin.store.write() as tx:
        for one in odd:
            tx.patch("order", key_of(one, "Order"), {"origin": "CHECKOUT"})  # the shop is other tests', too
