"""May this actor do this here? The one answer for all doors; doors may hide what is not allowed, never allow.

Operations are named as the permissions of `models.staff.Person`, so that a Django group carries them.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.errors import PermissionDenied, SecondFactorRequired


class Operation(StrEnum):
    """What staff may do."""

    VIEW_MEMBERS = "view_members"
    EDIT_MEMBERS = "edit_members"
    ERASE_MEMBERS = "erase_members"
    ADJUST_POINTS = "adjust_points"
    DECIDE_REQUESTS = "decide_requests"
    ISSUE_CARDS = "issue_cards"
    GRANT_TIERS = "grant_tiers"
    EDIT_PROGRAMME = "edit_programme"
    PUBLISH_PROGRAMME = "publish_programme"
    CLEAR_POINTS = "clear_points"
    VIEW_OPERATIONS = "view_operations"
    RETRY_OPERATIONS = "retry_operations"
    VIEW_TRAIL = "view_trail"
    VIEW_INCIDENTS = "view_incidents"
    HANDLE_INCIDENTS = "handle_incidents"


_READS: Final = frozenset(
    {Operation.VIEW_MEMBERS, Operation.VIEW_OPERATIONS, Operation.VIEW_TRAIL, Operation.VIEW_INCIDENTS}
)
_MANAGER: Final = frozenset(Operation) - {Operation.PUBLISH_PROGRAMME}

#: Roles out of the box and what each may do.
ROLES: Final[dict[str, frozenset[Operation]]] = {
    "clerk": frozenset({Operation.VIEW_MEMBERS, Operation.EDIT_MEMBERS, Operation.ADJUST_POINTS}),
    "card desk": frozenset({Operation.VIEW_MEMBERS, Operation.ISSUE_CARDS}),
    "marketer": frozenset({Operation.VIEW_MEMBERS, Operation.EDIT_PROGRAMME}),
    "manager": _MANAGER,
    "auditor": _READS,
    "owner": frozenset(Operation),
}

#: Default limits in points: role to (at once, in a day); None is no limit. The owner may change them.
POINT_LIMITS: Final[dict[str, tuple[int | None, int | None]]] = {
    "clerk": (500, 2_000),
    "manager": (20_000, 100_000),
    "owner": (100_000, None),
}
#: The same of points for past orders, which are many members' at once.
PAST_LIMITS: Final[dict[str, tuple[int | None, int | None]]] = {"owner": (1_000_000, None)}

#: The same of refunds granted for incidents, in minor units of whatever currency.
REFUND_LIMITS: Final[dict[str, tuple[int | None, int | None]]] = {
    "manager": (10_000, 50_000),
    "owner": (None, None),
}


def require(actor: Actor, operation: Operation, *, channel: str = "") -> None:
    """Pass, or raise PermissionDenied. The system may do what follows from facts and rules.

    A staff actor needs the permission and, where roles are scoped, a scope that covers the channel.
    """
    if actor.kind is ActorKind.SYSTEM:
        return
    if actor.kind is not ActorKind.STAFF or operation.value not in actor.permissions:
        raise PermissionDenied(operation=operation.value)
    if channel and actor.scopes and not any(scope.channel in ("", channel) for scope in actor.scopes):
        raise PermissionDenied(operation=operation.value, channel=channel)


def require_self(actor: Actor, member_id: int) -> None:
    """Pass for a member acting on their own membership and for the system, else PermissionDenied."""
    if actor.kind is ActorKind.SYSTEM or (actor.kind is ActorKind.MEMBER and actor.member_id == member_id):
        return
    raise PermissionDenied(operation="own_membership")


def require_system(actor: Actor) -> None:
    """Pass for the system alone, which acts on what a Saleor says; else PermissionDenied."""
    if actor.kind is not ActorKind.SYSTEM:
        raise PermissionDenied(operation="system")


def allows(actor: Actor, operation: Operation, *, channel: str = "") -> bool:
    """For doors that hide what would be refused."""
    try:
        require(actor, operation, channel=channel)
    except PermissionDenied:
        return False
    return True


def require_fresh_factor(actor: Actor, now: datetime, *, within: timedelta = timedelta(minutes=15)) -> None:
    """Pass if a second factor was shown lately. Raises SecondFactorRequired."""
    factor = actor.second_factor
    if actor.kind is ActorKind.SYSTEM or (factor is not None and now - factor.at <= within):
        return
    raise SecondFactorRequired(within_minutes=int(within.total_seconds() // 60))
