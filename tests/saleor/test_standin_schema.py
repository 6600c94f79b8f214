"""The stand-in's schema is a subset of the real one, and every registered resolver has its field."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_schema,
    print_ast,
    validate_schema,
)

from sandbox.saleor.schema import RESOLVERS
from tests.saleor.standinkit import Receiver, Shop


def ours() -> GraphQLSchema:
    return build_schema((resources.files("sandbox.saleor") / "schema.graphql").read_text("utf-8"))


@pytest.fixture(scope="module")
def real(saleor_facts: Path) -> GraphQLSchema:
    return build_schema((saleor_facts / "schema.graphql").read_text("utf-8"), assume_valid=True)


def test_the_schema_is_valid() -> None:
    assert validate_schema(ours()) == []


def test_every_type_field_argument_and_value_exists_in_saleor(real: GraphQLSchema) -> None:
    wrong: list[str] = []
    for name, mine in ours().type_map.items():
        theirs = real.type_map.get(name)
        if theirs is None or type(theirs) is not type(mine):
            wrong.append(f"type {name}")
        elif isinstance(mine, GraphQLObjectType | GraphQLInterfaceType):
            wrong += _fields(name, mine, theirs)
        elif isinstance(mine, GraphQLInputObjectType):
            wrong += _inputs(name, mine.fields, theirs.fields)  # type: ignore[attr-defined]
        elif isinstance(mine, GraphQLEnumType):
            wrong += [f"{name}.{v}" for v in mine.values if v not in theirs.values]  # type: ignore[attr-defined]
        elif isinstance(mine, GraphQLUnionType):
            members = {t.name for t in theirs.types}  # type: ignore[attr-defined]
            wrong += [f"{name}: {t.name}" for t in mine.types if t.name not in members]
    assert wrong == []


def _fields(name: str, mine: Any, theirs: Any) -> list[str]:
    wrong = [
        f"{name}: {i.name}" for i in mine.interfaces if i.name not in {t.name for t in theirs.interfaces}
    ]
    for key, field in mine.fields.items():
        real_field = theirs.fields.get(key)
        if name.startswith("__"):
            continue
        if real_field is None or str(real_field.type) != str(field.type):
            wrong.append(f"{name}.{key}")
        else:
            wrong += _inputs(f"{name}.{key}", field.args, real_field.args)
    return wrong


def _inputs(name: str, mine: Any, theirs: Any) -> list[str]:
    """Arguments or input fields: the same type and default; none that Saleor requires is left out."""
    wrong = []
    for key, given in mine.items():
        if (
            key not in theirs
            or str(theirs[key].type) != str(given.type)
            or _default(given) != _default(theirs[key])
        ):
            wrong.append(f"{name}({key})")
    for key, needed in theirs.items():
        if isinstance(needed.type, GraphQLNonNull) and _default(needed) is None and key not in mine:
            wrong.append(f"{name}({key}) is required")
    return wrong


def _default(value: Any) -> str | None:
    node = value.ast_node and value.ast_node.default_value
    return print_ast(node) if node else None


def test_every_resolver_has_its_field(shop: Shop) -> None:
    schema = ours()
    assert RESOLVERS
    for type_name, field in RESOLVERS:
        assert field in schema.type_map[type_name].fields, f"{type_name}.{field}"  # type: ignore[attr-defined]


def test_every_root_field_is_resolved(shop: Shop) -> None:
    schema = ours()
    for type_name in ("Query", "Mutation", "Subscription"):
        missing = set(schema.type_map[type_name].fields) - {f for t, f in RESOLVERS if t == type_name}  # type: ignore[attr-defined]
        assert missing == set()


CAPTURED = {
    "order_paid": "OrderPaid",
    "order_created": "OrderCreated",
    "order_fully_paid": "OrderFullyPaid",
    "order_confirmed": "OrderConfirmed",
    "order_updated": "OrderUpdated",
    "customer_created": "CustomerCreated",
    "account_confirmed": "AccountConfirmed",
    "checkout_fully_paid": "CheckoutFullyPaid",
}
#: What the captured subscriptions named otherwise than the schema does.
ALIASES = {"priceOverride": "priceOverride:unitPrice"}


def test_bodies_have_the_shape_of_those_captured(shop: Shop, receiver: Receiver, saleor_facts: Path) -> None:
    """Ask for exactly what a captured body holds; keys and JSON types must come back the same."""
    captured = {
        kind: json.loads((saleor_facts / "payloads" / f"{name}.json").read_text())
        for name, kind in CAPTURED.items()
    }
    schema = ours()
    app = shop.app("MANAGE_ORDERS", "MANAGE_USERS", "MANAGE_CHECKOUTS")
    create = "mutation($i:WebhookCreateInput!){webhookCreate(input:$i){errors{message}}}"
    for kind, body in captured.items():
        body.pop("errors", None)
        wanted = _selection(body, schema, kind)
        query = f"subscription{{event{{__typename ... on {kind}{{{wanted}}}}}}}"
        app.data(create, i={"name": kind, "targetUrl": f"{receiver.url}/{kind}", "query": query})
    _, customer = shop.customer(metadata={"src": "storefront"})
    checkout = shop.ready(customer, [("POT", 1), ("S-100", 2)], metadata=[{"key": "a", "value": "b"}])
    handler = shop.app("HANDLE_CHECKOUTS")
    lines = [{"lineId": checkout["lines"][0]["id"], "price": 28, "priceOverrideReason": "loyalty:gold"}]
    handler.data(
        "mutation($c:ID!,$l:[CheckoutLineUpdateInput!]!){checkoutLinesUpdate(id:$c,lines:$l){errors{code}}}",
        c=checkout["id"],
        l=lines,
    )
    promo = 'mutation($c:ID!){checkoutAddPromoCode(id:$c,promoCode:"FIVE"){errors{code}}}'
    customer.data(promo, c=checkout["id"])
    shop.pay(customer, checkout["id"])
    shop.complete(customer, checkout["id"])
    shop.settled()
    for kind, body in captured.items():
        [got, *_] = receiver.wait(1, f"/{kind}")
        mine = {k: v for k, v in got.json.items() if k != "errors"}
        assert _differences(mine, body, kind) == []


def _selection(value: Any, schema: GraphQLSchema, type_name: str) -> str:
    """A GraphQL selection that asks for the keys of a JSON object, as far as our schema has them."""
    parts = []
    owner = schema.type_map[type_name]
    for key, child in value.items():
        name = ALIASES.get(key, key).split(":")[-1]
        if key == "__typename":
            parts.append("__typename")
            continue
        if key == "issuingPrincipal":
            parts.append("issuingPrincipal{__typename ... on User{id email} ... on App{id name}}")
            continue
        assert name in owner.fields, f"{type_name}.{name} is in a captured body"  # type: ignore[attr-defined]
        inner = owner.fields[name].type  # type: ignore[attr-defined]
        while hasattr(inner, "of_type"):
            inner = inner.of_type
        if isinstance(inner, GraphQLObjectType):
            parts.append(
                f"{ALIASES.get(key, key)}{{{_selection(_sample(child), schema, inner.name) or next(iter(inner.fields))}}}"
            )
        else:
            parts.append(ALIASES.get(key, key))
    return " ".join(parts)


def _sample(value: Any) -> Any:
    if isinstance(value, list):
        merged: dict[str, Any] = {}
        for entry in value:
            merged |= entry
        return merged
    return value or {}


def _differences(mine: Any, theirs: Any, path: str) -> list[str]:
    if mine is None or theirs is None or path.endswith(".metadata"):
        return []
    if isinstance(theirs, dict):
        if not isinstance(mine, dict):
            return [f"{path}: {type(mine)}"]
        wrong = [f"{path}: {k}" for k in set(mine) ^ set(theirs)]
        return wrong + [
            d for k in set(mine) & set(theirs) for d in _differences(mine[k], theirs[k], f"{path}.{k}")
        ]
    if isinstance(theirs, list):
        if not isinstance(mine, list):
            return [f"{path}: {type(mine)}"]
        return _differences(mine[0], theirs[0], f"{path}[]") if mine and theirs else []
    return (
        [] if type(mine) is type(theirs) else [f"{path}: {type(mine).__name__} for {type(theirs).__name__}"]
    )
