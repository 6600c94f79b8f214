"""Ends return windows that began with fulfilment: the order's lots become available; other windows are the lots' own."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.intents import Mature, Plan
from loyalty_plugin.domain.ledger import POINTS, Kind, input_digest
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.queries.entries import pending_lots_of_order
from loyalty_plugin.services import posting


def end_due(*, now: datetime, limit: int = 500) -> int:
    """Mature the lots of orders whose window has ended, at most `limit` orders; how many it were."""
    with transaction.atomic():
        records = list(
            OrderRecord.objects.select_for_update(skip_locked=True, of=("self",))
            .filter(window_ends_at__lte=now, matured_at__isnull=True, earn_entry__isnull=False)
            .select_related("realm")
            .order_by("window_ends_at", "pk")[:limit]
        )
        plans = []
        lots = pending_lots_of_order([f"{r.realm.api_url}|{r.order_id}" for r in records])
        for record in records:
            ref = f"{record.realm.api_url}|{record.order_id}"
            ids = tuple(lots.get(ref, ()))
            if ids and record.member_id and record.programme_id and record.version_id:
                plans.append(
                    Plan(
                        key=f"{ref}|window",
                        digest=input_digest({"order": ref}),
                        kind=Kind.MATURE,
                        programme_id=record.programme_id,
                        version_id=record.version_id,
                        member_id=record.member_id,
                        occurred_at=record.window_ends_at or now,
                        intents=(Mature(POINTS, ids),),
                        order_ref=ref,
                        actor=SYSTEM.name,
                        source=f"order:{ref}",
                    )
                )
            record.matured_at = now
        posting.post(plans, recorded_at=now)
        OrderRecord.objects.bulk_update(records, ["matured_at"])
        return len(records)
