"""A shop in enforced mode: Saleor lets no storefront in, and customers and guests buy at our own door, over real HTTP."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.saleor.manifest import ENFORCING, PERMISSIONS
from loyalty_plugin.services import programmes, realms
from tests import factories
from tests.saleor.standinkit import ADDRESS, CHANNEL, PASSWORD
from tests.saleor.threadkit import API, Thread, bare, now

__all__ = ["bare", "enforced"]

DOOR = "/loyalty/checkout/"
GATEWAY = {"id": "sandbox.psp", "data": {"card": "test"}}
TENTH = {"id": "tenth", "perk": "tier_discount", "params": {"rates": {"basic": 1_000}}}
_count = itertools.count(1)


@dataclass
class Visitor:
    """Somebody at the door: a customer with a token, a guest with a session, or nobody yet."""

    shop: EnforcedShop
    token: str = ""
    session: str = ""
    email: str = ""
    address: str = ""
    seen: list[dict[str, Any]] = field(default_factory=list)

    def ask(self, operation: str, /, **variables: Any) -> dict[str, Any]:
        """The whole answer."""
        headers = {"Accept-Language": "en"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if self.session:
            headers["Loyalty-Session"] = self.session
        if self.address:
            headers["X-Forwarded-For"] = self.address
        response = Client(headers=headers).post(
            DOOR, json.dumps({"operationName": operation, "variables": variables}), "application/json"
        )
        answer: dict[str, Any] = response.json()
        self.session = (answer.get("extensions") or {}).get("loyalty", {}).get("session") or self.session
        return answer

    def done(self, operation: str, /, **variables: Any) -> Any:
        """What the one field of the answer holds; a test fails on any error."""
        answer = self.ask(operation, **variables)
        assert "errors" not in answer, answer["errors"]
        [payload] = answer["data"].values()
        assert not (payload or {}).get("errors"), payload["errors"]
        return payload

    def refused(self, operation: str, /, **variables: Any) -> str:
        """The code of our refusal."""
        answer = self.ask(operation, **variables)
        assert answer["data"] is None, answer
        return str(answer["errors"][0]["extensions"]["code"])

    def cart(self, *lines: tuple[str, int], **more: Any) -> dict[str, Any]:
        """A checkout of their own."""
        given = {
            "channel": CHANNEL,
            "lines": [{"variantId": self.shop.variant(sku), "quantity": n} for sku, n in lines],
            "email": self.email or "guest@mail.example",
            "shippingAddress": ADDRESS,
            "billingAddress": ADDRESS,
            **more,
        }
        made: dict[str, Any] = self.done("CheckoutCreate", input=given)["checkout"]
        return made

    def send(self, checkout_id: str) -> dict[str, Any]:
        """With a way of sending chosen."""
        options = self.done("DeliveryOptionsCalculate", id=checkout_id)["deliveries"]
        chosen = self.done("CheckoutDeliveryMethodUpdate", id=checkout_id, deliveryMethodId=options[0]["id"])
        found: dict[str, Any] = chosen["checkout"]
        return found

    def pay(self, checkout_id: str, **more: Any) -> dict[str, Any]:
        paid: dict[str, Any] = self.done(
            "TransactionInitialize", id=checkout_id, paymentGateway=GATEWAY, **more
        )
        return paid

    def ready(self, *lines: tuple[str, int]) -> dict[str, Any]:
        """A checkout of theirs, paid, that can be completed."""
        made = self.cart(*lines)
        self.send(made["id"])
        self.pay(made["id"])
        return made

    def buy(self, *lines: tuple[str, int]) -> str:
        """An order of theirs."""
        made = self.ready(*lines)
        return str(self.done("CheckoutComplete", id=made["id"])["order"]["id"])


@dataclass
class EnforcedShop:
    """The shop, and ways to be somebody at its door."""

    thread: Thread
    realm: Realm
    #: SKU of what only members are sold.
    kept: str

    def variant(self, sku: str) -> str:
        return self.thread.shop.variant(sku)

    def guest(self) -> Visitor:
        return Visitor(self)

    def customer(self) -> Visitor:
        """A customer of the shop, not a member."""
        email = f"enforced{next(_count)}@mail.example"
        entry = {"email": email, "password": PASSWORD, "firstName": "Ada", "lastName": "Lovelace"}
        self.thread.shop.anonymous.control("seed", customers=[entry])
        return Visitor(self, token=self.sign_in(email), email=email)

    def member(self) -> Visitor:
        """A customer whom the programme's basic tier gives a tenth off."""
        visitor = self.customer()
        self.thread.settle()
        assert Member.objects.filter(email=visitor.email).exists()
        return visitor

    def sign_in(self, email: str) -> str:
        """A customer's token, as the shop's own server gets it: with a token of its App's."""
        answer = self.thread.shop.owner.data(
            "mutation($e:String!,$p:String!){tokenCreate(email:$e,password:$p){token errors{code message}}}",
            e=email,
            p=PASSWORD,
        )
        return str(answer["tokenCreate"]["token"])

    def order(self, order_id: str) -> dict[str, Any]:
        return self.thread.shop.order(order_id)

    def checkout(self, checkout_id: str) -> dict[str, Any] | None:
        """The checkout as Saleor has it, marks included."""
        found: dict[str, Any] | None = self.thread.shop.owner.data(
            "query($i:ID!){checkout(id:$i){email user{id} voucherCode totalPrice{gross{amount}}"
            " lines{id quantity priceOverrideReason unitPrice{gross{amount}} variant{id}}"
            " shippingAddress{city} billingAddress{city} customerNote languageCode"
            " deliveryMethod{... on ShippingMethod{id}} transactions{id}}}",
            i=checkout_id,
        )["checkout"]
        return found


@pytest.fixture
def enforced(bare: Thread, settings: Any) -> Iterator[EnforcedShop]:
    settings.LOYALTY = {
        **settings.LOYALTY,
        "ENFORCED": True,
        "CLIENT_ADDRESS_HEADER": "X-Forwarded-For",
        "GRAPHQL_MEMBER_RATE": "",
        "GRAPHQL_ADDRESS_RATE": "",
    }
    standin = bare.shop.standin
    before = standin.options
    # Hundreds of steps take longer than a token lives.
    standin.options = replace(before, access_seconds=36_000)
    bare.shop.owner = bare.shop.anonymous.login("owner@shop.example")
    bare.install([*PERMISSIONS, *ENFORCING])
    kept = f"KEPT-{next(_count)}"
    goods = {"slug": kept.lower(), "name": "For members", "category": "tea",
             "variants": [{"sku": kept, "name": "", "prices": {CHANNEL: "20.00"}}]}  # fmt: skip
    seeded = bare.shop.anonymous.control("seed", products=[goods])
    bare.shop.ids["variants"].update(seeded["variants"])
    only = {"id": "only", "perk": "members_only", "params": {"products": [seeded["products"][kept.lower()]]}}
    of = factories.programme(factories.document(perks=[TENTH, only]), currency="USD")
    realm = Realm.objects.get(api_url=API)
    programmes.serve_channels(
        factories.SYSTEM, programme_id=of.pk, realm_id=realm.pk, slugs=[CHANNEL], now=now()
    )
    realms.set_mode(SYSTEM, realm_id=realm.pk, mode="enforced", now=now())
    realm.refresh_from_db()
    bare.shop.anonymous.control("shop", allowStorefrontTraffic=False)
    yield EnforcedShop(bare, realm, kept)
    bare.shop.anonymous.control("shop", allowStorefrontTraffic=True)
    standin.options = before
    connection.close()
