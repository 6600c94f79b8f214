"""Birthdays and member days in the programme's calendar, which day is one and when is the next; no clock."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import Field

from loyalty_plugin.domain.earning.terms import WEEKDAYS, Weekday
from loyalty_plugin.domain.fields import Terms

Span = Literal["day", "week", "month"]
#: Where 29 February is kept in common years.
Leap = Literal["feb28", "mar1"]


def observed_birthday(birthday: date, year: int, leap: Leap = "feb28") -> date:
    """The day on which a birthday is kept in this year."""
    if (birthday.month, birthday.day) == (2, 29) and not calendar.isleap(year):
        return date(year, 2, 28) if leap == "feb28" else date(year, 3, 1)
    return date(year, birthday.month, birthday.day)


def birthday_span(observed: date, span: Span) -> tuple[date, date]:
    """First and last day of the birthday's own day, its week from Monday to Sunday, or its calendar month."""
    if span == "day":
        return observed, observed
    if span == "week":
        monday = observed - timedelta(days=observed.weekday())
        return monday, monday + timedelta(days=6)
    last = calendar.monthrange(observed.year, observed.month)[1]
    return observed.replace(day=1), observed.replace(day=last)


def in_birthday(birthday: date, day: date, span: Span, leap: Leap = "feb28") -> bool:
    """The day lies in the birthday's span; a week may reach over the turn of the year."""
    for year in (day.year - 1, day.year, day.year + 1):
        first, last = birthday_span(observed_birthday(birthday, year, leap), span)
        if first <= day <= last:
            return True
    return False


class DayOfMonth(Terms):
    """The same day each month; in a month that is too short, its last day."""

    kind: Literal["day_of_month"] = "day_of_month"
    day: int = Field(ge=1, le=31, strict=True)


class EveryWeekday(Terms):
    """The same weekday each week."""

    kind: Literal["weekday"] = "weekday"
    weekday: Weekday


class NthWeekday(Terms):
    """The first to fourth, or the last (-1), such weekday of each month."""

    kind: Literal["nth_weekday"] = "nth_weekday"
    nth: Literal[1, 2, 3, 4, -1]
    weekday: Weekday


MemberDay = Annotated[DayOfMonth | EveryWeekday | NthWeekday, Field(discriminator="kind")]


def is_member_day(terms: DayOfMonth | EveryWeekday | NthWeekday, day: date) -> bool:
    """This day is one."""
    last = calendar.monthrange(day.year, day.month)[1]
    match terms:
        case DayOfMonth():
            return day.day == min(terms.day, last)
        case EveryWeekday():
            return day.weekday() == WEEKDAYS.index(terms.weekday)
        case NthWeekday(nth=-1):
            return day.weekday() == WEEKDAYS.index(terms.weekday) and day.day > last - 7
        case _:
            return day.weekday() == WEEKDAYS.index(terms.weekday) and (day.day + 6) // 7 == terms.nth


@lru_cache(maxsize=1024)
def next_member_day(terms: DayOfMonth | EveryWeekday | NthWeekday, after: date) -> date:
    """The first one later than this day."""
    day = after + timedelta(days=1)
    while not is_member_day(terms, day):
        day += timedelta(days=1)
    return day
