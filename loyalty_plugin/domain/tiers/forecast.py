"""What is lacking for the next tier, when the present one ends and what would keep it: data, no words."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from loyalty_plugin.domain.tiers.changes import Change, next_loss
from loyalty_plugin.domain.tiers.course import END, Course, Reason
from loyalty_plugin.domain.tiers.history import Totals
from loyalty_plugin.domain.tiers.standing import Standing
from loyalty_plugin.domain.tiers.terms import Metric
from loyalty_plugin.domain.tiers.versions import Demand, Rule, Tier


@dataclass(frozen=True, slots=True)
class Need:
    """So much is missing of `at_least`: minor units, points, or a number of orders, top-ups or pieces.

    What happens from `counts_from` (None: from now on) to `by` (None: no end) counts; after `by` more may be
    missing, since days leave the window, or the tier is lost.
    """

    metric: Metric
    missing: int
    at_least: int
    products: tuple[str, ...] = ()
    by: date | None = None
    counts_from: date | None = None


Needs = tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class Forecast:
    """What lies ahead if nothing happens, and what would change it.

    `needs` is the way to `next_tier` (None: there is none above) of which most is done, `other_needs` are the
    other ways. The present tier is held to `keeps_until` and falls to `drops_to` on `drops_on`, the day after
    (None: it is not lost); `lacks`, or any of `other_lacks`, would keep it.
    """

    tier: str
    next_tier: str | None
    needs: Needs
    other_needs: tuple[Needs, ...]
    keeps_until: date | None
    drops_on: date | None
    drops_to: str | None
    drop_reason: Reason | None
    lacks: Needs
    other_lacks: tuple[Needs, ...]


def forecast(standing: Standing) -> Forecast:
    """What lies ahead of a standing, as far as its facts, grants and versions tell."""
    course, grants = standing.trail.course, standing.trail.grants
    today, version = course.day, course.version_on(course.day)
    rank = version.ranks[standing.tier]
    above = next((t for t in reversed(version.tiers) if t.rank > rank and t.entry.ways), None)
    ways = () if above is None else _entry_needs(above, course, today, None)
    loss = next_loss(course, grants, END)
    lacks = () if loss is None else _lacks(standing, loss)
    drops_on = None if loss is None else date.fromordinal(loss.day)
    return Forecast(
        tier=standing.tier,
        next_tier=None if above is None else above.code,
        needs=ways[0] if ways else (),
        other_needs=ways[1:],
        keeps_until=None if loss is None else date.fromordinal(loss.day - 1),
        drops_on=drops_on,
        drops_to=None if loss is None else loss.tier,
        drop_reason=None if loss is None else loss.reason,
        lacks=lacks[0] if lacks else (),
        other_lacks=lacks[1:],
    )


def _entry_needs(tier: Tier, course: Course, today: int, by: int | None) -> tuple[Needs, ...]:
    first = tier.enter_from(today, course.joined, course.used(tier.code))
    return _needs(tier.entry, course, first, today, today, by)


def _lacks(standing: Standing, loss: Change) -> tuple[Needs, ...]:
    """What would keep the present tier beyond this loss."""
    course, today, by = standing.trail.course, standing.trail.course.day, loss.day - 1
    eve = course.copy()
    eve.walk(by)
    hold = eve.holds.get(standing.tier)
    if hold is None:
        # A grant ends: the tier would have to be earned.
        tier = eve.version_on(by).by_code[standing.tier]
        return _entry_needs(tier, course, today, by) if tier.entry.ways else ()
    if loss.reason == "new_terms":
        new = eve.version_on(loss.day).by_code.get(standing.tier)
        if new is None:
            return ()
        return _needs(new.keep, eve, new.keep.reach.start(loss.day, eve.joined), loss.day, today, by)
    tier = eve.version_on(by).by_code[standing.tier]
    if tier.slides:
        # Judged on the last day of grace, or on the day it is lost, when an early day has just left the window.
        last = by if tier.terms.grace_days else loss.day
        return _needs(tier.keep, eve, tier.keep.reach.start(last, eve.joined), last, today, by)
    judged = hold.until if hold.until is not None else by
    return _needs(tier.keep, eve, tier.keep_from(judged, eve.joined, eve.used(tier.code)), by, today, by)


def _needs(
    rule: Rule, course: Course, first: int, last: int, today: int, by: int | None
) -> tuple[Needs, ...]:
    """What each way still needs of what counts from `first` to `last`; the most done way first."""
    ways = sorted(rule.ways, key=lambda way: _undone(way, course.totals, first, last))
    return tuple(tuple(_need(rule, demand, course, first, last, today, by) for demand in way) for way in ways)


def _undone(way: Sequence[Demand], totals: Totals, first: int, last: int) -> Fraction:
    missing = (Fraction(max(_missing(one, totals, first, last), 0), one.at_least) for one in way)
    return max(missing, default=Fraction(0))


def _missing(demand: Demand, totals: Totals, first: int, last: int) -> int:
    return demand.at_least - totals.series(demand.measure).between(first, last)


def _need(
    rule: Rule, demand: Demand, course: Course, first: int, last: int, today: int, by: int | None
) -> Need:
    if by is None:
        by = _open_until(rule, demand, course, first, today)
    return Need(
        metric=demand.condition.metric,
        missing=max(_missing(demand, course.totals, first, last), 0),
        at_least=demand.at_least,
        products=demand.condition.products,
        by=None if by is None else date.fromordinal(by),
        counts_from=date.fromordinal(first) if first > today else None,
    )


def _open_until(rule: Rule, demand: Demand, course: Course, first: int, today: int) -> int | None:
    """The last day on which no more than now is missing."""
    if not rule.reach.slides:
        return rule.reach.end(today, course.joined)
    days = course.totals.series(demand.measure).days
    index = bisect_left(days, first)
    return rule.reach.leaves(days[index]) - 1 if index < len(days) else None
