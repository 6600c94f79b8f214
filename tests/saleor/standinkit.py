"""Fixtures for tests of the stand-in Saleor: one running in this process, callers, and a receiver of webhooks."""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.postgres import Server
from sandbox.saleor.app import App
from sandbox.saleor.options import Options
from sandbox.saleor.standin import Standin
from tests.recorded import facts
from tests.scale import PATIENCE

CHANNEL = "default-channel"
PASSWORD = "correct-horse-9"
ADDRESS = {"firstName": "A", "lastName": "B", "streetAddress1": "Weg 1", "city": "Berlin", "postalCode": "10115",
           "country": "DE"}  # fmt: skip
_count = itertools.count(1)

SEED: dict[str, Any] = {
    "channels": [
        {"slug": CHANNEL, "currency": "USD", "country": "US"},
        {"slug": "eu", "currency": "EUR", "country": "DE", "taxRate": "19"},
    ],
    "categories": [{"slug": "tea", "name": "Tea"}, {"slug": "green", "name": "Green tea", "parent": "tea"}],
    "collections": [{"slug": "spring", "name": "Spring"}],
    "products": [
        {
            "slug": "sencha",
            "name": "Sencha",
            "category": "green",
            "collections": ["spring"],
            "images": [{"url": "http://shop.example/sencha.png"}],
            "variants": [
                {"sku": "S-100", "name": "100 g", "prices": {CHANNEL: "10.00", "eu": "11.90"}},
                {"sku": "S-250", "name": "250 g", "prices": {CHANNEL: "35.00"}},
            ],
        },
        {
            "slug": "pot",
            "name": "Pot",
            "category": "tea",
            "variants": [{"sku": "POT", "name": "", "prices": {CHANNEL: "50.00"}, "stock": 5000}],
        },
    ],
    "promotions": [{"name": "Pots", "percentage": "40", "products": ["pot"]}],
    "vouchers": [{"code": "FIVE", "percentage": "5"}],
    "shippingMethods": [{"name": "Standard", "price": {CHANNEL: "0", "eu": "4.90"}}],
    "staff": [
        {"email": "owner@shop.example", "password": PASSWORD, "superuser": True},
        {"email": "clerk@shop.example", "password": PASSWORD, "permissions": ["MANAGE_USERS"]},
    ],
}


