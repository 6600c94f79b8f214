"""Every document we send is valid against Saleor's schema, and against the stand-in's, which is a part of it."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, build_schema, parse, validate

import sandbox.saleor
from loyalty_plugin.saleor import documents
from loyalty_plugin.saleor.hints import hints
from loyalty_plugin.saleor.subscriptions import EVENTS, QUESTIONS, WEBHOOKS, Subscription
from loyalty_plugin.webhooks.answers import ANSWERS
from tests.recorded import FACTS, needs_facts

STANDIN = Path(sandbox.saleor.__file__).parent / "schema.graphql"
SCHEMAS = [
    pytest.param(STANDIN, id="stand-in"),
    pytest.param(
        (FACTS or Path()) / "schema.graphql",
        id="Saleor",
        marks=needs_facts,
    ),
]


@cache
def schema(path: Path) -> GraphQLSchema:
    return build_schema(path.read_text(), assume_valid=True)


@pytest.mark.parametrize("path", SCHEMAS)
@pytest.mark.parametrize("name", documents.names())
def test_operations_are_valid(name: str, path: Path):
    assert not validate(schema(path), parse(documents.document(name).text))


@pytest.mark.parametrize("path", SCHEMAS)
@pytest.mark.parametrize("subscription", WEBHOOKS, ids=lambda s: s.identifier)
def test_subscriptions_are_valid(subscription: object, path: Path):
    assert not validate(schema(path), parse(subscription.query))  # type: ignore[attr-defined]


def test_an_operation_says_whether_it_writes_and_may_be_repeated():
    written = {name for name in documents.names() if documents.document(name).writes}
    writing = {name for name in written if not name.startswith("buyer_")}
    assert writing == {
        "anchor_write",
        "checkout_empty",
        "checkout_set_prices",
        "order_cancel",
        "order_confirm",
        "order_grant_refund",
        "order_note",
        "token_verify",
        "transaction_report",
        "staff_activate",
        "staff_delete",
        "staff_forget_installation",
        "staff_grant",
        "staff_install",
        "staff_sign_in",
        "staff_trigger",
        "voucher_create",
        "voucher_list",
        "webhook_create",
        "webhook_delete",
        "webhook_update",
    }
    buyers = {name for name in documents.names() if name.startswith("buyer_")}
    shown = {"buyer_checkout", "buyer_order", "buyer_orders"}
    assert {name for name in buyers if not documents.document(name).writes} == shown
    repeatable = {name for name in writing if documents.document(name).repeatable}
    assert repeatable == {
        "anchor_write",
        "order_cancel",
        "order_confirm",
        "staff_activate",
        "staff_grant",
        "voucher_list",
        "webhook_create",
        "webhook_update",
    }
    assert all(documents.document(name).repeatable for name in set(documents.names()) - written)


@pytest.mark.parametrize("name", documents.names())
def test_an_operation_keeps_saleors_limits(name: str):
    """At most four mutations a document, a hundred rows a page, a hundred aliases."""
    text = documents.document(name).text
    [operation] = [one for one in parse(text).definitions if isinstance(one, OperationDefinitionNode)]
    assert len(operation.selection_set.selections) <= (4 if documents.document(name).writes else 100)
    pages = [int(size) for size in re.findall(r"\b(?:first|last): *(\d+)", text)]
    assert all(size <= 100 for size in pages)
    assert not re.search(r"\b(?:first|last): *\$", text)


@pytest.mark.parametrize("path", SCHEMAS)
def test_events_are_those_of_saleor_by_both_their_names(path: Path):
    known = schema(path).type_map["WebhookEventTypeAsyncEnum"].values  # type: ignore[attr-defined]
    for event in EVENTS.values():
        assert event.name in known
        assert event.typename in schema(path).type_map


@pytest.mark.parametrize("path", SCHEMAS)
def test_questions_are_those_of_saleor_by_both_their_names(path: Path):
    known = schema(path).type_map["WebhookEventTypeSyncEnum"].values  # type: ignore[attr-defined]
    for event in (event for subscription in QUESTIONS for event in subscription.events):
        assert event.name in known
        assert event.typename in schema(path).type_map
        assert event.typename in ANSWERS


def test_no_event_is_heard_whose_body_may_carry_a_customers_token():
    secretive = {"AccountConfirmationRequested", "AccountChangeEmailRequested", "AccountDeleteRequested",
                 "AccountSetPasswordRequested"}  # fmt: skip
    assert not secretive & set(EVENTS)
    assert not any("token" in subscription.query for subscription in WEBHOOKS)


@pytest.mark.parametrize("subscription", WEBHOOKS, ids=lambda s: s.identifier)
def test_every_subscription_asks_what_it_is_when_and_for_whom(subscription: Subscription):
    assert "event { __typename issuedAt recipient { id }" in subscription.query


def captured() -> list[Any]:
    folder = (FACTS or Path()) / "payloads"
    bodies = [(path.stem, json.loads(path.read_text())) for path in sorted(folder.glob("*[a-z].json"))]
    events = [
        (name, body) for name, body in bodies if isinstance(body, dict) and body.get("__typename") in EVENTS
    ]
    return [pytest.param(body, id=name) for name, body in events]


@needs_facts
@pytest.mark.parametrize("body", captured() if FACTS else [])
def test_what_a_real_saleor_sent_names_what_we_look_for(body: dict[str, Any]):
    [found] = hints(1, "realm", body["__typename"], json.dumps(body).encode())
    [(subject, path)] = EVENTS[body["__typename"]].paths
    assert (found.subject, found.target) == (subject, body[path]["id"])


@needs_facts
def test_many_events_were_captured():
    assert len(captured()) > 20
