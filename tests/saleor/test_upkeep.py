"""Our webhooks at a Saleor are kept as the installed version wants them, and so are address and secret."""

from __future__ import annotations

import json
from typing import Any

import pytest

from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.realms import Installation
from loyalty_plugin.registry import ports
from loyalty_plugin.saleor.executors import deliver_outbox
from loyalty_plugin.saleor.subscriptions import WEBHOOKS as OURS
from tests.saleor.statekit import as_app, doctor, hooks, state
from tests.saleor.threadkit import API, Thread, bare, now

__all__ = ["bare"]


def test_an_upgrade_brings_the_webhooks_up_to_date(bare: Thread, monkeypatch: pytest.MonkeyPatch) -> None:
    bare.install()
    before = hooks(bare)
    listed = {one.identifier for one in OURS}
    assert set(before) == listed
    # As an older version left them, and as a hand in the Dashboard did.
    change = "mutation($i:ID!,$n:WebhookUpdateInput!){webhookUpdate(id:$i,input:$n){errors{code}}}"
    query = "subscription { event { ... on OrderPaid { order { id } } } }"
    older = {"query": query, "asyncEvents": ["ORDER_PAID"]}
    moved = {
        "isActive": False,
        "targetUrl": "https://old.example/hook",
        "customHeaders": '{"X-Other": "kept"}',
    }
    as_app(bare, change, i=before["loyalty-orders"]["id"], n=older)
    as_app(bare, change, i=before["loyalty-checkouts"]["id"], n=moved)
    as_app(bare, "mutation($i:ID!){webhookDelete(id:$i){errors{code}}}", i=before["loyalty-customers"]["id"])
    make = "mutation($n:WebhookCreateInput!){webhookCreate(input:$n){errors{code message}}}"
    for name in ("loyalty-of-old", "somebody-elses"):
        as_app(
            bare, make, n={"name": name, "identifier": name, "targetUrl": "https://x.example", "query": query}
        )

    assert ports.connection.review(API, now=now()) == "securing"  # one lost the secret
    assert deliver_outbox(10, now())["done"] == 1
    after = hooks(bare)
    assert set(after) == listed | {"somebody-elses"}
    for name in listed:
        assert (after[name]["isActive"], after[name]["targetUrl"]) == (
            True,
            f"{bare.url}/loyalty/saleor/events",
        )
        assert {e["eventType"] for e in after[name]["asyncEvents"]} == {
            event.name for one in OURS if one.identifier == name and not one.asks for event in one.events
        }
    assert json.loads(after["loyalty-checkouts"]["customHeaders"])["x-other"] == "kept"
    assert after["loyalty-orders"]["id"] == before["loyalty-orders"]["id"]
    assert Installation.objects.get().state == "active"
    # Again: nothing differs, nothing is asked for, nothing is written.
    assert ports.connection.review(API, now=now()) == "active"
    assert deliver_outbox(10, now()) == {}
    assert hooks(bare) == after


def test_another_public_address_is_taken_along(bare: Thread, settings: Any) -> None:
    bare.install()
    settings.LOYALTY = {**settings.LOYALTY, "PUBLIC_URL": bare.url.replace("localhost", "127.0.0.1")}
    doctor("--mend", "--offline")
    assert {one["targetUrl"] for one in hooks(bare).values()} == {
        f"{settings.LOYALTY['PUBLIC_URL']}/loyalty/saleor/events"
    }


def test_the_secret_is_changed_without_losing_what_is_under_way(bare: Thread) -> None:
    bare.install()
    assert state() == "active"
    bare.settle()
    old = json.loads(hooks(bare)["loyalty-orders"]["customHeaders"])["x-loyalty-secret"]
    ports.connection.renew_secret(API, now=now())
    bare.shop.customer()  # told with the old secret
    bare.settle()
    assert InboxItem.objects.filter(event="CustomerCreated").exists()
    assert deliver_outbox(10, now())["done"] == 1
    new = {json.loads(one["customHeaders"])["x-loyalty-secret"] for one in hooks(bare).values()}
    assert len(new) == 1
    assert old not in new
    assert Installation.objects.get().previous_secret
    assert state() == "active"
    assert not Installation.objects.get().previous_secret
