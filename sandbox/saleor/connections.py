"""Pages lists the Relay way with Saleor's limit of a hundred; decides no order of its own."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any

from graphql import GraphQLError

from .store import Doc, Tx

LIMIT = 100


def check_page(name: str, arguments: dict[str, Any]) -> tuple[int, bool]:
    """(size, from the end) or Saleor's error."""
    first, last = arguments.get("first"), arguments.get("last")
    for label, size in (("first", first), ("last", last)):
        if size is not None and size > LIMIT:
            raise GraphQLError(
                f"Requesting {size} records on the `{name}` connection exceeds the `{label}` limit of"
                f" {LIMIT} records."
            )
        if size is not None and size < 0:
            raise GraphQLError(f"Argument `{label}` must be a non-negative integer.")
    if first is None and last is None:
        raise GraphQLError(
            f"You must provide a `first` or `last` value to properly paginate the `{name}` connection."
        )
    return (first, False) if first is not None else (last or 0, True)


def encode_cursor(value: Sequence[Any]) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def decode_cursor(cursor: str) -> list[Any]:
    try:
        decoded = json.loads(base64.b64decode(cursor, validate=True))
    except ValueError as error:
        raise GraphQLError("Received cursor is invalid.") from error
    if not isinstance(decoded, list):
        raise GraphQLError("Received cursor is invalid.")
    return decoded


def answer(
    rows: list[tuple[str, Doc]], has_next: bool, has_previous: bool, count: Callable[[], int]
) -> dict[str, Any]:
    return {
        "edges": [{"cursor": cursor, "node": doc} for cursor, doc in rows],
        "pageInfo": {
            "hasNextPage": has_next,
            "hasPreviousPage": has_previous,
            "startCursor": rows[0][0] if rows else None,
            "endCursor": rows[-1][0] if rows else None,
        },
        "totalCount": lambda _info: count(),
    }


def from_list(name: str, docs: list[Doc], arguments: dict[str, Any]) -> dict[str, Any]:
    """A page of a short list that is already in memory and in order."""
    size, backwards = check_page(name, arguments)
    start, stop = 0, len(docs)
    positions = {d["id"]: i for i, d in enumerate(docs)}
    if arguments.get("after"):
        start = positions.get(decode_cursor(arguments["after"])[-1], -1) + 1
    if arguments.get("before"):
        stop = positions.get(decode_cursor(arguments["before"])[-1], len(docs))
    if backwards:
        start = max(start, stop - size)
    else:
        stop = min(stop, start + size)
    rows = [(encode_cursor([d["id"]]), d) for d in docs[start:stop]]
    return answer(rows, stop < len(docs), start > 0, lambda: len(docs))


def from_table(
    tx: Tx,
    count: Callable[[], int],
    name: str,
    kind: str,
    where: str,
    params: list[Any],
    order: str,
    descending: bool,
    arguments: dict[str, Any],
) -> dict[str, Any]:
    """A page by key set: `order` is an SQL expression of text or number, ties are broken by n."""
    size, backwards = check_page(name, arguments)
    table, params = f"standin_{kind}", list(params)
    for label, forward in (("after", True), ("before", False)):
        if arguments.get(label):
            value, n = (*decode_cursor(arguments[label]), None)[:2]
            sign = ">" if forward != descending else "<"
            where += f" AND ({order}, n) {sign} (%s, %s)"
            params += [value, n]
    direction = "DESC" if descending != backwards else "ASC"
    rows = tx.query(
        f"SELECT {order}, n, doc FROM {table} WHERE {where}"
        f" ORDER BY {order} {direction}, n {direction} LIMIT %s",
        [*params, size + 1],
    )
    more = len(rows) > size
    rows = rows[:size]
    if backwards:
        rows.reverse()
    page = [(encode_cursor([value, n]), doc) for value, n, doc in rows]
    has_next = bool(arguments.get("before")) if backwards else more
    has_previous = more if backwards else bool(arguments.get("after"))
    return answer(page, has_next, has_previous, count)
