"""On which days a birthday can next be celebrated; which of them brings a benefit is the rule's to say."""

from __future__ import annotations

from datetime import date

from loyalty_plugin.domain.lots import add_months
from loyalty_plugin.errors import DateOutOfRange


def days_in_year(birthday: date, year: int) -> tuple[date, ...]:
    """The day it is kept in a year; 29 February in a common year may be kept on 28 February or on 1 March."""
    if (birthday.month, birthday.day) != (2, 29):
        return (date(year, birthday.month, birthday.day),)
    eve = add_months(date(year, 1, 29), 1)
    return (eve,) if eve.day == 29 else (eve, date(year, 3, 1))


def next_birthday(birthday: date | None, after: date, *, wait_a_year: bool = False) -> date | None:
    """The first such day on or after a day; with `wait_a_year`, not before twelve months have passed."""
    if birthday is None:
        return None
    first = add_months(after, 12) if wait_a_year else after
    days = (*days_in_year(birthday, first.year), *days_in_year(birthday, first.year + 1))
    return next(day for day in days if day >= first)


def check_birthday(birthday: date | None, today: date) -> None:
    """Raises DateOutOfRange for a birthday in the future or more than 130 years ago."""
    if birthday is not None and not date(today.year - 130, 1, 1) <= birthday <= today:
        raise DateOutOfRange(birthday=birthday.isoformat())
