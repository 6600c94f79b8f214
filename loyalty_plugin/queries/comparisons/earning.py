"""What typical occasions earn before and after a draft, by the real decision with its sentence; posts nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.utils.translation import gettext as _

from loyalty_plugin import registry
from loyalty_plugin.domain.earning.cuts import full_caps
from loyalty_plugin.domain.earning.decide import Decision, decide
from loyalty_plugin.domain.earning.occasions import member_occasion, order_occasion
from loyalty_plugin.domain.earning.resolved import Resolved, resolve
from loyalty_plugin.domain.extensions import OccasionKind
from loyalty_plugin.domain.facts import LineFact, MemberFact, OrderFact
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.values import Money
from loyalty_plugin.queries.explanations.numbers import day_text, in_language, money_text
from loyalty_plugin.queries.explanations.sentences import explain

#: Days from the first one in which an ordinary day and the best one are looked for.
_DAYS: Final = 31
#: An order worth less than this many points tells little of a rate.
_ENOUGH: Final = 10
_LARGEST: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Sample:
    """One occasion: points before and after (None: not possible there), and why in a sentence."""

    what: str
    before: int | None
    after: int | None
    why_before: str
    why_after: str

    @property
    def differs(self) -> bool:
        """It brings another number of points."""
        return self.before != self.after


class _Side:
    """One version, asked what it gives."""

    def __init__(self, version: ProgrammeVersion, channel: str) -> None:
        earning = version.document.earning
        self.version, self.channel = version, channel
        self.terms: Resolved = resolve(earning, registry.rules.get, registry.multipliers.get)
        self.left = full_caps(earning)

    def member(self, tier: str, **more: Any) -> MemberFact:
        joined_on = self.version.starts_at.astimezone(self.version.zone).date() - timedelta(days=400)
        return replace(MemberFact(0, tier, joined_on, verified=True, orders_before=1), **more)

    def has(self, tier: str) -> bool:
        return tier in self.version.document.tier_codes

    def order(self, amount: int, tier: str, day: date, **more: Any) -> Decision | None:
        if not self.has(tier):
            return None
        at = self._noon(day)
        line = LineFact("line", 1, "-", "-", gross=amount, net=amount, undiscounted_gross=amount)
        fact = OrderFact(
            realm="",
            order_id="",
            number="",
            channel=self.channel,
            currency=self.version.currency,
            user_id="",
            user_email="",
            created_at=at,
            updated_at=at,
            status="FULFILLED",
            lines=(line,),
            total_gross=amount,
            total_net=amount,
            shipping_gross=0,
            shipping_net=0,
            charged=amount,
            refunded=0,
            paid_at=at,
        )
        occasion = order_occasion(self.version, fact, self.member(tier, **more), at=at)
        return decide(self.version, occasion, self.left, self.terms)

    def moment(self, kind: OccasionKind, day: date, *, streak: int = 0, **more: Any) -> Decision:
        member = self.member(self.version.document.tier_codes[0], orders_before=0, **more)
        occasion = member_occasion(
            self.version, kind, member, at=self._noon(day), channel=self.channel, streak=streak
        )
        return decide(self.version, occasion, self.left, self.terms)

    def _noon(self, day: date) -> datetime:
        return datetime.combine(day, time(12), self.version.zone)


def samples(
    old: ProgrammeVersion | None, new: ProgrammeVersion, first_day: date, *, channel: str = ""
) -> list[Sample]:
    """Orders of a round amount in each tier, and the moments that bring points; those that bring none are left out."""
    before = None if old is None else _Side(old, channel)
    after = _Side(new, channel)
    found = [*_orders(before, after, first_day), *_moments(before, after, first_day)]
    return [one for one in found if one.before or one.after]


def _sample(what: str, before: Decision | None, after: Decision | None) -> Sample:
    def told(one: Decision | None) -> tuple[int | None, str]:
        return (None, "") if one is None else (one.points, explain(one.explanation))

    (was, why_before), (will, why_after) = told(before), told(after)
    return Sample(what, was, will, why_before, why_after)


def _order(side: _Side | None, amount: int, tier: str, day: date, **more: Any) -> Decision | None:
    return None if side is None else side.order(amount, tier, day, **more)


def _points(side: _Side | None, amount: int, tier: str, day: date) -> int:
    decision = _order(side, amount, tier, day)
    return 0 if decision is None else decision.points


def _orders(before: _Side | None, after: _Side, first_day: date) -> Iterator[Sample]:
    lowest = after.version.document.tier_codes[0]
    amount = _round_amount(before, after, lowest, first_day)
    days = [first_day + timedelta(days=number) for number in range(_DAYS)]
    worth = {day: sum(_points(side, amount, lowest, day) for side in (before, after)) for day in days}
    ordinary = min(days, key=lambda day: worth[day])
    best = max(days, key=lambda day: worth[day])
    money = money_text(amount, after.version.currency)
    tiers = {
        tier.code: in_language(tier.name, tier.code)
        for side in (before, after)
        if side is not None
        for tier in side.version.document.ladder
    }
    for code, name in tiers.items():
        what = _("An order of %(amount)s as %(tier)s") % {"amount": money, "tier": name}
        yield _sample(what, _order(before, amount, code, ordinary), after.order(amount, code, ordinary))
    if worth[best] != worth[ordinary]:
        words = {"amount": money, "tier": tiers[lowest], "day": day_text(best.isoformat())}
        what = _("An order of %(amount)s as %(tier)s on %(day)s") % words
        yield _sample(what, _order(before, amount, lowest, best), after.order(amount, lowest, best))
    first = [_order(side, amount, lowest, ordinary, orders_before=0) for side in (before, after)]
    later = [_points(side, amount, lowest, ordinary) for side in (before, after)]
    if [one.points if one else 0 for one in first] != later:
        yield _sample(_("The first order, of %(amount)s") % {"amount": money}, *first)


def _round_amount(before: _Side | None, after: _Side, tier: str, day: date) -> int:
    """100 in the currency, or as many times ten of it as bring some points: a yen is not a euro."""
    major = 100
    while True:
        amount = Money.parse(major, after.version.currency).amount
        enough = max(_points(side, amount, tier, day) for side in (before, after)) >= _ENOUGH
        if enough or major >= _LARGEST:
            return amount if enough else Money.parse(100, after.version.currency).amount
        major *= 10


def _moments(before: _Side | None, after: _Side, day: date) -> Iterator[Sample]:
    moments: list[tuple[str, OccasionKind, dict[str, Any]]] = [
        (_("Joining"), OccasionKind.JOINED, {}),
        (_("A verified contact"), OccasionKind.VERIFIED, {}),
        (_("A birthday"), OccasionKind.BIRTHDAY, {"birthday": day}),
        (_("The first day of a check-in"), OccasionKind.CHECK_IN, {"streak": 1}),
        (_("The seventh day of checking in"), OccasionKind.CHECK_IN, {"streak": 7}),
    ]
    for what, kind, more in moments:
        yield _sample(
            what,
            None if before is None else before.moment(kind, day, **more),
            after.moment(kind, day, **more),
        )
