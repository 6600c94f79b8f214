"""Orders from before the programme began in a shop: they count for tiers, and bring no points by themselves.

Otherwise a Saleor that is connected today would turn years of orders into points with the first event about each.
"""

from __future__ import annotations

from datetime import datetime

from loyalty_plugin.domain.earning.basis import count_order
from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.queries.programmes import Versions
from loyalty_plugin.services.orders import earning, steps
from loyalty_plugin.services.orders.shops import Shop
from loyalty_plugin.services.orders.work import Work


def is_past(fact: OrderFact, shop: Shop, versions: Versions) -> bool:
    """Whether an order was paid before the first version was in force, or before its Saleor first installed us."""
    paid = fact.paid_at or fact.created_at
    return paid < begins(shop.connected_at, versions)


def begins(connected_at: datetime | None, versions: Versions) -> datetime:
    """From when on orders of a Saleor connected since then bring points. Raises UnknownProgramme without any version."""
    first = versions.first.starts_at
    return first if connected_at is None else max(first, connected_at)


def count(work: Work) -> None:
    """Count the order for tiers, and note what later refunds are a share of; nothing is earned."""
    fact, record, version = work.fact, work.record, work.version
    reason = steps.why_not(fact, version)
    if reason:
        record.outcome = reason
        return
    record.past = True
    record.version_id = version.id
    record.first_paid = steps.whole_of(fact)
    record.first_counted = count_order(fact, version.document.earning.basis).total
    record.counted = steps.target(record.first_counted, steps.net_of(record, fact, version))
    record.outcome = steps.outcome_of(record, fact)
    ends_at = earning.window(fact, version)
    work.facts.extend(earning.counted_facts(work, ends_at))
