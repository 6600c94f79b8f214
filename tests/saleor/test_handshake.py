"""Being installed: believed only after calling back a Saleor on the list, secured with a secret before anything counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.db import connection
from django.test import Client

from loyalty_plugin import vault
from loyalty_plugin.models.outbox import Lease, OutboxItem
from loyalty_plugin.models.realms import Installation, Realm
from loyalty_plugin.registry import ports
from loyalty_plugin.saleor.executors import deliver_outbox
from loyalty_plugin.saleor.manifest import PERMISSIONS
from loyalty_plugin.saleor.subscriptions import WEBHOOKS
from tests.factories import NOW
from tests.saleor.fakekit import Saleor, saleor
from tests.saleor.roomkit import API, APP_ID, KEY, REGISTER, SECRET, TOKEN, Wire, deliver, event, install

__all__ = ["saleor"]

State = Installation.State
pytestmark = pytest.mark.django_db


def register(token: Any = TOKEN, api_url: str = API, body: bytes | None = None) -> tuple[int, Any]:
    content = json.dumps({"auth_token": token}).encode() if body is None else body
    response = Client().post(
        REGISTER, content, content_type="application/json", headers={"Saleor-Api-Url": api_url}
    )
    return response.status_code, response.json()


def test_a_confirmed_handshake_installs(saleor: Saleor, wire: Wire):
    assert register() == (200, {"success": True})
    row = Installation.objects.get()
    assert (row.realm.api_url, row.app_id, row.state) == (API, APP_ID, State.SECURING)
    assert (vault.decrypt(row.token), row.permissions) == (TOKEN.encode(), sorted(PERMISSIONS))
    assert TOKEN.encode() not in bytes(row.token)
    assert Realm.objects.get().jwks == KEY.jwks
    assert {request.url.host for request in wire.requests} == {"saleor.test"}


def test_deliveries_count_once_the_webhooks_carry_the_secret(saleor: Saleor, wire: Wire):
    register()
    assert deliver(event(), X_Loyalty_Secret="") == 503
    assert deliver_outbox(10, NOW) == {"done": 1}
    assert Installation.objects.get().state == State.ACTIVE
    [secret] = {headers["x-loyalty-secret"] for headers in saleor.headers()}
    assert len(secret) >= 40
    assert all(headers["x-other"] == "kept" for headers in saleor.headers())
    assert deliver(event(), X_Loyalty_Secret=secret) == 202
    assert deliver(event(), X_Loyalty_Secret="") == 401


def test_securing_again_finds_no_difference(saleor: Saleor, wire: Wire):
    register()
    deliver_outbox(10, NOW)
    OutboxItem.objects.update(status="waiting", attempts=0, next_attempt_at=NOW)
    wire.requests.clear()
    assert deliver_outbox(10, NOW) == {"done": 1}
    assert len(wire.requests) == 1


def test_webhooks_that_are_not_there_are_made_with_the_secret(saleor: Saleor):
    register()
    saleor.app["webhooks"] = []
    assert deliver_outbox(10, NOW) == {"done": 1}
    assert {hook["identifier"] for hook in saleor.app["webhooks"]} == {s.identifier for s in WEBHOOKS}
    assert all(len(headers["X-Loyalty-Secret"]) >= 40 for headers in saleor.headers())
    assert not Lease.objects.exclude(holder=None).exists()


UNLISTED = [
    "https://evil.test/graphql/",
    "http://saleor.test/graphql/",
    "https://saleor.test/graphql",
    "https://saleor.test:444/graphql/",
    "https://saleor.test@evil.test/graphql/",
    "http://127.0.0.1/graphql/",
    "http://169.254.169.254/latest/",
    "file:///etc/passwd",
    "",
]


@pytest.mark.parametrize("api_url", UNLISTED)
def test_a_saleor_that_is_not_on_the_list_is_neither_called_nor_kept(
    api_url: str, saleor: Saleor, wire: Wire
):
    status, answer = register(api_url=api_url)
    assert status == 403
    assert "SALEOR_API_URLS" in answer["error"]["message"]
    assert not wire.requests
    assert not Realm.objects.exists()


BAD_BODIES = [
    b"",
    b"[]",
    b'{"auth_token": 7}',
    b'{"auth_token": ""}',
    b'{"auth_token": "a b"}',
    b'{"auth_token": "a\\nb"}',
    '{"auth_token": "é"}'.encode(),
    json.dumps({"auth_token": "x" * 300}).encode(),
    b"[" * 4000,
    b" " * 100_000,
]


@pytest.mark.parametrize("body", BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_a_body_that_holds_no_token_makes_no_call(body: bytes, saleor: Saleor, wire: Wire):
    assert register(body=body)[0] == 403
    assert not wire.requests
    assert not Realm.objects.exists()


def test_an_invented_token_is_not_believed(saleor: Saleor):
    status, answer = register("invented")
    assert status == 403
    assert "activation" in answer["error"]["message"]
    assert not Realm.objects.exists()


@pytest.mark.parametrize("change", [{"identifier": "another.app"}, {"isActive": False}])
def test_a_token_of_another_app_is_not_believed(change: dict[str, Any], saleor: Saleor):
    saleor.app |= change
    assert register()[0] == 403
    assert not Realm.objects.exists()


def redirecting() -> httpx.Response:
    return httpx.Response(307, headers={"Location": "http://169.254.169.254/"})


def endless() -> httpx.Response:
    def drops() -> Iterator[bytes]:
        while True:
            yield b" " * 1_000_000

    return httpx.Response(200, content=drops())


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (redirecting, 403),
        (lambda: httpx.Response(200, content=b"<html>"), 403),
        (endless, 503),
        (lambda: httpx.Response(502), 503),
    ],
    ids=["redirect", "no JSON", "endless", "away"],
)
def test_whatever_answers_is_not_believed(answer: Any, status: int, wire: Wire):
    wire.answer = lambda request: answer()
    assert register()[0] == status
    assert {request.url.host for request in wire.requests} == {"saleor.test"}
    assert not Realm.objects.exists()


def test_a_reinstall_replaces_what_was_there(saleor: Saleor):
    old = install()
    saleor.token, saleor.app["id"] = "another-token", "QXBwOjI="
    assert register("another-token")[0] == 200
    old.refresh_from_db()
    assert (old.state, old.ended_at is not None) == (State.REPLACED, True)
    new = Installation.objects.exclude(pk=old.pk).get()
    assert (new.app_id, vault.decrypt(new.secret) != SECRET.encode()) == ("QXBwOjI=", True)


def test_a_forged_handshake_leaves_the_installation_alone(saleor: Saleor):
    ours = install()
    assert register("invented")[0] == 403
    assert list(Installation.objects.values_list("pk", "state")) == [(ours.pk, State.ACTIVE)]


@pytest.mark.parametrize(
    ("told", "state"), [("inactive", State.INACTIVE), ("deleted", State.DELETED), ("", State.DEAD)]
)
def test_a_dead_token_is_called_by_what_was_told(told: str, state: str, saleor: Saleor):
    install()
    saleor.token = "no longer ours"
    assert ports.connection.review(API, told=told, now=NOW) == state
    assert Installation.objects.get().state == state


def test_a_claim_is_not_believed_while_the_token_lives(saleor: Saleor):
    install()
    saleor.secure()
    assert ports.connection.review(API, told="deleted", now=NOW) == State.ACTIVE


def test_activated_again_it_is_active_again(saleor: Saleor):
    install(State.INACTIVE)
    assert ports.connection.review(API, now=NOW) == State.SECURING
    deliver_outbox(10, NOW)
    assert Installation.objects.get().state == State.ACTIVE


def test_the_handshake_holds_no_transaction_open(fresh_db: None, wire: Wire, monkeypatch: pytest.MonkeyPatch):
    seen: list[bool] = []
    saleor = Saleor()

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(connection.in_atomic_block)
        return saleor(request)

    wire.answer = answer
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    assert register()[0] == 200
    assert seen
    assert not any(seen)


def test_the_manifest_names_our_doors_and_no_secret(settings):
    manifest = Client().get("/loyalty/saleor/manifest").json()
    assert manifest["tokenTargetUrl"] == "http://shop.test/loyalty/saleor/register"
    assert {w["targetUrl"] for w in manifest["webhooks"]} == {"http://shop.test/loyalty/saleor/events"}
    assert {w["identifier"] for w in manifest["webhooks"]} == {s.identifier for s in WEBHOOKS}
    assert all("customHeaders" not in w for w in manifest["webhooks"])
    assert all("token" not in w["query"] for w in manifest["webhooks"])
    events = {name for w in manifest["webhooks"] for name in w["asyncEvents"]}
    assert "ACCOUNT_CONFIRMATION_REQUESTED" not in events
    settings.LOYALTY = {"PUBLIC_URL": ""}
    assert Client().get("/loyalty/saleor/manifest").json()["tokenTargetUrl"].startswith("http://testserver/")
