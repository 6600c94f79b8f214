"""The tier of a member on a day: the highest of what was earned and what is granted; it writes nothing.

`standing` is a function of facts, grants, versions and a day. `advance` goes on from an earlier standing and
gives the same. What the standing says of its own day is final only when that day is over: more may happen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal, NamedTuple

from loyalty_plugin.domain.tiers.course import END, Course, Reason
from loyalty_plugin.domain.tiers.history import Grant, QualifyingFact, Totals
from loyalty_plugin.domain.tiers.versions import TierVersion
from loyalty_plugin.errors import DateOutOfRange, UnknownProgramme

By = Literal["base", "earned", "granted"]


@dataclass(frozen=True, slots=True)
class TierEvent:
    """A change of tier. `other`: the tier one goes to (left, will_leave) or comes from (entered; or "").

    `will_leave` bears the day of the loss, so that one loss is told once however often it is computed.
    """

    day: date
    kind: Literal["entered", "left", "will_leave"]
    tier: str
    reason: Reason
    other: str = ""


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


class Change(NamedTuple):
    """The tier from a day on, and why."""

    day: int
    tier: str
    reason: Reason


class _Support(NamedTuple):
    first: int
    last: int
    tier: str
    came: Reason
    went: Reason


def _supports(course: Course, grants: Sequence[Grant]) -> list[_Support]:
    found = [_Support(s.first, s.last, s.tier, s.came, s.went) for s in course.spans]
    found += [_Support(h.since, END, tier, h.came, "not_kept") for tier, h in course.holds.items()]
    for grant in grants:
        last = END if grant.until_day is None else grant.until_day.toordinal()
        first = max(grant.from_day.toordinal(), course.joined)
        if first <= last:
            found.append(_Support(first, last, grant.tier, "granted", "grant_ended"))
    return found


def _highest(supports: Sequence[_Support], version: TierVersion, day: int) -> str:
    best, top = version.lowest, -1
    for one in supports:
        if one.first <= day <= one.last and (rank := version.ranks.get(one.tier, -1)) > top:
            best, top = one.tier, rank
    return best


def _changes(course: Course, grants: Sequence[Grant]) -> list[Change]:
    """Every change of the effective tier from joining to the course's day."""
    supports = _supports(course, grants)
    days = {course.joined}
    days.update(one.first for one in supports)
    days.update(one.last + 1 for one in supports)
    days.update(version.starts for version in course.versions)
    changes: list[Change] = []
    for day in sorted(days):
        if not course.joined <= day <= course.day:
            continue
        version = course.version_on(day)
        tier = _highest(supports, version, day)
        came = {one.came for one in supports if one.tier == tier and one.first == day}
        if not changes:
            changes.append(Change(day, tier, min(came, default="joined")))
            continue
        old = changes[-1].tier
        if old == tier:
            continue
        if version.ranks[tier] > version.ranks.get(old, -1) and came:
            reason = min(came)
        else:
            went = {one.went for one in supports if one.tier == old and one.last == day - 1}
            reason = min(went, default="new_terms")
        changes.append(Change(day, tier, reason))
    return changes


def _in_order(versions: Sequence[TierVersion]) -> Sequence[TierVersion]:
    if len(versions) == 1:
        return versions
    if not versions:
        raise UnknownProgramme(versions=0)
    return tuple({one.starts: one for one in sorted(versions, key=lambda one: one.starts)}.values())


def _epochs(facts: Sequence[QualifyingFact], on: date) -> list[date]:
    """The days, but for the last, on which something about earlier days became known."""
    return sorted({f.known_on for f in facts if f.known_on is not None and f.day < f.known_on <= on})


