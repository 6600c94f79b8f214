"""When a birthday is next celebrated; 29 February is kept on 28 February in common years."""

from __future__ import annotations

from datetime import date

from loyalty_plugin.domain.lots import add_months


def in_year(birthday: date, year: int) -> date:
    """The day it is kept in this year."""
    if (birthday.month, birthday.day) == (2, 29):
        return add_months(date(year, 1, 29), 1)
    return date(year, birthday.month, birthday.day)


def next_birthday(birthday: date | None, after: date, *, wait_a_year: bool = False) -> date | None:
    """The first birthday on or after a day; with `wait_a_year`, not before twelve months have passed."""
    if birthday is None:
        return None
    first = add_months(after, 12) if wait_a_year else after
    kept = in_year(birthday, first.year)
    return kept if kept >= first else in_year(birthday, first.year + 1)
