"""Dated cases of windows: what is in, what is out, and when a period begins and ends; data only."""

from __future__ import annotations

from loyalty_plugin.domain.tiers.terms import (
    Calendar,
    LastsForever,
    LastsToEndOf,
    Lifetime,
    Rolling,
)
from tests.domain.tierkit import (
    ANNIVERSARY,
    CALENDAR,
    Case,
    any_of,
    both,
    ladder,
)

CASES = [
    # windows
    Case("nothing bought: the lowest tier, for ever", ["2025-01-10 basic", "2031-01-01 basic"]),
    Case(
        "rolling: the threshold is met on its day, not the day before",
        ["2025-03-14 basic", "2025-03-15 premium until 2026-03-15"],
        ["2025-02-01 spend 200", "2025-03-15 spend 300"],
    ),
    Case(
        "rolling: one unit short is short",
        ["2025-12-31 basic"],
        ["2025-02-01 spend 200", "2025-03-15 spend 299"],
    ),
    Case(
        "rolling: what is twelve months old today is out",
        ["2026-02-01 basic"],
        ["2025-02-01 spend 200", "2026-02-01 spend 300"],
    ),
    Case(
        "rolling: the day before it is in",
        ["2026-01-31 premium"],
        ["2025-02-01 spend 200", "2026-01-31 spend 300"],
    ),
    Case(
        "rolling days: thirty days with today",
        ["2025-03-30 premium", "2025-03-29 basic"],
        ["2025-03-01 spend 200", "2025-03-30 spend 300"],
        both(window=Rolling(days=30)),
    ),
    Case(
        "rolling days: the thirty-first is out",
        ["2025-03-31 basic"],
        ["2025-03-01 spend 200", "2025-03-31 spend 300"],
        both(window=Rolling(days=30)),
    ),
    Case(
        "both thresholds at once: straight to VIP",
        ["2025-03-15 vip until 2026-03-15"],
        ["2025-03-15 spend 1500"],
    ),
    Case(
        "calendar year: December does not help January",
        ["2026-01-05 basic", "2025-12-31 basic"],
        ["2025-12-30 spend 400", "2026-01-05 spend 400"],
        both(**CALENDAR),
    ),
    Case(
        "calendar year: earned to the end of the next",
        ["2025-06-01 premium until 2026-12-31", "2026-12-31 premium", "2027-01-01 basic"],
        ["2025-06-01 spend 500"],
        both(**CALENDAR),
    ),
    Case(
        "calendar year: earned again within the next, kept for one more",
        ["2027-01-01 premium until 2027-12-31", "2028-01-01 basic"],
        ["2025-06-01 spend 500", "2026-11-30 spend 500"],
        both(**CALENDAR),
    ),
    Case(
        "calendar month",
        ["2025-02-28 premium until 2025-02-28", "2025-03-01 basic"],
        ["2025-02-01 spend 250", "2025-02-20 spend 250"],
        both(window=Calendar(period="month"), lasts=LastsToEndOf(period="month")),
    ),
    Case(
        "what earned a tier in a calendar window does not keep it too",
        ["2025-12-31 premium until 2025-12-31", "2026-01-01 basic"],
        ["2025-06-01 spend 900"],
        both(window=Calendar(period="year"), lasts=LastsToEndOf(period="year")),
    ),
    Case(
        "calendar quarter to the end of the year",
        ["2025-05-20 premium until 2025-12-31", "2026-01-01 basic"],
        ["2025-04-01 spend 250", "2025-05-20 spend 250"],
        both(window=Calendar(period="quarter"), lasts=LastsToEndOf(period="year")),
    ),
    Case(
        "calendar quarter: March does not help April",
        ["2025-04-02 basic"],
        ["2025-03-31 spend 400", "2025-04-02 spend 400"],
        both(window=Calendar(period="quarter"), lasts=LastsToEndOf(period="year")),
    ),
    Case(
        "anniversary: the year of membership, kept to the end of the next",
        ["2025-12-01 premium until 2027-01-09", "2027-01-09 premium", "2027-01-10 basic"],
        ["2025-12-01 spend 500"],
        both(**ANNIVERSARY),
    ),
    Case(
        "anniversary: the day before and the day do not add up",
        ["2026-01-10 basic"],
        ["2026-01-09 spend 400", "2026-01-10 spend 400"],
        both(**ANNIVERSARY),
    ),
    Case(
        "joined on 29 February: the year begins on the 28th, in a leap year on the 29th",
        ["2025-02-27 basic", "2025-03-01 premium until 2027-02-27", "2027-02-28 basic"],
        ["2025-02-27 spend 400", "2025-02-28 spend 400", "2025-03-01 spend 100"],
        both(**ANNIVERSARY),
        joined="2024-02-29",
    ),
    Case(
        "joined on 29 February: the fourth year ends on 28 February 2028",
        ["2026-06-01 premium until 2028-02-28", "2028-02-28 premium", "2028-02-29 basic"],
        ["2026-06-01 spend 500"],
        both(**ANNIVERSARY),
        joined="2024-02-29",
    ),
    Case(
        "earned on 29 February: until 28 February, and in 2028 until the 29th again",
        [
            "2024-02-29 premium until 2025-02-28",
            "2025-03-01 premium until 2026-02-28",
            "2027-03-01 premium until 2028-02-29",
        ],
        ["2024-02-29 spend 500", "2025-01-01 spend 500", "2026-01-01 spend 500", "2027-01-01 spend 500"],
        ladder(vip={"entry": any_of({"spend": 5000})}),
        joined="2024-01-01",
    ),
    Case(
        "lifetime: years apart add up, and it is for ever",
        ["2029-06-01 premium", "2049-06-01 premium"],
        ["2025-06-01 spend 400", "2029-06-01 spend 100"],
        both(window=Lifetime(), lasts=LastsForever()),
    ),
    Case(
        "bought before joining: counts from the day of joining",
        ["2025-01-10 premium until 2026-01-10"],
        ["2024-11-01 spend 500"],
    ),
]
