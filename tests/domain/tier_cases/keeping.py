"""Dated cases of how long a tier lasts, what keeps it, grace and stepping down; data only."""

from __future__ import annotations

from loyalty_plugin.domain.tiers.terms import (
    LastsFor,
    LastsWithWindow,
    Lifetime,
    Rolling,
)
from tests.domain.tierkit import (
    CALENDAR,
    SLIDING,
    YEAR,
    Case,
    any_of,
    both,
    ladder,
)

CASES = [
    # keep, apart from entry
    Case(
        "kept by the entry rule where there is no other",
        ["2026-03-16 premium until 2027-03-15", "2027-03-16 basic"],
        ["2025-03-15 spend 500", "2025-09-01 spend 500"],
        ladder(vip={"entry": any_of({"spend": 5000})}),
    ),
    Case(
        "an easier keep rule",
        ["2026-03-15 premium", "2026-03-16 premium until 2027-03-15", "2027-03-16 basic"],
        ["2025-03-15 spend 500", "2025-09-01 spend 200"],
        ladder(premium={"keep": any_of({"spend": 200})}),
    ),
    Case(
        "the keep rule does not let in",
        ["2025-12-31 basic"],
        ["2025-03-15 spend 400"],
        ladder(premium={"keep": any_of({"spend": 200})}),
    ),
    Case(
        "a keep rule of its own kind and window",
        ["2026-03-16 premium until 2027-03-15", "2027-03-16 basic"],
        ["2025-03-15 spend 500", "2026-02-01 orders 1", "2026-03-01 orders 1"],
        ladder(premium={"keep": any_of({"orders": 2}), "keep_window": Rolling(months=3)}),
    ),
    Case(
        "a lifetime's entry, lost by its own keep rule, is not entered by the same money again",
        ["2026-03-15 premium", "2026-03-16 basic", "2026-06-01 basic", "2026-07-01 premium"],
        ["2025-03-15 spend 500", "2026-06-01 spend 100", "2026-07-01 spend 400"],
        ladder(
            premium={
                "window": Lifetime(),
                "keep": any_of({"spend": 200}),
                "keep_window": Rolling(months=12),
                "lasts": YEAR,
            },
            vip={"entry": any_of({"spend": 5000})},
        ),
    ),
    Case(
        "held day by day while the rolling window holds enough",
        ["2025-05-01 premium until 2026-03-14", "2026-03-14 premium", "2026-03-15 basic"],
        ["2025-03-15 spend 100", "2025-05-01 spend 400"],
        both(**SLIDING),
    ),
    Case(
        "a purchase in time lets the window slide on",
        ["2026-03-15 premium until 2026-04-30", "2026-05-01 basic"],
        ["2025-03-15 spend 100", "2025-05-01 spend 400", "2026-03-01 spend 100"],
        both(**SLIDING),
    ),
    Case(
        "what came while it was held day by day does not earn it again",
        ["2025-04-19 premium", "2025-04-20 basic", "2025-06-01 basic", "2025-06-10 premium"],
        ["2025-03-15 spend 500", "2025-03-20 spend 500", "2025-06-01 spend 10", "2025-06-10 spend 490"],
        ladder(
            premium={
                "keep": any_of({"spend": 1}),
                "keep_window": Rolling(months=1),
                "lasts": LastsWithWindow(),
            },
            vip={"entry": any_of({"spend": 5000})},
        ),
    ),
    # lasting
    Case(
        "lasts six months while twelve are looked at: still enough, so six more",
        ["2025-09-15 premium", "2025-09-16 premium until 2026-03-15", "2026-03-16 basic"],
        ["2025-03-15 spend 500"],
        both(lasts=LastsFor(months=6)),
    ),
    Case(
        "31 August and six months is 28 February",
        ["2025-08-31 premium until 2026-02-28", "2026-03-01 basic"],
        ["2025-08-31 spend 500"],
        both(window=Rolling(months=1), lasts=LastsFor(months=6)),
    ),
    Case(
        "each tier ends by itself: VIP for a month, premium meanwhile goes on",
        ["2025-03-20 vip until 2025-04-20", "2025-04-21 premium until 2026-03-15"],
        ["2025-03-15 spend 500", "2025-03-20 spend 500"],
        ladder(vip={"window": Rolling(months=1), "lasts": LastsFor(months=1)}),
    ),
    # grace
    Case(
        "grace: held thirty days more, then lost",
        [
            "2026-03-15 premium until 2026-03-15",
            "2026-03-16 premium grace 2026-04-14",
            "2026-04-14 premium grace 2026-04-14",
            "2026-04-15 basic",
        ],
        ["2025-03-15 spend 500"],
        both(grace_days=30),
    ),
    Case(
        "grace: made good in it, and the periods follow on as if never broken",
        ["2026-04-10 premium until 2027-03-15"],
        ["2025-03-15 spend 500", "2026-03-01 spend 300", "2026-04-10 spend 200"],
        both(grace_days=30),
    ),
    Case(
        "grace: the calendar window stays open",
        ["2027-01-31 premium grace 2027-01-31", "2027-02-01 basic"],
        ["2025-06-01 spend 500", "2026-12-01 spend 300", "2027-02-01 spend 200"],
        both(**CALENDAR, grace_days=31),
    ),
    Case(
        "grace: what saved the last year does not count for the next",
        ["2027-01-20 premium until 2027-12-31", "2028-02-01 basic"],
        ["2025-06-01 spend 500", "2026-12-01 spend 300", "2027-01-20 spend 250", "2027-06-01 spend 300"],
        both(**CALENDAR, grace_days=31),
    ),
    Case(
        "grace: earned anew in it, where the tier is held day by day",
        [
            "2025-04-15 premium grace 2025-05-14",
            "2025-05-01 premium until 2025-05-01",
            "2025-05-02 premium grace 2025-05-31",
            "2025-06-01 basic",
        ],
        ["2025-03-15 orders 2, spend 100", "2025-05-01 orders 2"],
        ladder(
            premium={
                "entry": any_of({"orders": 2}),
                "keep": any_of({"spend": 100}),
                "keep_window": Rolling(months=1),
                "lasts": LastsWithWindow(),
                "grace_days": 30,
            },
            vip={"entry": any_of({"spend": 5000})},
        ),
    ),
    # stepping down
    Case(
        "down to what is earned: nothing of it is left",
        ["2026-03-15 vip", "2026-03-16 basic"],
        ["2025-03-15 spend 1000"],
    ),
    Case(
        "down to what is earned: enough for premium",
        ["2026-03-16 premium until 2027-03-15"],
        ["2025-03-15 spend 1000", "2025-08-01 spend 600"],
    ),
    Case(
        "down by one, for a period of its own",
        ["2026-03-16 premium until 2027-03-16", "2027-03-17 basic"],
        ["2025-03-15 spend 1000"],
        ladder(vip={"step_down": "one"}),
    ),
    Case(
        "down by one, over a tier that has no period and is not kept",
        ["2026-03-15 vip", "2026-03-16 basic"],
        ["2025-03-15 spend 1000"],
        ladder(premium=SLIDING, vip={"step_down": "one"}),
    ),
]
