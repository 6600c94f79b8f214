"""Generated from the catalogue: every id of every operation swapped for another's, and everything that is not declared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from graphql import (
    GraphQLInputObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    get_named_type,
    is_list_type,
    is_non_null_type,
    parse,
    type_from_ast,
)

from loyalty_plugin.saleor.documents import document
from loyalty_plugin.services.shopping.catalogue import IDS, OPERATIONS, Kind, Operation
from sandbox.saleor.schema import load
from tests.saleor.enforcedkit import GATEWAY, EnforcedShop, Visitor, bare, enforced
from tests.saleor.standinkit import ADDRESS, CHANNEL

__all__ = ["bare", "enforced"]

#: Kinds of which each is somebody's; a variant and a payment App are everybody's.
OWNED = IDS - {Kind.VARIANT, Kind.GATEWAY}
TEXTS: dict[str, Any] = {
    "channel": CHANNEL,
    "email": "somebody@mail.example",
    "languageCode": "EN_US",
    "promoCode": "FIVE",
    "after": None,
    "idempotencyKey": "once",
}


@dataclass
class World:
    """Somebody, with one of everything that is somebody's."""

    visitor: Visitor
    ids: dict[Kind, str]

    def sample(self, path: str, kind: Kind) -> Any:
        name = path.rpartition(".")[2]
        if kind is Kind.TEXT:
            return TEXTS.get(name, ADDRESS.get(name, "x"))
        return {Kind.WHOLE: 1, Kind.AMOUNT: "1.00", Kind.OPAQUE: {"card": "test"}}.get(kind) or self.ids[kind]

    def variables(self, operation: Operation) -> dict[str, Any]:
        """All that the operation takes, with what is their own."""
        made: dict[str, Any] = {}
        for path, kind in operation.takes.items():
            put(made, path, self.sample(path, kind))
        return made


def put(into: Any, path: str, value: Any) -> None:
    """Set the value at a path such as `lines[].lineId`, in a list of one."""
    name, _dot, rest = path.partition(".")
    many = name.endswith("[]")
    name = name.removesuffix("[]")
    if not rest:
        into[name] = [value] if many else value
    elif many:
        put(into.setdefault(name, [{}])[0], rest, value)
    else:
        put(into.setdefault(name, {}), rest, value)


def world_of(visitor: Visitor) -> World:
    order = visitor.buy(("S-100", 1))
    paid = visitor.cart(("POT", 1))
    visitor.send(paid["id"])
    transaction = visitor.pay(paid["id"])["transaction"]["id"]
    made = visitor.cart(("S-100", 2))
    options = visitor.done("DeliveryOptionsCalculate", id=made["id"])["deliveries"]
    visitor.done("CheckoutDeliveryMethodUpdate", id=made["id"], deliveryMethodId=options[0]["id"])
    visitor.done("DeliveryOptionsCalculate", id=made["id"])
    return World(
        visitor,
        {
            Kind.CHECKOUT: made["id"],
            Kind.LINE: made["lines"][0]["id"],
            Kind.DELIVERY: options[0]["id"],
            Kind.TRANSACTION: transaction,
            Kind.ORDER: order,
            Kind.VARIANT: visitor.shop.variant("S-100"),
            Kind.GATEWAY: str(GATEWAY["id"]),
        },
    )


def state(shop: EnforcedShop) -> dict[str, Any]:
    """Everything at the stand-in that a buyer can change."""
    with shop.thread.shop.standin.store.read() as tx:
        kinds = ("checkout", "checkout_line", "order", "transaction", "user")
        return {kind: {one["id"]: one for one in tx.find(kind)} for kind in kinds}


