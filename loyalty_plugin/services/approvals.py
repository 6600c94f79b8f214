"""Acts that wait for a second person: asks, decides, and posts what was decided; it judges no amount itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F

from loyalty_plugin.conf import settings
from loyalty_plugin.domain.actors import SYSTEM, Actor
from loyalty_plugin.domain.intents import Plan
from loyalty_plugin.domain.plans import plan_data, plan_from
from loyalty_plugin.errors import AwardNeedsApproval, NotFound, PermissionDenied, RequestClosed, SamePerson
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.requests import Request
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.services import audit, posting
from loyalty_plugin.signals import announce, request_decided, request_opened

#: Outcome of an order whose award waits for a person.
AWAITING = "awaiting_approval"


@dataclass(frozen=True, slots=True)
class Asked:
    """An act that now waits."""

    request_id: int
    replayed: bool = False


def ask(
    actor: Actor,
    plan: Plan,
    *,
    operation: str,
    amount: int,
    cause: Mapping[str, Any],
    now: datetime,
    unit: str = "points",
    reason: str = "",
    words: str = "",
) -> Asked:
    """Let a plan wait for a second person. Asking again with the same key is the same request."""
    with transaction.atomic():
        request, created = Request.objects.get_or_create(
            key=plan.key,
            defaults={
                "programme_id": plan.programme_id,
                "member_id": plan.member_id,
                "operation": operation,
                "amount": amount,
                "unit": unit,
                "payload": plan_data(plan),
                "reason": reason,
                "words": words,
                "cause": dict(cause),
                "requested_by_id": actor.person_id,
                "created_at": now,
                "expires_at": now + timedelta(days=settings.REQUEST_DAYS),
            },
        )
        if created:
            audit.record(
                actor,
                operation,
                f"member:{plan.member_id}",
                "asked",
                now=now,
                detail={"amount": amount, "cause": dict(cause)},
                request_id=request.pk,
            )
            announce(request_opened, request_id=request.pk)
    return Asked(request.pk, replayed=not created)


def ask_for_award(plan: Plan, refusal: AwardNeedsApproval, *, now: datetime) -> Asked:
    """Let an award above the programme's hard maximum wait; nobody asks for it but the programme itself."""
    cause = {"which": "hard_maximum", **refusal.details}
    return ask(SYSTEM, plan, operation="award", amount=plan.awarded, cause=cause, now=now)


def post_or_ask(
    plans: Sequence[Plan], *, now: datetime, locked: posting.Locked | None = None
) -> list[posting.Posted]:
    """Post awards; those above the programme's hard maximum become requests (their result has the refusal).

    Raises whatever else is refused.
    """
    results = posting.post(plans, recorded_at=now, locked=locked, collect=True)
    for plan, posted in zip(plans, results, strict=True):
        if isinstance(posted.refusal, AwardNeedsApproval):
            ask_for_award(plan, posted.refusal, now=now)
        elif posted.refusal is not None:
            raise posted.refusal
    return results


def _open(request_id: int, now: datetime) -> Request:
    request = Request.objects.select_for_update().filter(pk=request_id).first()
    if request is None:
        raise NotFound(request=request_id)
    if request.status != Request.Status.WAITING:
        raise RequestClosed(request=request_id, status=request.status)
    if request.expires_at <= now:
        raise RequestClosed(request=request_id, status=Request.Status.EXPIRED)
    return request


def approve(actor: Actor, *, request_id: int, now: datetime) -> posting.Posted:
    """Post what was asked, exactly as it was asked. Raises SamePerson, PermissionDenied, RequestClosed.

    An actor without a mapped person may not approve, a superuser neither; nobody decides about themselves.
    """
    require(actor, Operation.DECIDE_REQUESTS)
    with transaction.atomic():
        request = _open(request_id, now)
        _other_person(actor, request)
        # The audit and the decision come first, so that the entry's source is there when it is posted.
        _close(request, actor, Request.Status.APPROVED, now)
        plan = plan_from(request.payload, source=f"{posting.APPROVED}{request.pk}")
        posted = posting.post([plan], recorded_at=now)[0]
        if plan.order_ref and posted.entry_id is not None:
            realm_url, _, order_id = plan.order_ref.rpartition("|")
            OrderRecord.objects.filter(realm__api_url=realm_url, order_id=order_id, outcome=AWAITING).update(
                points=F("first_points"), earn_entry=posted.entry_id, outcome=""
            )
        return posted


def reject(actor: Actor, *, request_id: int, now: datetime) -> None:
    """Refuse what was asked. Raises SamePerson, PermissionDenied, RequestClosed."""
    require(actor, Operation.DECIDE_REQUESTS)
    with transaction.atomic():
        request = _open(request_id, now)
        _other_person(actor, request)
        _close(request, actor, Request.Status.REJECTED, now)


def withdraw(actor: Actor, *, key_prefix: str, now: datetime) -> bool:
    """Take a waiting request back, by the beginning of its key; whether there was one."""
    with transaction.atomic():
        request = (
            Request.objects.select_for_update()
            .filter(key__startswith=key_prefix, status=Request.Status.WAITING)
            .first()
        )
        if request is None:
            return False
        request.status, request.decided_at = Request.Status.WITHDRAWN, now
        request.save(update_fields=["status", "decided_at"])
        audit.record(
            actor,
            request.operation,
            f"member:{request.member_id}",
            "withdrawn",
            now=now,
            request_id=request.pk,
        )
    return True


def _other_person(actor: Actor, request: Request) -> None:
    if actor.person_id is None:
        raise PermissionDenied(operation=Operation.DECIDE_REQUESTS.value, reason="unmapped_account")
    if request.requested_by_id == actor.person_id:
        raise SamePerson(request=request.pk)
    if actor.member_id is not None and actor.member_id == request.member_id:
        raise SamePerson(request=request.pk, reason="own_membership")


def _close(request: Request, actor: Actor, status: str, now: datetime) -> None:
    request.status, request.decided_by_id, request.decided_at = status, actor.person_id, now
    request.save(update_fields=["status", "decided_by", "decided_at"])
    audit.record(
        actor,
        request.operation,
        f"member:{request.member_id}",
        status,
        now=now,
        detail={"amount": request.amount},
        request_id=request.pk,
    )
    announce(request_decided, request_id=request.pk)
