"""Acts that wait for a second person: asks, decides, and posts what was decided; it judges no amount itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from loyalty_plugin.domain.actors import SYSTEM, Actor
from loyalty_plugin.domain.intents import Plan
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING
from loyalty_plugin.domain.plans import plan_data, plan_from
from loyalty_plugin.errors import (
    AwardNeedsApproval,
    KeyConflict,
    NotFound,
    PermissionDenied,
    RequestClosed,
    SamePerson,
)
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.requests import Request
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.programmes import version_by_id
from loyalty_plugin.services import audit, claims, decided, posting
from loyalty_plugin.services.asking import open_request
from loyalty_plugin.signals import announce, request_decided

#: Outcomes of an order whose award waits for a person, and of one that a person refused.
AWAITING = "awaiting_approval"
REFUSED = "award_refused"
AWARD = "award"


@dataclass(frozen=True, slots=True)
class Asked:
    """An act that now waits."""

    request_id: int
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class AskedAward:
    """The last award of an order that a person was asked for, and what became of that."""

    request_id: int
    plan: Plan
    waits: bool
    refused: bool


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
    """Let a plan wait for a second person. Asking again with the same key is the same request.

    Raises KeyConflict where the same key came with another input.
    """
    with transaction.atomic():
        request, created = open_request(
            key=plan.key,
            programme_id=plan.programme_id,
            member_id=plan.member_id,
            operation=operation,
            amount=amount,
            unit=unit,
            payload=plan_data(plan),
            reason=reason,
            words=words,
            cause=cause,
            requested_by_id=actor.person_id,
            now=now,
            # What a customer has earned does not run out because nobody looked.
            runs_out=actor.person_id is not None,
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
    return Asked(request.pk, replayed=not created)


def ask_for_award(plan: Plan, refusal: AwardNeedsApproval, *, now: datetime) -> Asked:
    """Let an award above the programme's hard maximum wait; nobody asks for it but the programme itself."""
    cause = {"which": "hard_maximum", **refusal.details}
    return ask(SYSTEM, plan, operation=AWARD, amount=plan.awarded, cause=cause, now=now)


def post_or_ask(
    plans: Sequence[Plan], *, now: datetime, locked: posting.Locked | None = None
) -> list[posting.Posted]:
    """Post awards; those above the programme's hard maximum become requests (their result has the refusal).

    `replayed` also marks an award that was asked for before. Raises whatever else is refused.
    """
    results = posting.post(plans, recorded_at=now, locked=locked, collect=True)
    done = []
    for plan, posted in zip(plans, results, strict=True):
        if isinstance(posted.refusal, AwardNeedsApproval):
            asked = ask_for_award(plan, posted.refusal, now=now)
            posted = posted._replace(replayed=asked.replayed)
        elif posted.refusal is not None:
            raise posted.refusal
        done.append(posted)
    return done


def asked_before(plan: Plan) -> int | None:
    """The request in which this plan waits already. Raises KeyConflict where another input waits under its key."""
    request = Request.objects.filter(key=plan.key, status=Request.Status.WAITING).first()
    if request is not None and request.payload["digest"] != plan.digest.hex():
        raise KeyConflict(key=plan.key, request=request.pk)
    return request.pk if request is not None else None


def refused_before(key: str) -> int:
    """How many requests under keys that begin so were closed without being approved."""
    closed = (Request.Status.REJECTED, Request.Status.WITHDRAWN, Request.Status.EXPIRED)
    return Request.objects.filter(key__startswith=f"{key}|", status__in=closed).count()


def last_award(order_ref: str) -> AskedAward | None:
    """The last award of an order that a person was asked for; None where none ever was."""
    request = Request.objects.filter(key__startswith=f"{order_ref}|", operation=AWARD).order_by("-pk").first()
    if request is None:
        return None
    return AskedAward(
        request.pk,
        plan_from(request.payload, source=request.payload["source"]),
        waits=request.status == Request.Status.WAITING,
        refused=request.status == Request.Status.REJECTED,
    )


def _lock_order(request_id: int) -> OrderRecord | None:
    """The order whose award a request is about, under lock: orders come before requests and balances."""
    order_ref = Request.objects.filter(pk=request_id).values_list("payload__order_ref", flat=True).first()
    if not order_ref:
        return None
    realm_url, _, order_id = order_ref.rpartition("|")
    rows = OrderRecord.objects.select_for_update(of=("self",))
    return rows.filter(realm__api_url=realm_url, order_id=order_id).first()


