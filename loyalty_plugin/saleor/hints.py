"""Reads what an event names: which things to look at, and what it claims of them; believes no event for its claim."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from loyalty_plugin.saleor.subscriptions import EVENTS, Subject


@dataclass(frozen=True, slots=True)
class Hint:
    """One thing an event names: look at it. `item_id` is the inbox row it came from."""

    item_id: int
    realm: str
    subject: Subject
    target: str
    claim: str = ""
    #: The customer it belongs to, as claimed; empty where the event names none.
    owner: str = ""


def hints(item_id: int, realm: str, event: str, body: bytes) -> list[Hint]:
    """What an event names, each once; nothing for an event we have no use for or that names nothing."""
    heard = EVENTS.get(event)
    if heard is None:
        return []
    content: Any = json.loads(body)
    found: dict[tuple[Subject, str], Hint] = {}
    for subject, path in heard.paths:
        for named in _at(content, path):
            if target := _id(named):
                found.setdefault(
                    (subject, target), Hint(item_id, realm, subject, target, heard.claims, _owner(named))
                )
    return list(found.values())


def _at(content: Any, path: str) -> Iterator[Mapping[str, Any]]:
    """The objects at a dotted path, whatever shape the body has: one, several in a list, or none."""
    for name in path.split("."):
        content = content.get(name) if isinstance(content, Mapping) else None
    for named in content if isinstance(content, list) else [content]:
        if isinstance(named, Mapping):
            yield named


def _owner(named: Mapping[str, Any]) -> str:
    user = named.get("user")
    return _id(user) if isinstance(user, Mapping) else ""


def _id(named: Mapping[str, Any]) -> str:
    """Its id, empty where that can be none of Saleor's: those are plain ASCII, and not all text fits a column."""
    found = named.get("id")
    return found if isinstance(found, str) and found.isascii() and found.isprintable() else ""


def named(event: str, body: bytes) -> tuple[list[str], list[str]]:
    """Ids of the orders and of the customers that an event names."""
    found = hints(0, "", event, body)
    return (
        [one.target for one in found if one.subject is Subject.ORDER],
        [one.target for one in found if one.subject is Subject.CUSTOMER],
    )
