"""Reads what a request asks out of its body, within bounds; knows no document and no schema."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

from django.http import HttpRequest

from loyalty_plugin.graphql.limits import MAX_BODY
from loyalty_plugin.graphql.refusals import Refused

#: The same character as a document may write it.
_NUL_IN_DOCUMENT: Final = re.compile(r"\\u(0000|\{0+\})")


def check_body(request: HttpRequest) -> None:
    """Raises Refused for a body that is too large, posted as something else than JSON, or no text."""
    asked = len(request.META.get("QUERY_STRING", ""))
    if max(asked, _announced(request)) > MAX_BODY or len(request.body) > MAX_BODY:
        raise Refused("too_large")
    if request.method == "POST" and request.content_type != "application/json":
        raise Refused("unsupported_media_type")
    try:
        request.body.decode()
    except UnicodeDecodeError as error:
        raise Refused("bad_request") from error


def _announced(request: HttpRequest) -> int:
    """Bytes the request says it has, before any is read."""
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    return int(length) if length.isdecimal() else 0


def one_object(data: str | bytes, numbers: Callable[[str], Any] | None = None) -> dict[str, Any]:
    """One object in JSON, its decimals as `numbers` makes them. Raises Refused for anything else.

    Strawberry itself breaks at depth, and at `null`.
    """
    try:
        found = json.loads(data, parse_float=numbers)
    except (ValueError, RecursionError) as error:
        raise Refused("bad_request") from error
    if isinstance(found, list):
        raise Refused("batching_off")
    if not isinstance(found, dict):
        raise Refused("bad_request")
    return legible(found)


def legible(found: dict[str, Any]) -> dict[str, Any]:
    """The same. Raises Refused for a character that no text of PostgreSQL has."""
    if _NUL_IN_DOCUMENT.search(str(found.get("query"))) or _holds_nul(found):
        raise Refused("bad_request")
    return found


def _holds_nul(value: Any) -> bool:
    """Whether any text in it holds NUL, which no column of PostgreSQL takes."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(map(_holds_nul, value)) or any(map(_holds_nul, value.values()))
    return isinstance(value, list) and any(map(_holds_nul, value))
