"""A second, slow way to compute earned tiers, day after day with plain dates, to check the fast one against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from loyalty_plugin.domain.lots import add_months, period_end
from loyalty_plugin.domain.tiers.history import QualifyingFact
from loyalty_plugin.domain.tiers.terms import Metric, TierTerms, Way, Window

DAY = timedelta(days=1)


@dataclass
class Held:
    since: date
    until: date | None
    grace: date | None = None


def anniversaries(joined: date, day: date) -> tuple[date, date]:
    """The last anniversary by this day, and the next."""
    years = -200
    while add_months(joined, 12 * (years + 1)) <= day:
        years += 1
    return add_months(joined, 12 * years), add_months(joined, 12 * (years + 1))


def window_start(window: Window, day: date, joined: date) -> date:
    match window.kind:
        case "rolling":
            return add_months(day, -window.months) - window.days * DAY + DAY
        case "calendar":
            begin = day
            while period_end(begin - DAY, window.period) == period_end(day, window.period):
                begin -= DAY
            return begin
        case "anniversary":
            return anniversaries(joined, day)[0]
        case _:
            return date.min


def window_end(window: Window, day: date, joined: date, after: int) -> date | None:
    if window.kind == "calendar":
        return period_end(day, window.period, after)
    if window.kind == "anniversary":
        for _ in range(after):
            day = anniversaries(joined, day)[1]
        return anniversaries(joined, day)[1] - DAY
    return None


class Oracle:
    """Earned tiers by day, one version."""

    def __init__(self, facts: Sequence[QualifyingFact], tiers: Sequence[TierTerms], joined: date) -> None:
        self.facts, self.joined = facts, joined
        self.tiers = sorted(tiers, key=lambda tier: -tier.rank)
        self.held: dict[str, Held] = {}
        self.used: dict[str, date] = {}
        self.daily: list[str] = []

    def met(self, ways: Sequence[Way], first: date, last: date) -> bool:
        return any(
            all(
                sum(
                    fact.amount
                    for fact in self.facts
                    if first <= fact.day <= last
                    and fact.metric == one.metric
                    and (one.metric != Metric.PRODUCT or fact.product_id in one.products)
                )
                >= one.at_least
                for one in way
            )
            for way in ways
        )

    def sliding(self, tier: TierTerms) -> bool:
        return tier.lasts.kind == "window" and (tier.keep_window or tier.window).kind == "rolling"

    def kept(self, tier: TierTerms, judged: date, last: date) -> bool:
        window = tier.keep_window or tier.window
        first = window_start(window, judged, self.joined)
        if window.kind in ("calendar", "anniversary") and tier.code in self.used:
            first = max(first, self.used[tier.code] + DAY)
        return self.met(tier.entry if tier.keep is None else tier.keep, first, last)

    def entered(self, tier: TierTerms, day: date) -> bool:
        first = window_start(tier.window, day, self.joined)
        same_rule = tier.keep is None and tier.keep_window is None
        if tier.code in self.used and not (same_rule and tier.window.kind == "rolling"):
            first = max(first, self.used[tier.code] + DAY)
        return self.met(tier.entry, first, day)

    def period(self, tier: TierTerms, day: date) -> date | None:
        lasts = tier.lasts
        match lasts.kind:
            case "for":
                return add_months(day, lasts.months) + lasts.days * DAY
            case "end_of":
                return period_end(day, lasts.period, lasts.after)
            case "window":
                return window_end(tier.keep_window or tier.window, day, self.joined, lasts.after)
            case _:
                return None

    def renewal(self, tier: TierTerms, since: date, until: date) -> date | None:
        lasts = tier.lasts
        if lasts.kind == "for":
            ends = (add_months(since, lasts.months * n) + lasts.days * n * DAY for n in range(1, 5000))
            return next(end for end in ends if end > until)
        if lasts.kind == "end_of":
            return period_end(until, lasts.period, max(1, lasts.after))
        return window_end(tier.keep_window or tier.window, until, self.joined, max(1, lasts.after))

    def run(self, on: date) -> str:
        day = self.joined
        while day <= on:
            gifts: set[str] = set()
            for index, tier in enumerate(self.tiers[:-1]):
                below = self.tiers[index + 1].code
                if self.one_day(tier, day, tier.code in gifts) and tier.step_down == "one":
                    gifts.add(below)
            self.daily.append(next((t.code for t in self.tiers if t.code in self.held), self.tiers[-1].code))
            day += DAY
        return self.daily[-1]

    def one_day(self, tier: TierTerms, day: date, given: bool) -> bool:
        """Live through one day; whether something is handed down to the tier below."""
        lost = self.morning(tier, day)
        here = self.held.get(tier.code)
        if here is None:
            happened = any(fact.day == day for fact in self.counted(tier))
            if (happened or day == self.joined) and self.entered(tier, day):
                self.used[tier.code] = day
                self.held[tier.code] = Held(day, self.period(tier, day))
            elif given and self.sliding(tier) and not self.kept(tier, day, day):
                lost = True
            elif given:
                self.held[tier.code] = Held(day, self.period(tier, day))
        elif here.grace is not None:
            judged = day if self.sliding(tier) else here.until
            if self.kept(tier, judged, day) or self.entered(tier, day):
                self.rescue(tier, here, day)
        return lost

    def counted(self, tier: TierTerms) -> list[QualifyingFact]:
        wanted = {one.metric for way in tier.entry for one in way}
        products = {product for way in tier.entry for one in way for product in one.products}
        return [
            fact
            for fact in self.facts
            if fact.metric in wanted and (fact.metric != Metric.PRODUCT or fact.product_id in products)
        ]

    def rescue(self, tier: TierTerms, here: Held, day: date) -> None:
        happened = any(fact.day == day for fact in self.facts)
        if not happened:
            return
        self.used[tier.code] = day
        here.grace = None
        if self.sliding(tier):
            return
        ended = here.until
        here.until = self.renewal(tier, here.since, ended)
        while here.until is not None and here.until < day:
            here.until = self.renewal(tier, here.since, here.until)

    def morning(self, tier: TierTerms, day: date) -> bool:
        here = self.held.get(tier.code)
        if here is None:
            return False
        if here.grace is not None:
            if here.grace < day:
                del self.held[tier.code]
                return True
            return False
        if self.sliding(tier):
            if here.since == day or self.kept(tier, day, day):
                return False
            here.until = self.used[tier.code] = day - DAY
        elif here.until is None or here.until >= day:
            return False
        elif self.kept(tier, here.until, here.until) or self.entered(tier, here.until):
            self.used[tier.code] = here.until
            here.until = self.renewal(tier, here.since, here.until)
            return False
        if tier.grace_days:
            here.grace = here.until + tier.grace_days * DAY
            return False
        del self.held[tier.code]
        return True
