"""Points for past orders as they are shown before and after somebody accepts them; reads only, reckons no award."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Count, Max, Min, QuerySet

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.values import Money, currency_exponent
from loyalty_plugin.errors import NotFound
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.past import PastCost, PastCostLine, PastPoints
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.members import search

#: Members named on the page itself; the list has all of them.
TOP = 10


@dataclass(frozen=True, slots=True)
class Past:
    """What was brought in from a Saleor that brought no points yet, and how far its points are.

    `first` and `last` are when the oldest and the newest of the orders were paid. `cost` is what was reckoned last,
    `accepted` what was accepted last. `currency` is that of its programmes, empty where they have several.
    """

    realm: Realm
    orders: int
    members: int
    first: datetime | None
    last: datetime | None
    cost: PastCost | None
    accepted: PastPoints | None
    currency: str


def past_orders(realm: Realm) -> QuerySet[OrderRecord]:
    """Orders from before the programme that no points were given for yet, of members who still are."""
    return OrderRecord.objects.filter(realm=realm, past=True, member__status=Member.Status.ACTIVE)


def realms_with_past(actor: Actor) -> list[Past]:
    """Each Saleor that counts. Five queries each. Raises PermissionDenied."""
    require(actor, Operation.VIEW_OPERATIONS)
    return [_past(realm) for realm in Realm.objects.filter(live=True).order_by("pk")]


def past(actor: Actor, *, realm_id: int) -> Past:
    """One Saleor. Raises NotFound, PermissionDenied."""
    require(actor, Operation.VIEW_OPERATIONS)
    realm = Realm.objects.filter(pk=realm_id).first()
    if realm is None:
        raise NotFound(realm=realm_id)
    return _past(realm)


def _past(realm: Realm) -> Past:
    there = past_orders(realm).aggregate(
        orders=Count("pk"), members=Count("member", distinct=True), first=Min("paid_at"), last=Max("paid_at")
    )
    cost = PastCost.objects.filter(realm=realm).exclude(status=PastCost.Status.OBSOLETE).first()
    accepted = (
        PastPoints.objects.filter(realm=realm).select_related("person", "request").order_by("-pk").first()
    )
    return Past(realm, **there, cost=cost, accepted=accepted, currency=currency_of(realm))


def currency_of(realm: Realm) -> str:
    """The currency of all programmes of a Saleor, empty where they have several or there is none."""
    programmes = Programme.objects.filter(channels__realm=realm)
    found = list(programmes.values_list("currency", flat=True).distinct()[:2])
    return found[0] if len(found) == 1 else ""


def liability(points: int, over: int, worth: Decimal, currency: str) -> Money:
    """What so many points are worth, less those that expire at once; `worth` of a point in major units."""
    exponent = currency_exponent(currency)
    minor = ((points - over) * worth).scaleb(exponent).quantize(Decimal(1), rounding=ROUND_HALF_UP)
    return Money(int(minor), currency)


def lines(actor: Actor, cost: PastCost, text: str = "") -> QuerySet[PastCostLine]:
    """Members who would get something, most points first; `text` as for looking members up. Raises PermissionDenied."""
    require(actor, Operation.VIEW_OPERATIONS)
    require(actor, Operation.VIEW_MEMBERS)
    rows = PastCostLine.objects.filter(cost=cost).select_related("member").order_by("-points", "pk")
    return rows.filter(member__in=search(actor, text).order_by().values("pk")) if text.strip() else rows
