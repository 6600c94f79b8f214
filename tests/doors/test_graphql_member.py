"""What customers read at the GraphQL door: their own membership, in few queries, and nobody else's."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.models.members import Member
from loyalty_plugin.services.cards import issue_card
from loyalty_plugin.services.orders.apply import apply_orders
from tests.doors.graphqlkit import RULES, USER, Door, door
from tests.factories import CHANNEL, NOW, document, gift, member, order, programme, reserve

__all__ = ["door"]

ME = """{ loyalty { me {
  id number name status joinedAt verified birthday
  tier { code name rank colour benefits entry { conditions { metric atLeast products } } }
  tierSince tierUntil
  forecast {
    nextTier { code name } percent needs { metric missing atLeast text money { amount currency } by }
    otherWays { needs { missing } } keepsUntil dropsOn dropsTo { code } lacks { text } sentences
  }
  points { available onTheWay reserved owed earned }
  nextExpiry { points lastDay }
  lots { id amount available onTheWay reserved availableFrom lastDay needsVerification }
  statement(first: 10) {
    edges { cursor node { id kind amount available onTheWay reserved balance orderId occurredAt
      why { sentence more data } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
  checkIn { streak doneToday today tomorrow }
  card { number numberGrouped code qrSvg html issuedOn }
  programme { code name currency timeZone versionNumber tiers { code } }
} } }"""


@pytest.fixture
def ada(door: Door) -> Member:
    of = member(programme(RULES), external_id=USER, name="Ada Lovelace")
    door.sign_in()
    return of


def test_everything_a_membership_page_needs(door: Door, ada: Member) -> None:
    apply_orders([order(ada, 12_345, at=NOW - timedelta(days=20)), order(ada, 5_000)], now=NOW)
    issued = issue_card(SYSTEM, member_id=ada.pk, now=NOW)
    me = door.ask(ME)["loyalty"]["me"]
    assert (me["name"], me["number"], me["status"], me["verified"]) == (
        "Ada Lovelace",
        ada.number,
        "ACTIVE",
        True,
    )
    assert me["tier"]["name"] == "Basic"
    assert me["forecast"]["nextTier"]["code"] == "premium"
    [need] = me["forecast"]["needs"]
    assert (need["metric"], need["missing"], need["money"]["amount"]) == ("SPEND", 12_655, "126.55")
    assert me["forecast"]["percent"] == 57
    assert "126.55 EUR" in me["forecast"]["sentences"][0]
    assert me["points"]["onTheWay"] + me["points"]["available"] == 173
    assert sum(lot["onTheWay"] + lot["available"] for lot in me["lots"]) == 173
    newest, oldest = [edge["node"] for edge in me["statement"]["edges"]]
    assert (newest["amount"], newest["balance"], oldest["balance"]) == (50, 173, 123)
    assert oldest["why"]["sentence"].startswith("123 points")
    assert oldest["why"]["data"]["total"] == 123
    assert newest["orderId"].startswith("Order:")
    assert me["card"]["number"] == issued.number
    assert me["card"]["code"] == issued.token
    assert "Ada Lovelace" in me["card"]["html"]
    assert me["checkIn"] is None
    assert me["programme"]["currency"] == "EUR"


def test_the_number_of_queries_does_not_grow_with_history(door: Door, ada: Member) -> None:
    def queries() -> int:
        door.ask(ME)
        with CaptureQueriesContext(connection) as seen:
            door.ask(ME)
        return len(seen)

    apply_orders([order(ada)], now=NOW)
    few = queries()
    apply_orders([order(ada, 1_000 + n) for n in range(30)], now=NOW)
    assert queries() == few
    assert few <= 18


def test_only_what_is_asked_for_is_read(door: Door, ada: Member) -> None:
    door.ask("{ loyalty { me { number } } }")
    with CaptureQueriesContext(connection) as seen:
        door.ask("{ loyalty { me { number name } } }")
    assert len(seen) <= 2


def test_the_statement_is_paged_without_gap_or_double(door: Door, ada: Member) -> None:
    apply_orders([order(ada, 1_000 + 100 * n) for n in range(7)], now=NOW)
    query = """query ($after: String) { loyalty { me { statement(first: 3, after: $after) {
        edges { node { id amount balance } } pageInfo { hasNextPage hasPreviousPage endCursor } } } } }"""
    seen: list[dict[str, Any]] = []
    after, pages = None, 0
    while True:
        page = door.ask(query, after=after)["loyalty"]["me"]["statement"]
        assert page["pageInfo"]["hasPreviousPage"] == (after is not None)
        seen += [edge["node"] for edge in page["edges"]]
        pages, after = pages + 1, page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert pages == 3
    assert len({row["id"] for row in seen}) == 7
    for newer, older in pairwise(seen):
        assert newer["balance"] - newer["amount"] == older["balance"]


@pytest.mark.parametrize("arguments", ["first: 0", "first: 101", 'after: "x"', 'after: "bW92ZW1lbnQ6eA=="'])
def test_a_page_that_can_not_be_is_refused(door: Door, ada: Member, arguments: str) -> None:
    query = f"{{ loyalty {{ me {{ statement({arguments}) {{ pageInfo {{ hasNextPage }} }} }} }} }}"
    assert door.refused(query)["extensions"]["code"] == "invalid_input"


def test_who_is_no_member_is_none(door: Door) -> None:
    programme(RULES)
    door.sign_in()
    assert door.ask(ME)["loyalty"]["me"] is None


def test_an_erased_membership_is_none(door: Door, ada: Member) -> None:
    Member.objects.filter(pk=ada.pk).update(status="erased")
    assert door.ask(ME)["loyalty"]["me"] is None


def test_a_customer_of_another_saleor_is_somebody_else(door: Door, ada: Member, settings: Any) -> None:
    from tests.saleor.roomkit import API, install

    settings.LOYALTY = {**settings.LOYALTY, "SALEOR_API_URLS": (*settings.LOYALTY["SALEOR_API_URLS"], API)}
    install(api_url=API)
    door.sign_in(USER)
    from tests.saleor.roomkit import KEY

    door.token = KEY.token(iss=API, user_id=USER)
    assert door.ask(ME)["loyalty"]["me"] is None


def test_the_account_of_the_shop_leads_to_its_membership(door: Door, ada: Member) -> None:
    query = """query ($these: [_Any!]!) { _entities(representations: $these) {
        ... on User { id loyaltyMembership { number } } } }"""
    mine = {"__typename": "User", "id": USER}
    other = {"__typename": "User", "id": "VXNlcjo0Nw=="}
    member(ada.programme, external_id=other["id"])
    [first, second] = door.ask(query, these=[mine, other])["_entities"]
    assert first == {"id": USER, "loyaltyMembership": {"number": ada.number}}
    assert second["loyaltyMembership"] is None  # somebody else's, whoever asks
    door.token = None
    assert door.ask(query, these=[mine])["_entities"][0]["loyaltyMembership"] is None


def test_a_programme_is_for_everybody(door: Door) -> None:
    rules = document(
        tiers=[
            {**RULES["tiers"][0], "name": {"en": "Leaf", "zh-hans": "叶"}, "benefits": {"en": ["Free tea"]}},
            *RULES["tiers"][1:],
        ],
        benefits=[{"text": {"en": "Gift wrapping"}, "tiers": ["vip"]}],
    )
    programme(rules)
    query = """query ($c: String!) { loyalty { programme(channel: $c) { name tiers {
        code name(language: "zh-Hans") benefits rank } } } }"""
    tiers = door.ask(query, c=CHANNEL)["loyalty"]["programme"]["tiers"]
    assert [tier["name"] for tier in tiers] == ["叶", "Premium", "VIP"]
    assert [tier["benefits"] for tier in tiers] == [["Free tea"], [], ["Gift wrapping"]]
    assert door.ask(query, c="nowhere")["loyalty"]["programme"] is None


PRICES = """query ($lines: [LoyaltyPriceInput!]!) { loyalty { memberPrices(channel: "default-channel", lines: $lines) {
    variantId price { amount } memberPrice { minor amount currency } byJoining tier { name } reason } } }"""
LINE = {"variantId": "V1", "productId": "P1", "listPrice": 4000, "price": 4000}


def test_member_prices(door: Door, ada: Member) -> None:
    [price] = door.ask(PRICES, lines=[LINE])["loyalty"]["memberPrices"]
    assert price["memberPrice"] == {"minor": 3800, "amount": "38.00", "currency": "EUR"}
    assert (price["byJoining"], price["tier"]["name"]) == (False, "Basic")


def test_a_guest_is_told_what_joining_would_bring(door: Door) -> None:
    programme(RULES)
    [price] = door.ask(PRICES, lines=[LINE])["loyalty"]["memberPrices"]
    assert (price["memberPrice"]["amount"], price["byJoining"]) == ("38.00", True)


def test_a_shelf_of_prices_is_few_queries(door: Door, ada: Member) -> None:
    lines = [{**LINE, "variantId": f"V{n}"} for n in range(100)]
    door.ask(PRICES, lines=[LINE])
    with CaptureQueriesContext(connection) as seen:
        answered = door.ask(PRICES, lines=lines)["loyalty"]["memberPrices"]
    assert [price["variantId"] for price in answered] == [line["variantId"] for line in lines]
    assert len(seen) <= 3, [query["sql"] for query in seen.captured_queries]


@pytest.mark.parametrize("wrong", [{"price": -1}, {"listPrice": -1}])
def test_prices_below_nothing_are_refused(door: Door, ada: Member, wrong: dict[str, int]) -> None:
    assert door.refused(PRICES, lines=[{**LINE, **wrong}])["extensions"]["code"] == "invalid_input"


@pytest.mark.parametrize("wrong", [1.5, "4000", True, 10**17])
def test_prices_are_whole_numbers(door: Door, ada: Member, wrong: Any) -> None:
    assert "whole number" in door.refused(PRICES, lines=[{**LINE, "price": wrong}])["message"]


def test_more_than_a_page_of_prices_is_refused(door: Door, ada: Member) -> None:
    assert door.refused(PRICES, lines=[LINE] * 101)["extensions"]["code"] == "invalid_input"


def test_gifts_are_told_to_the_member_alone(door: Door, ada: Member) -> None:
    gift(ada)
    gift(ada, code="GIFT-NEW", occasion="birthday:2027", status="waiting")
    asked = "{loyalty{me{gifts{title state code lastDay}}}}"
    assert door.ask(asked)["loyalty"]["me"]["gifts"] == [
        {"title": "House tea", "state": "WAITING", "code": "", "lastDay": "2026-03-03"},
        {"title": "House tea", "state": "READY", "code": "GIFT-ABCD2345EFGH", "lastDay": "2026-03-03"},
    ]


def test_what_is_reserved_is_told_with_its_end(door: Door, ada: Member) -> None:
    reserve(ada, 40)
    points = door.ask("{loyalty{me{points{available reserved reservedUntil}}}}")["loyalty"]["me"]["points"]
    assert (points["available"], points["reserved"]) == (83, 40)
    assert datetime.fromisoformat(points["reservedUntil"]) == NOW + timedelta(hours=1)
