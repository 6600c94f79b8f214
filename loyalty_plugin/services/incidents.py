"""Keeps incidents: opens one for an order, carries out what a person decides about it, closes it with a reason.

It decides about no order itself. What changes Saleor goes out by the outbox, and may be refused there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from loyalty_plugin import jobs
from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.domain.promises import Difference
from loyalty_plugin.errors import InvalidInput, NotFound
from loyalty_plugin.models.incidents import Incident
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.models.requests import Request
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.services import audit, granting
from loyalty_plugin.signals import announce, incident_opened

Action = Incident.Action
#: What each act sends out; contacting a customer changes nothing in Saleor.
CHANGES: Final[dict[str, str]] = {
    Action.HOLD: "order_note",
    Action.CANCEL: "order_cancel",
    Action.REFUND: granting.GRANT,
    Action.CONFIRM: "order_confirm",
}


def open_incident(
    fact: OrderFact,
    realm: Realm,
    differences: Sequence[Difference],
    *,
    member_id: int | None,
    now: datetime,
) -> None:
    """Note that an order differs; an order has one incident, which grows while it is open, and a closed one stays
    closed. In the caller's transaction."""
    told = [_plain(one) for one in differences]
    incident, new = Incident.objects.get_or_create(
        realm=realm,
        order_id=fact.order_id,
        defaults={
            "number": fact.number,
            "channel": fact.channel,
            "currency": fact.currency,
            "member_id": member_id,
            "found_at": now,
            "differences": told,
            "lost": sum(one.lost for one in differences),
        },
    )
    if new:
        announce(incident_opened, incident_id=incident.pk)
    elif incident.status == Incident.Status.OPEN and (
        more := [one for one in told if one not in incident.differences]
    ):
        incident.differences = [*incident.differences, *more]
        incident.lost += sum(one["lost"] for one in more)
        incident.save(update_fields=["differences", "lost"])


def hold_back(realm: Realm, order_id: str, *, now: datetime) -> None:
    """Have whoever packs an order with an open incident told not to, before a person has looked at it."""
    incident = Incident.objects.filter(realm=realm, order_id=order_id, status=Incident.Status.OPEN).first()
    if incident is not None:
        send(CHANGES[Action.HOLD], realm, order_id, now=now, mark=granting.mark_of(incident))


@dataclass(frozen=True, slots=True)
class Acted:
    """The incident, what goes out to Saleor (None where nothing does), and the request that waits for another person."""

    incident: Incident
    change: OutboxItem | None = None
    request_id: int | None = None


def act(actor: Actor, *, incident_id: int, action: str, amount: int = 0, now: datetime) -> Acted:
    """Do something about an open incident. `amount` is what a refund grants, minor units.

    An incident has one grant: the same again is the same one. Raises NotFound (also for a closed one), InvalidInput,
    AlreadyGranted, LimitExceeded, PermissionDenied.
    """
    require(actor, Operation.HANDLE_INCIDENTS)
    if action not in Action.values:
        raise InvalidInput("no such action", action=action)
    if action == Action.REFUND and amount <= 0:
        raise InvalidInput("a refund needs an amount", amount=amount)
    with transaction.atomic():
        incident = _open(incident_id)
        require(actor, Operation.HANDLE_INCIDENTS, channel=incident.channel)
        if action == Action.REFUND:
            may = granting.allowed(actor, incident, amount, now)
            if may.before is not None:
                return Acted(incident, may.before)
            if may.request is not None:
                if may.excess is not None:
                    _note(actor, incident, granting.REFUND, "asked", now, amount, may.request.pk)
                return Acted(incident, request_id=may.request.pk)
        return Acted(incident, _do(actor, incident, action, amount, now))


