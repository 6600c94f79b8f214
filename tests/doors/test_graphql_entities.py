"""The schema as a subgraph: what a gateway asks of the shop's own types, in as many queries for one as for a hundred."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from loyalty_plugin.errors import SaleorUnreachable
from loyalty_plugin.models.members import Member
from loyalty_plugin.services.orders.apply import apply_orders
from tests.doors.graphqlkit import RULES, USER, Door, door
from tests.factories import CHANNEL, NOW, member, order, programme

__all__ = ["door"]

ENTITIES = """query ($these: [_Any!]!) { _entities(representations: $these) { __typename
  ... on ProductVariant { id channel memberPrice { ...P } }
  ... on Product { id memberPrice { ...P } }
  ... on Order { id loyaltyPoints { points awarded outcome why { sentence more } } }
} }
fragment P on LoyaltyPrice {
  variantId price { amount } memberPrice { amount } byJoining reason whyNot membersOnly tier { code }
}"""


@pytest.fixture
def ada(door: Door) -> Member:
    of = member(programme(RULES), external_id=USER)
    door.sign_in()
    return of


def variant(id: str, channel: str | None = CHANNEL) -> dict[str, Any]:
    return {"__typename": "ProductVariant", "id": id, "channel": channel}


def ask(door: Door, *these: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = door.ask(ENTITIES, these=list(these))["_entities"]
    return found


def test_a_variant_and_a_product_have_the_askers_price(door: Door, ada: Member) -> None:
    door.shop.put_on_shelf("V1", 4000)
    door.shop.put_on_shelf("V2", 2000)
    dear, product, gone = ask(
        door,
        variant("V1"),
        {"__typename": "Product", "id": "P1", "channel": CHANNEL},
        variant("V9"),
    )
    price = dear["memberPrice"]
    assert (price["price"]["amount"], price["memberPrice"]["amount"]) == ("40.00", "38.00")
    assert (price["byJoining"], price["tier"]["code"], price["whyNot"]) == (False, "basic", None)
    assert product["memberPrice"]["variantId"] == "V2"  # the one that costs least
    assert gone["memberPrice"] is None
    door.token = None
    assert ask(door, variant("V1"))[0]["memberPrice"]["byJoining"]


def test_without_a_channel_or_a_programme_there_is_no_price(door: Door, ada: Member) -> None:
    door.shop.put_on_shelf("V1")
    for odd in (variant("V1", None), variant("V1", "nowhere"), {"__typename": "Product", "id": "P1"}):
        assert ask(door, odd)[0]["memberPrice"] is None
    assert door.shop.looks == 0


def test_an_order_tells_its_customer_what_it_brought_and_why(door: Door, ada: Member) -> None:
    mine, other = order(ada, 12_345), order(member(ada.programme, external_id="VXNlcjo0Nw=="))
    apply_orders([mine, other], now=NOW)
    told, hidden, unknown = ask(
        door, *({"__typename": "Order", "id": id} for id in (mine.order_id, other.order_id, "T3JkZXI6OQ=="))
    )
    points = told["loyaltyPoints"]
    assert (points["points"], points["awarded"]) == (123, 123)
    assert points["why"]["sentence"].startswith("123 points")
    assert hidden["loyaltyPoints"] is unknown["loyaltyPoints"] is None
    door.token = None
    assert ask(door, {"__typename": "Order", "id": mine.order_id})[0]["loyaltyPoints"] is None


def test_a_hundred_entities_take_as_many_queries_as_one(door: Door, ada: Member) -> None:
    facts = [order(ada, 1_000 + n) for n in range(34)]
    apply_orders(facts, now=NOW)
    for n in range(33):
        door.shop.put_on_shelf(f"V{n}", product_id=f"P{n}")
    hundred = [
        *(variant(f"V{n}") for n in range(33)),
        *({"__typename": "Product", "id": f"P{n}", "channel": CHANNEL} for n in range(33)),
        *({"__typename": "Order", "id": fact.order_id} for fact in facts),
    ]
    one_each = [hundred[0], hundred[33], hundred[66]]
    counts = []
    for these in (one_each, one_each, hundred):
        door.shop.looks = 0
        with CaptureQueriesContext(connection) as seen:
            answer = ask(door, *these)
        assert all((one.get("memberPrice") or one.get("loyaltyPoints")) for one in answer)
        counts.append((len(seen), door.shop.looks))
    assert counts[1] == counts[2]
    assert counts[2][0] <= 6
    assert counts[2][1] == 2  # one look at variants, one at products


@pytest.mark.parametrize(
    "odd",
    [
        "x",
        None,
        {},
        {"__typename": "Member", "id": "x"},
        {"__typename": "LoyaltyMember", "id": "x"},
        {"__typename": "User"},
        {"__typename": "User", "id": 7},
        {"__typename": "User", "id": "x" * 201},
        {"__typename": "ProductVariant", "id": "V1", "channel": {"a": 1}},
        {"__typename": ["User"], "id": "V1"},
    ],
)
def test_what_is_no_entity_of_ours_is_refused(odd: Any, door: Door, ada: Member) -> None:
    code = door.refused(ENTITIES, these=[odd])["extensions"]["code"]
    assert code == ("invalid_variables" if odd is None else "invalid_input")


def test_what_else_a_gateway_says_counts_for_nothing(door: Door, ada: Member) -> None:
    more = {**variant("V1"), "info": 1, "memberPrice": {"price": 1}, "cls": "x"}
    door.shop.put_on_shelf("V1")
    assert ask(door, more)[0]["memberPrice"]["price"]["amount"] == "40.00"


def test_more_than_a_hundred_are_refused(door: Door, ada: Member, settings: Any) -> None:
    settings.LOYALTY = {**settings.LOYALTY, "GRAPHQL_MAX_COST": 10**6}
    assert door.refused(ENTITIES, these=[variant("V1")] * 101)["extensions"]["code"] == "invalid_input"


def test_a_shop_that_does_not_answer_is_waited_for_once(
    door: Door, ada: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def away(*_: Any) -> Any:
        looks.append(1)
        raise SaleorUnreachable()

    monkeypatch.setattr(door.shop, "shelf", away)
    body = door.post(ENTITIES, these=[variant(f"V{n}") for n in range(20)]).json()
    assert {error["extensions"]["code"] for error in body["errors"]} == {"saleor_unreachable"}
    assert len(body["data"]["_entities"]) == 20
    assert len(looks) == 1


def test_accounts_are_not_told_apart_for_a_stranger(door: Door, ada: Member) -> None:
    query = """query ($these: [_Any!]!) { _entities(representations: $these) {
        ... on User { loyaltyMembership { number } } } }"""
    nobody = base64.b64encode(b"User:999").decode()
    door.sign_in("VXNlcjo0Nw==")
    answers = [
        door.ask(query, these=[{"__typename": "User", "id": id}])["_entities"] for id in (USER, nobody)
    ]
    assert answers[0] == answers[1] == [{"loyaltyMembership": None}]
