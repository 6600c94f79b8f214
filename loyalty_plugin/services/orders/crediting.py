"""Past orders that get points after all are decided as they would have been on their day; posts nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.queries.programmes import versions_of
from loyalty_plugin.queries.tiers import History, history_with_refs, judge, tier_versions
from loyalty_plugin.services import awards
from loyalty_plugin.services.orders.work import Work


def look_back(works: Sequence[Work], known: awards.Past, now: datetime) -> None:
    """Set what is known of these members to what it was before the first of these orders, and each order's tier.

    All of a member's past orders have to be among them, or those that are not count for nothing here.
    """
    if not works:
        return
    first: dict[int, datetime] = {}
    for work in works:
        paid = work.fact.paid_at or work.fact.created_at
        first[work.member.pk] = min(paid, first.get(work.member.pk, paid))
    for member_id in first:
        known.orders[member_id] = known.spend[member_id] = 0
        known.pieces[member_id] = {}
    earlier = OrderRecord.objects.filter(member_id__in=first, version__isnull=False, past=False)
    for member_id, paid_at, counted in earlier.values_list("member_id", "paid_at", "counted"):
        if paid_at is not None and paid_at < first[member_id]:
            known.orders[member_id] += 1
            known.spend[member_id] += counted
    by_programme: dict[int, list[Work]] = {}
    for work in works:
        by_programme.setdefault(work.version.programme_id, []).append(work)
    for programme_id, some in by_programme.items():
        _set_tiers(programme_id, some, now)


def _set_tiers(programme_id: int, works: Sequence[Work], now: datetime) -> None:
    versions = versions_of(programme_id)
    ready, oldest = tier_versions(versions), versions.first
    ids = sorted({work.member.pk for work in works})
    history = history_with_refs(ids, local_day(now, oldest.zone), counting=ready)
    mine: dict[int, list[Work]] = {}
    for work in sorted(works, key=lambda w: (w.fact.paid_at or w.fact.created_at, w.fact.ref), reverse=True):
        # Newest first: neither an order's own facts nor later ones had a part in the tier it was bought in.
        later = mine.setdefault(work.member.pk, [])
        later.append(work)
        hidden = {one.fact.ref for one in later}
        seen = History(grants=history.grants)
        seen.facts[work.member.pk] = [
            fact for fact in history.facts[work.member.pk] if "|".join(fact.ref.split("|")[:2]) not in hidden
        ]
        day = local_day(work.fact.paid_at or work.fact.created_at, oldest.zone)
        work.tier = judge(work.member, seen, ready, oldest, day).tier
