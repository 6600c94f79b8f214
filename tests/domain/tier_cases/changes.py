"""Dated cases of grants, refunds, new versions and changed clocks; data only."""

from __future__ import annotations

from datetime import date

from loyalty_plugin.domain.tiers.terms import (
    LastsFor,
    Rolling,
)
from loyalty_plugin.domain.tiers.versions import TierVersion
from tests.domain.tierkit import (
    CALENDAR,
    SLIDING,
    Case,
    any_of,
    both,
    granted,
    ladder,
    refunded,
)

CASES = [
    # grants
    Case(
        "a grant, on its first day and after its last",
        ["2025-04-30 basic", "2025-05-01 vip until 2025-07-31", "2025-07-31 vip", "2025-08-01 basic"],
        grants=[granted("vip", "2025-05-01", "2025-07-31")],
    ),
    Case(
        "grants are stacked: the highest that runs",
        ["2025-06-01 vip until 2025-06-30", "2025-07-01 premium until 2025-12-31", "2026-01-01 basic"],
        grants=[granted("premium", "2025-05-01", "2025-12-31"), granted("vip", "2025-06-01", "2025-06-30")],
    ),
    Case(
        "a grant below what is earned changes nothing, and carries on after it",
        ["2025-06-01 vip until 2026-03-15", "2026-03-16 premium"],
        ["2025-03-15 spend 1000"],
        grants=[granted("premium", "2025-05-01")],
    ),
    Case(
        "a grant for ever is never wiped",
        ["2035-01-01 vip"],
        ["2025-03-15 spend 500"],
        grants=[granted("vip", "2025-05-01")],
    ),
    Case(
        "earned and granted: until the later of both",
        ["2025-06-01 vip until 2026-12-31", "2027-01-01 basic"],
        ["2025-03-15 spend 1000"],
        grants=[granted("vip", "2025-05-01", "2026-12-31")],
    ),
    Case(
        "a grant of a tier that is gone is silent",
        ["2025-06-01 basic"],
        grants=[granted("platinum", "2025-05-01")],
    ),
    # refunds
    Case(
        "a refund takes the tier with it, from the day it is known",
        ["2025-03-15 vip", "2025-03-19 vip", "2025-03-20 basic"],
        ["2025-03-15 spend 1000"],
        more=refunded("2025-03-15 spend 1000", "2025-03-20"),
    ),
    Case(
        "a refund in part leaves what the rest earned",
        ["2025-03-19 vip", "2025-03-20 premium until 2026-03-15"],
        ["2025-03-15 spend 1000"],
        more=refunded("2025-03-15 spend 400", "2025-03-20"),
    ),
    Case(
        "a refund of what was not needed changes nothing",
        ["2025-03-20 vip until 2026-03-15"],
        ["2025-03-15 spend 1000", "2025-03-16 spend 100"],
        more=refunded("2025-03-16 spend 100", "2025-03-20"),
    ),
    Case(
        "a refund moves the day of earning to the purchase that then made it",
        ["2025-05-01 premium until 2026-03-15", "2025-05-10 premium until 2026-04-20"],
        ["2025-03-15 spend 500", "2025-04-20 spend 600"],
        ladder(vip={"entry": any_of({"spend": 5000})}),
        more=refunded("2025-03-15 spend 500", "2025-05-10"),
    ),
    Case(
        "points taken off by staff count from their own day: the earned period stays",
        ["2025-03-21 premium until 2026-03-15"],
        ["2025-03-15 spend 500", "2025-03-20 spend -400"],
    ),
    # versions
    Case(
        "a harder version leaves what is earned until its period ends",
        ["2025-07-01 premium until 2026-03-15", "2026-03-16 basic"],
        ["2025-03-15 spend 500", "2025-06-01 spend 500"],
        ladder(vip={"entry": any_of({"spend": 5000})}),
        later=[TierVersion(date(2025, 7, 1), both(entry=any_of({"spend": 9000}))[:2])],
    ),
    Case(
        "unless it re-evaluates",
        ["2025-06-30 premium", "2025-07-01 basic"],
        ["2025-03-15 spend 500"],
        later=[TierVersion(date(2025, 7, 1), both(entry=any_of({"spend": 9000}))[:2], re_evaluate=True)],
    ),
    Case(
        "an easier version lets in on its first day",
        ["2025-06-30 basic", "2025-07-01 premium until 2026-07-01"],
        ["2025-03-15 spend 400"],
        later=[TierVersion(date(2025, 7, 1), ladder(premium={"entry": any_of({"spend": 300})}))],
    ),
    Case(
        "a period that ends on the old version's last day is judged by the old version",
        ["2025-12-31 premium", "2026-01-01 premium until 2026-12-31"],
        ["2024-06-01 spend 500", "2025-06-01 spend 500"],
        both(**CALENDAR),
        joined="2024-01-10",
        later=[TierVersion(date(2026, 1, 1), both(**CALENDAR, entry=any_of({"spend": 9000}))[:2])],
    ),
    Case(
        "a tier that is gone hands its period to the next below",
        ["2025-06-30 vip", "2025-07-01 premium until 2026-03-15", "2026-03-16 basic"],
        ["2025-03-15 spend 1000"],
        ladder(premium={"entry": any_of({"orders": 9})}),
        later=[TierVersion(date(2025, 7, 1), ladder(premium={"entry": any_of({"orders": 9})})[:2])],
    ),
    Case(
        "held day by day becomes a period that was assured",
        ["2025-07-01 premium until 2026-03-14", "2026-03-15 basic"],
        ["2025-03-15 spend 500"],
        both(**SLIDING),
        later=[TierVersion(date(2025, 7, 1), both(entry=any_of({"spend": 9000}))[:2])],
    ),
    # days are the programme's own, so a night with a changed clock is a night
    Case(
        "the days around a change of clocks are days",
        ["2025-03-29 basic", "2025-03-30 premium until 2025-10-26", "2025-10-27 basic"],
        ["2025-03-30 spend 500"],
        both(window=Rolling(days=1), lasts=LastsFor(days=210)),
    ),
]
