"""A member's gifts with what may be done with each; gives none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.errors import NotFound
from loyalty_plugin.models.gifts import Gift
from loyalty_plugin.policies import Operation, require

#: The newest so many are shown.
_MOST: Final = 20


class GiftState(StrEnum):
    """Being made ready, to be taken, used by an order, or expired."""

    WAITING = "waiting"
    READY = "ready"
    USED = "used"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class GiftView:
    """One gift; both days are included. The code is there for the member alone, while it may be used."""

    title: str
    state: GiftState
    code: str
    first_day: date
    last_day: date


def gifts_of(actor: Actor, *, member_id: int, today: date) -> tuple[GiftView, ...]:
    """A member's newest gifts, newest first. One query. Raises NotFound for another's, PermissionDenied."""
    own = actor.kind is ActorKind.MEMBER
    if own and actor.member_id != member_id:
        raise NotFound()
    if not own:
        require(actor, Operation.VIEW_MEMBERS)
    rows = Gift.objects.filter(member_id=member_id).order_by("-pk")[:_MOST]
    return tuple(_view(row, today, own) for row in rows)


def _view(row: Gift, today: date, own: bool) -> GiftView:
    state = GiftState(row.status)
    if state is not GiftState.USED and row.last_day < today:
        state = GiftState.EXPIRED
    code = row.code if own and state is GiftState.READY else ""
    return GiftView(row.title, state, code, row.first_day, row.last_day)
