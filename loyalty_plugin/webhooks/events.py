"""The table of events: which kind of thing each one is about and what it claims; no event is believed for its claim."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from loyalty_plugin.saleor.manifest import SUBJECTS


class Subject(StrEnum):
    """What there is to look at."""

    ORDER = "order"
    CUSTOMER = "user"
    CHECKOUT = "checkout"
    APP = "app"


#: What an event claims beyond "something changed"; it only matters once a look has confirmed it.
CLAIMS: Final[dict[str, str]] = {
    "CustomerDeleted": "deleted",
    "AccountDeleted": "deleted",
    "AppDeleted": "deleted",
    "AppStatusChanged": "inactive",
}


@dataclass(frozen=True, slots=True)
class Hint:
    """One event, read: look at this thing. `item_id` is the inbox row it came from."""

    item_id: int
    realm: str
    subject: Subject
    target: str
    claim: str = ""
    #: The customer it belongs to, as claimed; empty where the event names none.
    owner: str = ""


def hint(item_id: int, realm: str, event: str, body: bytes) -> Hint | None:
    """The hint in an event, None for an event we have no use for or one that names nothing."""
    field = SUBJECTS.get(event)
    if field is None:
        return None
    named: Any = json.loads(body).get(field)
    target = named.get("id") if isinstance(named, Mapping) else None
    if not isinstance(target, str) or not target:
        return None
    return Hint(item_id, realm, Subject(field), target, CLAIMS.get(event, ""), _owner(named))


def _owner(named: Mapping[str, Any]) -> str:
    user = named.get("user")
    owner = user.get("id") if isinstance(user, Mapping) else None
    return owner if isinstance(owner, str) else ""
