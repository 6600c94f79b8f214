"""Points for past orders: reckons what they would cost by the real path, and posts them once somebody accepted that.

Reckoning is posting in a transaction that is rolled back, some members at a time. A member's orders depend on no other
member but for campaigns with a budget: those are reckoned as if each lot of members came first, so that the cost shown
may be too high then, and is never too low.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Count, QuerySet

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.facts import PAGE, OrderFact
from loyalty_plugin.errors import NotFound, PastCostChanged
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.models.reconciling import PastPoints
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.balances import given
from loyalty_plugin.registry import ports
from loyalty_plugin.services import approvals, audit, runs
from loyalty_plugin.services.orders.apply import apply_orders

#: Orders reckoned or posted in one transaction, unless one member alone has more.
SOME: Final = 200


@dataclass(frozen=True, slots=True)
class OfMember:
    """What one member would get: points, those of them whose last day is over already, and what waits for a person."""

    member_id: int
    number: str
    orders: int
    points: int
    over: int
    waiting: int


@dataclass(slots=True)
class Cost:
    """What points for the past cost in all.

    `over`: points of which the last day is over already; `waiting`: orders above the programme's largest award.
    """

    members: int = 0
    orders: int = 0
    points: int = 0
    over: int = 0
    waiting: int = 0
    #: Orders there are to reckon.
    total: int = 0
    done: int = 0


Tell = Callable[[Cost, Sequence[OfMember]], None]


def silent(_cost: Cost, _members: Sequence[OfMember]) -> None:
    """For whoever does not watch."""


@dataclass(slots=True)
class _Some:
    """Members and all of their past orders, by id."""

    members: dict[int, str] = field(default_factory=dict)
    orders: list[str] = field(default_factory=list)


def run_name(realm_id: int) -> str:
    """What its row is called among the jobs."""
    return f"past_points:{realm_id}"


def reckon(actor: Actor, *, realm: str, tell: Tell = silent) -> Cost:
    """What points for all past orders of this Saleor that were brought in would cost; stores nothing.

    Raises NotFound, PermissionDenied, TryLater.
    """
    require(actor, Operation.VIEW_OPERATIONS)
    row = _realm(realm)
    cost = Cost(total=_past(row).count())
    for some in _lots(row, 0):
        facts = _read(realm, some.orders)
        with transaction.atomic():
            found = _credit(some, facts, "past:reckoned", ports.clock.now())
            transaction.set_rollback(True)
        _add(cost, some, found)
        tell(cost, found)
    return cost


def accept(actor: Actor, *, realm: str, total: int, tell: Tell = silent) -> PastPoints:
    """Post points for past orders, which cost `total` points; goes on where a killed run of the same total stopped.

    Raises PastCostChanged where they cost something else by now, NotFound, PermissionDenied, TryLater.
    """
    require(actor, Operation.PUBLISH_PROGRAMME)
    row = _realm(realm)
    accepted = PastPoints.objects.filter(realm=row, status=PastPoints.Status.RUNNING).first()
    if accepted is None:
        cost = reckon(actor, realm=realm)
        if cost.points != total:
            raise PastCostChanged(accepted=total, total=cost.points)
        accepted = _accepted(actor, row, cost)
    elif accepted.points != total:
        raise PastCostChanged(accepted=total, total=accepted.points)
    with runs.running(run_name(row.pk), goes_on=True) as run:
        if run.cursor.get("accepted") != accepted.pk:
            run.begin_anew()
        run.expect(accepted.orders)
        cost = Cost(total=accepted.orders, done=run.done)
        try:
            for some in _lots(row, int(run.cursor.get("after", 0))):
                found = _post(accepted, some, _read(realm, some.orders), run)
                _add(cost, some, found)
                tell(cost, found)
        except PastCostChanged:
            _end(accepted, PastPoints.Status.STOPPED)
            raise
        run.result = {"posted": accepted.posted}
        _end(accepted, PastPoints.Status.DONE)
    return accepted


def _realm(url: str) -> Realm:
    row = Realm.objects.filter(api_url=url).first()
    if row is None:
        raise NotFound(realm=url)
    return row


def _accepted(actor: Actor, realm: Realm, cost: Cost) -> PastPoints:
    now = ports.clock.now()
    with transaction.atomic():
        made = PastPoints.objects.create(
            realm=realm,
            points=cost.points,
            members=cost.members,
            orders=cost.orders,
            accepted_by=actor.name,
            person_id=actor.person_id,
            accepted_at=now,
        )
        detail = {"amount": cost.points, "members": cost.members, "orders": cost.orders}
        audit.record(actor, "points.past", f"realm:{realm.pk}", "accepted", now=now, detail=detail)
    return made


def _post(accepted: PastPoints, some: _Some, facts: Sequence[OrderFact], run: runs.Run) -> list[OfMember]:
    now = ports.clock.now()
    with transaction.atomic():
        mine = PastPoints.objects.select_for_update().get(pk=accepted.pk)
        found = _credit(some, facts, f"past:{accepted.pk}", now)
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


def _past(realm: Realm) -> QuerySet[OrderRecord]:
    return OrderRecord.objects.filter(realm=realm, past=True, member__status=Member.Status.ACTIVE)


def _lots(realm: Realm, after: int) -> Iterator[_Some]:
    """Members with past orders, by id, so many together that their orders fill a transaction."""
    while True:
        found = list(
            _past(realm)
            .filter(member_id__gt=after)
            .values_list("member_id", "member__number")
            .annotate(orders=Count("pk"))
            .order_by("member_id")[:SOME]
        )
        some, size = _Some(), 0
        for member_id, number, orders in found:
            if some.members and size + orders > SOME:
                break
            some.members[member_id] = number
            size += orders
        if not some.members:
            return
        after = max(some.members)
        some.orders = list(
            _past(realm).filter(member_id__in=some.members).order_by("pk").values_list("order_id", flat=True)
        )
        yield some


def _read(realm: str, order_ids: Sequence[str]) -> list[OrderFact]:
    facts: list[OrderFact] = []
    for start in range(0, len(order_ids), PAGE):
        facts += ports.storefront.orders(realm, order_ids[start : start + PAGE]).values()
    return facts


def _credit(some: _Some, facts: Sequence[OrderFact], batch: str, now: datetime) -> list[OfMember]:
    """Bring the orders up to date, then give their points; what each member got. In the caller's transaction."""
    before = given(list(some.members), now)
    apply_orders(facts, now=now)
    apply_orders(facts, now=now, credit=batch)
    after = given(list(some.members), now)
    rows = OrderRecord.objects.filter(
        member_id__in=some.members, order_id__in=[fact.order_id for fact in facts], past=False
    )
    decided = dict(rows.values_list("member_id").annotate(n=Count("pk")).order_by())
    waits = (
        rows.filter(outcome=approvals.AWAITING).values_list("member_id").annotate(n=Count("pk")).order_by()
    )
    waiting = dict(waits)
    found = []
    for member_id, number in some.members.items():
        earned, over = after.get(member_id, (0, 0))
        earned_before, over_before = before.get(member_id, (0, 0))
        found.append(
            OfMember(
                member_id,
                number,
                decided.get(member_id, 0),
                earned - earned_before,
                over - over_before,
                waiting.get(member_id, 0),
            )
        )
    return found


def _add(cost: Cost, some: _Some, found: Sequence[OfMember]) -> None:
    cost.done += len(some.orders)
    for one in found:
        cost.members += bool(one.points or one.waiting)
        cost.orders += one.orders
        cost.points += one.points
        cost.over += one.over
        cost.waiting += one.waiting
