"""Saleor asks for ways of sending while a checkout waits: looked up, never worked out, and nothing where in doubt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from loyalty_plugin import registry
from loyalty_plugin.domain import extensions
from loyalty_plugin.domain.extensions import ShippingMethod
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.realms import Installation, Realm
from loyalty_plugin.queries import shipping
from loyalty_plugin.saleor.subscriptions import QUESTIONS, SHIPPING_LIST
from tests import factories
from tests.factories import CHANNEL
from tests.recorded import facts, needs_facts
from tests.saleor.roomkit import API, EVENTS, KEY, SECRET, Wire, event

pytestmark = pytest.mark.django_db
SHIPS = {"id": "vip-free", "perk": "test_ships", "params": {}}
LIST = {
    "id": "vip-free",
    "name": "Free for members",
    "amount": "0.00",
    "currency": "EUR",
    "maximum_delivery_days": 3,
}


class Ships:
    """Sends for nothing, whoever is above the lowest tier."""

    code = "test_ships"
    label = "Free sending"

    class Params(extensions.Params):
        """Nothing to choose."""

    def price(self, params: Any, line: Any, member: Any, day: Any) -> None:
        """Lowers no price."""

    def ships(self, params: Any, tier: str) -> ShippingMethod | None:
        return ShippingMethod("Free for members", 0, 3) if tier != "basic" else None


@pytest.fixture(autouse=True)
def perk() -> Iterator[None]:
    registry.perks.register(Ships)
    yield
    registry.perks.withdraw(Ships.code)


@pytest.fixture
def member(installed: Installation, wire: Wire) -> Member:
    of = factories.programme(factories.document(perks=[SHIPS]))
    realm = Realm.objects.get(api_url=API)
    of.channels.update(realm=realm)
    made = factories.member(of)
    Member.objects.filter(pk=made.pk).update(realm=realm, tier="premium")
    made.refresh_from_db()
    return made


def question(user_id: str | None, **channel: Any) -> bytes:
    checkout = {
        "id": "Q2hlY2tvdXQ6MQ==",
        "user": {"id": user_id} if user_id else None,
        "channel": {"slug": CHANNEL, "currencyCode": "EUR", **channel},
    }
    return event(SHIPPING_LIST, checkout=checkout)


def ask(body: bytes, **headers: str) -> tuple[int, Any]:
    sent = {"Saleor-Api-Url": API, "Saleor-Signature": KEY.sign(body), "X-Loyalty-Secret": SECRET, **headers}
    response = Client().post(EVENTS, body, content_type="application/json", headers=sent)
    return response.status_code, json.loads(response.content) if response.content else None


def test_a_member_is_offered_what_the_perk_ships(member: Member):
    assert ask(question(member.external_id)) == (200, [LIST])
    assert not InboxItem.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        question(None),
        question("User:nobody"),
        question("self", slug="elsewhere"),
        question("self", currencyCode="USD"),
        event(SHIPPING_LIST, checkout=None),
        event(SHIPPING_LIST, checkout="shaped"),
        event(SHIPPING_LIST, checkout={"channel": "shaped", "user": ["shaped"]}),
    ],
)
def test_nobody_else_is_offered_anything(body: bytes, member: Member):
    body = body.replace(b'"self"', json.dumps(member.external_id).encode())
    assert ask(body) == (200, [])


@pytest.mark.parametrize("change", [{"tier": "basic"}, {"status": "frozen"}])
def test_nor_is_a_member_who_is_not_entitled(change: dict[str, Any], member: Member):
    Member.objects.update(**change)
    assert ask(question(member.external_id)) == (200, [])


def test_nothing_is_written_and_the_queries_are_few(member: Member):
    ask(question(member.external_id))  # installation, keys and version are known from now on
    for _ in range(2):
        with CaptureQueriesContext(connection) as seen:
            assert ask(question(member.external_id)) == (200, [LIST])
        reads = [query["sql"].split()[0] for query in seen.captured_queries]
        assert [one for one in reads if one not in ("SAVEPOINT", "RELEASE")] == ["SELECT"] * 2


def test_nobody_outside_is_asked(member: Member, wire: Wire):
    ask(question(member.external_id))
    assert not wire.requests


@pytest.mark.parametrize("trouble", [OperationalError("away"), RuntimeError("a bug"), KeyError("x")])
def test_in_every_failure_nothing_is_offered(
    trouble: Exception, member: Member, monkeypatch: pytest.MonkeyPatch
):
    def fails(*_: Any) -> Any:
        raise trouble

    monkeypatch.setattr(shipping, "perks_of", fails)
    assert ask(question(member.external_id)) == (200, [])


def test_a_slow_database_is_not_waited_for(member: Member, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shipping, "PATIENCE", 50)
    slow = shipping._BUYER.replace(" WHERE ", " CROSS JOIN pg_sleep(30) WHERE ")
    monkeypatch.setattr(shipping, "_BUYER", slow)
    assert ask(question(member.external_id)) == (200, [])


def test_a_forged_question_gets_no_answer(member: Member):
    body = question(member.external_id)
    assert ask(body, **{"X-Loyalty-Secret": "guessed"}) == (401, None)
    assert ask(body, **{"Saleor-Signature": KEY.sign(body + b" ")}) == (401, None)


def test_the_subscription_asks_for_no_price():
    """A price in it would null the whole checkout."""
    [subscription] = [one for one in QUESTIONS if one.identifier == "loyalty-shipping"]
    assert "Price" not in subscription.query


@needs_facts
def test_the_answer_has_the_shape_that_a_real_saleor_took(member: Member):
    folder = facts() / "payloads"
    taken = json.loads((folder / "shipping_list_methods_for_checkout.response.json").read_text())
    _, [told] = ask(question(member.external_id))
    assert set(told) <= set(taken[0])
    asked = json.loads((folder / "shipping_list_methods_for_checkout.json").read_text())
    assert asked["__typename"] == SHIPPING_LIST
    assert {"id", "user", "channel"} <= set(asked["checkout"])
