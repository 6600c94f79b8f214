"""When points mature and when they expire, in the programme's own days; never reads a clock.

A day of the programme runs from midnight to midnight of its time zone, over daylight saving too. An expiry is
kept as the instant at which the last valid day has ended.
"""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from loyalty_plugin.errors import DateOutOfRange

LAST_YEAR = 9000


class _Terms(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Never(_Terms):
    """Points do not expire."""

    kind: Literal["never"] = "never"


class AfterPeriod(_Terms):
    """Points expire at the end of the day that lies this long after they were earned."""

    kind: Literal["after"] = "after"
    months: int = Field(0, ge=0, le=1200)
    days: int = Field(0, ge=0, le=36500)


class EndOf(_Terms):
    """Points expire at the end of the month, quarter or year that lies `after` of them later (0: the same)."""

    kind: Literal["end_of"] = "end_of"
    period: Literal["month", "quarter", "year"]
    after: int = Field(0, ge=0, le=100)


class OnDate(_Terms):
    """Points expire at the end of this day; those earned later never do, so a version states the next date."""

    kind: Literal["on_date"] = "on_date"
    day: date


class Inactivity(_Terms):
    """All points expire at the end of the day this long after the last activity; warned this long before."""

    kind: Literal["inactivity"] = "inactivity"
    months: int = Field(ge=1, le=1200)
    warn_days: int = Field(30, ge=0, le=366)


Expiry = Annotated[Never | AfterPeriod | EndOf | OnDate | Inactivity, Field(discriminator="kind")]


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """The programme's day on which an instant falls."""
    return moment.astimezone(zone).date()


def day_start(day: date, zone: ZoneInfo) -> datetime:
    """The instant a programme's day begins."""
    return datetime.combine(day, time.min, tzinfo=zone)


@lru_cache(maxsize=4096)
def day_end(day: date, zone: ZoneInfo) -> datetime:
    """The instant a programme's day is over, which is when the next one begins."""
    if day.year > LAST_YEAR:
        raise DateOutOfRange(day=day.isoformat())
    return day_start(day + timedelta(days=1), zone)


def last_valid_day(expires_at: datetime, zone: ZoneInfo) -> date:
    """The last day on which a lot with this expiry can be used."""
    # In UTC: where clocks skip midnight, a moment less by the local clock is still the day after.
    return local_day(expires_at.astimezone(UTC) - timedelta(microseconds=1), zone)


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or that month's last day (31 January + 1 month = 28 February)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    if not 1 <= year <= LAST_YEAR:
        raise DateOutOfRange(day=day.isoformat(), months=months)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def period_end(day: date, period: str, after: int = 0) -> date:
    """The last day of the month, quarter or year of `day`, or of the one `after` of them later."""
    span = {"month": 1, "quarter": 3, "year": 12}[period]
    first_month = (day.month - 1) // span * span + 1
    begin = date(day.year, first_month, 1)
    return add_months(begin, span * (after + 1)) - timedelta(days=1)


def expiry_of(expiry: Expiry, earned_at: datetime, zone: ZoneInfo) -> datetime | None:
    """When a lot earned now expires; None for never and for inactivity, which is not a lot's own date."""
    earned_on = local_day(earned_at, zone)
    match expiry:
        case AfterPeriod(months=months, days=days):
            return day_end(add_months(earned_on, months) + timedelta(days=days), zone)
        case EndOf(period=period, after=after):
            return day_end(period_end(earned_on, period, after), zone)
        case OnDate(day=day):
            return day_end(day, zone) if day >= earned_on else None
        case _:
            return None


def active_until(expiry: Expiry, active_at: datetime, zone: ZoneInfo) -> datetime | None:
    """Until when activity at this instant keeps points alive; None unless points expire by inactivity."""
    if not isinstance(expiry, Inactivity):
        return None
    return day_end(add_months(local_day(active_at, zone), expiry.months), zone)


def warning_day(expiry: Inactivity, until: datetime, zone: ZoneInfo) -> date:
    """The day on which the member is warned, known beforehand."""
    return last_valid_day(until, zone) - timedelta(days=expiry.warn_days)


def matures_at(starts_at: datetime, window_days: int, zone: ZoneInfo) -> datetime:
    """The end of a return window of whole days that starts at this instant."""
    return day_end(local_day(starts_at, zone) + timedelta(days=window_days), zone)
