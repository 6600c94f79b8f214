"""Days of the programme, over changes of clocks and the ends of months: when points mature and when they end."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from loyalty_plugin.domain.lots import (
    AfterPeriod,
    EndOf,
    Expiry,
    Inactivity,
    Never,
    OnDate,
    active_until,
    add_months,
    day_end,
    day_start,
    expiry_of,
    last_valid_day,
    local_day,
    matures_at,
    period_end,
    warning_day,
)
from loyalty_plugin.errors import DateOutOfRange

BERLIN = ZoneInfo("Europe/Berlin")
#: Clocks change by half an hour.
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
#: Clocks went from 24:00 to 01:00, so that some days have no midnight.
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
#: Clocks go from 24:00 to 01:00 on a Friday in April, still.
CAIRO = ZoneInfo("Africa/Cairo")
ZONES = [
    BERLIN,
    LORD_HOWE,
    SAO_PAULO,
    CAIRO,
    ZoneInfo("Asia/Shanghai"),
    ZoneInfo("America/New_York"),
    ZoneInfo("UTC"),
]

zones = st.sampled_from(ZONES)
days = st.dates(date(2012, 1, 1), date(2040, 12, 31))


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (date(2026, 3, 28), 24),
        (date(2026, 3, 29), 23),
        (date(2026, 10, 25), 25),
    ],
)
def test_a_day_is_as_long_as_its_clocks_make_it(day: date, hours: int) -> None:
    start, end = day_start(day, BERLIN).astimezone(UTC), day_end(day, BERLIN).astimezone(UTC)
    assert end - start == timedelta(hours=hours)


def test_a_day_without_midnight() -> None:
    # On 4 November 2018 in São Paulo the clock went from 23:59:59 to 01:00.
    before, day = date(2018, 11, 3), date(2018, 11, 4)
    end = day_end(before, SAO_PAULO).astimezone(UTC)
    assert end == datetime(2018, 11, 4, 3, tzinfo=UTC)
    assert local_day(end, SAO_PAULO) == day
    assert local_day(end - timedelta(microseconds=1), SAO_PAULO) == before
    assert last_valid_day(end, SAO_PAULO) == before
    assert last_valid_day(day_end(before, SAO_PAULO), SAO_PAULO) == before
    cairo = day_end(date(2026, 4, 23), CAIRO).astimezone(UTC)
    assert last_valid_day(cairo, CAIRO) == date(2026, 4, 23)


@given(days, zones)
def test_a_day_ends_where_the_next_begins(day: date, zone: ZoneInfo) -> None:
    end = day_end(day, zone).astimezone(UTC)
    assert end == day_start(day + timedelta(days=1), zone).astimezone(UTC)
    assert local_day(end - timedelta(microseconds=1), zone) == day
    assert local_day(end, zone) == day + timedelta(days=1)
    assert last_valid_day(end, zone) == day


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 2, 29), 48, date(2028, 2, 29)),
        (date(2026, 12, 31), 2, date(2027, 2, 28)),
        (date(2026, 3, 31), -1, date(2026, 2, 28)),
        (date(2026, 1, 15), -1, date(2025, 12, 15)),
        (date(2026, 5, 31), 0, date(2026, 5, 31)),
    ],
)
def test_months_later(day: date, months: int, expected: date) -> None:
    assert add_months(day, months) == expected


@given(days, st.integers(-400, 400))
def test_months_later_is_in_that_month_and_never_later_in_it(day: date, months: int) -> None:
    later = add_months(day, months)
    assert later.year * 12 + later.month == day.year * 12 + day.month + months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)


@pytest.mark.parametrize("months", [-30_000, 100_000])
def test_months_out_of_the_calendar(months: int) -> None:
    with pytest.raises(DateOutOfRange):
        add_months(date(2026, 1, 1), months)


def test_no_day_ends_after_the_last_year() -> None:
    with pytest.raises(DateOutOfRange):
        day_end(date(9001, 1, 1), BERLIN)


@pytest.mark.parametrize(
    ("period", "after", "expected"),
    [
        ("month", 0, date(2026, 2, 28)),
        ("month", 1, date(2026, 3, 31)),
        ("month", 24, date(2028, 2, 29)),
        ("quarter", 0, date(2026, 3, 31)),
        ("quarter", 3, date(2026, 12, 31)),
        ("year", 0, date(2026, 12, 31)),
        ("year", 2, date(2028, 12, 31)),
    ],
)
def test_ends_of_periods(period: str, after: int, expected: date) -> None:
    assert period_end(date(2026, 2, 14), period, after) == expected


@given(days, st.sampled_from(["month", "quarter", "year"]))
def test_a_period_ends_after_its_days_and_the_next_begins_then(day: date, period: str) -> None:
    end = period_end(day, period)
    assert end >= day
    assert period_end(end, period) == end
    assert period_end(end + timedelta(days=1), period) == period_end(day, period, 1)


EARNED = datetime(2026, 2, 14, 12, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("terms", "earned_at", "last_day"),
    [
        (AfterPeriod(months=12), EARNED, date(2027, 2, 14)),
        (AfterPeriod(days=30), EARNED, date(2026, 3, 16)),
        (AfterPeriod(months=1, days=1), datetime(2026, 1, 31, 12, tzinfo=BERLIN), date(2026, 3, 1)),
        (AfterPeriod(), EARNED, date(2026, 2, 14)),
        (AfterPeriod(months=12), datetime(2024, 2, 29, 12, tzinfo=BERLIN), date(2025, 2, 28)),
        (AfterPeriod(months=48), datetime(2024, 2, 29, 12, tzinfo=BERLIN), date(2028, 2, 29)),
        (EndOf(period="month"), EARNED, date(2026, 2, 28)),
        (EndOf(period="month", after=1), EARNED, date(2026, 3, 31)),
        (EndOf(period="quarter"), EARNED, date(2026, 3, 31)),
        (EndOf(period="quarter", after=1), EARNED, date(2026, 6, 30)),
        (EndOf(period="year", after=1), EARNED, date(2027, 12, 31)),
        (OnDate(day=date(2026, 12, 24)), EARNED, date(2026, 12, 24)),
        (OnDate(day=date(2026, 2, 14)), EARNED, date(2026, 2, 14)),
        # A minute before and after midnight in Berlin, which is eleven at night in UTC.
        (EndOf(period="year"), datetime(2026, 12, 31, 22, 59, tzinfo=UTC), date(2026, 12, 31)),
        (EndOf(period="year"), datetime(2026, 12, 31, 23, 1, tzinfo=UTC), date(2027, 12, 31)),
        # Over either change of clocks the last day is a whole day.
        (AfterPeriod(days=1), datetime(2026, 3, 28, 23, 30, tzinfo=BERLIN), date(2026, 3, 29)),
        (AfterPeriod(days=1), datetime(2026, 10, 24, 23, 30, tzinfo=BERLIN), date(2026, 10, 25)),
    ],
)
def test_the_last_valid_day(terms: Expiry, earned_at: datetime, last_day: date) -> None:
    expires_at = expiry_of(terms, earned_at, BERLIN)
    assert expires_at is not None
    assert last_valid_day(expires_at, BERLIN) == last_day
    assert expires_at.astimezone(UTC) == day_start(last_day + timedelta(days=1), BERLIN).astimezone(UTC)


@pytest.mark.parametrize("terms", [Never(), Inactivity(months=6), OnDate(day=date(2026, 2, 13))])
def test_a_lot_without_a_date_of_its_own(terms: Expiry) -> None:
    assert expiry_of(terms, EARNED, BERLIN) is None


@given(days, st.integers(0, 24), st.integers(0, 400), zones)
def test_points_last_at_least_the_day_they_were_earned(
    day: date, months: int, lasts: int, zone: ZoneInfo
) -> None:
    earned_at = day_end(day, zone).astimezone(UTC) - timedelta(minutes=1)
    expires_at = expiry_of(AfterPeriod(months=months, days=lasts), earned_at, zone)
    assert expires_at is not None
    assert expires_at.astimezone(UTC) > earned_at
    assert local_day(expires_at, zone) == add_months(day, months) + timedelta(days=lasts + 1)


def test_inactivity_ends_a_while_after_the_last_activity_and_is_told_before() -> None:
    terms = Inactivity(months=6, warn_days=30)
    until = active_until(terms, datetime(2025, 8, 31, 12, tzinfo=BERLIN), BERLIN)
    assert until is not None
    assert last_valid_day(until, BERLIN) == date(2026, 2, 28)
    assert warning_day(terms, until, BERLIN) == date(2026, 1, 29)


def test_inactivity_after_29_february() -> None:
    until = active_until(Inactivity(months=12), datetime(2024, 2, 29, 12, tzinfo=BERLIN), BERLIN)
    assert until is not None
    assert last_valid_day(until, BERLIN) == date(2025, 2, 28)


@given(days, days, st.integers(1, 36), zones)
def test_later_activity_never_shortens_life(first: date, second: date, months: int, zone: ZoneInfo) -> None:
    terms = Inactivity(months=months)
    early, late = sorted((first, second))
    one = active_until(terms, day_start(early, zone), zone)
    other = active_until(terms, day_start(late, zone), zone)
    assert one is not None
    assert other is not None
    assert one <= other


@pytest.mark.parametrize("terms", [Never(), AfterPeriod(months=1), EndOf(period="month")])
def test_activity_means_nothing_to_other_terms(terms: Expiry) -> None:
    assert active_until(terms, EARNED, BERLIN) is None


@pytest.mark.parametrize(
    ("starts_at", "window", "expected"),
    [
        (EARNED, 0, datetime(2026, 2, 14, 23, tzinfo=UTC)),
        (EARNED, 14, datetime(2026, 2, 28, 23, tzinfo=UTC)),
        # The last of the fourteen days is the one with 23 hours.
        (datetime(2026, 3, 15, 9, tzinfo=BERLIN), 14, datetime(2026, 3, 29, 22, tzinfo=UTC)),
    ],
)
def test_a_return_window_ends_with_its_last_day(starts_at: datetime, window: int, expected: datetime) -> None:
    assert matures_at(starts_at, window, BERLIN).astimezone(UTC) == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"kind": "sometimes"},
        {"kind": "after", "months": -1},
        {"kind": "after", "months": 10**6},
        {"kind": "end_of", "period": "week"},
        {"kind": "end_of", "period": "month", "after": -1},
        {"kind": "on_date", "day": "2026-02-30"},
        {"kind": "on_date"},
        {"kind": "inactivity", "months": 0},
        {"kind": "inactivity", "months": 6, "warn_days": 400},
        {"kind": "never", "until": "2026-01-01"},
    ],
)
def test_terms_that_are_none(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Expiry).validate_python(wrong)