def _follow(earlier: list[Change], later: list[Change], day: int, ranks: TierVersion) -> list[Change]:
    """Changes as they were seen: `earlier` before this day, `later` from it on."""
    seen = [change for change in earlier if change.day < day]
    now = [change for change in later if change.day <= day][-1:]
    if seen and now and now[0].tier != seen[-1].tier:
        fell = ranks.ranks[now[0].tier] < ranks.ranks.get(seen[-1].tier, -1)
        seen.append(Change(day, now[0].tier, "undone" if fell and now[0].day < day else now[0].reason))
    elif not seen:
        seen.extend(now)
    return seen + [change for change in later if change.day > day]


def _events(changes: Sequence[Change]) -> tuple[TierEvent, ...]:
    events: list[TierEvent] = []
    before = ""
    for change in changes:
        day = date.fromordinal(change.day)
        if before:
            events.append(TierEvent(day, "left", before, change.reason, change.tier))
        events.append(TierEvent(day, "entered", change.tier, change.reason, before))
        before = change.tier
    return tuple(events)


def next_change(course: Course, grants: Sequence[Grant]) -> int | None:
    """The next day after the course's own on which what is held can change though nothing happens."""
    today = course.day
    version = course.version_on(today)
    days: list[int] = [one.starts for one in course.versions if one.starts > today]
    for code, hold in course.holds.items():
        last = hold.grace
        if last is None:
            last = course.assured_until(version.by_code[code], hold, today)
        if last is not None:
            days.append(last + 1)
    for grant in grants:
        days.append(grant.from_day.toordinal())
        if grant.until_day is not None:
            days.append(grant.until_day.toordinal() + 1)
    return min((day for day in days if day > today), default=None)


def next_loss(course: Course, grants: Sequence[Grant], at_most: int) -> Change | None:
    """The fall from the present tier that comes first by `at_most` if nothing more happens."""
    tier = _highest(_supports(course, grants), course.version_on(course.day), course.day)
    ahead = course.copy()
    while (day := next_change(ahead, grants)) is not None and day <= at_most:
        ahead.walk(day)
        version = ahead.version_on(day)
        then = _highest(_supports(ahead, grants), version, day)
        if version.ranks[then] < version.ranks.get(tier, END):
            return Change(day, then, _changes(ahead, grants)[-1].reason)
        if then != tier:
            return None
    return None


def _carrier(course: Course, grants: Sequence[Grant], tier: str) -> tuple[By, int | None, int | None]:
    """What carries the present tier longest, its last day, and the last day of grace."""
    today, version = course.day, course.version_on(course.day)
    by: By = "base"
    until: int | None = None
    grace: int | None = None
    longest = -1
    hold = course.holds.get(tier)
    if hold is not None:
        by, grace = "earned", hold.grace
        until = course.assured_until(version.by_code[tier], hold, today)
        longest = grace or until or END
    for grant in grants:
        last = END if grant.until_day is None else grant.until_day.toordinal()
        if grant.tier == tier and grant.from_day.toordinal() <= today <= last and last > longest:
            by, until, grace, longest = "granted", None if last == END else last, None, last
    return by, until, grace


def _describe(trail: Trail, changes: list[Change]) -> Standing:
    course, today = trail.course, trail.course.day
    version = course.version_on(today)
    tier, events = changes[-1].tier, _events(changes)
    due, warn = next_change(course, trail.grants), version.settings.warn_days
    by: By = "base"
    until: int | None = None
    grace: int | None = None
    if tier != version.lowest:
        by, until, grace = _carrier(course, trail.grants, tier)
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
        seen = _follow(seen, _changes(course, grants), learned, course.version_on(learned))
        learned = known_on.toordinal()
    trail = _go_on(Course(joined, versions, Totals(facts, on)), facts, grants, on)
    now = _changes(trail.course, grants)
    return _describe(trail, _follow(seen, now, learned, trail.course.version_on(learned)) if seen else now)


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
    return _describe(trail, _changes(trail.course, grants))


def _same_until(old: Sequence[TierVersion], new: Sequence[TierVersion], day: date) -> bool:
    known = [one for one in old if one.from_day <= day] or old[:1]
    return known == list(new[: len(known)]) and not any(one.from_day <= day for one in new[len(known) :])
