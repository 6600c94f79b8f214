"""The tier of a member on a day: the highest of what was earned and what is granted; it writes nothing.

`standing` is a function of facts, grants, versions and a day. `advance` goes on from an earlier standing and
gives the same. What the standing says of its own day is final only when that day is over: more may happen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from loyalty_plugin.domain.tiers.changes import (
    By,
    Change,
    TierEvent,
    carrier,
    changes_of,
    events_of,
    follow,
    next_change,
    next_loss,
)
from loyalty_plugin.domain.tiers.course import Course
from loyalty_plugin.domain.tiers.history import Grant, QualifyingFact, Totals
from loyalty_plugin.domain.tiers.versions import TierVersion
from loyalty_plugin.errors import DateOutOfRange, UnknownProgramme


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a member stands at the end of a day, as far as that day's facts are in.

    `tier` is the highest of `earned_tier` and the active grants, held without a break since `since`; `until`
    is the last day of its period or grant (None: no end), `grace_until` set while it is only held by grace.
    `next_due` is the next day on which anything here can change though nothing happens; None for never.
    """

    tier: str
    earned_tier: str
    by: By
    since: date
    until: date | None
    grace_until: date | None
    next_due: date | None
    events: tuple[TierEvent, ...]
    trail: Trail = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Trail:
    """What a standing was computed from, and its course, for what goes on from it."""

    facts: tuple[QualifyingFact, ...]
    grants: tuple[Grant, ...]
    on: date
    #: At the end of the day before `on`, and at the end of `on`.
    before: Course
    course: Course


def _epochs(facts: Sequence[QualifyingFact], on: date) -> list[date]:
    """The days, but for the last, on which something about earlier days became known."""
    return sorted({f.known_on for f in facts if f.known_on is not None and f.day < f.known_on <= on})


def _describe(trail: Trail, changes: list[Change]) -> Standing:
    course, today = trail.course, trail.course.day
    version = course.version_on(today)
    tier, events = changes[-1].tier, events_of(changes)
    due, warn = next_change(course, trail.grants), version.settings.warn_days
    by: By = "base"
    until: int | None = None
    grace: int | None = None
    if tier != version.lowest:
        by, until, grace = carrier(course, trail.grants, tier)
        if due is not None and due - warn > today:
            # No loss comes before that day, so no warning is due earlier.
            due -= warn
        elif due is not None and (loss := next_loss(course, trail.grants, due + warn)) is not None:
            if loss.day - warn <= today:
                going = TierEvent(date.fromordinal(loss.day), "will_leave", tier, loss.reason, loss.tier)
                events = (*events, going)
            else:
                due = min(due, loss.day - warn)
    return Standing(
        tier=tier,
        earned_tier=max(course.holds, key=lambda code: version.ranks[code], default=version.lowest),
        by=by,
        since=date.fromordinal(changes[-1].day),
        until=_day(until),
        grace_until=_day(grace),
        next_due=_day(due),
        events=events,
        trail=trail,
    )


def _day(number: int | None) -> date | None:
    return None if number is None else date.fromordinal(number)


def _in_order(versions: Sequence[TierVersion]) -> Sequence[TierVersion]:
    if len(versions) == 1:
        return versions
    if not versions:
        raise UnknownProgramme(versions=0)
    return tuple({one.starts: one for one in sorted(versions, key=lambda one: one.starts)}.values())


def _go_on(before: Course, facts: tuple[QualifyingFact, ...], grants: Sequence[Grant], on: date) -> Trail:
    before.walk(on.toordinal() - 1)
    course = before.copy()
    course.walk(on.toordinal())
    return Trail(facts, tuple(grants), on, before, course)


def standing(
    facts: Sequence[QualifyingFact],
    grants: Sequence[Grant],
    versions: Sequence[TierVersion],
    joined_on: date,
    on: date,
) -> Standing:
    """Where a member stands at the end of `on`, recomputed from the beginning.

    Facts may come in any order; those of later days, or known only later, are not looked at. A grant of a
    tier that the version in force does not have is silent.
    Raises DateOutOfRange before joining, UnknownProgramme without versions.
    """
    if on < joined_on:
        raise DateOutOfRange(on=on.isoformat(), joined_on=joined_on.isoformat())
    versions, joined, facts = _in_order(versions), joined_on.toordinal(), tuple(facts)
    seen: list[Change] = []
    learned = joined
    for known_on in _epochs(facts, on):
        if known_on <= joined_on:
            continue
        # As it was seen until the evening before this became known.
        eve = known_on - timedelta(days=1)
        course = Course(joined, versions, Totals(facts, eve))
        course.walk(eve.toordinal())
        seen = follow(seen, changes_of(course, grants), learned, course.version_on(learned))
        learned = known_on.toordinal()
    trail = _go_on(Course(joined, versions, Totals(facts, on)), facts, grants, on)
    now = changes_of(trail.course, grants)
    return _describe(trail, follow(seen, now, learned, trail.course.version_on(learned)) if seen else now)


def advance(
    previous: Standing,
    new_facts: Sequence[QualifyingFact],
    grants: Sequence[Grant],
    versions: Sequence[TierVersion],
    on: date,
) -> Standing:
    """The standing on a later day, or the same, with facts that came since; as `standing` of them all.

    Goes on from the evening before `previous` where it can; recomputes where the past changed since.
    """
    trail, versions = previous.trail, _in_order(versions)
    joined_on = date.fromordinal(trail.course.joined)
    facts = (*trail.facts, *new_facts)
    if (
        on < trail.on
        or any(fact.day < trail.on for fact in new_facts)
        or any(fact.known_on is not None and fact.known_on > fact.day for fact in facts)
        or not _same_until(trail.course.versions, versions, trail.on)
    ):
        return standing(facts, grants, versions, joined_on, on)
    before = trail.before.copy(Totals(facts, on))
    before.versions = versions
    trail = _go_on(before, facts, grants, on)
    return _describe(trail, changes_of(trail.course, grants))


def _same_until(old: Sequence[TierVersion], new: Sequence[TierVersion], day: date) -> bool:
    known = [one for one in old if one.from_day <= day] or old[:1]
    return known == list(new[: len(known)]) and not any(one.from_day <= day for one in new[len(known) :])
