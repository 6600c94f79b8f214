"""A member's daily check-in: counts days in a row and awards what the version gives for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.domain.extensions import OccasionKind
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.programmes.document import CheckInWay
from loyalty_plugin.errors import MemberFrozen
from loyalty_plugin.models.members import CheckIn, Member
from loyalty_plugin.policies import require_self
from loyalty_plugin.queries.members import find_customer
from loyalty_plugin.queries.programmes import channel_served, versions_of
from loyalty_plugin.services import bonuses
from loyalty_plugin.services.members import get_locked
from loyalty_plugin.services.resolution import resolved


@dataclass(frozen=True, slots=True)
class Visit:
    """A day's check-in: `points` it brought; `first` false where today was counted before or this does not count."""

    streak: int
    points: int
    first: bool


def check_in(
    actor: Actor,
    *,
    member_id: int,
    now: datetime,
    channel: str = "",
    by: CheckInWay = CheckInWay.VISIT,
) -> Visit:
    """Count today's visit, by button or by logging in. Once a day of the programme. Raises MemberFrozen.

    A way that the version does not count, or a version that gives nothing for coming, leaves everything as it was.
    """
    require_self(actor, member_id)
    with transaction.atomic():
        member = get_locked(member_id)
        if member.status != Member.Status.ACTIVE:
            raise MemberFrozen(member=member_id)
        version = versions_of(member.programme_id).at(now)
        today = local_day(now, version.zone)
        last = CheckIn.objects.filter(member=member).order_by("-day").first()
        unbroken = last.streak if last is not None and last.day >= today - timedelta(days=1) else 0
        counts = by in version.document.check_ins.by and resolved(version).rules[OccasionKind.CHECK_IN]
        if not counts or (last is not None and last.day >= today):
            return Visit(unbroken, 0, first=False)
        streak = unbroken + 1
        CheckIn.objects.create(member=member, day=today, streak=streak)
        posted = bonuses.award(
            actor,
            member,
            OccasionKind.CHECK_IN,
            now=now,
            suffix=today.isoformat(),
            streak=streak,
            channel=channel,
        )
        return Visit(streak, sum(lot.amount for lot in posted.lots) if posted else 0, first=True)


def count_login(*, realm_url: str, user_id: str, channel: str, now: datetime) -> Visit | None:
    """For storefronts: this customer of the shop has just logged in. None where they are no active member.

    Call it after the shop has accepted the customer, as often as they log in: once a day counts. `user_id` is the
    customer's id at the shop, `channel` the slug of the channel they are in. Raises nothing for a customer's sake.
    """
    served = channel_served(channel, realm_url)
    member = find_customer(realm_url, user_id, served[0]) if served is not None else None
    if member is None or member.status != Member.Status.ACTIVE:
        return None
    actor = Actor(ActorKind.MEMBER, str(member.pk), via="shop", member_id=member.pk)
    return check_in(actor, member_id=member.pk, now=now, channel=channel, by=CheckInWay.LOGIN)
