"""Requests and the trail as staff read them; reads only what the caller has been allowed to see."""

from __future__ import annotations

from django.db.models import QuerySet

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.requests import Request
from loyalty_plugin.policies import Operation, allows, require


def requests(actor: Actor, *, status: str = "") -> QuerySet[Request]:
    """Requests this actor may see, newest first: all for those who decide, else their own."""
    rows = Request.objects.select_related("member", "programme", "requested_by", "decided_by")
    if not allows(actor, Operation.DECIDE_REQUESTS) and not allows(actor, Operation.VIEW_TRAIL):
        rows = rows.filter(requested_by_id=actor.person_id, requested_by_id__isnull=False)
    return rows.filter(status=status) if status else rows


def requests_of(member_id: int, *, limit: int = 20) -> list[Request]:
    """Requests about one member, newest first."""
    return list(Request.objects.filter(member_id=member_id)[:limit])


def waiting(actor: Actor) -> int:
    """How many requests wait for this actor's decision: not those they asked for themselves."""
    if not allows(actor, Operation.DECIDE_REQUESTS) or actor.person_id is None:
        return 0
    rows = Request.objects.filter(status=Request.Status.WAITING)
    return rows.exclude(requested_by_id=actor.person_id).count()


def trail(actor: Actor, *, operation: str = "", target: str = "") -> QuerySet[AuditRecord]:
    """The trail, newest first. Raises PermissionDenied."""
    require(actor, Operation.VIEW_TRAIL)
    rows = AuditRecord.objects.select_related("person").order_by("-pk")
    if operation:
        rows = rows.filter(operation=operation)
    return rows.filter(target=target) if target else rows


def trail_of(target: str, *, limit: int = 30) -> list[AuditRecord]:
    """The latest records about one thing ("member:12"), newest first."""
    rows = AuditRecord.objects.filter(target=target).select_related("person").order_by("-pk")
    return list(rows[:limit])
