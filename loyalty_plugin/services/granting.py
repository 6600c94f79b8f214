"""Grants a refund for an incident: once, within the person's limits, or after a second person agreed; sends no money.

Saleor's grants are acts, not states: a second one comes on top of the first. So each incident has one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.domain.ledger import input_digest
from loyalty_plugin.domain.limits import Excess, excess
from loyalty_plugin.errors import AlreadyGranted, LimitExceeded, NotFound, PermissionDenied
from loyalty_plugin.models.incidents import Incident
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.programmes import Programme, ProgrammeChannel
from loyalty_plugin.models.requests import Request
from loyalty_plugin.models.staff import Person
from loyalty_plugin.queries.staff import limit_of, used_today
from loyalty_plugin.services.asking import open_request

#: The operation of its limits (minor units, whatever the currency), of its requests and in the trail.
REFUND: Final = "incident.refund"
GRANT: Final = "order_grant"


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may happen now: the same grant that is under way or done, a request that waits, or nothing of both."""

    before: OutboxItem | None = None
    request: Request | None = None
    excess: Excess | None = None


def mark_of(incident: Incident) -> str:
    """By which a grant is found again in Saleor."""
    return f"loyalty:incident:{incident.pk}"


def allowed(actor: Actor, incident: Incident, amount: int, now: datetime) -> Allowed:
    """Whether this actor may grant so much by themselves. In the transaction that locks the incident.

    Raises AlreadyGranted where another amount was granted or waits, LimitExceeded, PermissionDenied.
    """
    before = _before(incident)
    if before is not None:
        if before.desired["amount"] == amount:
            return Allowed(before)
        raise AlreadyGranted(amount=before.desired["amount"], currency=incident.currency)
    programme = _programme(incident)
    waiting = Request.objects.filter(
        key__startswith=_key(incident), operation=REFUND, status=Request.Status.WAITING, expires_at__gt=now
    ).first()
    if waiting is not None:
        if waiting.amount == amount:
            return Allowed(request=waiting)
        raise AlreadyGranted(amount=waiting.amount, currency=incident.currency)
    found = _excess(actor, amount, programme, now)
    if found is None:
        return Allowed()
    if programme is None:
        raise NotFound(incident=incident.pk)
    return Allowed(request=_ask(actor, incident, programme, amount, found, now), excess=found)


def _before(incident: Incident) -> OutboxItem | None:
    """The grant of this incident that was done or still goes out; one that Saleor refused gave nothing."""
    return OutboxItem.objects.filter(
        kind=GRANT,
        target=f"{incident.realm.api_url}|{incident.order_id}",
        desired__mark=mark_of(incident),
        status__in=(OutboxItem.Status.WAITING, OutboxItem.Status.DONE),
    ).first()


def _excess(actor: Actor, amount: int, programme: Programme | None, now: datetime) -> Excess | None:
    if actor.kind is ActorKind.SYSTEM:
        return None
    limit = limit_of(actor, REFUND)
    if actor.person_id is None:
        raise PermissionDenied(operation=REFUND, reason="unmapped_account")
    # Parallel acts of one person queue up here, or each would see the same day.
    Person.objects.select_for_update(no_key=True).get(pk=actor.person_id)
    used = used_today(actor.person_id, REFUND, programme.timezone if programme else "UTC", now)
    found = excess(limit, used, amount)
    if found is not None and not limit.may_request:
        raise LimitExceeded(which=found.which, limit=found.limit, used=found.used, asked=found.asked)
    return found


def _programme(incident: Incident) -> Programme | None:
    """Of the order's channel, else of any channel of that Saleor: a channel may be served no more."""
    channels = (
        ProgrammeChannel.objects.filter(realm=incident.realm).select_related("programme").order_by("pk")
    )
    served = channels.filter(slug=incident.channel).first() or channels.first()
    return served.programme if served is not None else None


def _ask(
    actor: Actor, incident: Incident, programme: Programme, amount: int, found: Excess, now: datetime
) -> Request:
    times = Request.objects.filter(key__startswith=_key(incident)).count()
    request, _new = open_request(
        key=f"{_key(incident)}{times}",
        programme_id=programme.pk,
        member_id=incident.member_id,
        operation=REFUND,
        amount=amount,
        unit=incident.currency,
        payload={
            "incident": incident.pk,
            "digest": input_digest({"incident": incident.pk, "amount": amount}).hex(),
        },
        cause={
            "which": "refund",
            "limit": found.limit,
            "used": found.used if found.which == "daily" else 0,
            "daily": found.which == "daily",
            "order": incident.number or incident.order_id,
            "unit": incident.currency,
        },
        requested_by_id=actor.person_id,
        now=now,
    )
    return request


def _key(incident: Incident) -> str:
    return f"incident|{incident.pk}|refund|"
