"""Birthdays: set by the member or staff, and the nightly benefit, awarded by the version to whoever is due."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind
from loyalty_plugin.domain.birthdays import check_birthday, next_birthday
from loyalty_plugin.domain.extensions import OccasionKind
from loyalty_plugin.domain.lots import add_months, day_start, local_day
from loyalty_plugin.errors import BirthdayLocked
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.policies import Operation, require, require_self
from loyalty_plugin.services import audit, bonuses, gifts
from loyalty_plugin.services.members import get_locked


def award_due(*, now: datetime, limit: int = 500) -> int:
    """Award birthdays that have begun in the programme's time zone, at most `limit`; how many were looked at.

    A birthday locks with its first benefit. One that a member's late entry made pass by is not paid out: the
    due date is only ever set to a day to come.
    """
    for programme_id, timezone in Programme.objects.order_by("pk").values_list("pk", "timezone"):
        today = local_day(now, ZoneInfo(timezone))
        with transaction.atomic():
            members = list(
                Member.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
                .select_related("programme", "realm")
                .filter(programme_id=programme_id, birthday_due__lte=today)
                .order_by("birthday_due", "pk")[:limit]
            )
            for member in members:
                assert member.birthday_due is not None  # the filter above
                _award(member, member.birthday_due, today, now)
            if members:
                return len(members)
    return 0


def _award(member: Member, due: date, today: date, now: datetime) -> None:
    if member.status == Member.Status.ACTIVE:
        # Of the day itself: work that comes late, after an outage, finds another day than the birthday.
        at = max(day_start(due, ZoneInfo(member.programme.timezone)), member.joined_at)
        posted = bonuses.award(SYSTEM, member, OccasionKind.BIRTHDAY, now=now, at=at, suffix=str(due.year))
        given = gifts.give(member, OccasionKind.BIRTHDAY, suffix=str(due.year), at=at, day=due, now=now)
        if (posted is not None or given) and member.birthday_locked_at is None:
            member.birthday_locked_at = now
    member.birthday_due = next_birthday(member.birthday, today + timedelta(days=1))
    member.save(update_fields=["birthday_due", "birthday_locked_at"])


def set_birthday(actor: Actor, *, member_id: int, birthday: date | None, now: datetime) -> Member:
    """Set or change a birthday. After its first benefit only staff may, and then it waits twelve months.

    Raises BirthdayLocked, DateOutOfRange, PermissionDenied.
    """
    staff = actor.kind is ActorKind.STAFF
    if staff:
        require(actor, Operation.EDIT_MEMBERS)
    else:
        require_self(actor, member_id)
    with transaction.atomic():
        member = get_locked(member_id)
        if member.birthday == birthday:
            return member
        if member.birthday_locked_at is not None and not staff:
            raise BirthdayLocked(member=member_id)
        zone = ZoneInfo(member.programme.timezone)
        today = local_day(now, zone)
        check_birthday(birthday, today)
        locked = member.birthday_locked_at is not None
        member.birthday = birthday
        member.birthday_due = next_birthday(birthday, today, wait_a_year=locked)
        if locked:
            member.birthday_from = add_months(today, 12)
        member.save(update_fields=["birthday", "birthday_due", "birthday_from"])
        audit.record(actor, "member.birthday", f"member:{member.pk}", "done", now=now)
    return member
