"""Points for past orders: what they would cost by the real path, some members at a time; stores nothing by itself.

Reckoning is posting in a transaction that is rolled back, some members at a time. A member's orders depend on no other
member but for campaigns with a budget: those are reckoned as if each lot of members came first, so that the cost shown
may be too high then, and is never too low.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar

from django.db import transaction
from django.db.models import Count, QuerySet

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.facts import PAGE, OrderFact
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.past import PastCost, PastPoints
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.balances import given
from loyalty_plugin.queries.past import past_orders
from loyalty_plugin.queries.realms import realm_at
from loyalty_plugin.registry import ports
from loyalty_plugin.services import approvals
from loyalty_plugin.services.orders.apply import apply_orders

_log = logging.getLogger(__name__)
Row = TypeVar("Row", PastCost, PastPoints)
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
class Some:
    """Members and all of their past orders, by id."""

    members: dict[int, str] = field(default_factory=dict)
    orders: list[str] = field(default_factory=list)


def reckon(actor: Actor, *, realm: str, tell: Tell = silent) -> Cost:
    """What points for all past orders of this Saleor that were brought in would cost; stores nothing.

    Raises NotFound, PermissionDenied, TryLater.
    """
    require(actor, Operation.VIEW_OPERATIONS)
    row = realm_at(realm)
    cost = Cost(total=past_orders(row).count())
    for some in lots(row, 0):
        found = reckoned(row, some)
        add(cost, some, found)
        tell(cost, found)
    return cost


def reckoned(realm: Realm, some: Some) -> list[OfMember]:
    """What each of these members would get; nothing is stored."""
    facts = read(realm.api_url, some.orders)
    with transaction.atomic():
        found = credit(some, facts, "past:reckoned", ports.clock.now())
        transaction.set_rollback(True)
    return found


def lots(realm: Realm, after: int) -> Iterator[Some]:
    """Members with past orders, by id, so many together that their orders fill a transaction."""
    while True:
        found = list(
            past_orders(realm)
            .filter(member_id__gt=after)
            .values_list("member_id", "member__number")
            .annotate(orders=Count("pk"))
            .order_by("member_id")[:SOME]
        )
        some, size = Some(), 0
        for member_id, number, orders in found:
            if some.members and size + orders > SOME:
                break
            some.members[member_id] = number
            size += orders
        if not some.members:
            return
        after = max(some.members)
        some.orders = list(
            past_orders(realm)
            .filter(member_id__in=some.members)
            .order_by("pk")
            .values_list("order_id", flat=True)
        )
        yield some


def read(realm: str, order_ids: Sequence[str]) -> list[OrderFact]:
    """The orders as they are now. Raises TryLater."""
    facts: list[OrderFact] = []
    for start in range(0, len(order_ids), PAGE):
        facts += ports.storefront.orders(realm, order_ids[start : start + PAGE]).values()
    return facts


def credit(some: Some, facts: Sequence[OrderFact], batch: str, now: datetime) -> list[OfMember]:
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


def add(cost: Cost | PastCost, some: Some, found: Sequence[OfMember]) -> None:
    """Add up what some members would get, or got."""
    cost.done += len(some.orders)
    for one in found:
        cost.members += bool(one.points or one.waiting)
        cost.orders += one.orders
        cost.points += one.points
        cost.over += one.over
        cost.waiting += one.waiting


def each_open(rows: QuerySet[Row], act: Callable[[Row], None]) -> int:
    """Go on with each of these; how many came to their end. One that fails, or is put off, keeps back no other."""
    done = 0
    for row in rows.select_related("realm").order_by("pk"):
        try:
            act(row)
        except LoyaltyError as error:
            _log.warning("points for the past of realm %s: %s %s", row.realm_id, error.code, error.details)
        except Exception:
            _log.exception("points for the past of realm %s", row.realm_id)
        else:
            done += 1
    return done
