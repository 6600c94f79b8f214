"""Does received events again, and says beforehand what that would change: the ordinary path in a rolled-back transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from loyalty_plugin import jobs
from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.facts import CustomerFact, OrderFact
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.balances import given
from loyalty_plugin.queries.realms import realm_at
from loyalty_plugin.registry import ports
from loyalty_plugin.services import audit
from loyalty_plugin.services.history import applying


@dataclass(frozen=True, slots=True)
class State:
    """What stands: points of an order or ever earned by a member, its outcome, the member's tier."""

    points: int = 0
    outcome: str = ""
    tier: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing before and after; `found` is False where the shop does not have it."""

    kind: str
    target: str
    label: str
    before: State
    after: State
    found: bool = True

    @property
    def differs(self) -> bool:
        """Whether doing it again would change anything here."""
        return self.before != self.after


def preview(
    actor: Actor, *, realm: str, orders: Sequence[str] = (), customers: Sequence[str] = (), now: datetime
) -> list[Change]:
    """What looking at these orders and customers (ids, at most a hundred each) again would change; stores nothing.

    The shop is asked as it is now, not as it was when the event came. Raises NotFound, PermissionDenied, TryLater.
    """
    require(actor, Operation.VIEW_OPERATIONS)
    row = realm_at(realm)
    found_orders = ports.storefront.orders(realm, orders) if orders else {}
    found_customers = ports.storefront.customers(realm, customers) if customers else {}
    facts: list[OrderFact | CustomerFact] = [*found_customers.values(), *found_orders.values()]
    with transaction.atomic():
        people = [*customers, *(fact.user_id for fact in found_orders.values())]
        before = _states(row, orders, people, now)
        codes = {
            **applying.page_of("customers", row, facts, now),
            **applying.page_of("orders", row, facts, now),
        }
        after = _states(row, orders, people, now)
        transaction.set_rollback(True)
    found = {*found_orders, *found_customers}
    changes = []
    for key in sorted({*before, *after, *(("order", one) for one in orders)}):
        kind, target = key
        fact = found_orders.get(target)
        was, will = before.get(key, State()), after.get(key, State())
        if kind == "order" and target not in found:
            will = was
        elif kind == "order" and codes.get(target) == applying.FAILED:
            will = State(was.points, applying.FAILED)
        label = fact.number if fact is not None else target
        changes.append(Change(kind, target, label, was, will, target in found or kind == "member"))
    return changes


def _states(
    realm: Realm, orders: Sequence[str], customers: Sequence[str], now: datetime
) -> dict[tuple[str, str], State]:
    """Orders by id and members by number, as they stand."""
    records = OrderRecord.objects.filter(realm=realm, order_id__in=orders)
    found = {("order", row.order_id): State(row.points, row.outcome) for row in records}
    concerned = Q(pk__in=[row.member_id for row in records if row.member_id])
    concerned |= Q(realm=realm, external_id__in=[one for one in customers if one])
    members = list(Member.objects.filter(concerned))
    earned = given([member.pk for member in members], now)
    for member in members:
        state = State(earned.get(member.pk, (0, 0))[0], member.status, member.tier)
        found["member", member.number] = state
    return found


def replay(actor: Actor, *, item_ids: Sequence[int], now: datetime) -> list[int]:
    """Have these received events done again, whatever came of them before; the ids of those whose body is kept.

    Doing an event twice is harmless: it only says where to look. Raises PermissionDenied.
    """
    require(actor, Operation.RETRY_OPERATIONS)
    with transaction.atomic():
        kept = InboxItem.objects.select_for_update().filter(pk__in=list(item_ids), body__isnull=False)
        ids = sorted(kept.values_list("pk", flat=True))
        InboxItem.objects.filter(pk__in=ids).update(
            status=InboxItem.Status.NEW, attempts=0, next_attempt_at=None, outcome="", processed_at=None
        )
        for item_id in ids:
            audit.record(actor, "event.replay", f"inbox:{item_id}", "done", now=now)
        if ids:
            jobs.enqueue(jobs.DRAIN_INBOX)
    return ids
