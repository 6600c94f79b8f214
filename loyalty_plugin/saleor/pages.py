"""Reads the long lists of a Saleor page by page, as facts; where to go on is the caller's to keep.

A page is sorted by what never moves back: by creation, or by the last change, so that what changes while somebody
reads comes again at the end instead of being missed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

from loyalty_plugin.domain.facts import Page, Part
from loyalty_plugin.errors import LoyaltyError

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
    found = call(f"{what}_page", **asked)[what]
    items, unreadable = [], {}
    for edge in found["edges"]:
        try:
            items.append(make(edge["node"]))
        except (LoyaltyError, KeyError, TypeError, ValueError) as error:
            unreadable[str(edge["node"]["id"])] = getattr(error, "code", "unreadable")
    at = found["pageInfo"]
    cursor = at["endCursor"] or part.after
    return Page(tuple(items), cursor, bool(at["hasNextPage"]), found.get("totalCount"), unreadable)


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
