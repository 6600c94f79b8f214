"""A cache between customers and the GraphQL door: what one is told never comes to another, and tiers share prices."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from loyalty_plugin.models.members import Member
from tests.doors.graphqlkit import RULES, USER, Door, door
from tests.factories import CHANNEL, member, programme

__all__ = ["door"]

PATH = "/loyalty/graphql/"
BOB, CLEO = "VXNlcjo0Nw==", "VXNlcjo0OA=="
PRICES = """query ($channel: String!, $lines: [LoyaltyPriceInput!]!, $segment: String) { loyalty {
    memberPrices(channel: $channel, lines: $lines, segment: $segment) {
        price { amount } memberPrice { amount } byJoining tier { code } } } }"""
LINE = {"variantId": "V1", "productId": "P1", "listPrice": 4000, "price": 4000}


@dataclass
class Proxy:
    """Keeps answers for everybody as a shared cache may (RFC 9111): only what is public, by address and `Vary`."""

    kept: dict[str, list[tuple[dict[str, str | None], bytes]]] = field(default_factory=dict)
    hits: int = 0

    def get(self, address: dict[str, str], **headers: str) -> dict[str, Any]:
        key = json.dumps(address, sort_keys=True)
        for varied, body in self.kept.get(key, ()):
            if all(headers.get(name) == value for name, value in varied.items()):
                self.hits += 1
                return dict(json.loads(body))
        response = Client().get(PATH, address, headers=headers)
        rules = {rule.strip().partition("=")[0] for rule in response["Cache-Control"].split(",")}
        if response.status_code == 200 and "public" in rules and not rules & {"private", "no-store"}:
            # By the names the test sends.
            names = [name.strip() for name in response["Vary"].split(",")]
            self.kept.setdefault(key, []).append(
                ({name: headers.get(name) for name in names}, response.content)
            )
        return dict(response.json())


def price_of(body: dict[str, Any]) -> tuple[str, bool, str]:
    [price] = body["data"]["loyalty"]["memberPrices"]
    return price["memberPrice"]["amount"], price["byJoining"], price["tier"]["code"]


def prices(segment: str | None = None) -> dict[str, str]:
    variables = {"channel": CHANNEL, "lines": [LINE], "segment": segment}
    return {"query": PRICES, "variables": json.dumps(variables)}


@pytest.fixture
def members(door: Door) -> dict[str, str]:
    """Tokens of Ada and Bob, who are Premium, and of Cleo, who is Basic."""
    club = programme(RULES)
    tokens = {}
    for user, tier in ((USER, "premium"), (BOB, "premium"), (CLEO, "basic")):
        Member.objects.filter(pk=member(club, external_id=user).pk).update(tier=tier)
        door.sign_in(user)
        tokens[user] = f"Bearer {door.token}"
    return tokens


def segment_of(token: str) -> str:
    found = Client().get(PATH, {"query": "{ loyalty { me { segment } } }"}, headers={"Authorization": token})
    assert found["Cache-Control"] == "private, no-store"
    return str(found.json()["data"]["loyalty"]["me"]["segment"])


def test_guests_share_an_answer_and_members_have_their_own(members: dict[str, str]) -> None:
    proxy = Proxy()
    assert price_of(proxy.get(prices())) == ("38.00", True, "basic")
    assert price_of(proxy.get(prices())) == ("38.00", True, "basic")
    assert proxy.hits == 1
    for user, price in ((USER, ("36.00", False, "premium")), (CLEO, ("38.00", False, "basic"))):
        assert price_of(proxy.get(prices(), Authorization=members[user])) == price
    assert price_of(proxy.get(prices())) == ("38.00", True, "basic")
    assert proxy.hits == 2


def test_a_members_own_answer_is_kept_for_nobody(members: dict[str, str]) -> None:
    proxy, me = Proxy(), {"query": "{ loyalty { me { number } } }"}
    numbers = [
        proxy.get(me, Authorization=members[user])["data"]["loyalty"]["me"]["number"] for user in (USER, BOB)
    ]
    assert numbers[0] != numbers[1]
    assert (proxy.hits, proxy.kept) == (0, {})


def test_members_of_a_tier_share_its_prices(members: dict[str, str]) -> None:
    proxy = Proxy()
    segments = {user: segment_of(token) for user, token in members.items()}
    assert segments[USER] == segments[BOB] != segments[CLEO]
    assert [price_of(proxy.get(prices(segments[user]))) for user in (USER, BOB, CLEO)] == [
        ("36.00", False, "premium"),
        ("36.00", False, "premium"),
        ("38.00", False, "basic"),
    ]
    assert proxy.hits == 1
    assert price_of(proxy.get(prices())) == ("38.00", True, "basic")


def test_errors_and_mutations_are_kept_by_nobody(members: dict[str, str]) -> None:
    proxy = Proxy()
    for _ in range(2):
        assert proxy.get({"query": "{ loyalty { me { number } } }"})["errors"]
        assert proxy.get({"query": "mutation { loyaltyCheckIn { streak } }"})["errors"]
        assert proxy.get(prices("forged"))["errors"][0]["extensions"]["code"] == "invalid_input"
    assert (proxy.hits, proxy.kept) == (0, {})


def test_languages_are_kept_apart_and_cookies_change_nothing(members: dict[str, str]) -> None:
    proxy, asked = Proxy(), prices()
    proxy.get(asked, **{"Accept-Language": "de"})
    proxy.get(asked, **{"Accept-Language": "en"})
    assert proxy.hits == 0
    answers = []
    for cookies in ({}, {"django_language": "de"}):
        client = Client()
        client.cookies.load(cookies)
        response = client.get(PATH, asked, headers={"Accept-Language": "en"})
        answers.append((response.content, response["Vary"]))
    assert answers[0] == answers[1]
    assert "Cookie" not in answers[0][1]


def test_a_segment_is_good_for_its_day_and_the_next(door: Door, members: dict[str, str]) -> None:
    segment = segment_of(members[USER])
    payload, _, signature = segment.rpartition(":")
    assert "errors" in Client().get(PATH, prices(f"{payload[:-2]}xx:{signature}")).json()
    for days, good in ((1, True), (2, False)):
        door.clock.at += timedelta(days=1)
        found = Client().get(PATH, prices(segment)).json()
        assert ("errors" not in found) == good, days


def test_how_long_guests_answers_are_kept_is_a_setting(members: dict[str, str], settings: Any) -> None:
    assert Client().get(PATH, prices())["Cache-Control"] == "public, max-age=60"
    settings.LOYALTY = {**settings.LOYALTY, "GRAPHQL_PUBLIC_SECONDS": 0}
    assert Client().get(PATH, prices())["Cache-Control"] == "private, no-store"
