"""Whatever comes in by any door is answered or refused, with a code where there is one: no door breaks.

What GraphQL's own schema allows is made up by Schemathesis; the other doors have no description to make requests from,
so theirs are made of what they read: headers, bodies, query strings and forms, with odd values in them.
"""

from __future__ import annotations

import json
import logging
import re
import uuid
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from urllib.parse import urlencode

import pytest
import schemathesis
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from graphql import introspection_from_schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.graphql import nodes

from loyalty_plugin.graphql.schema import schema
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.saleor.subscriptions import EVENTS, SHIPPING_LIST
from loyalty_plugin.services.orders.apply import apply_orders
from loyalty_plugin.webhooks.processing import drain_inbox
from tests.doors.graphqlkit import USER, Door, door
from tests.doors.test_admin import staff
from tests.factories import CHANNEL, NOW, REALM, member, order, programme
from tests.saleor.roomkit import APP_ID, KEY, SECRET
from tests.scale import scaled

__all__ = ["door"]

EVENTS_DOOR, REGISTER, HEALTH, GRAPHQL = (
    f"/loyalty/{name}" for name in ("saleor/events", "saleor/register", "health", "graphql/")
)
# Where programs were seen to stumble: NUL, halves of characters, numbers beyond every column, other scripts.
NUMBERS = (
    "0",
    "-1",
    "1",
    "99",
    str(2**31),
    str(2**63),
    str(-(2**64)),
    "1e400",
    "NaN",
    "null",
    "None",
    "true",
)
LETTERS = (
    "",
    " ",
    "\0",
    "a\0b",
    "\x1f",
    "\u202e",
    "é",
    "陈伟",
    "🧡",
    "'",
    '"',
    "%",
    "%s",
    "{}",
    "\\",
    "a" * 5_000,
)
NAMES = ("2026-02-30", "0000-00-00", "9999-12-31", "basic", "active", "-joined_at", "erased", "T3JkZXI6MQ==")
ODD = st.sampled_from([*NUMBERS, *LETTERS, *NAMES]) | st.text(max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ODD | st.sampled_from(["\ud800", "\ud800x"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ODD, inner, max_size=4),
    max_leaves=8,
)


def some(ordinary: int, full: int = 1_000) -> Callable[..., Any]:
    return settings(
        max_examples=scaled(ordinary, full),
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.fixture
def ada(door: Door, monkeypatch: pytest.MonkeyPatch) -> Member:
    """A member with an order, signed in; nothing that is logged as unexpected passes for an answer."""
    of = member(programme(), external_id=USER)
    apply_orders([order(of, 10_000)], now=NOW)
    door.shop.account()
    door.shop.open_checkout()
    monkeypatch.setattr(door.shop, "orders", lambda realm, ids: {}, raising=False)
    door.sign_in()
    return of


@pytest.fixture(autouse=True)
def _nothing_unexpected(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    broken = [record for record in caplog.records if record.levelno >= logging.ERROR and record.exc_info]
    assert not broken, [record.getMessage() for record in broken]


def apart(act: Callable[[], Any]) -> Any:
    """Do it and undo what it did, so that no example depends on another."""
    with transaction.atomic():
        found = act()
        transaction.set_rollback(True)
    return found


# -- GraphQL ------------------------------------------------------------------------------------------------
schemathesis.graphql.scalar("LoyaltyInteger", st.integers(-(10**18), 10**18).map(nodes.Int))
schemathesis.graphql.scalar("JSON", ODD.map(nodes.String))
schemathesis.graphql.scalar("_Any", ODD.map(nodes.String))


@cache
def documents() -> st.SearchStrategy[str]:
    found = schemathesis.graphql.from_dict(dict(introspection_from_schema(schema._schema)))
    return st.one_of([one.ok().as_strategy() for one in found.get_all_operations()]).map(
        lambda case: case.body
    )


def asked(door: Door, body: bytes, kind: str = "application/json", **headers: str) -> Any:
    headers = {"Authorization": f"Bearer {door.token}", **headers}
    return apart(lambda: Client().post(GRAPHQL, body, content_type=kind, headers=headers))


def told(response: Any) -> None:
    """Answered, or refused with a code."""
    assert response.status_code < 500, response.content
    for error in response.json().get("errors") or ():
        assert error["extensions"]["code"] != "internal", error


def test_every_document_the_schema_allows(ada: Member, door: Door):
    @some(25, 2_000)
    @given(documents())
    def check(document: str) -> None:
        told(asked(door, json.dumps({"query": document}).encode()))

    check()


ARGUMENTS = {
    "first": ("Int", "{ loyalty { me { statement(first: $v) { edges { cursor } } } } }"),
    "after": ("String", "{ loyalty { me { statement(after: $v) { edges { cursor } } } } }"),
    "channel": ("String", "{ loyalty(channel: $v) { me { number } } }"),
}


def test_arguments_of_any_shape(ada: Member, door: Door):
    @some(60)
    @given(st.sampled_from(sorted(ARGUMENTS)), JSON)
    def check(name: str, value: Any) -> None:
        kind, text = ARGUMENTS[name]
        told(
            asked(
                door, json.dumps({"query": f"query($v: {kind}) {text}", "variables": {"v": value}}).encode()
            )
        )

    check()


def test_bodies_that_are_no_question(ada: Member, door: Door):
    shaped = st.fixed_dictionaries(
        {}, optional={"query": JSON, "variables": JSON, "operationName": JSON, "extensions": JSON}
    )
    bodies = (
        st.binary(max_size=60)
        | JSON.map(lambda value: json.dumps(value).encode())
        | shaped.map(lambda value: json.dumps(value).encode())
    )
    kinds = [
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/json; x=y",
        "",
    ]

    @some(60)
    @given(bodies, st.sampled_from(kinds))
    def check(body: bytes, kind: str) -> None:
        told(asked(door, body, kind))

    check()


@pytest.mark.parametrize(
    "document",
    [
        "{" * 5_000,
        "{a" * 5_000 + "}" * 5_000,
        "{ loyalty " * 400 + "}" * 400,
        "query(" + "$a: Int " * 3_000 + ") { loyalty { me { number } } }",
        "{ loyalty { me { number } } } " * 300,
        "fragment A on Query { ...B } fragment B on Query { ...A } { ...A }",
        "{ loyalty { me { ...A } } } fragment A on LoyaltyMember { ...A }",
        '{ loyalty(channel: "\\u0000") { me { number } } }',
        '{ loyalty(channel: "\\ud800") { me { number } } }',
        "{ loyalty { me { statement(first: 99999999999999999999) { edges { cursor } } } } }",
        "#" * 60_000,
        '"' * 60_000,
    ],
    ids=range(12),
)
def test_documents_made_to_exhaust(document: str, ada: Member, door: Door):
    told(asked(door, json.dumps({"query": document}).encode()))


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "options", "head", "trace"])
@pytest.mark.parametrize("path", [GRAPHQL, EVENTS_DOOR, REGISTER, HEALTH, "/loyalty/saleor/manifest"])
def test_other_methods(method: str, path: str, ada: Member):
    assert getattr(Client(), method)(path).status_code < 500


# -- webhooks, handshake, health ----------------------------------------------------------------------------
def header_value(value: str) -> str:
    """As a server hands it on: what arrives is bytes, read as Latin-1."""
    return value.encode("utf-8", "replace").decode("latin-1").replace("\r", "").replace("\n", "")


OURS = ("Saleor-Api-Url", "Saleor-Signature", "Saleor-Event", "X-Loyalty-Secret", "Authorization")
ANYBODYS = ("Host", "Accept-Language", "X-Forwarded-For", "Content-Length", "Cookie")
HEADERS = st.dictionaries(
    st.sampled_from([*OURS, *ANYBODYS]),
    ODD.map(header_value) | st.sampled_from([REALM, SECRET, "Bearer x", "a.b.c", "..", "xx-yy;q=z"]),
    max_size=4,
)


@pytest.mark.parametrize("path", [EVENTS_DOOR, REGISTER, HEALTH, "/loyalty/saleor/manifest"])
def test_odd_headers_and_bodies(path: str, ada: Member):
    @some(40)
    @given(HEADERS, st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
    def check(headers: dict[str, str], body: bytes) -> None:
        method = "get" if path in (HEALTH, "/loyalty/saleor/manifest") else "post"
        data = {} if method == "get" else {"data": body, "content_type": "application/json"}
        response = apart(lambda: getattr(Client(), method)(path, headers=headers, **data))
        assert response.status_code < 500 or response.status_code == 503, response.content

    check()


EVENT = st.fixed_dictionaries(
    {
        "__typename": st.sampled_from([*EVENTS, SHIPPING_LIST]) | ODD | st.just("\ud800"),
        "recipient": st.just({"id": APP_ID}),
    },
    optional={
        name: JSON
        | st.fixed_dictionaries({"id": ODD}, optional={"user": st.fixed_dictionaries({"id": ODD}) | JSON})
        for name in ("order", "orders", "user", "checkout", "app", "transaction", "issuedAt")
    },
)


def test_signed_events_of_any_shape_are_kept_or_refused_and_worked_off(ada: Member):
    @some(80)
    @given(EVENT)
    def check(content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        headers = {"Saleor-Api-Url": REALM, "Saleor-Signature": KEY.sign(body), "X-Loyalty-Secret": SECRET}

        def act() -> tuple[int, list[str]]:
            post = Client().post(EVENTS_DOOR, body, content_type="application/json", headers=headers)
            drain_inbox(10, NOW)
            return post.status_code, list(InboxItem.objects.values_list("outcome", flat=True))

        status, outcomes = apart(act)
        assert status in (200, 202, 401), content
        assert "unexpected" not in outcomes

    check()


def test_a_signed_question_of_any_shape_is_answered(ada: Member):
    part = (
        st.fixed_dictionaries({}, optional={"id": ODD, "slug": ODD | st.just(CHANNEL), "currencyCode": JSON})
        | JSON
    )

    @some(40)
    @given(st.fixed_dictionaries({}, optional={"user": part, "channel": part}) | JSON)
    def check(checkout: Any) -> None:
        body = json.dumps(
            {"__typename": SHIPPING_LIST, "recipient": {"id": APP_ID}, "checkout": checkout}
        ).encode()
        headers = {"Saleor-Api-Url": REALM, "Saleor-Signature": KEY.sign(body), "X-Loyalty-Secret": SECRET}
        response = apart(
            lambda: Client().post(EVENTS_DOOR, body, content_type="application/json", headers=headers)
        )
        assert (response.status_code, response.content) == (200, b"[]")

    check()


# -- back office --------------------------------------------------------------------------------------------
def pages(within: Any = None, before: str = "") -> Iterator[str]:
    """The addresses of our pages as they stand in the urls, converters and all."""
    for one in (within or get_resolver()).url_patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            if route.startswith("admin/membership"[: len(route)]):
                yield from pages(one, route)
        elif isinstance(one, URLPattern) and route.startswith("admin/membership"):
            yield route


PAGES = sorted(set(pages()))
LISTS = ("p", "q", "state", "status", "tier", "ordering", "export", "from", "to", "at", "after", "day", "who")
FILTERS = ("operation", "programme", "since", "until", "kind", "_export", "w", "as")
PARAMETERS = st.dictionaries(st.sampled_from([*LISTS, *FILTERS]) | ODD, ODD, max_size=4)
ACTS = (
    "amount",
    "reason",
    "words",
    "key",
    "confirm",
    "approve",
    "reject",
    "starts_at",
    "note",
    "look",
    "again",
)
FORMS = ("document", "name", "code", "realm", "accept", "until", "since", "number", "id", "act")
FIELDS = st.dictionaries(st.sampled_from([*ACTS, *FORMS]), ODD | st.uuids().map(str), max_size=6)


def address(route: str, known: dict[str, int], number: int | None) -> str:
    def filled(found: re.Match[str]) -> str:
        kind, name = found["kind"], found["name"]
        if kind == "uuid":
            return str(uuid.UUID(int=7))
        return str(known.get(name, 1) if number is None else number)

    return "/" + re.sub(r"<(?P<kind>\w+):(?P<name>\w+)>", filled, route)


def known_in(of: Member) -> dict[str, int]:
    draft = ProgrammeVersion.objects.get(programme=of.programme)
    assert of.realm_id is not None
    return {"member_id": of.pk, "version_id": draft.pk, "realm_id": of.realm_id}


def test_our_pages_were_found():
    assert len(PAGES) > 20


@pytest.mark.parametrize("route", PAGES)
def test_pages_bear_any_query_and_any_form(route: str, ada: Member):
    owner, known = staff("owner"), known_in(ada)
    owner.raise_request_exception = True

    @some(6, 300)
    @given(st.sampled_from([None, None, None, 0, 2**31, 2**63, 10**30]), PARAMETERS, FIELDS, st.booleans())
    def check(number: int | None, query: dict[str, str], fields: dict[str, str], posts: bool) -> None:
        path = f"{address(route, known, number)}?{urlencode(query, errors='replace')}"
        response = apart(lambda: owner.post(path, fields) if posts else owner.get(path))
        assert response.status_code < 500, path

    check()
