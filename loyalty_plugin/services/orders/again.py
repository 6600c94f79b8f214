"""Reads orders anew that something else than an event asks for, and lets the one path of orders decide what follows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from loyalty_plugin import jobs
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.registry import ports
from loyalty_plugin.services.orders.apply import apply_orders

#: As many as a shop gives at once.
PAGE: Final = 100
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
    for _, _, pk, asked in page:
        OrderRecord.objects.filter(pk=pk, look_due=asked).update(look_due=to)