def _lock_member(request_id: int) -> Member | None:
    member_id = Request.objects.filter(pk=request_id).values_list("member_id", flat=True).first()
    return Member.objects.select_for_update(no_key=True).filter(pk=member_id or 0).first()


def _open(request_id: int, now: datetime) -> Request:
    request = Request.objects.select_for_update().filter(pk=request_id).first()
    if request is None:
        raise NotFound(request=request_id)
    if request.status != Request.Status.WAITING:
        raise RequestClosed(request=request_id, status=request.status)
    if request.expires_at <= now:
        raise RequestClosed(request=request_id, status=Request.Status.EXPIRED)
    return request


def approve(actor: Actor, *, request_id: int, now: datetime) -> posting.Posted | None:
    """Post what was asked, exactly as it was asked. Raises SamePerson, PermissionDenied, RequestClosed.

    None where a job does what was asked: see `services.decided`. An actor without a mapped person may not approve, a
    superuser neither; nobody decides about themselves.
    """
    require(actor, Operation.DECIDE_REQUESTS)
    with transaction.atomic():
        order, member = _lock_order(request_id), _lock_member(request_id)
        request = _open(request_id, now)
        _other_person(actor, request)
        # The audit and the decision come first, so that the entry's source is there when it is posted.
        _close(request, actor, Request.Status.APPROVED, now)
        if decided.approved(request, order, now):
            return None
        plan = plan_from(request.payload, source=f"{posting.APPROVED}{request.pk}")
        if request.operation == AWARD and member is not None and member.status == Member.Status.ACTIVE:
            posted = _award(plan, member, now)
        else:
            [posted] = posting.post([plan], recorded_at=now)
        if order is not None and order.outcome == AWAITING:
            order.points, order.earn_entry, order.outcome = plan.awarded, posted.entry_id, ""
            order.save(update_fields=["points", "earn_entry", "outcome"])
        if member is not None and member.verified_at is not None:
            claims.release(member, now=now)  # the contact may have been verified while this waited
        return posted


def _award(plan: Plan, member: Member, now: datetime) -> posting.Posted:
    """Post an award that waited, and the milestones that it passes now, as it would have when it was earned."""
    # Here, since what they bring may have to be asked for in its turn.
    from loyalty_plugin.services import awards, bonuses

    version = version_by_id(plan.version_id)
    budgets = awards.lock_budgets([version])
    locked = posting.lock([(member.pk, POINTS), (member.pk, QUALIFYING)], lots=False)
    past = awards.read_past([member.pk], [version], plan.occurred_at)
    past.budgets = budgets
    before = locked.balance(member.pk).earned
    [posted] = posting.post([plan], recorded_at=now, locked=locked)
    bonuses.award_milestones(SYSTEM, member, version, before, locked, past, at=plan.occurred_at, now=now)
    awards.book_budgets(past.used)
    return posted


def reject(actor: Actor, *, request_id: int, now: datetime) -> None:
    """Refuse what was asked. Raises SamePerson, PermissionDenied, RequestClosed."""
    require(actor, Operation.DECIDE_REQUESTS)
    with transaction.atomic():
        order = _lock_order(request_id)
        request = _open(request_id, now)
        _other_person(actor, request)
        _close(request, actor, Request.Status.REJECTED, now)
        if decided.rejected(request, order, now):
            return
        if order is not None and order.outcome == AWAITING:
            order.outcome = REFUSED
            order.save(update_fields=["outcome"])


def withdraw(actor: Actor, *, request_id: int, now: datetime) -> bool:
    """Take a waiting request back; whether it still waited."""
    with transaction.atomic():
        request = (
            Request.objects.select_for_update().filter(pk=request_id, status=Request.Status.WAITING).first()
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
        detail={"amount" if request.unit == "points" else "money": request.amount},
        request_id=request.pk,
    )
    announce(request_decided, request_id=request.pk)


def close_expired(*, now: datetime, limit: int = 500) -> int:
    """Close requests that nobody decided in time, and note it in the trail; how many it were."""
    with transaction.atomic():
        rows = list(
            Request.objects.select_for_update(skip_locked=True, no_key=True)
            .filter(status=Request.Status.WAITING, expires_at__lte=now)
            .order_by("pk")[:limit]
        )
        for row in rows:
            audit.record(
                SYSTEM, row.operation, f"member:{row.member_id}", "expired", now=now, request_id=row.pk
            )
        closed = [row.pk for row in rows]
        Request.objects.filter(pk__in=closed).update(status=Request.Status.EXPIRED, decided_at=now)
        decided.lapsed(closed, now)
    return len(rows)
