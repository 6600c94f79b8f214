"""Points for past orders: somebody accepts what they cost, another person above a limit, and a job issues just that.

Never more is posted than was accepted: where it would be, it stops and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from loyalty_plugin import jobs
from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.domain.ledger import input_digest
from loyalty_plugin.domain.limits import Excess, excess
from loyalty_plugin.errors import LimitExceeded, NotFound, PastCostChanged, PermissionDenied
from loyalty_plugin.models.past import PastCost, PastPoints
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.models.requests import Request
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.past import past_orders
from loyalty_plugin.queries.realms import realm_at
from loyalty_plugin.queries.staff import limit_of
from loyalty_plugin.registry import ports
from loyalty_plugin.services import audit, decided, runs
from loyalty_plugin.services.asking import open_request
from loyalty_plugin.services.history import points
from loyalty_plugin.services.history.points import Cost, OfMember, Some, Tell

OPEN = (PastPoints.Status.WAITING, PastPoints.Status.RUNNING)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was accepted; above a limit it waits for another person, because of `excess`."""

    row: PastPoints
    excess: Excess | None = None


def run_name(realm_id: int) -> str:
    """What its row is called among the jobs."""
    return f"past_points:{realm_id}"


def accept(actor: Actor, *, realm: str, total: int, tell: Tell = points.silent) -> PastPoints:
    """Reckon, and post what costs `total` points; goes on where a killed run of the same total stopped.

    Raises PastCostChanged where they cost something else by now, NotFound, PermissionDenied, LimitExceeded, TryLater.
    Above the actor's limit nothing is posted yet: what is returned waits for another person.
    """
    require(actor, Operation.PUBLISH_PROGRAMME)
    row = realm_at(realm)
    accepted = PastPoints.objects.filter(realm=row, status__in=OPEN).first()
    if accepted is None:
        cost = points.reckon(actor, realm=realm)
        if cost.points != total:
            raise PastCostChanged(accepted=total, total=cost.points)
        accepted = _accept(actor, row, cost).row
    elif accepted.points != total:
        raise PastCostChanged(accepted=total, total=accepted.points)
    if accepted.status == PastPoints.Status.RUNNING:
        issue(accepted, tell)
    return accepted


def over_limit(actor: Actor, amount: int) -> Excess | None:
    """The limit that accepting so many points goes above, None if it fits. Raises LimitExceeded, PermissionDenied."""
    require(actor, Operation.PUBLISH_PROGRAMME)
    if actor.kind is ActorKind.SYSTEM:
        return None
    limit = limit_of(actor, decided.PAST_POINTS)
    found = excess(limit, 0, amount)
    if found is not None and actor.person_id is None:
        raise PermissionDenied(operation=decided.PAST_POINTS, reason="unmapped_account")
    if found is not None and not limit.may_request:
        raise LimitExceeded(which=found.which, limit=found.limit, used=found.used, asked=found.asked)
    return found


def accept_cost(actor: Actor, *, cost_id: int, total: int) -> Accepted:
    """Accept a cost as it was reckoned and shown; a job issues it. Accepting twice is accepting once.

    Raises PastCostChanged where it was reckoned anew or past orders came or went since, NotFound, PermissionDenied,
    LimitExceeded.
    """
    require(actor, Operation.PUBLISH_PROGRAMME)
    with transaction.atomic():
        cost = (
            PastCost.objects.select_for_update(of=("self",))
            .select_related("realm")
            .filter(pk=cost_id)
            .first()
        )
        if cost is None:
            raise NotFound(cost=cost_id)
        accepted = PastPoints.objects.filter(realm=cost.realm, status__in=OPEN).first()
        if accepted is not None:
            return Accepted(accepted)
        there = past_orders(cost.realm).count()
        if cost.status != PastCost.Status.READY or cost.points != total or there != cost.total:
            raise PastCostChanged(accepted=total, total=cost.points)
        made = _accept(actor, cost.realm, Cost(cost.members, cost.orders, cost.points))
        jobs.enqueue(jobs.PAST_POINTS)
    return made


