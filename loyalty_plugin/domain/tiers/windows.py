"""Which days a window covers and until when a tier lasts, in day numbers; it decides nothing about members.

A day number is `date.toordinal()`: whole numbers keep a nightly run over all members fast, and what a window
answers is remembered by day, since members share their days.
"""

from __future__ import annotations

from datetime import date

from loyalty_plugin.domain.lots import add_months, period_end
from loyalty_plugin.domain.tiers.terms import (
    Anniversary,
    Calendar,
    Lasts,
    LastsFor,
    LastsForever,
    LastsToEndOf,
    LastsWithWindow,
    Lifetime,
    Rolling,
    Window,
)

#: Before every day.
BEGINNING = -(10**9)


def months_later(day: int, months: int) -> int:
    """The same day so many months later, or that month's last day."""
    return add_months(date.fromordinal(day), months).toordinal()


def end_of_period(day: int, period: str, after: int) -> int:
    """The last day of the calendar period of `day`, or of the one `after` of them later."""
    return period_end(date.fromordinal(day), period, after).toordinal()


def anniversary(joined: int, day: int) -> int:
    """How many anniversaries of joining have come by this day; negative before joining."""
    years = date.fromordinal(day).year - date.fromordinal(joined).year
    return years if months_later(joined, 12 * years) <= day else years - 1


class Reach:
    """A window made ready for counting: the days it covers on a given day."""

    __slots__ = ("_starts", "window")

    def __init__(self, window: Window) -> None:
        self.window = window
        self._starts: dict[int, int] = {}

    @property
    def slides(self) -> bool:
        """It moves on every day, and never starts anew."""
        return isinstance(self.window, Rolling)

    @property
    def restarts(self) -> bool:
        """It starts anew with each calendar period or anniversary."""
        return isinstance(self.window, Calendar | Anniversary)

    def start(self, day: int, joined: int) -> int:
        """The first day that counts on `day`."""
        known = self._starts.get(day)
        if known is None:
            known = self._start(day, joined)
            if not isinstance(self.window, Anniversary):
                self._starts[day] = known
        return known

    def _start(self, day: int, joined: int) -> int:
        match self.window:
            case Rolling(months=months, days=days):
                return months_later(day, -months) - days + 1
            case Calendar(period=period):
                return end_of_period(day, period, -1) + 1
            case Anniversary():
                return months_later(joined, 12 * anniversary(joined, day))
            case Lifetime():
                return BEGINNING

    def end(self, day: int, joined: int, after: int = 0) -> int | None:
        """The last day of the window `after` windows later; None where windows do not end."""
        match self.window:
            case Calendar(period=period):
                return end_of_period(day, period, after)
            case Anniversary():
                return months_later(joined, 12 * (anniversary(joined, day) + after + 1)) - 1
            case _:
                return None

    def leaves(self, day: int) -> int:
        """The first day on which a sliding window no longer covers `day`."""
        assert isinstance(self.window, Rolling)
        counted = day + self.window.days
        later = months_later(counted, self.window.months)
        # 31 January and a month is 28 February, of which a month ago is 28 January: one day too early.
        return later if months_later(later, -self.window.months) >= counted else later + 1


class Term:
    """How long an earned tier lasts, made ready for counting."""

    __slots__ = ("lasts", "reach")

    def __init__(self, lasts: Lasts, reach: Reach) -> None:
        self.lasts = lasts
        self.reach = reach

    @property
    def slides(self) -> bool:
        """It has no period: the tier lasts as long as the keep rule is met, day by day."""
        return isinstance(self.lasts, LastsWithWindow) and self.reach.slides

    def first(self, day: int, joined: int) -> int | None:
        """The last day of a period that begins on `day`; None for no end."""
        match self.lasts:
            case LastsFor(months=months, days=days):
                return months_later(day, months) + days
            case LastsToEndOf(period=period, after=after):
                return end_of_period(day, period, after)
            case LastsWithWindow(after=after):
                return day if self.slides else self.reach.end(day, joined, after)
            case LastsForever():
                return None

    def renewed(self, earned: int, until: int, joined: int) -> int | None:
        """The last day of the period after the one that ends on `until`; the first began on `earned`."""
        match self.lasts:
            case LastsFor(months=months, days=days):
                # Counted from the day it was earned, so that no day drifts and 29 February comes back.
                periods = 1
                while (end := months_later(earned, months * periods) + days * periods) <= until:
                    periods += 1
                return end
            case LastsToEndOf(period=period, after=after):
                return end_of_period(until, period, max(after, 1))
            case LastsWithWindow(after=after):
                return until if self.slides else self.reach.end(until, joined, max(after, 1))
            case LastsForever():
                return None

    def resumed(self, earned: int, until: int, day: int, joined: int) -> int | None:
        """The last day of the period that covers `day`, of those that follow on the one that ended on `until`."""
        if self.slides:
            return day
        last = self.renewed(earned, until, joined)
        while last is not None and last < day:
            last = self.renewed(earned, last, joined)
        return last
