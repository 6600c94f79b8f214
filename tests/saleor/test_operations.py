"""Every document we send is valid against Saleor's schema, and against the stand-in's, which is a part of it."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

import sandbox.saleor
from loyalty_plugin.saleor import documents
from loyalty_plugin.saleor.manifest import SUBSCRIPTIONS

STANDIN = Path(sandbox.saleor.__file__).parent / "schema.graphql"
FACTS = os.environ.get("SALEOR_FACTS")
SCHEMAS = [
    pytest.param(STANDIN, id="stand-in"),
    pytest.param(
        Path(FACTS or "") / "schema.graphql",
        id="Saleor",
        marks=pytest.mark.skipif(not FACTS, reason="SALEOR_FACTS names no folder of recorded facts"),
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
@pytest.mark.parametrize("subscription", SUBSCRIPTIONS, ids=lambda s: s.identifier)
def test_subscriptions_are_valid(subscription: object, path: Path):
    assert not validate(schema(path), parse(subscription.query))  # type: ignore[attr-defined]


def test_an_operation_says_whether_it_writes():
    assert {name for name in documents.names() if documents.document(name).writes} == {
        "checkout_set_prices",
        "webhook_secure",
    }
