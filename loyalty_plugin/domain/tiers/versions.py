"""The tiers of one published version, made ready for judging many members; it judges none.

Make one `TierVersion` for a version and use it for all members: making it costs more than using it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from loyalty_plugin.domain.tiers.history import Measure, Totals
from loyalty_plugin.domain.tiers.terms import Condition, Metric, TiersSettings, TierTerms, Way
from loyalty_plugin.domain.tiers.windows import Reach, Term
from loyalty_plugin.errors import InvalidDraft


class Demand(NamedTuple):
    """A condition made ready for counting."""

    measure: Measure
    at_least: int
    condition: Condition


class Rule:
    """An entry or keep rule with its window: any way is enough, all conditions of a way must be met."""

    __slots__ = ("measures", "reach", "ways")

    def __init__(self, ways: Sequence[Way], reach: Reach) -> None:
        self.reach = reach
        self.ways = tuple(
            tuple(
                Demand(
                    frozenset(one.products) if one.metric is Metric.PRODUCT else one.metric, one.at_least, one
                )
                for one in way
            )
            for way in ways
        )
        self.measures = tuple(dict.fromkeys(demand.measure for way in self.ways for demand in way))

    def met(self, totals: Totals, first: int, last: int) -> bool:
        """Whether what counts on these days meets the rule."""
        for way in self.ways:
            for measure, at_least, _ in way:
                if totals.series(measure).between(first, last) < at_least:
                    break
            else:
                return True
        return False

    def possible(self, totals: Totals) -> bool:
        """Whether any window of this history could meet the rule."""
        for way in self.ways:
            for measure, at_least, _ in way:
                if totals.series(measure).most < at_least:
                    break
            else:
                return True
        return False

    def earliest(self, totals: Totals) -> int:
        """Before the day at this place in `days`, no window can have met the rule."""
        if len(self.ways) == 1 and len(self.ways[0]) == 1:
            measure, at_least, _ = self.ways[0][0]
            series = totals.series(measure)
            if series.grows:
                return max(bisect_left(series.sums, at_least) - 1, 0)
        return 0

    def days(self, totals: Totals) -> list[int]:
        """The days in order on which anything happened that this rule counts."""
        if len(self.measures) == 1:
            return totals.series(self.measures[0]).days
        return sorted({day for measure in self.measures for day in totals.series(measure).days})


class Tier:
    """One tier of a version, with its rules and its neighbour below."""

    __slots__ = ("below", "code", "entry", "keep", "own_keep", "rank", "slides", "term", "terms")

    def __init__(self, terms: TierTerms, below: str | None) -> None:
        self.terms = terms
        self.code = terms.code
        self.rank = terms.rank
        #: The next tier below; None where that is the lowest, which needs no giving.
        self.below = below
        entry_reach = Reach(terms.window)
        keep_reach = entry_reach if terms.keep_window is None else Reach(terms.keep_window)
        self.entry = Rule(terms.entry, entry_reach)
        self.keep = Rule(terms.entry if terms.keep is None else terms.keep, keep_reach)
        self.own_keep = terms.keep is not None or terms.keep_window is not None
        self.term = Term(terms.lasts, keep_reach)
        #: Held as long as the keep rule is met, day by day.
        self.slides = self.term.slides

    def may_enter(self, totals: Totals, day: int, joined: int, used: int) -> bool:
        """Whether the entry rule is met at the end of `day`.

        What earned or kept the tier until the day `used` does not earn it again. A rolling window that is the
        keep rule's window too simply slides.
        """
        return self.entry.met(totals, self.enter_from(day, joined, used), day)

    def enter_from(self, day: int, joined: int, used: int) -> int:
        """The first day that counts for entering the tier on `day`."""
        first = self.entry.reach.start(day, joined)
        if self.own_keep or not self.entry.reach.slides:
            first = max(first, used + 1)
        return first

    def keep_from(self, day: int, joined: int, used: int) -> int:
        """The first day that counts for keeping the tier on `day`; `used` as in `may_enter`."""
        first = self.keep.reach.start(day, joined)
        return max(first, used + 1) if self.keep.reach.restarts else first


class TierVersion:
    """The tiers in force from a day of the programme, and what the version settles for all of them."""

    __slots__ = (
        "by_code",
        "from_day",
        "lowest",
        "metrics",
        "ranks",
        "re_evaluate",
        "settings",
        "starts",
        "terms",
        "tiers",
    )

    def __init__(
        self,
        from_day: date,
        terms: Sequence[TierTerms],
        *,
        re_evaluate: bool = False,
        settings: TiersSettings | None = None,
    ) -> None:
        """Raises InvalidDraft where there is no tier, or where codes or ranks repeat."""
        self.from_day = from_day
        #: The number of its first day.
        self.starts = from_day.toordinal()
        self.terms = tuple(sorted(terms, key=lambda one: one.rank))
        self.re_evaluate = re_evaluate
        self.settings = settings or TiersSettings()
        self.ranks = {one.code: one.rank for one in self.terms}
        if not self.terms or not len(set(self.ranks.values())) == len(self.ranks) == len(self.terms):
            raise InvalidDraft(problems=[{"path": "tiers", "problem": "tiers_not_distinct"}])
        self.lowest = self.terms[0].code
        codes = (None, *(one.code for one in self.terms[1:]))
        tiers = [Tier(one, below) for one, below in zip(self.terms[1:], codes, strict=False)]
        #: All but the lowest, highest first.
        self.tiers = tuple(reversed(tiers))
        self.by_code = {tier.code: tier for tier in tiers}
        #: What any of its rules counts; facts of another metric change nothing.
        self.metrics = frozenset(
            demand.condition.metric
            for tier in tiers
            for rule in (tier.entry, tier.keep)
            for way in rule.ways
            for demand in way
        )

    def heir(self, rank: int) -> Tier | None:
        """The highest tier not above this rank; None where that is the lowest."""
        return next((tier for tier in self.tiers if tier.rank <= rank), None)
