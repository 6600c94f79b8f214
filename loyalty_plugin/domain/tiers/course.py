"""One member's earned tiers over time: each tier is entered, kept and lost on its own. It knows no grants.

The course jumps from day to day on which something can change. What happened on a day counts at its end: a
tier reached on a day is held from that day, one whose period ends is judged that day and lost the next.

- At the end of a period the keep rule is judged; met, the next period begins, as it does where the tier was
  earned anew since it was last earned or kept. Else days of grace begin, in which the window stays open as it
  was at the period's end; kept then, the periods follow on unbroken.
- A tier that lasts with a rolling window has no period: it is held day by day while its keep rule is met, so
  what came until the last of these days has kept it. Earned anew within its grace, it is held on from there.
- What earned or kept a tier does not earn it again, and does not keep it in the same calendar window.
- A new version leaves periods as they are, unless it re-evaluates: then each tier is judged on its first day.
  A tier that it no longer has passes its period on to the next below.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from loyalty_plugin.domain.tiers.history import Totals
from loyalty_plugin.domain.tiers.versions import Tier, TierVersion
from loyalty_plugin.domain.tiers.windows import BEGINNING

#: After every day.
END = 10**9

Reason = Literal[
    "joined", "earned", "stepped_down", "granted", "not_kept", "grant_ended", "new_terms", "undone"
]


class Hold(NamedTuple):
    """A tier held now. `until` ends its period (None: never); a sliding tier is held at least so long."""

    since: int
    until: int | None
    grace: int | None
    came: Reason


class Span(NamedTuple):
    """A tier held from `first` to `last`, and why it came and went."""

    tier: str
    first: int
    last: int
    came: Reason
    went: Reason


class Course:
    """One member's earned tiers to the end of `day`; a period that ends on `day` is not judged yet."""

    __slots__ = ("_fresh", "_gifts", "_used", "day", "holds", "joined", "spans", "totals", "versions")

    def __init__(self, joined: int, versions: Sequence[TierVersion], totals: Totals) -> None:
        self.joined = joined
        #: In order of their first days.
        self.versions = versions
        self.totals = totals
        self.day = joined - 1
        self.holds: dict[str, Hold] = {}
        self.spans: list[Span] = []
        #: By tier, the last day on which it was earned or kept.
        self._used: dict[str, int] = {}
        #: By tier, the days on which a step down from above leads to it.
        self._gifts: dict[str, list[int]] = {}
        #: The rules are new on the next day, so they may be met without anything happening.
        self._fresh = True

    def copy(self, totals: Totals | None = None) -> Course:
        """An independent course at the same point, to go on with these totals."""
        twin = Course(self.joined, self.versions, totals or self.totals)
        twin.day, twin._fresh = self.day, self._fresh
        twin.holds, twin.spans, twin._used = dict(self.holds), list(self.spans), dict(self._used)
        twin._gifts = {tier: list(days) for tier, days in self._gifts.items()}
        return twin

    def version_on(self, day: int) -> TierVersion:
        """The version in force; the first is taken to have been in force before it began."""
        return self.versions[self._index(day)]

    def _index(self, day: int) -> int:
        index = len(self.versions) - 1
        while index and self.versions[index].starts > day:
            index -= 1
        return index

    def used(self, tier: str) -> int:
        """The last day on which this tier was earned or kept; before every day if it never was."""
        return self._used.get(tier, BEGINNING)

    def walk(self, last: int) -> None:
        """Go on to the end of `last`."""
        index = self._index(max(self.day, self.joined))
        while self.day < last:
            version, end = self.versions[index], last
            later = self.versions[index + 1] if index + 1 < len(self.versions) else None
            if later is not None and later.starts <= last:
                end = later.starts - 1
            for tier in version.tiers:
                self._walk_tier(tier, self.day + 1, end, last)
            self.day, self._fresh = max(self.day, end), False
            if later is not None and end < last:
                self._change_version(version, later)
                index, self._fresh = index + 1, True

    def _walk_tier(self, tier: Tier, first: int, end: int, last: int) -> None:
        hold = self.holds.get(tier.code)
        gifts = self._gifts.pop(tier.code, None)
        if hold is None and gifts is None and not tier.entry.possible(self.totals):
            return
        day, look = first, self._fresh
        while True:
            if hold is None:
                hold = self._enter(tier, day, end, look, gifts or ())
                if hold is None:
                    break
                day = hold.since
            else:
                step = self._stay(tier, hold, day, end, last)
                if step is None:
                    break
                hold, day = step
            if hold is not None:
                self.holds[tier.code] = hold
            look = False
        if gifts and max(gifts) > end:
            self._gifts[tier.code] = [day for day in gifts if day > end]

    def _stay(self, tier: Tier, hold: Hold, day: int, end: int, last: int) -> tuple[Hold | None, int] | None:
        """The hold after its next change, and the day to go on from; None where none comes by `end`."""
        if hold.grace is None:
            ended = self._period_end(tier, hold, day, end)
            if ended is None or ended > end or ended >= last:
                return None
            hold, lost = self._judge(tier, hold, ended)
            if not lost:
                return hold, day
            gone = ended + 1
        else:
            saved = self._rescue(tier, hold, day, end)
            if saved is not None:
                return saved, day
            if hold.grace > end or hold.grace >= last:
                return None
            gone = hold.grace + 1
        self._lose(tier, hold, gone)
        return None, gone

    def _enter(self, tier: Tier, first: int, end: int, look: bool, gifts: Iterable[int]) -> Hold | None:
        """The hold that begins next, on a day from `first` to `end`."""
        given = min((day for day in gifts if first <= day <= end), default=END)
        earned = self._entry_day(tier, first, min(end, given), look)
        if earned is not None:
            self._used[tier.code] = earned
            return Hold(earned, tier.term.first(earned, self.joined), None, "earned")
        if given < END and tier.slides and not self._kept(tier, given):
            # It has no period to give: straight on to the next below.
            self._give(tier, given)
            return self._enter(tier, given + 1, end, False, gifts)
        if given < END:
            return Hold(given, tier.term.first(given, self.joined), None, "stepped_down")
        return None

    def _entry_day(self, tier: Tier, first: int, end: int, look: bool) -> int | None:
        if not tier.entry.possible(self.totals):
            return None
        used, joined = self.used(tier.code), self.joined
        if look and first <= end and tier.may_enter(self.totals, first, joined, used):
            return first
        days = tier.entry.days(self.totals)
        earliest = max(bisect_left(days, first), tier.entry.earliest(self.totals))
        for index in range(earliest, len(days)):
            if days[index] > end:
                break
            if tier.may_enter(self.totals, days[index], joined, used):
                return days[index]
        return None

    def _kept(self, tier: Tier, day: int) -> bool:
        return tier.keep.met(self.totals, tier.keep.reach.start(day, self.joined), day)

    def _period_end(self, tier: Tier, hold: Hold, first: int, end: int) -> int | None:
        """The last day of the period; of a sliding tier, the day before the first on which it is not kept."""
        if not tier.slides or hold.until is None:
            return hold.until
        broken = self.first_broken(tier, max(first, hold.until + 1), end, end)
        return None if broken is None else broken - 1

    def first_broken(self, tier: Tier, first: int, end: int, known: int) -> int | None:
        """The first day from `first` to `end` on which a sliding tier's keep rule is not met.

        Nothing that happens after the day `known` is counted.
        """
        reach, keep, totals = tier.keep.reach, tier.keep, self.totals
        if first > end:
            return None
        days = [day for day in keep.days(totals) if day <= known]
        moments = {first, *(day for day in days if first < day <= end)}
        moments.update(gone for day in days if first < (gone := reach.leaves(day)) <= end)
        for moment in sorted(moments):
            if not keep.met(totals, reach.start(moment, self.joined), min(moment, known)):
                return moment
        return None

    def _judge(self, tier: Tier, hold: Hold, ended: int) -> tuple[Hold, bool]:
        """The hold after its period ended, and whether it is lost."""
        grace = ended + tier.terms.grace_days if tier.terms.grace_days else None
        used = self.used(tier.code)
        if tier.slides:
            self._used[tier.code] = max(used, ended)
            return hold._replace(until=ended, grace=grace), grace is None
        if tier.keep.met(self.totals, tier.keep_from(ended, self.joined, used), ended) or (
            tier.own_keep and tier.may_enter(self.totals, ended, self.joined, used)
        ):
            self._used[tier.code] = ended
            return hold._replace(until=tier.term.renewed(hold.since, ended, self.joined)), False
        return hold._replace(grace=grace), grace is None

    def _rescue(self, tier: Tier, hold: Hold, first: int, end: int) -> Hold | None:
        """The hold if it is kept, or earned anew, within its grace, by what happens from `first` to `end`."""
        assert hold.until is not None
        assert hold.grace is not None
        days = tier.keep.days(self.totals)
        used = self.used(tier.code)
        opened = tier.keep_from(hold.until, self.joined, used)
        if tier.own_keep:
            days = sorted({*days, *tier.entry.days(self.totals)})
        for index in range(bisect_left(days, max(hold.until + 1, first)), len(days)):
            day = days[index]
            if day > min(hold.grace, end):
                break
            kept = self._kept(tier, day) if tier.slides else tier.keep.met(self.totals, opened, day)
            if kept or (tier.own_keep and tier.may_enter(self.totals, day, self.joined, used)):
                self._used[tier.code] = day
                until = tier.term.resumed(hold.since, hold.until, day, self.joined)
                return hold._replace(until=until, grace=None)
        return None

    def _lose(self, tier: Tier, hold: Hold, day: int) -> None:
        self.spans.append(Span(tier.code, hold.since, day - 1, hold.came, "not_kept"))
        del self.holds[tier.code]
        if tier.terms.step_down == "one":
            self._give(tier, day)

    def _give(self, tier: Tier, day: int) -> None:
        if tier.below is not None:
            self._gifts.setdefault(tier.below, []).append(day)

    def assured_until(self, tier: Tier, hold: Hold, known: int) -> int | None:
        """The last day of the period, or of a sliding tier if nothing comes after `known`; without grace."""
        if not tier.slides or hold.until is None or hold.grace is not None:
            return hold.until
        broken = self.first_broken(tier, max(known + 1, hold.until + 1), END, known)
        return None if broken is None else broken - 1

    def _change_version(self, old: TierVersion, new: TierVersion) -> None:
        """Carry what is held on the last day of `old` over to the first of `new`."""
        day = new.starts
        held, self.holds = self.holds, {}
        passed_on: list[tuple[Tier, Hold]] = []
        for code, hold in held.items():
            was, tier = old.by_code[code], new.by_code.get(code)
            hold = hold._replace(until=self.assured_until(was, hold, day - 1))
            if tier is not None and not (new.re_evaluate and not self._still_due(tier, day)):
                self.holds[code] = self._judged_anew(tier, hold, day) if new.re_evaluate else hold
                continue
            self.spans.append(Span(code, hold.since, day - 1, hold.came, "new_terms"))
            heir = new.heir(was.rank) if tier is None and not new.re_evaluate else None
            if heir is not None:
                passed_on.append((heir, Hold(day, hold.grace or hold.until, None, "new_terms")))
        for heir, hold in passed_on:
            if heir.code not in self.holds:
                self.holds[heir.code] = hold
        for code in [code for code in self._gifts if code not in new.by_code]:
            days = self._gifts.pop(code)
            below = new.heir(old.ranks[code])
            if below is not None:
                self._gifts.setdefault(below.code, []).extend(days)

    def _still_due(self, tier: Tier, day: int) -> bool:
        if self._kept(tier, day):
            return True
        return tier.entry.met(self.totals, tier.entry.reach.start(day, self.joined), day)

    def _judged_anew(self, tier: Tier, hold: Hold, day: int) -> Hold:
        """What stands after re-evaluation: its period, or one that begins now if it had none."""
        if hold.until is None or tier.slides or hold.grace is not None:
            return hold._replace(until=tier.term.first(day, self.joined), grace=None)
        return hold
