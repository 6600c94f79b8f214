"""Says by which rules of their programme new orders are held, before anything of them is posted; finds nothing itself.

A member counts as they were when they ordered: an order that lifts them must not open what it bought.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from loyalty_plugin.domain.facts import MemberFact, OrderFact
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.perks import Setting, barred_lines
from loyalty_plugin.domain.perks.breaches import Rules, gates, shown
from loyalty_plugin.models.members import Member, TierEvent
from loyalty_plugin.queries.offers import newcomer, perks_of, price_fact
from loyalty_plugin.services.orders.past import begins
from loyalty_plugin.services.orders.people import People
from loyalty_plugin.services.orders.shops import Shops


def rules_of(facts: Iterable[OrderFact], shops: Shops, people: People) -> dict[str, Rules]:
    """The rules each order is held by, by its ref; none where its programme keeps no product and has no floor.

    One query for each order with a product that is kept for members.
    """
    found: dict[str, Rules] = {}
    for fact in facts:
        shop = shops.by_url.get(fact.realm)
        served = shops.channels.get((shop.pk, fact.channel)) if shop is not None and shop.live else None
        if shop is None or served is None or fact.origin != "checkout":
            continue
        version = served.versions.at(fact.created_at)
        perks, terms = perks_of(version), version.document.prices
        if not terms.floors and not gates(perks):
            continue
        if fact.created_at < begins(shop.connected_at, served.versions):
            continue
        setting = Setting(local_day(fact.created_at, version.zone), fact.channel)
        holder = people.customers.get((served.programme_id, shop.pk, fact.user_id)) if fact.user_id else None
        buyer: MemberFact | None = None
        if holder is not None:
            buyer = price_fact(holder, version) if holder.status == Member.Status.ACTIVE else None
        elif fact.user_id and served.auto_join:
            buyer = newcomer(version, fact.created_at)
        if holder is not None and buyer is not None and barred_lines(shown(fact), perks, None, setting):
            buyer = replace(buyer, tier=_tier_at(holder.pk, fact.created_at) or buyer.tier)
        found[fact.ref] = Rules(perks, terms, setting, buyer)
    return found


def _tier_at(member_id: int, moment: datetime) -> str:
    """The tier a member had then, empty where they have had none other since."""
    left = TierEvent.objects.filter(member_id=member_id, kind="left", recorded_at__gt=moment)
    return left.order_by("recorded_at", "pk").values_list("tier", flat=True).first() or ""
