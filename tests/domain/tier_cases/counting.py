"""Dated cases of what counts towards a tier, alone and together; data only."""

from __future__ import annotations

from datetime import date

from loyalty_plugin.domain.tiers.history import purchase, topup
from loyalty_plugin.domain.tiers.terms import (
    Condition,
    Metric,
    TiersSettings,
)
from tests.domain.tierkit import (
    Case,
    any_of,
    ladder,
)

CASES = [
    # what counts
    Case(
        "qualifying points",
        ["2025-03-15 premium"],
        ["2025-03-15 spend 10, qualifying 70"],
        ladder(premium={"entry": any_of({"qualifying": 70})}),
    ),
    Case(
        "number of orders",
        ["2025-03-02 basic", "2025-03-03 premium"],
        ["2025-03-01 orders 1", "2025-03-02 orders 1", "2025-03-03 orders 1"],
        ladder(premium={"entry": any_of({"orders": 3})}),
    ),
    Case(
        "amount of top-ups",
        ["2025-03-01 premium"],
        tiers=ladder(premium={"entry": any_of({"topup": 300})}),
        more=[*topup(date(2025, 3, 1), "T1", 300)],
    ),
    Case(
        "frequency of top-ups",
        ["2025-03-02 basic", "2025-04-01 premium"],
        tiers=ladder(premium={"entry": any_of({"topup_count": 2})}),
        more=[*topup(date(2025, 3, 1), "T1", 5), *topup(date(2025, 4, 1), "T2", 5)],
    ),
    Case(
        "one of two products bought",
        ["2025-03-01 basic", "2025-03-02 premium"],
        ["2025-03-01 cup 1", "2025-03-02 gold-card 1"],
        ladder(
            premium={
                "entry": any_of(
                    (Condition(metric=Metric.PRODUCT, at_least=1, products=("gold-card", "gold-box")),)
                )
            }
        ),
    ),
    Case(
        "all of: spend alone is not enough, the third order makes it",
        ["2025-03-01 basic", "2025-03-03 premium"],
        ["2025-03-01 spend 500, orders 1", "2025-03-02 orders 1", "2025-03-03 orders 1"],
        ladder(premium={"entry": any_of({"spend": 500, "orders": 3})}),
    ),
    Case(
        "any of: either way leads in",
        ["2025-03-01 premium"],
        ["2025-03-01 topup 100"],
        ladder(premium={"entry": any_of({"spend": 500}, {"topup": 100})}),
    ),
    Case(
        "money qualifies once: paid from stored value, it counted when it was topped up",
        ["2025-03-01 basic", "2025-04-01 basic"],
        more=[
            *topup(date(2025, 3, 1), "T1", 400),
            *purchase(date(2025, 4, 1), "O1", spend=500, from_stored_value=400),
        ],
    ),
    Case(
        "or when it is spent, by setting",
        ["2025-03-01 basic", "2025-04-01 premium"],
        tiers=ladder(premium={"entry": any_of({"spend": 500}, {"topup": 100})}),
        more=[
            *topup(date(2025, 3, 1), "T1", 400, TiersSettings(stored_value_counts="spend")),
            *purchase(
                date(2025, 4, 1),
                "O1",
                spend=500,
                from_stored_value=400,
                settings=TiersSettings(stored_value_counts="spend"),
            ),
        ],
    ),
]