def test_every_id_of_every_operation_is_refused_as_anothers(enforced: EnforcedShop):
    customers = [world_of(enforced.member()), world_of(enforced.member())]
    guests = [world_of(enforced.guest()), world_of(enforced.guest())]
    nobody = Visitor(enforced)
    enforced.thread.settle()
    before = state(enforced)
    swaps = 0
    for name, operation in OPERATIONS.items():
        owned = [path for path, kind in operation.takes.items() if kind in OWNED]
        for mine, theirs in (
            (customers[0], customers[1]),
            (customers[0], guests[0]),
            (guests[0], guests[1]),
            (guests[0], customers[0]),
        ):
            for path in owned:
                given = mine.variables(operation)
                put(given, path, theirs.ids[operation.takes[path]])
                code = mine.visitor.refused(name, **given)
                # What only a customer can is refused to a guest before anything is looked at.
                expected = {"not_found"} if mine.visitor.token else {"not_found", "token_refused"}
                assert code in expected, (name, path, code)
                swaps += 1
        for theirs in (customers[0], guests[0]):
            if owned:
                code = nobody.refused(name, **theirs.variables(operation))
                assert code in ("not_found", "token_refused"), (name, code)
                swaps += 1
    # Somebody who is signed in and has another guest's session by no means has the customer's checkout, nor the reverse.
    mixed = Visitor(enforced, token=customers[1].visitor.token, session=guests[1].visitor.session)
    for theirs in (customers[0], guests[0]):
        for name in ("Checkout", "CheckoutComplete", "CheckoutCustomerAttach", "CheckoutCustomerDetach"):
            assert mixed.refused(name, id=theirs.ids[Kind.CHECKOUT]) == "not_found"
    assert swaps > 100
    assert state(enforced) == before
    # The same variables are good in their owner's hand: it was the id that was refused.
    for mine in (customers[0], guests[0]):
        for name in sorted(
            OPERATIONS, key=lambda one: one in ("CheckoutLinesDelete", "CheckoutCustomerDetach")
        ):
            if name == "MyOrders" and not mine.visitor.token:
                continue
            if "Customer" in name and "Note" not in name:
                continue
            answer = mine.visitor.ask(name, **mine.variables(OPERATIONS[name]))
            assert answer["data"], (name, answer)


# What is not declared


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return load()


def inputs(schema: GraphQLSchema, operation: Operation) -> Iterator[tuple[str, bool]]:
    """Every path that Saleor would take by the document's variables, and whether it is an id."""
    [defined] = [
        one
        for one in parse(document(f"buyer_{operation.document}").text).definitions
        if isinstance(one, OperationDefinitionNode)
    ]
    for variable in defined.variable_definitions:
        yield from _inner(variable.variable.name.value, type_from_ast(schema, variable.type))


def _inner(path: str, kind: Any) -> Iterator[tuple[str, bool]]:
    while is_non_null_type(kind):
        kind = kind.of_type
    if is_list_type(kind):
        yield from _inner(f"{path}[]", kind.of_type)
    elif isinstance(get_named_type(kind), GraphQLInputObjectType):
        for name, field in kind.fields.items():
            yield from _inner(f"{path}.{name}", field.type)
    else:
        yield path, get_named_type(kind).name in ("ID", "UUID")


def test_what_the_catalogue_takes_is_what_saleor_takes_and_every_id_has_an_owner(schema: GraphQLSchema):
    for name, operation in OPERATIONS.items():
        there = dict(inputs(schema, operation))
        assert operation.takes.keys() <= there.keys(), name
        assert operation.bound <= there.keys(), name
        for path, kind in operation.takes.items():
            # Saleor has the identifier of a payment App as a text.
            assert there[path] == (kind in IDS - {Kind.GATEWAY}) or kind is Kind.GATEWAY, (name, path)


def test_nothing_undeclared_is_taken_nested_or_not(enforced: EnforcedShop, schema: GraphQLSchema):
    mine = world_of(enforced.member())
    enforced.thread.settle()
    before, tried = state(enforced), 0
    for name, operation in OPERATIONS.items():
        closed = [path for path, _id in inputs(schema, operation) if path not in operation.takes]
        for path in [*closed, "token", "checkoutId", "customerId", "metadata", "query"]:
            given = mine.variables(operation)
            put(given, path, "x")
            assert mine.visitor.refused(name, **given) == "undeclared_variable", (name, path)
            tried += 1
    for shape in (
        {"lines": {"variantId": "x", "quantity": 1}},
        {"lines": ["x"]},
        {"lines": [{}]},
        {"lines": [None]},
    ):
        code = mine.visitor.refused("CheckoutLinesAdd", id=mine.ids[Kind.CHECKOUT], **shape)
        assert code in ("undeclared_variable", "invalid_input"), shape
    for odd in ([mine.ids[Kind.CHECKOUT]], {"id": "x"}, 7, None, "", "x" * 3_000):
        assert mine.visitor.refused("Checkout", id=odd) == "invalid_input", odd
    assert mine.visitor.refused("CheckoutDelete", id=mine.ids[Kind.CHECKOUT]) == "unknown_operation"
    assert tried > 100
    assert state(enforced) == before