def grant_as_asked(request: Request, now: datetime) -> None:
    """Grant what a second person agreed to. In the transaction that decides; nothing where it was closed meanwhile."""
    incident = (
        Incident.objects.select_for_update(of=("self",))
        .select_related("realm")
        .filter(pk=request.payload["incident"], status=Incident.Status.OPEN)
        .first()
    )
    if incident is not None:
        incident.acted_by_id = request.requested_by_id
        incident.action, incident.acted_at = Action.REFUND, now
        incident.change = _send_act(incident, Action.REFUND, request.amount, now)
        incident.save(update_fields=["action", "acted_at", "acted_by", "change"])


def _do(actor: Actor, incident: Incident, action: str, amount: int, now: datetime) -> OutboxItem | None:
    incident.action, incident.acted_at, incident.acted_by_id = action, now, actor.person_id
    incident.change = _send_act(incident, action, amount, now)
    incident.save(update_fields=["action", "acted_at", "acted_by", "change"])
    # As of other acts with limits, what was done alone counts as posted.
    outcome = "posted" if action == Action.REFUND else "done"
    _note(actor, incident, f"incident.{action}", outcome, now, amount)
    return incident.change


def _send_act(incident: Incident, action: str, amount: int, now: datetime) -> OutboxItem | None:
    if action not in CHANGES:
        return None
    desired = _desired(incident, action, amount)
    return send(CHANGES[action], incident.realm, incident.order_id, now=now, **desired)


def _note(
    actor: Actor,
    incident: Incident,
    operation: str,
    outcome: str,
    now: datetime,
    amount: int,
    request_id: int | None = None,
) -> None:
    detail = {"order": incident.number or incident.order_id, **({"amount": amount} if amount else {})}
    audit.record(
        actor, operation, f"incident:{incident.pk}", outcome, now=now, detail=detail, request_id=request_id
    )


def close(actor: Actor, *, incident_id: int, reason: str, now: datetime) -> None:
    """Close an incident for good. Raises NotFound, InvalidInput, PermissionDenied."""
    require(actor, Operation.HANDLE_INCIDENTS)
    if reason not in Incident.Reason.values:
        raise InvalidInput("no such reason", reason=reason)
    with transaction.atomic():
        incident = _open(incident_id)
        require(actor, Operation.HANDLE_INCIDENTS, channel=incident.channel)
        incident.status, incident.reason = Incident.Status.CLOSED, reason
        incident.closed_at, incident.closed_by_id = now, actor.person_id
        incident.save(update_fields=["status", "reason", "closed_at", "closed_by"])
        detail = {"order": incident.number or incident.order_id, "reason": reason}
        audit.record(actor, "incident.close", f"incident:{incident.pk}", "done", now=now, detail=detail)


def send(kind: str, realm: Realm, order_id: str, *, now: datetime, **desired: Any) -> OutboxItem:
    """Have an order changed in Saleor; what waits already in the same words will do. In the caller's transaction."""
    target, wish = f"{realm.api_url}|{order_id}", {"order": order_id, **desired}
    waiting = OutboxItem.objects.filter(
        kind=kind, target=target, desired=wish, status=OutboxItem.Status.WAITING
    ).first()
    item = waiting or OutboxItem.objects.create(
        kind=kind, realm=realm, target=target, desired=wish, next_attempt_at=now, created_at=now
    )
    jobs.enqueue(jobs.DELIVER_OUTBOX)
    return item


def _open(incident_id: int) -> Incident:
    found = (
        Incident.objects.select_for_update(of=("self",))
        .select_related("realm")
        .filter(pk=incident_id, status=Incident.Status.OPEN)
        .first()
    )
    if found is None:
        raise NotFound(incident=incident_id)
    return found


def _desired(incident: Incident, action: str, amount: int) -> dict[str, Any]:
    """What the outgoing change says besides the order. `mark` finds again what was written before."""
    mark = granting.mark_of(incident)
    if action == Action.HOLD:
        return {"mark": mark}
    if action == Action.REFUND:
        return {"mark": mark, "amount": amount, "currency": incident.currency}
    return {}


def _plain(one: Difference) -> dict[str, Any]:
    values = asdict(one)
    return {"line": values.pop("line_id"), **values}
