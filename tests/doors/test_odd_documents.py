"""Whatever is asked by GraphQL is answered or refused with a code: what the schema allows is made up by Schemathesis."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.test import Client
from graphql import introspection_from_schema
from hypothesis import given
from hypothesis import strategies as st
from schemathesis.graphql import nodes

from loyalty_plugin.graphql.schema import schema
from loyalty_plugin.models.members import Member
from tests.doors.graphqlkit import Door, door
from tests.doors.oddkit import (
    EVENTS_DOOR,
    GRAPHQL,
    HEALTH,
    JSON,
    ODD,
    REGISTER,
    ada,
    apart,
    nothing_unexpected,
    some,
)

__all__ = ["ada", "door", "nothing_unexpected"]


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
