"""Reads the long lists of a Saleor page by page, as facts; where to go on is the caller's to keep.

A page is sorted by what never moves back: by creation, or by the last change, so that what changes while somebody
reads comes again at the end instead of being missed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from loyalty_plugin.domain.facts import Page, Part
from loyalty_plugin.errors import LoyaltyError, SaleorError

T = TypeVar("T")
Call = Callable[..., Mapping[str, Any]]
#: Saleor's names for the two lists: field of creation, and of the sort by it.
CREATED: Final = {"orders": "createdAt", "customers": "dateJoined"}


def page(call: Call, what: str, make: Callable[[Mapping[str, Any]], T], part: Part) -> Page[T]:
    """One page of "orders" or "customers". What can't be read is told by id, and does not keep back the others."""
    since = part.changed_since or part.created_since
    column, by = ("updatedAt", "LAST_MODIFIED_AT") if part.changed_since else (CREATED[what], "CREATED_AT")
    where = {column: {"gte": since.isoformat()}} if since else None
    asked = {"after": part.after or None, "where": where, "by": by, "counting": part.counting}
    unreadable: dict[str, str] = {}
    try:
        found = call(f"{what}_page", whole=True, **asked)[what]
        nodes = [edge["node"] for edge in found["edges"]]
    except SaleorError:
        # One field of one order that Saleor can't serve, and it withholds the whole page: ask for ids, then around it.
        found = call(f"{what}_page", whole=False, **asked)[what]
        nodes = _around(call, what, [str(edge["node"]["id"]) for edge in found["edges"]], unreadable)
    items = []
    for node in nodes:
        try:
            items.append(make(node))
        except (LoyaltyError, KeyError, TypeError, ValueError) as error:
            unreadable[str(node["id"])] = getattr(error, "code", "unreadable")
    at = found["pageInfo"]
    cursor = at["endCursor"] or part.after
    return Page(tuple(items), cursor, bool(at["hasNextPage"]), found.get("totalCount"), unreadable)


def _around(call: Call, what: str, ids: Sequence[str], unreadable: dict[str, str]) -> list[Mapping[str, Any]]:
    """Those of these that Saleor can serve, in the order of `ids`; the others are added to `unreadable`."""
    if not ids:
        return []
    try:
        served = {edge["node"]["id"]: edge["node"] for edge in call(what, ids=list(ids))[what]["edges"]}
    except SaleorError as error:
        if len(ids) == 1:
            unreadable[ids[0]] = error.code
            return []
        half = len(ids) // 2
        return [node for part in (ids[:half], ids[half:]) for node in _around(call, what, part, unreadable)]
    return [served[one] for one in ids if one in served]


def failed_events(call: Call) -> Iterator[tuple[str, bytes]]:
    """Kind and body of each event that Saleor gave up on, webhook by webhook, page by page."""
    for webhook in call("failed_events", after=None)["app"]["webhooks"]:
        yield from _failed(webhook)
        at = webhook["eventDeliveries"]["pageInfo"]
        while at["hasNextPage"]:
            # All webhooks are asked for the page after this cursor; only this one's answer is looked at.
            again = call("failed_events", after=at["endCursor"])["app"]["webhooks"]
            same = next((one for one in again if one["id"] == webhook["id"]), None)
            if same is None:
                break
            yield from _failed(same)
            at = same["eventDeliveries"]["pageInfo"]


def _failed(webhook: Mapping[str, Any]) -> Iterator[tuple[str, bytes]]:
    for edge in webhook["eventDeliveries"]["edges"]:
        body = edge["node"]["payload"] or ""
        try:
            kind = json.loads(body).get("__typename")
        except (ValueError, AttributeError):
            continue
        if isinstance(kind, str):
            yield kind, body.encode()
