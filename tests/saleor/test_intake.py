"""What comes in by the door: kept once and answered 202, refused for good only if proven false, else put off."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from loyalty_plugin import vault
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.realms import Installation
from loyalty_plugin.saleor import connections
from loyalty_plugin.webhooks import intake
from tests.saleor.roomkit import API, EVENTS, KEY, SECRET, STRANGER, Wire, deliver, event, install

State = Installation.State


@pytest.fixture
def nudges(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr("loyalty_plugin.jobs.enqueue", names.append)
    return names


def test_a_delivery_is_kept_as_it_came(installed: Installation, wire: Wire, nudges: list[str]):
    body = event()
    assert deliver(body) == 202
    row = InboxItem.objects.get()
    assert bytes(row.body) == body
    assert bytes(row.sha256) == hashlib.sha256(body).digest()
    assert (row.event, row.status, row.installation) == ("OrderPaid", "new", installed)
    assert nudges == ["loyalty.drain_inbox"]


def test_a_retry_folds_onto_the_first(installed: Installation, wire: Wire, nudges: list[str]):
    assert [deliver(event()) for _ in range(3)] == [202, 202, 202]
    assert InboxItem.objects.count() == 1
    assert len(nudges) == 1


def test_the_type_is_that_of_the_signed_body(installed: Installation, wire: Wire):
    assert deliver(event("OrderCreated"), Saleor_Event="order_fully_paid") == 202
    assert InboxItem.objects.get().event == "OrderCreated"


def shaped(typename: object = "OrderPaid", recipient: object = "QXBwOjE=") -> bytes:
    return event(__typename=typename, recipient=recipient)


BODY = event()
REFUSED = {
    "no signature": {"signature": ""},
    "no secret": {"X_Loyalty_Secret": ""},
    "wrong secret": {"X_Loyalty_Secret": "guessed"},
    "signature of another body": {"signature": KEY.sign(event("OrderCreated"))},
    "unlisted Saleor": {"Saleor_Api_Url": "https://evil.test/graphql/"},
    "no Saleor": {"Saleor_Api_Url": ""},
    "only the header that can be overwritten": {"Saleor_Api_Url": "", "X_Saleor_Api_Url": API},
    "signature in the header that can be overwritten": {
        "signature": "",
        "X_Saleor_Signature": KEY.sign(BODY),
    },
}


@pytest.mark.parametrize("headers", REFUSED.values(), ids=REFUSED)
def test_forged_deliveries_leave_nothing(headers: dict[str, str], installed: Installation, wire: Wire):
    assert deliver(BODY, **headers) == 401
    assert not InboxItem.objects.exists()
    assert not wire.requests


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(shaped(recipient={"id": "QXBwOjI="}), id="for another App"),
        pytest.param(shaped(recipient=None), id="for nobody"),
        pytest.param(shaped(recipient="QXBwOjE="), id="recipient shaped"),
        pytest.param(shaped(typename=None), id="no type"),
        pytest.param(shaped(typename={"a": 1}), id="type shaped"),
        pytest.param(shaped("Order\0Paid"), id="type with NUL"),
        pytest.param(shaped("\ud800"), id="type of half a character"),
        pytest.param(shaped(""), id="type empty"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"not json", id="no JSON"),
        pytest.param(b"[" * 5000, id="deep"),
        pytest.param(b"", id="empty"),
        pytest.param(event(padding="x" * intake.MAX_BODY), id="too large"),
    ],
)
def test_bodies_that_are_not_ours_are_refused_though_signed(body: bytes, installed: Installation, wire: Wire):
    assert deliver(body) == 401
    assert not InboxItem.objects.exists()


def test_refusals_are_alike(installed: Installation, wire: Wire):
    client = Client()
    answers = set()
    for headers in ({"Saleor-Signature": "x"}, {"Saleor-Signature": KEY.sign(BODY)}):
        response = client.post(
            EVENTS, BODY, content_type="application/json", headers={"Saleor-Api-Url": API, **headers}
        )
        answers.add((response.status_code, response.content, tuple(sorted(response.headers.items()))))
    assert len(answers) == 1


def test_reading_is_not_a_delivery(installed: Installation):
    assert Client().get(EVENTS).status_code == 405


@pytest.mark.parametrize("state", [State.UNVERIFIED, State.SECURING])
def test_until_the_webhooks_are_secured_everything_is_put_off(state: str, db: None, wire: Wire):
    install(state)
    assert deliver(BODY, X_Loyalty_Secret="") == 503
    assert deliver(BODY, X_Loyalty_Secret="guessed") == 503
    assert not InboxItem.objects.exists()
    assert deliver(BODY) == 202


def test_before_anything_is_installed_it_is_put_off(db: None, wire: Wire):
    assert deliver(BODY) == 503


def test_after_deletion_a_replay_is_not_kept(db: None, wire: Wire):
    install(State.DELETED)
    assert deliver(BODY) == 503
    assert not InboxItem.objects.exists()


@pytest.mark.parametrize("state", [State.INACTIVE, State.DEAD])
def test_evidence_is_kept_while_our_token_is_dead(state: str, db: None, wire: Wire):
    install(state)
    assert deliver(BODY) == 202


def test_the_previous_secret_counts_while_it_is_rotated(db: None, wire: Wire):
    install(previous_secret=vault.encrypt(b"the-old-one"))
    assert deliver(BODY, X_Loyalty_Secret="the-old-one") == 202


def test_a_new_secret_is_seen_at_once(installed: Installation, wire: Wire):
    assert deliver(BODY) == 202
    Installation.objects.update(secret=vault.encrypt(b"the-new-one"))
    assert deliver(event("OrderCreated"), X_Loyalty_Secret="the-new-one") == 202


def test_an_unknown_key_is_put_off(installed: Installation, wire: Wire):
    wire.answer = lambda request: httpx.Response(200, json=KEY.jwks)
    assert deliver(BODY, signature=STRANGER.sign(BODY)) == 503


def test_keys_out_of_reach_put_off(installed: Installation, wire: Wire):
    assert deliver(BODY, signature=STRANGER.sign(BODY)) == 503
    assert len(wire.requests) == 1


def test_a_database_in_trouble_puts_off(installed: Installation, wire: Wire, monkeypatch: pytest.MonkeyPatch):
    def down(*_: object, **__: object) -> bool:
        raise connection.Database.OperationalError("the server went away")

    monkeypatch.setattr(intake, "keep", down)
    assert deliver(BODY) == 503


def test_a_lost_nudge_loses_no_event(installed: Installation, wire: Wire, monkeypatch: pytest.MonkeyPatch):
    def broken(name: str) -> None:
        raise RuntimeError("no queue")

    monkeypatch.setattr("loyalty_plugin.jobs.enqueue", broken)
    assert deliver(BODY) == 202
    assert InboxItem.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_statement_keeps_a_delivery(wire: Wire, nudges: list[str]):
    install()
    deliver(event("OrderCreated"))  # keys and installation are known from now on
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert deliver(BODY) == 202
    assert [q["sql"].split()[0] for q in queries.captured_queries] == ["INSERT"]


def test_of_many_copies_at_once_one_is_kept(fresh_db: None, wire: Wire):
    install()
    signature = KEY.sign(BODY)

    def post(_: int) -> int:
        try:
            return deliver(BODY, signature=signature)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(post, range(20))) == {202}
    assert InboxItem.objects.count() == 1


def test_evidence_survives_atomic_requests(fresh_db: None, wire: Wire, monkeypatch: pytest.MonkeyPatch):
    """The host opens a transaction around every view, and something fails after the evidence was written."""
    install()
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    seen: list[bool] = []
    keep = intake.keep

    def watched(*given: object, **more: object) -> bool:
        seen.append(connection.in_atomic_block)
        keep(*given, **more)  # type: ignore[arg-type]
        raise RuntimeError("after the evidence")

    monkeypatch.setattr(intake, "keep", watched)
    assert deliver(BODY) == 503
    assert seen == [False]
    assert InboxItem.objects.count() == 1


def test_secrets_stay_out_of_sight(installed: Installation):
    ours = connections.connected(API)
    assert SECRET not in repr(ours)
    assert SECRET.encode() not in bytes(Installation.objects.get().secret)
