"""The control door of the stand-in Saleor: clock, seed, orders; and the time its calls take."""

from __future__ import annotations

import dataclasses
import time
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from sandbox.saleor.clock import Clock
from sandbox.saleor.pace import MILLISECONDS, Pace
from sandbox.saleor.schema import RESOLVERS
from tests.saleor.standinkit import CHANNEL, SEED, Shop


def test_the_page_says_that_this_is_not_saleor(shop: Shop) -> None:
    page = shop.anonymous.client.get("/")
    assert "This is not Saleor" in page.text
    assert shop.anonymous.client.get("/nowhere").status_code == 404
    assert shop.anonymous.client.get("/graphql/").status_code == 405


def test_the_clock_moves_orders_but_not_tokens(shop: Shop) -> None:
    then = datetime(2031, 5, 1, 12, tzinfo=UTC)
    email, _ = shop.customer()
    try:
        shop.anonymous.control("clock", now=then.isoformat())
        order = shop.placed(customer=email, lines=[{"sku": "S-100"}])
        assert timedelta() <= datetime.fromisoformat(order["created"]) - then < timedelta(minutes=1)
        token = shop.anonymous.login(email).token
        assert token is not None
        assert abs(jwt.decode(token, options={"verify_signature": False})["iat"] - time.time()) < 60
        # It runs on, and it is kept.
        assert Clock(shop.standin.store).now() > then
    finally:
        shop.anonymous.control("clock", now=None)
    assert abs(datetime.fromisoformat(shop.anonymous.look("clock")["now"]) - datetime.now(UTC)) < timedelta(
        minutes=1
    )


def test_seeding_twice_changes_no_id(shop: Shop) -> None:
    again = shop.anonymous.control("seed", **SEED)
    for part in ("channels", "categories", "collections", "products", "variants", "staff"):
        assert again[part] == {k: v for k, v in shop.ids[part].items() if k in again[part]}


def test_the_catalogue_shows_prices_by_channel(shop: Shop) -> None:
    query = """query($s:String!,$c:String){product(slug:$s,channel:$c){name thumbnail{url} category{slug parent{slug}}
        collections{slug} pricing{onSale priceRange{start{gross{amount}} stop{gross{amount}}}}
        variants{sku pricing{onSale price{gross{amount currency} net{amount}}
        priceUndiscounted{gross{amount}}}}}}"""
    pot = shop.anonymous.data(query, s="pot", c=CHANNEL)["product"]
    assert pot["variants"] == [
        {
            "sku": "POT",
            "pricing": {
                "onSale": True,
                "price": {"gross": {"amount": 30.0, "currency": "USD"}, "net": {"amount": 30.0}},
                "priceUndiscounted": {"gross": {"amount": 50.0}},
            },
        }
    ]
    tea = shop.anonymous.data(query, s="sencha", c=CHANNEL)["product"]
    assert tea["category"] == {"slug": "green", "parent": {"slug": "tea"}}
    assert tea["pricing"]["priceRange"] == {
        "start": {"gross": {"amount": 10.0}},
        "stop": {"gross": {"amount": 35.0}},
    }
    assert tea["thumbnail"] == {"url": "http://shop.example/sencha.png"}
    european = shop.anonymous.data(query, s="sencha", c="eu")["product"]["variants"]
    assert european[0]["pricing"]["price"] == {
        "gross": {"amount": 11.9, "currency": "EUR"},
        "net": {"amount": 10.0},
    }
    assert european[1]["pricing"] is None
    assert shop.anonymous.data(query, s="pot", c="eu")["product"] is None


def test_products_are_filtered_and_sorted(shop: Shop) -> None:
    query = """query($f:ProductFilterInput,$o:ProductOrder){products(first:10,channel:"default-channel",filter:$f,
        sortBy:$o){totalCount edges{node{slug}}}}"""

    def slugs(**given: object) -> list[str]:
        answer = shop.anonymous.data(query, **given)["products"]
        return [e["node"]["slug"] for e in answer["edges"] if e["node"]["slug"] in ("pot", "sencha")]

    tea = shop.ids["categories"]["tea"]
    assert slugs(f={"categories": [tea]}) == ["sencha", "pot"]
    assert slugs(f={"collections": [shop.ids["collections"]["spring"]]}) == ["sencha"]
    assert slugs(f={"search": "POT"}) == ["pot"]
    assert slugs(o={"field": "NAME", "direction": "ASC"}) == ["pot", "sencha"]
    assert slugs(o={"field": "PRICE", "direction": "DESC"}) == ["pot", "sencha"]


def test_orders_of_the_past_are_placed_and_fulfilled(shop: Shop) -> None:
    email, _ = shop.customer()
    sent = "2024-02-03T08:00:00+00:00"
    given = {"customer": email, "lines": [{"sku": "S-100", "quantity": 2}], "voucher": "FIVE",
             "at": "2024-02-01T08:00:00+00:00", "fulfilled": sent}  # fmt: skip
    [placed, unsent] = shop.placed(orders=[given, {**given, "fulfilled": False}])["orders"]
    assert (placed["total"], placed["currency"]) == ("19.00", "USD")
    order = shop.order(placed["id"])
    assert (order["status"], order["chargeStatus"], order["voucherCode"]) == ("FULFILLED", "FULL", "FIVE")
    assert datetime.fromisoformat(order["fulfillments"][0]["created"]) == datetime.fromisoformat(sent)
    assert shop.order(unsent["id"])["status"] == "UNFULFILLED"


@pytest.mark.parametrize(
    ("door", "body"),
    [
        ("orders", {"customer": "nobody", "lines": []}),
        ("orders", {"customer": "a@b.example", "lines": [{"sku": "NONE"}]}),
        ("clock", {"now": "2026-01-01"}),
        ("seed", {"products": [{"slug": "x", "name": "X", "category": "none", "variants": []}]}),
        ("psp", {"order": "T3JkZXI6bm9uZQ==", "type": "CHARGE_BACK", "amount": "1"}),
    ],
)
def test_a_wrong_request_is_refused_with_a_reason(shop: Shop, door: str, body: dict[str, object]) -> None:
    answer = shop.anonymous.client.post(f"/_standin/{door}", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_calls_take_the_time_measured(shop: Shop) -> None:
    _, customer = shop.customer()
    options = shop.standin.options
    shop.standin.options = dataclasses.replace(options, instant=False)
    try:
        started = time.monotonic()
        checkout = shop.checkout(customer, [("S-100", 1)])
        created = time.monotonic() - started
        started = time.monotonic()
        shop.anonymous.data("query($i:ID!){checkout(id:$i){id}}", i=checkout["id"])
        read = time.monotonic() - started
    finally:
        shop.standin.options = options
    assert created >= 0.3
    assert read >= 0.1


def test_every_measured_field_exists_and_a_hundred_orders_take_what_they_took(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert set(MILLISECONDS) <= {field for owner, field in RESOLVERS if owner in ("Query", "Mutation")}
    slept: list[float] = []
    monkeypatch.setattr(time, "sleep", slept.append)
    monkeypatch.setattr(time, "monotonic", lambda: 0.0)
    for by_ids, full in ((True, True), (True, False), (False, True), (False, False)):
        pace = Pace(instant=False)
        pace.order_page(100, by_ids, full)
        pace.finish()
    assert slept == pytest.approx([0.3, 0.08, 0.7, 0.27])
