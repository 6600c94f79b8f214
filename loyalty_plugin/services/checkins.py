"""A member's daily check-in: counts days in a row and awards what the version gives for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.extensions import OccasionKind
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.errors import MemberFrozen
from loyalty_plugin.models.members import CheckIn, Member
from loyalty_plugin.policies import require_self
from loyalty_plugin.queries.programmes import versions_of
from loyalty_plugin.services import bonuses
from loyalty_plugin.services.members import get_locked


@dataclass(frozen=True, slots=True)
class Visit:
    """A day's check-in: `points` it brought, `first` false where today was counted before."""

    streak: int
    points: int
    first: bool


def check_in(actor: Actor, *, member_id: int, now: datetime, channel: str = "") -> Visit:
    """Count today's visit, by button or by logging in. Once a day of the programme. Raises MemberFrozen."""
    require_self(actor, member_id)
    with transaction.atomic():
        member = get_locked(member_id)
        if member.status != Member.Status.ACTIVE:
            raise MemberFrozen(member=member_id)
        version = versions_of(member.programme_id).at(now)
        today = local_day(now, version.zone)
        last = CheckIn.objects.filter(member=member).order_by("-day").first()
        if last is not None and last.day >= today:
            return Visit(last.streak, 0, first=False)
        streak = last.streak + 1 if last is not None and last.day == today - timedelta(days=1) else 1
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
