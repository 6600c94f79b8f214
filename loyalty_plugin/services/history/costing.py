"""Keeps what points for past orders would cost, member by member, for whoever is to accept it; issues nothing.

A job reckons it; killed, it goes on with the next lot of members.
"""

from __future__ import annotations

from typing import Final

from django.db import InterfaceError, OperationalError, transaction

from loyalty_plugin import jobs
from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.errors import LoyaltyError, NotFound, TryLater
from loyalty_plugin.models.past import PastCost, PastCostLine
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.past import past_orders
from loyalty_plugin.registry import ports
from loyalty_plugin.services import audit
from loyalty_plugin.services.history import points

#: What a cost says that failed for a reason nobody foresaw; the log has it.
UNEXPECTED: Final = "unexpected"
#: Lines of replaced costs that are taken away in one statement.
_AWAY: Final = 20_000


def begin(actor: Actor, *, realm_id: int) -> PastCost:
    """Have it reckoned anew by a job; the one under way where there is one. Raises NotFound, PermissionDenied."""
    require(actor, Operation.RETRY_OPERATIONS)
    with transaction.atomic():
        realm = Realm.objects.select_for_update(no_key=True).filter(pk=realm_id).first()
        if realm is None:
            raise NotFound(realm=realm_id)
        mine = PastCost.objects.filter(realm=realm)
        under_way = mine.filter(status=PastCost.Status.RUNNING).first()
        if under_way is not None:
            return under_way
        mine.update(status=PastCost.Status.OBSOLETE)
        made = PastCost.objects.create(
            realm=realm, total=past_orders(realm).count(), created_at=ports.clock.now()
        )
        jobs.enqueue(jobs.PAST_POINTS)
    return made


def note_download(actor: Actor, *, realm_id: int) -> None:
    """Note in the trail that the names of those who would get points left the house. Raises PermissionDenied."""
    require(actor, Operation.VIEW_MEMBERS)
    target = f"realm:{realm_id}"
    audit.record(actor, "points.past_list", target, "done", now=ports.clock.now())


def reckon(cost: PastCost) -> None:
    """Reckon what is left of it. Raises TryLater; whatever else is wrong ends it and is told on its row.

    A database that went away ends nothing: the next run goes on.
    """
    try:
        for some in points.lots(cost.realm, cost.cursor):
            _keep(cost, some, points.reckoned(cost.realm, some))
    except (TryLater, OperationalError, InterfaceError):
        raise
    except Exception as error:
        _end(cost, PastCost.Status.FAILED, error.code if isinstance(error, LoyaltyError) else UNEXPECTED)
        raise
    _end(cost, PastCost.Status.READY)


def _keep(cost: PastCost, some: points.Some, found: list[points.OfMember]) -> None:
    """Write down what some members would get, unless somebody else has by now."""
    with transaction.atomic():
        row = PastCost.objects.select_for_update(no_key=True).get(pk=cost.pk)
        if row.cursor == cost.cursor and row.status == PastCost.Status.RUNNING:
            points.add(row, some, found)
            row.cursor = max(some.members)
            row.save()
            PastCostLine.objects.bulk_create(
                PastCostLine(
                    cost=row,
                    member_id=one.member_id,
                    orders=one.orders,
                    points=one.points,
                    over=one.over,
                    waiting=one.waiting,
                )
                for one in found
                if one.points or one.waiting
            )
    cost.cursor = max(some.members)


def _end(cost: PastCost, status: PastCost.Status, error: str = "") -> None:
    PastCost.objects.filter(pk=cost.pk, status=PastCost.Status.RUNNING).update(
        status=status, error=error, finished_at=ports.clock.now()
    )


def reckon_open() -> int:
    """Reckon what somebody waits for, and take away what was replaced; how many. One that fails keeps back no other."""
    done = points.each_open(PastCost.objects.filter(status=PastCost.Status.RUNNING), reckon)
    replaced = PastCost.objects.filter(status=PastCost.Status.OBSOLETE)
    while True:
        some = PastCostLine.objects.filter(cost__in=replaced).values("pk")[:_AWAY]
        if not PastCostLine.objects.filter(pk__in=some).delete()[0]:
            break
    replaced.delete()
    return done
