"""Builds the executable schema from schema.graphql and the registered resolvers; knows no business."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import wraps
from importlib import resources
from typing import Any

from graphql import (
    BooleanValueNode,
    FloatValueNode,
    GraphQLEnumType,
    GraphQLError,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    IntValueNode,
    StringValueNode,
    build_schema,
    value_from_ast_untyped,
)

from .clock import iso
from .context import Refused
from .values import InvalidId

Resolver = Callable[..., Any]
RESOLVERS: dict[tuple[str, str], Resolver] = {}


def field(type_name: str, *names: str) -> Callable[[Resolver], Resolver]:
    """Register a resolver `(source, info, **arguments)` for fields of a type."""

    def register(resolver: Resolver) -> Resolver:
        for name in names:
            RESOLVERS[type_name, name] = resolver
        return resolver

    return register


def query(name: str) -> Callable[[Resolver], Resolver]:
    """Register a root query `(ctx, **arguments)`, which takes its measured time."""

    def register(resolver: Resolver) -> Resolver:
        @wraps(resolver)
        def resolve(_root: Any, info: Any, **arguments: Any) -> Any:
            info.context.pace.field(name)
            try:
                return resolver(info.context, **arguments)
            except InvalidId as error:
                raise GraphQLError(str(error)) from error

        RESOLVERS["Query", name] = resolve
        return resolver

    return register


def mutation(name: str, id_field: str = "id") -> Callable[[Resolver], Resolver]:
    """Register a mutation `(ctx, **arguments) -> dict`; a Refused becomes an entry of its `errors`."""

    def register(resolver: Resolver) -> Resolver:
        @wraps(resolver)
        def resolve(_root: Any, info: Any, **arguments: Any) -> dict[str, Any]:
            info.context.pace.field(name)
            try:
                answer = resolver(info.context, **arguments)
            except Refused as refusal:
                return {"errors": [refusal.error]}
            except InvalidId as error:
                return {"errors": [{"field": id_field, "code": "GRAPHQL_ERROR", "message": str(error)}]}
            return {"errors": [], **answer}

        RESOLVERS["Mutation", name] = resolve
        return resolver

    return register


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool):
        raise GraphQLError("Value cannot be represented as a decimal.")
    try:
        # A float only arrives from callers in this process; the HTTP door parses numbers as Decimal.
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise GraphQLError("Value cannot be represented as a decimal.") from error
    if not number.is_finite():
        raise GraphQLError("Value cannot be represented as a decimal.")
    return number


def _positive(value: object) -> Decimal:
    number = _decimal(value)
    if number < 0:
        raise GraphQLError(f'Value cannot be lower than 0. Unsupported value: "{value}"')
    return number


def _moment(value: object) -> str:
    try:
        parsed = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise GraphQLError(f'DateTime cannot represent value: "{value}"') from error
    return iso(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))


def _day(value: object) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError as error:
        raise GraphQLError(f'Date cannot represent value: "{value}"') from error


def _json_text(value: object) -> Any:
    try:
        return json.loads(str(value), parse_float=Decimal)
    except ValueError as error:
        raise GraphQLError(f"{value} is not a valid JSONString") from error


def _uuid(value: object) -> str:
    try:
        return str(uuid.UUID(str(value)))
    except ValueError as error:
        raise GraphQLError(f'UUID cannot represent value: "{value}"') from error


def _same(value: Any) -> Any:
    return value


#: scalar -> (out, in)
_SCALARS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    # On the wire Saleor's decimals are JSON floats; the conversion happens here and nowhere else.
    "Decimal": (float, _decimal),
    "PositiveDecimal": (float, _positive),
    "DateTime": (str, _moment),
    "Date": (str, _day),
    "JSON": (_same, _same),
    "GenericScalar": (_same, _same),
    "JSONString": (lambda value: value if isinstance(value, str) else json.dumps(value), _json_text),
    "UUID": (str, _uuid),
    "Minute": (int, int),
}


def _literal(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def coerce(node: Any) -> Any:
        if isinstance(node, IntValueNode | FloatValueNode | StringValueNode | BooleanValueNode):
            return parse(node.value)
        return parse(value_from_ast_untyped(node))

    return coerce


def _typename(value: Any, *_: Any) -> str:
    return str(value["__typename"])


def load() -> GraphQLSchema:
    """The schema with every registered resolver attached; a resolver without a field is a programming error."""
    schema = build_schema((resources.files(__package__) / "schema.graphql").read_text("utf-8"))
    for (type_name, name), resolver in RESOLVERS.items():
        owner = schema.type_map[type_name]
        assert isinstance(owner, GraphQLObjectType)
        owner.fields[name].resolve = resolver
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLScalarType) and type_.name in _SCALARS:
            serialize, parse = _SCALARS[type_.name]
            type_.coerce_output_value = serialize  # type: ignore[method-assign]
            type_.coerce_input_value = parse  # type: ignore[method-assign]
            type_.coerce_input_literal = _literal(parse)  # type: ignore[method-assign]
        elif isinstance(type_, GraphQLInterfaceType):
            type_.resolve_type = _typename
        elif isinstance(type_, GraphQLObjectType) and type_.name != "Query" and "id" in type_.fields:
            type_.fields["id"].resolve = type_.fields["id"].resolve or _global_id
        elif type_.name in ("IssuingPrincipal", "UserOrApp", "DeliveryMethod"):
            type_.resolve_type = _typename  # type: ignore[attr-defined]
        assert not isinstance(type_, GraphQLEnumType) or type_.values
    return schema


def _global_id(source: dict[str, Any], _info: Any) -> str:
    from .values import gid

    return gid(source["__typename"], source["id"])