@dataclass
class Caller:
    """A client of the stand-in, optionally with a token."""

    client: httpx.Client
    token: str | None = None

    def post(self, query: str, **variables: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return self.client.post("/graphql/", json={"query": query, "variables": variables}, headers=headers)

    def data(self, query: str, **variables: Any) -> Any:
        """The answer's data; a test fails on any error, also on one inside a mutation."""
        answer = self.post(query, **variables).json()
        assert "errors" not in answer, answer["errors"]
        for part in (answer["data"] or {}).values():
            if isinstance(part, dict) and part.get("errors"):
                raise AssertionError(part["errors"])
        return answer["data"]

    def errors(self, query: str, **variables: Any) -> list[dict[str, Any]]:
        """Errors of the answer, wherever they stand."""
        answer = self.post(query, **variables).json()
        found = list(answer.get("errors", ()))
        for part in (answer.get("data") or {}).values():
            found += part.get("errors", []) if isinstance(part, dict) else []
        return found

    def control(self, door: str, **body: Any) -> Any:
        answer = self.client.post(f"/_standin/{door}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def look(self, door: str, **query: str) -> Any:
        return self.client.get(f"/_standin/{door}", params=query).json()

    def login(self, email: str, password: str = PASSWORD) -> Caller:
        answer = self.data(
            "mutation($e:String!,$p:String!){tokenCreate(email:$e,password:$p){token errors{code message}}}",
            e=email,
            p=password,
        )
        return Caller(self.client, answer["tokenCreate"]["token"])

    def as_app(self, token: str) -> Caller:
        return Caller(self.client, token)


@dataclass
class Shop:
    """A running stand-in and ways to reach it."""

    standin: Standin
    anonymous: Caller
    ids: dict[str, dict[str, str]]
    owner: Caller = field(init=False)

    def __post_init__(self) -> None:
        self.owner = self.anonymous.login("owner@shop.example")

    def customer(self, **extra: Any) -> tuple[str, Caller]:
        """A new confirmed customer: (e-mail, logged-in caller)."""
        email = f"customer{next(_count)}@mail.example"
        entry = {"email": email, "password": PASSWORD, "firstName": "Ada", "lastName": "Ödön", **extra}
        ids = self.anonymous.control("seed", customers=[entry])
        self.ids.setdefault("customers", {}).update(ids["customers"])
        return email, self.anonymous.login(email)

    def app(self, *permissions: str) -> Caller:
        number = next(_count)
        token = f"local-app-token-{number:014d}"
        self.anonymous.control(
            "seed", apps=[{"name": f"Local {number}", "token": token, "permissions": list(permissions)}]
        )
        return self.anonymous.as_app(token)

    def variant(self, sku: str) -> str:
        return self.ids["variants"][sku]

    def checkout(self, caller: Caller, lines: list[tuple[str, int]], **extra: Any) -> dict[str, Any]:
        answer = caller.data(
            "mutation($i:CheckoutCreateInput!){checkoutCreate(input:$i){checkout{" + CHECKOUT + "}"
            " errors{code message field}}}",
            i={
                "channel": CHANNEL,
                "lines": [{"variantId": self.variant(sku), "quantity": n} for sku, n in lines],
                "shippingAddress": ADDRESS,
                "billingAddress": ADDRESS,
                **extra,
            },
        )
        checkout: dict[str, Any] = answer["checkoutCreate"]["checkout"]
        return checkout

    def ready(self, caller: Caller, lines: list[tuple[str, int]], **extra: Any) -> dict[str, Any]:
        """A checkout with a delivery, waiting for money."""
        checkout = self.checkout(caller, lines, **extra)
        options = caller.data(
            "mutation($i:ID!){deliveryOptionsCalculate(id:$i){deliveries{id shippingMethod{name price{amount}}}"
            " errors{code}}}",
            i=checkout["id"],
        )["deliveryOptionsCalculate"]["deliveries"]
        answer = caller.data(
            "mutation($i:ID!,$d:ID!){checkoutDeliveryMethodUpdate(id:$i,deliveryMethodId:$d)"
            "{checkout{" + CHECKOUT + "} errors{code}}}",
            i=checkout["id"],
            d=options[0]["id"],
        )
        done: dict[str, Any] = answer["checkoutDeliveryMethodUpdate"]["checkout"]
        return done

    def pay(
        self, caller: Caller, checkout_id: str, amount: str | None = None, **extra: Any
    ) -> dict[str, Any]:
        answer = caller.data(
            "mutation($i:ID!,$a:PositiveDecimal,$k:String,$g:PaymentGatewayToInitialize!){transactionInitialize("
            "id:$i,amount:$a,idempotencyKey:$k,paymentGateway:$g){transaction{id}"
            " transactionEvent{type amount{amount} pspReference} errors{code message}}}",
            i=checkout_id,
            a=amount,
            k=extra.get("key"),
            g={"id": "sandbox.psp", "data": extra.get("data")},
        )
        paid: dict[str, Any] = answer["transactionInitialize"]
        return paid

    def complete(self, caller: Caller, checkout_id: str) -> str:
        answer = caller.data(
            "mutation($i:ID!){checkoutComplete(id:$i){order{id} errors{code message}}}", i=checkout_id
        )
        return str(answer["checkoutComplete"]["order"]["id"])

    def order(self, order_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.owner.data("query($i:ID!){order(id:$i){" + ORDER + "}}", i=order_id)[
            "order"
        ]
        return found

    def placed(self, **given: Any) -> dict[str, Any]:
        placed: dict[str, Any] = self.anonymous.control("orders", **given)
        return placed

    def settled(self, seconds: float = PATIENCE) -> dict[str, int]:
        """Wait until no delivery is pending; the counts then."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            counts: dict[str, int] = self.anonymous.look("deliveries")
            if counts["pending"] == 0:
                return counts
            time.sleep(0.02)
        raise AssertionError(f"deliveries still pending: {self.anonymous.look('deliveries')}")


CHECKOUT = """id email totalPrice{gross{amount} net{amount}} subtotalPrice{gross{amount}} chargeStatus authorizeStatus
totalBalance{amount} voucherCode discount{amount} deliveryMethod{... on ShippingMethod{id name}}
lines{id quantity unitPrice{gross{amount}} undiscountedUnitPrice{amount} totalPrice{gross{amount}}
variant{id sku}}"""
ORDER = """id number status created updatedAt chargeStatus isPaid paymentStatus userEmail user{id email}
voucherCode checkoutId total{gross{amount} net{amount} tax{amount}} subtotal{gross{amount}}
undiscountedTotal{gross{amount}} shippingPrice{gross{amount}} totalCharged{amount} totalRefunded{amount}
totalBalance{amount} discounts{type valueType value amount{amount}}
lines{id quantity quantityFulfilled unitPrice{gross{amount}} undiscountedUnitPrice{gross{amount}}
totalPrice{gross{amount} net{amount}} isPriceOverridden priceOverrideReason saleId
variant{id sku product{id category{slug} collections{slug}}}}
transactions{id name chargedAmount{amount} createdBy{__typename ... on App{identifier} ... on User{email}}
events{type amount{amount} pspReference message createdBy{__typename ... on App{identifier} ... on User{email}}}}
grantedRefunds{id status amount{amount} shippingCostsIncluded lines{quantity orderLine{id}}
transactionEvents{type amount{amount}}}
fulfillments{id status created lines{id quantity orderLine{id}}} events{type}"""


@dataclass
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Receiver:
    """A server that takes webhooks, manifests and tokens; `answer` decides what it says to each request."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answer: Callable[[Received], tuple[int, Any]] = lambda request: (200, {})
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self._handle()

            def do_GET(self) -> None:
                self._handle()

            def _handle(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Received(self.path, dict(self.headers), body)
                with outer._lock:
                    outer.received.append(request)
                status, answer = outer.answer(request)
                text = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: Any) -> None:
                """Quiet: the test report is the place for findings."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def hooks(self, path: str = "/hook") -> list[Received]:
        with self._lock:
            return [r for r in self.received if r.path == path]

    def types(self, path: str = "/hook") -> list[str]:
        return [r.json.get("__typename") for r in self.hooks(path)]

    def wait(self, count: int, path: str = "/hook", seconds: float = PATIENCE) -> list[Received]:
        until = time.monotonic() + seconds
        while time.monotonic() < until and len(self.hooks(path)) < count:
            time.sleep(0.01)
        found = self.hooks(path)
        assert len(found) >= count, f"{len(found)} of {count} arrived"
        return found

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="module")
def shop(django_db_setup: None, postgres: Server) -> Iterator[Shop]:
    """A stand-in with a small catalogue, instant, with quick retries, for one test module."""
    name = f"standin_{os.getpid()}_{next(_count)}"
    url = postgres.create_database(name)
    app = App(Standin(Options(url, url="http://saleor.example", instant=True, retry_scale=0.002)))
    client = httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://saleor.example")
    anonymous = Caller(client)
    ids = anonymous.control("seed", **SEED)
    yield Shop(app.standin, anonymous, ids)
    client.close()
    app.close()
    postgres.drop_database(name)


@pytest.fixture
def receiver(shop: Shop) -> Iterator[Receiver]:
    """A receiver of webhooks; the stand-in forgets what points at it when the test is over."""
    server = Receiver()
    yield server
    with shop.standin.store.write() as tx:
        for webhook in tx.find("webhook"):
            if webhook["targetUrl"].startswith(server.url):
                tx.query("DELETE FROM standin_delivery WHERE webhook = %s", (webhook["id"],))
                tx.delete("webhook", webhook["id"])
    server.close()


@pytest.fixture(scope="session")
def saleor_facts() -> Path:
    """The folder of facts captured from a real Saleor; tests that compare with it are skipped without it."""
    return facts()
