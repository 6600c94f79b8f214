"""Orders that hold value in our books and that Saleor has no more: noted once, and settled by a person.

It takes nothing back: whether a purged order was paid and delivered, nobody here can know.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.errors import NotFound
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.models.reconciling import GoneOrder
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.services import approvals, audit
from loyalty_plugin.services.orders import steps

_OF_VALUE: Final = (
    Q(points__gt=0)
    | Q(qualifying__gt=0)
    | Q(counted__gt=0)
    | Q(outcome__in=(approvals.AWAITING, steps.HAND_WAITS))
)


def of_value(realm: Realm) -> QuerySet[OrderRecord]:
    """Orders of which something stands in our books, or waits for a person. What never earned may vanish unsaid."""
    return OrderRecord.objects.filter(_OF_VALUE, realm=realm)


def note(realm: Realm, looked_for: Collection[str], found: Collection[str], now: datetime) -> dict[str, str]:
    """Note those that were not found, and forget that others ever were gone; the numbers of new ones, by order id.

    `looked_for` are ids of orders of value. In the caller's transaction.
    """
    back = set(looked_for) & set(found)
    GoneOrder.objects.filter(realm=realm, order_id__in=back, settled_at=None).delete()
    missing = set(looked_for) - set(found)
    known = set(
        GoneOrder.objects.filter(realm=realm, order_id__in=missing).values_list("order_id", flat=True)
    )
    rows = list(OrderRecord.objects.filter(realm=realm, order_id__in=missing - known).order_by("order_id"))
    GoneOrder.objects.bulk_create(
        [
            GoneOrder(
                realm=realm, order_id=row.order_id, number=row.number, member_id=row.member_id, noticed_at=now
            )
            for row in rows
        ],
        ignore_conflicts=True,
    )
    return {row.order_id: row.number for row in rows}


def settle(actor: Actor, *, gone_id: int, now: datetime) -> None:
    """Somebody has decided about it, whatever they did. Raises NotFound, PermissionDenied."""
    require(actor, Operation.RETRY_OPERATIONS)
    with transaction.atomic():
        row = GoneOrder.objects.select_for_update(of=("self",)).filter(pk=gone_id).first()
        if row is None:
            raise NotFound(gone=gone_id)
        if row.settled_at is None:
            row.settled_at, row.settled_by_id = now, actor.person_id
            row.save(update_fields=["settled_at", "settled_by"])
            detail = {"order": row.number or row.order_id}
            audit.record(actor, "order.gone", f"realm:{row.realm_id}", "done", now=now, detail=detail)
