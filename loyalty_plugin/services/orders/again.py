"""Reads orders anew that something else than an event asks for, and lets the one path of orders decide what follows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from django.db import transaction

from loyalty_plugin import jobs
from loyalty_plugin.domain.facts import PAGE
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.registry import ports
from loyalty_plugin.services.orders.apply import apply_orders

#: How long orders wait that could not be read or applied.
PUT_OFF: Final = timedelta(minutes=5)


def ask(records: Iterable[int], *, now: datetime) -> None:
    """Have these orders (ids of our rows) read anew soon. Joins the surrounding transaction."""
    OrderRecord.objects.filter(pk__in=list(records)).update(look_due=now)
    jobs.enqueue(jobs.LOOK_AGAIN)


def due(*, now: datetime) -> int:
    """How many orders are to be read anew."""
    return OrderRecord.objects.filter(look_due__lte=now).count()


def look_due(*, now: datetime, limit: int = PAGE) -> int:
    """Read orders that are due, at most `limit`, and apply what they are now; how many it were.

    The shop is read outside of any transaction. Killed half-way, or where the shop is away, they stay due.
    """
    waiting = list(
        OrderRecord.objects.filter(look_due__lte=now)
        .order_by("realm_id", "look_due", "pk")
        .values_list("realm__api_url", "order_id", "pk", "look_due")[:limit]
    )
    for realm, group in groupby(waiting, key=lambda row: row[0]):
        rows = list(group)
        for start in range(0, len(rows), PAGE):
            page = rows[start : start + PAGE]
            try:
                facts = ports.storefront.orders(realm, [order_id for _, order_id, _, _ in page])
                apply_orders(list(facts.values()), now=now)
            except LoyaltyError:
                _set(page, now + PUT_OFF)
            else:
                _set(page, None)
    return len(waiting)


def _set(page: Iterable[tuple[str, str, int, datetime | None]], to: datetime | None) -> None:
    """Only where nobody asked anew meanwhile."""
    asked = {pk: due for _, _, pk, due in page}
    with transaction.atomic():
        # In the order in which orders are locked everywhere.
        rows = OrderRecord.objects.select_for_update(no_key=True).filter(pk__in=asked)
        due = rows.order_by("realm_id", "order_id").values_list("pk", "look_due")
        same = [pk for pk, stands in due if stands == asked[pk]]
        OrderRecord.objects.filter(pk__in=same).update(look_due=to)