def _accept(actor: Actor, realm: Realm, cost: Cost) -> Accepted:
    now = ports.clock.now()
    found = over_limit(actor, cost.points)
    with transaction.atomic():
        made = PastPoints.objects.create(
            realm=realm,
            status=PastPoints.Status.WAITING if found else PastPoints.Status.RUNNING,
            points=cost.points,
            members=cost.members,
            orders=cost.orders,
            accepted_by=actor.name,
            person_id=actor.person_id,
            accepted_at=now,
        )
        if found is not None:
            made.request = _ask(actor, made, found, now)
            made.save(update_fields=["request"])
        detail = {"amount": cost.points, "members": cost.members, "orders": cost.orders}
        outcome = "asked" if found else "accepted"
        target = f"realm:{realm.pk}"
        audit.record(
            actor, decided.PAST_POINTS, target, outcome, now=now, detail=detail, request_id=made.request_id
        )
    return Accepted(made, found)


def _ask(actor: Actor, accepted: PastPoints, found: Excess, now: datetime) -> Request:
    programme = Programme.objects.filter(channels__realm=accepted.realm).order_by("pk").first()
    if programme is None:
        raise NotFound(realm=accepted.realm.api_url)
    key = f"{accepted.realm.api_url}|past|{accepted.pk}"
    request, _new = open_request(
        key=key,
        programme_id=programme.pk,
        operation=decided.PAST_POINTS,
        amount=accepted.points,
        payload={"digest": input_digest({"past": accepted.pk, "points": accepted.points}).hex()},
        cause={
            "which": "past_points",
            "limit": found.limit,
            "members": accepted.members,
            "orders": accepted.orders,
        },
        requested_by_id=actor.person_id,
        now=now,
    )
    return request


def issue(accepted: PastPoints, tell: Tell = points.silent) -> None:
    """Post what was accepted, members' lots one after the other; goes on where a killed run stopped.

    Raises PastCostChanged where it would become more than was accepted, TryLater.
    """
    realm = accepted.realm
    with runs.running(run_name(realm.pk), goes_on=True) as run:
        if run.cursor.get("accepted") != accepted.pk:
            run.begin_anew()
        run.expect(accepted.orders)
        cost = Cost(total=accepted.orders, done=run.done)
        try:
            for some in points.lots(realm, int(run.cursor.get("after", 0))):
                found = _post(accepted, some, points.read(realm.api_url, some.orders), run)
                points.add(cost, some, found)
                tell(cost, found)
        except PastCostChanged:
            _end(accepted, PastPoints.Status.STOPPED)
            raise
        run.result = {"posted": accepted.posted}
        _end(accepted, PastPoints.Status.DONE)


def _post(accepted: PastPoints, some: Some, facts: Sequence[OrderFact], run: runs.Run) -> list[OfMember]:
    now = ports.clock.now()
    with transaction.atomic():
        mine = PastPoints.objects.select_for_update().get(pk=accepted.pk)
        found = points.credit(some, facts, f"past:{accepted.pk}", now)
        posted = mine.posted + sum(one.points for one in found)
        if posted > mine.points:
            raise PastCostChanged(accepted=mine.points, total=posted)
        mine.posted = accepted.posted = posted
        mine.save(update_fields=["posted"])
        run.advance({"accepted": accepted.pk, "after": max(some.members)}, len(some.orders))
    return found


def _end(accepted: PastPoints, status: PastPoints.Status) -> None:
    accepted.status, accepted.finished_at = status, ports.clock.now()
    accepted.save(update_fields=["status", "finished_at"])


def issue_open() -> int:
    """Issue what was accepted and is not issued yet; how many. One that fails keeps back no other."""
    return points.each_open(PastPoints.objects.filter(status=PastPoints.Status.RUNNING), issue)
