"""The effective tier over time, of what is earned and granted, and what comes next; it judges no rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from loyalty_plugin.domain.tiers.course import END, Course, Reason
from loyalty_plugin.domain.tiers.history import Grant
from loyalty_plugin.domain.tiers.versions import TierVersion

By = Literal["base", "earned", "granted"]
#: More periods than any tier that can be lost renews without anything happening.
_STEPS = 200


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


class Change(NamedTuple):
    """The tier from a day on, and why."""

    day: int
    tier: str
    reason: Reason


class Support(NamedTuple):
    first: int
    last: int
    tier: str
    came: Reason
    went: Reason


def supports_of(course: Course, grants: Sequence[Grant]) -> list[Support]:
    found = [Support(s.first, s.last, s.tier, s.came, s.went) for s in course.spans]
    found += [Support(h.since, END, tier, h.came, "not_kept") for tier, h in course.holds.items()]
    for grant in grants:
        last = END if grant.until_day is None else grant.until_day.toordinal()
        first = max(grant.from_day.toordinal(), course.joined)
        if first <= last:
            found.append(Support(first, last, grant.tier, "granted", "grant_ended"))
    return found


def highest(supports: Sequence[Support], version: TierVersion, day: int) -> str:
    best, top = version.lowest, -1
    for one in supports:
        if one.first <= day <= one.last and (rank := version.ranks.get(one.tier, -1)) > top:
            best, top = one.tier, rank
    return best


def changes_of(course: Course, grants: Sequence[Grant]) -> list[Change]:
    """Every change of the effective tier from joining to the course's day."""
    supports = supports_of(course, grants)
    days = {course.joined}
    days.update(one.first for one in supports)
    days.update(one.last + 1 for one in supports)
    days.update(version.starts for version in course.versions)
    changes: list[Change] = []
    for day in sorted(days):
        if not course.joined <= day <= course.day:
            continue
        version = course.version_on(day)
        tier = highest(supports, version, day)
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


def follow(earlier: list[Change], later: list[Change], day: int, ranks: TierVersion) -> list[Change]:
    """Changes as they were seen: `earlier` before this day, `later` from it on."""
    seen = [change for change in earlier if change.day < day]
    now = [change for change in later if change.day <= day][-1:]
    if seen and now and now[0].tier != seen[-1].tier:
        fell = ranks.ranks[now[0].tier] < ranks.ranks.get(seen[-1].tier, -1)
        seen.append(Change(day, now[0].tier, "undone" if fell and now[0].day < day else now[0].reason))
    elif not seen:
        seen.extend(now)
    return seen + [change for change in later if change.day > day]


def events_of(changes: Sequence[Change]) -> tuple[TierEvent, ...]:
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
    tier = highest(supports_of(course, grants), course.version_on(course.day), course.day)
    ahead = course.copy()
    for _ in range(_STEPS):
        day = next_change(ahead, grants)
        if day is None or day > at_most:
            return None
        ahead.walk(day)
        version = ahead.version_on(day)
        then = highest(supports_of(ahead, grants), version, day)
        if version.ranks[then] < version.ranks.get(tier, END):
            return Change(day, then, changes_of(ahead, grants)[-1].reason)
        if then != tier:
            return None
    return None


def carrier(course: Course, grants: Sequence[Grant], tier: str) -> tuple[By, int | None, int | None]:
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
