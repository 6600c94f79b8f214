"""What orders brought their own customer, many at once; an order of somebody else is as one that is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import OrderRecord


@dataclass(frozen=True, slots=True)
class OrderPoints:
    """Points of one order: as first awarded, and those that stand after returns. `explanation` is the award's own.

    `outcome` is a stable code of why there are none, or of what the order waits for; empty otherwise.
    """

    order_id: str
    first: int
    stands: int
    kind: str
    explanation: Mapping[str, Any] | None
    outcome: str


def points_of_orders(realm_url: str, user_id: str, order_ids: Sequence[str]) -> dict[str, OrderPoints]:
    """By order, for those that this customer account placed as a member. Two queries, however many orders."""
    rows = list(
        OrderRecord.objects.filter(
            realm__api_url=realm_url,
            realm__live=True,
            order_id__in=order_ids,
            member__realm__api_url=realm_url,
            member__external_id=user_id,
        )
        .exclude(member__external_id="")
        .exclude(member__status=Member.Status.ERASED)
        .values_list("order_id", "first_points", "points", "earn_entry", "outcome")
    )
    awards = {row[3] for row in rows if row[3] is not None}
    told = {
        pk: (kind, explanation)
        for pk, kind, explanation in Entry.objects.filter(pk__in=awards).values_list(
            "pk", "kind", "explanation"
        )
    }
    return {
        order_id: OrderPoints(order_id, first, stands, *told.get(entry or 0, ("", None)), outcome)
        for order_id, first, stands, entry, outcome in rows
    }
