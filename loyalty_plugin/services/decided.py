"""What follows from a decision about an act that is no plan to post: money that counts, points for the past that begin,
refunds that are granted.

It decides nothing and posts nothing itself; a job does what became due.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from loyalty_plugin import jobs
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.past import PastPoints
from loyalty_plugin.models.requests import Request
from loyalty_plugin.services import granting, incidents

#: A request about money that was declared by hand: approved, the order counts it.
HAND_PAID: Final = "order.hand_paid"
#: A request about points for past orders: approved, they are issued.
PAST_POINTS: Final = "points.past"


def approved(request: Request, order: OrderRecord | None, now: datetime) -> bool:
    """Whether that was all there is to do: the request had no plan. In the transaction that decides."""
    if request.operation == PAST_POINTS:
        waiting = PastPoints.objects.filter(request=request, status=PastPoints.Status.WAITING)
        waiting.update(status=PastPoints.Status.RUNNING)
        jobs.enqueue(jobs.PAST_POINTS)
        return True
    if request.operation == granting.REFUND:
        incidents.grant_as_asked(request, now)
        return True
    if request.operation == HAND_PAID:
        if order is not None:
            order.vouched = max(order.vouched, request.amount)
            _look(order, now)
        return True
    return False


def rejected(request: Request, order: OrderRecord | None, now: datetime) -> bool:
    """Whether that was all there is to do. In the transaction that decides."""
    if request.operation == PAST_POINTS:
        lapsed([request.pk], now)
        return True
    if request.operation == HAND_PAID and order is not None:
        _look(order, now)
        return True
    return request.operation == granting.REFUND


def lapsed(request_ids: Sequence[int], now: datetime) -> None:
    """Points for the past that waited for these requests are not issued."""
    waiting = PastPoints.objects.filter(request_id__in=request_ids, status=PastPoints.Status.WAITING)
    waiting.update(status=PastPoints.Status.REFUSED, finished_at=now)


def _look(order: OrderRecord, now: datetime) -> None:
    order.look_due = now
    order.save(update_fields=["vouched", "look_due"])
    jobs.enqueue(jobs.LOOK_AGAIN)
