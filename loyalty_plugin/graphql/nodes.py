"""Finds what an id of ours stands for, among what the asker may see; of all else it says that there is nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final
from uuid import UUID

from loyalty_plugin.graphql.context import Caller
from loyalty_plugin.graphql.types.members import MemberType
from loyalty_plugin.graphql.types.nodes import Node, read_id
from loyalty_plugin.graphql.types.points import LOT, MOST, MOVEMENT, lot, movement
from loyalty_plugin.queries.balances import lots_of
from loyalty_plugin.queries.statements import statement

_LONGEST: Final = 18


def node(caller: Caller, id: str) -> Node | None:
    """What the id stands for; none for a guest, and for what is another's or nobody's."""
    kind, key = read_id(id[:200])
    find = _FINDERS.get(kind)
    if caller.customer is None or find is None:
        return None
    return find(caller, key)


def _member(caller: Caller, key: str) -> Node | None:
    try:
        wanted = UUID(key)
    except ValueError:
        return None
    mine = next((one for one in caller.memberships() if one.public_id == wanted), None)
    return MemberType.of(mine, caller) if mine is not None else None


def _movement(caller: Caller, key: str) -> Node | None:
    number = _number(key)
    for mine in caller.memberships() if number else ():
        page = statement(mine.pk, before=number + 1, limit=1).movements
        if page and page[0].entry_id == number:
            return movement(page[0])
    return None


def _lot(caller: Caller, key: str) -> Node | None:
    number = _number(key)
    for mine in caller.memberships() if number else ():
        found = lots_of(mine.pk, caller.view(mine).version, limit=MOST)
        wanted = next((one for one in found if one.lot_id == number), None)
        if wanted is not None:
            return lot(wanted)
    return None


def _number(key: str) -> int:
    return int(key) if key.isascii() and key.isdigit() and len(key) <= _LONGEST else 0


_FINDERS: Final[Mapping[str, Callable[[Caller, str], Node | None]]] = {
    "LoyaltyMember": _member,
    MOVEMENT: _movement,
    LOT: _lot,
}
