"""Credits orders that somebody placed as a guest before their e-mail was verified, as far as the version allows.

It looks for them by the keyed digest of the e-mail, reads them anew from the shop, and lets the one path of orders
decide what each earns. A contact claims in one membership only, also after the member was erased.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.facts import PAGE, OrderFact
from loyalty_plugin.domain.lots import day_start, local_day
from loyalty_plugin.errors import LoyaltyError, TryLater
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.queries.programmes import version_at
from loyalty_plugin.registry import ports
from loyalty_plugin.services import audit, claims
from loyalty_plugin.services.members import get_locked
from loyalty_plugin.services.orders.apply import apply_orders

#: How long a member waits whose orders could not be read.
PUT_OFF: Final = timedelta(minutes=5)


def due(*, now: datetime) -> int:
    """How many members' guest orders are to be looked for."""
    return Member.objects.filter(claims_due__lte=now).count()


def claim_due(*, now: datetime, limit: int = 100) -> int:
    """Credit the guest orders of members whose contact was verified lately, at most `limit`; how many it were.

    Each member is a transaction of their own, and the shop is read outside of it. Killed half-way, it goes on.
    """
    waiting = Member.objects.filter(claims_due__lte=now).order_by("claims_due", "pk")
    members = list(waiting.values_list("pk", flat=True)[:limit])
    for member_id in members:
        try:
            _claim(member_id, now)
        except LoyaltyError:
            # The shop is away, or refuses this one: the others must not wait for it.
            Member.objects.filter(pk=member_id, claims_due__isnull=False).update(claims_due=now + PUT_OFF)
    return len(members)


def _claim(member_id: int, now: datetime) -> None:
    member = Member.objects.get(pk=member_id)
    found = list(_orders(member, now).values_list("realm__api_url", "order_id", "pk"))
    facts = _read([(realm, order_id) for realm, order_id, _ in found])
    with transaction.atomic():
        # Orders before members, as the path of orders takes its locks.
        still = list(
            OrderRecord.objects.select_for_update(no_key=True, of=("self",))
            .filter(pk__in=[pk for _, _, pk in found], version__isnull=True)
            .order_by("realm_id", "order_id")
            .values_list("realm__api_url", "order_id")
        )
        locked = get_locked(member_id)
        if locked.email == member.email and _may_claim(locked):
            _apply(locked, [facts[key] for key in still if key in facts], now)
        locked.claims_due = None
        locked.save(update_fields=["claims_due"])


def _orders(member: Member, now: datetime) -> QuerySet[OrderRecord]:
    """Paid orders of guests with the member's e-mail, from before it was verified, as far back as the terms say."""
    version = version_at(member.programme_id, now)
    terms = version.document.claims
    since = day_start(local_day(member.joined_at, version.zone) - timedelta(days=terms.days), version.zone)
    contact = claims.contact_of(member.programme_id, member.email)
    if not terms.days or not contact or member.verified_at is None:
        return OrderRecord.objects.none()
    claimed = OrderRecord.objects.filter(member=member, contact=contact).count()
    rows = OrderRecord.objects.filter(
        programme_id=member.programme_id,
        contact=contact,
        version__isnull=True,
        paid_at__isnull=False,
        created_at__gte=since,
        created_at__lte=member.verified_at,
    )
    return rows.order_by("-created_at", "-pk")[: max(0, terms.orders - claimed)]


def _read(wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], OrderFact]:
    """The orders as the shop has them now, by realm and id. Raises TryLater."""
    facts: dict[tuple[str, str], OrderFact] = {}
    for realm in sorted({realm for realm, _ in wanted}):
        ids = [order_id for url, order_id in wanted if url == realm]
        for start in range(0, len(ids), PAGE):
            read = ports.storefront.orders(realm, ids[start : start + PAGE])
            facts |= {(realm, order_id): fact for order_id, fact in read.items()}
    return facts


def _may_claim(member: Member) -> bool:
    """An active member with a verified e-mail that has claimed in no other membership."""
    active = member.status == Member.Status.ACTIVE
    verified = member.verified_at is not None and bool(member.email)
    return active and verified and not claims.had(member, claims.GUEST_ORDERS)


def _apply(member: Member, facts: Sequence[OrderFact], now: datetime) -> None:
    if not facts:
        return
    applied = apply_orders(facts, now=now, claimed_by={fact.ref: member.pk for fact in facts})
    if any(one.stale for one in applied):
        raise TryLater(reason="order_changed")  # an event was worked off since we read
    refs = {f"{url}|{order}" for url, order in member.orders.values_list("realm__api_url", "order_id")}
    credited = [one for one in applied if one.order_ref in refs]
    if not credited:
        return
    claims.claim(member, claims.GUEST_ORDERS, now)
    detail = {"orders": len(credited), "points": sum(one.points for one in credited)}
    audit.record(SYSTEM, "orders.claim", f"member:{member.pk}", "posted", now=now, detail=detail)
