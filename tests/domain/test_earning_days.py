"""Birthdays and member days: which day is one, over leap years, short months and the turn of the year."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from loyalty_plugin.builtin.rules.check_in import CheckInParams, collected, reward, tomorrow
from loyalty_plugin.domain.earning.days import (
    MemberDay,
    in_birthday,
    is_member_day,
    next_member_day,
    observed_birthday,
)
from loyalty_plugin.domain.earning.occasions import member_occasion
from loyalty_plugin.domain.extensions import OccasionKind
from tests.domain.earning_cases import AT, a_member, decided_on, version_of

LEAP = date(1992, 2, 29)


@pytest.mark.parametrize(
    ("birthday", "day", "span", "leap", "expected"),
    [
        (LEAP, date(2026, 2, 28), "day", "feb28", True),
        (LEAP, date(2026, 3, 1), "day", "feb28", False),
        (LEAP, date(2026, 3, 1), "day", "mar1", True),
        (LEAP, date(2028, 2, 29), "day", "mar1", True),
        (LEAP, date(2028, 2, 28), "day", "feb28", False),
        (LEAP, date(2026, 2, 1), "month", "feb28", True),
        (LEAP, date(2026, 3, 31), "month", "mar1", True),
        (date(1990, 6, 15), date(2026, 6, 21), "week", "feb28", True),
        (date(1990, 6, 15), date(2026, 6, 22), "week", "feb28", False),
        (date(1990, 1, 1), date(2026, 12, 28), "week", "feb28", True),
        (date(1990, 12, 31), date(2027, 1, 3), "week", "feb28", True),
        (date(1990, 6, 15), date(2026, 6, 30), "month", "feb28", True),
        (date(1990, 6, 15), date(2026, 7, 1), "month", "feb28", False),
    ],
)
def test_birthday(birthday: date, day: date, span: Any, leap: Any, expected: bool) -> None:
    assert in_birthday(birthday, day, span, leap) is expected


@given(
    st.dates(date(1930, 1, 1), date(2015, 12, 31)),
    st.integers(2020, 2100),
    st.sampled_from(["feb28", "mar1"]),
)
def test_everybody_has_one_birthday_a_year(birthday: date, year: int, leap: Any) -> None:
    day = observed_birthday(birthday, year, leap)
    assert day.year == year
    assert in_birthday(birthday, day, "day", leap)


MEMBER_DAY: TypeAdapter[Any] = TypeAdapter(MemberDay)


@pytest.mark.parametrize(
    ("terms", "after", "expected"),
    [
        ({"kind": "day_of_month", "day": 8}, date(2026, 6, 7), date(2026, 6, 8)),
        ({"kind": "day_of_month", "day": 8}, date(2026, 6, 8), date(2026, 7, 8)),
        ({"kind": "day_of_month", "day": 31}, date(2026, 6, 1), date(2026, 6, 30)),
        ({"kind": "day_of_month", "day": 31}, date(2026, 2, 1), date(2026, 2, 28)),
        ({"kind": "day_of_month", "day": 29}, date(2028, 2, 1), date(2028, 2, 29)),
        ({"kind": "weekday", "weekday": "tue"}, date(2026, 6, 15), date(2026, 6, 16)),
        ({"kind": "weekday", "weekday": "mon"}, date(2026, 6, 15), date(2026, 6, 22)),
        ({"kind": "nth_weekday", "nth": 1, "weekday": "fri"}, date(2026, 6, 5), date(2026, 7, 3)),
        ({"kind": "nth_weekday", "nth": 2, "weekday": "mon"}, date(2026, 6, 1), date(2026, 6, 8)),
        ({"kind": "nth_weekday", "nth": -1, "weekday": "fri"}, date(2026, 6, 1), date(2026, 6, 26)),
        ({"kind": "day_of_month", "day": 5}, date(2026, 12, 31), date(2027, 1, 5)),
    ],
)
def test_next_member_day(terms: dict[str, Any], after: date, expected: date) -> None:
    parsed = MEMBER_DAY.validate_python(terms)
    assert next_member_day(parsed, after) == expected
    assert is_member_day(parsed, expected)


def test_a_streak_grows_ends_its_cycle_with_a_bonus_and_begins_again() -> None:
    params = CheckInParams(first=1, step=2, most=7, cycle=5, bonus=10)
    assert [reward(params, day) for day in range(1, 8)] == [1, 3, 5, 7, 17, 1, 3]
    assert tomorrow(params, 0) == 1
    assert tomorrow(params, 4) == 17
    assert collected(params, 5) == 33


def test_a_streak_without_a_cycle_stays_at_the_most() -> None:
    params = CheckInParams(first=1, step=1, most=3)
    assert [reward(params, day) for day in range(1, 6)] == [1, 2, 3, 3, 3]


@pytest.mark.parametrize(
    ("kind", "rule", "more", "points"),
    [
        (OccasionKind.JOINED, {"rule": "welcome", "params": {"points": 9, "at": "joined"}}, {}, 9),
        (OccasionKind.VERIFIED, {"rule": "welcome", "params": {"points": 9, "at": "joined"}}, {}, 0),
        (OccasionKind.VERIFIED, {"rule": "welcome", "params": {"points": 9, "at": "verified"}}, {}, 9),
        (OccasionKind.BIRTHDAY, {"rule": "birthday", "params": {"points": 9}}, {}, 9),
        (
            OccasionKind.MILESTONE,
            {"rule": "milestone", "params": {"mark": 100, "points": 9}},
            {"earned_after": 99},
            0,
        ),
        (
            OccasionKind.MILESTONE,
            {"rule": "milestone", "params": {"mark": 100, "points": 9}},
            {"earned_after": 100},
            9,
        ),
        (
            OccasionKind.MILESTONE,
            {"rule": "milestone", "params": {"mark": 50, "points": 9}},
            {"earned_after": 100},
            0,
        ),
        (OccasionKind.CHECK_IN, {"rule": "check_in", "params": {}}, {"streak": 3}, 3),
        (OccasionKind.CHECK_IN, {"rule": "check_in", "params": {}}, {"streak": 0}, 0),
    ],
)
def test_moments(kind: OccasionKind, rule: dict[str, Any], more: dict[str, Any], points: int) -> None:
    version = version_of({"rules": [{"id": "r", **rule}]})
    member = a_member(birthday=date(1990, 6, 15), earned_before=50)
    decision = decided_on(version, member_occasion(version, kind, member, at=AT, **more))
    assert decision.points == decision.free_points == points
    assert decision.by_line == ()
