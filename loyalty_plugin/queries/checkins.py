"""Where a member's daily check-in stands and what the next one would bring; counts nothing and awards nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from loyalty_plugin import registry
from loyalty_plugin.domain.earning.asking import ask
from loyalty_plugin.domain.earning.cuts import layer_of
from loyalty_plugin.domain.earning.occasions import member_occasion
from loyalty_plugin.domain.earning.resolved import resolve
from loyalty_plugin.domain.extensions import OccasionKind
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.programmes.document import CheckInWay
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.values import floor_points
from loyalty_plugin.models.members import CheckIn, Member
from loyalty_plugin.queries.offers import price_fact


@dataclass(frozen=True, slots=True)
class CheckInView:
    """`streak` counts days in a row, 0 when it is broken. Points are without caps and campaigns.

    `by` are the ways that count; without a visit among them no button is to be shown.
    """

    streak: int
    done_today: bool
    today: int
    tomorrow: int
    by: tuple[CheckInWay, ...]


def check_in_state(member: Member, version: ProgrammeVersion, now: datetime) -> CheckInView | None:
    """The state of the member's streak; None where the version gives nothing for checking in. One query."""
    terms = resolve(version.document.earning, registry.rules.get, registry.multipliers.get)
    if not terms.rules[OccasionKind.CHECK_IN]:
        return None
    fact = price_fact(member, version)

    def reward(streak: int, at: datetime) -> int:
        occasion = member_occasion(version, OccasionKind.CHECK_IN, fact, at=at, streak=streak)
        return floor_points(layer_of(ask(occasion, terms), terms.terms, frozenset())[0].total)

    today = local_day(now, version.zone)
    last = CheckIn.objects.filter(member=member).order_by("-day").first()
    done = last is not None and last.day >= today
    unbroken = last is not None and last.day >= today - timedelta(days=1)
    streak = last.streak if last is not None and unbroken else 0
    count_today = streak if done else streak + 1
    return CheckInView(
        streak,
        done,
        reward(count_today, now),
        reward(count_today + 1, now + timedelta(days=1)),
        version.document.check_ins.by,
    )
