"""Takes the variables of an operation apart: refuses every path that is not declared and every value of another kind."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from loyalty_plugin.errors import InvalidInput, UndeclaredVariable
from loyalty_plugin.services.shopping.catalogue import IDS, Kind, Operation

#: As many lines, ids or characters as anybody needs.
MANY: Final = 100
LONG: Final = 2_000
_MOST: Final = 2**31 - 1


def checked(operation: Operation, variables: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The values at each declared path that was given, in order.

    Raises UndeclaredVariable (path) and InvalidInput (path).
    """
    found: dict[str, list[Any]] = {}
    given = {path for path, _value in _leaves(operation, "", variables)}
    for path, value in _leaves(operation, "", variables):
        if path not in operation.takes:
            if _leads_on(operation, path) and value in ({}, [], None):
                continue
            raise UndeclaredVariable(path=path)
        _check(path, operation.takes[path], value)
        found.setdefault(path, []).append(value)
    for path in sorted({one.partition("[].")[0] for one in operation.takes if "[]." in one}):
        _check_items(operation, path, variables)
    for path in operation.needs:
        if not any(one == path or one.startswith((f"{path}.", f"{path}[]")) for one in given):
            raise InvalidInput("missing", path=path)
    return found


def as_sent(operation: Operation, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The same variables, with the numbers of what is passed on unread as JSON has them; money stays exact."""
    return {name: _as_sent(operation, name, value) for name, value in variables.items()}


def _as_sent(operation: Operation, path: str, value: Any) -> Any:
    if operation.takes.get(path) is Kind.OPAQUE:
        return json.loads(json.dumps(value, default=float))
    if isinstance(value, Mapping):
        return {name: _as_sent(operation, f"{path}.{name}", inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_as_sent(operation, f"{path}[]", inner) for inner in value]
    return value


def _leaves(operation: Operation, path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Paths and what stands there: down to what is declared, and no further."""
    if path in operation.takes:
        yield path, value
    elif isinstance(value, Mapping) and value:
        for name, inner in value.items():
            yield from _leaves(operation, f"{path}.{name}" if path else str(name), inner)
    elif isinstance(value, list) and value:
        if len(value) > MANY:
            raise InvalidInput("too many", path=path)
        for inner in value:
            yield from _leaves(operation, f"{path}[]", inner)
    elif path:
        yield path, value


def _leads_on(operation: Operation, path: str) -> bool:
    return any(one.startswith((f"{path}.", f"{path}[]")) for one in operation.takes)


def _check_items(operation: Operation, path: str, variables: Any) -> None:
    """Each entry of a list says everything by which it is known."""
    for name in path.split("."):
        variables = (variables or {}).get(name)
    needed = [
        one.rpartition(".")[2]
        for one, kind in operation.takes.items()
        if one.startswith(f"{path}[].") and (kind in IDS or kind is Kind.WHOLE)
    ]
    for item in variables or ():
        if not isinstance(item, Mapping) or any(name not in item for name in needed):
            raise InvalidInput("incomplete", path=f"{path}[]")


def _check(path: str, kind: Kind, value: Any) -> None:
    right = True
    if kind in IDS:
        right = isinstance(value, str) and 0 < len(value) <= LONG
    elif kind is Kind.TEXT:
        right = value is None or (isinstance(value, str) and len(value) <= LONG)
    elif kind is Kind.WHOLE:
        right = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST
    elif kind is Kind.AMOUNT:
        right = value is None or _is_amount(value)
    if not right:
        raise InvalidInput("of another kind", path=path)


def _is_amount(value: Any) -> bool:
    try:
        number = (
            Decimal(value) if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else None
        )
    except InvalidOperation:
        return False
    return number is not None and number.is_finite() and number >= 0
