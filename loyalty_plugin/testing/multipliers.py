"""The contract of multipliers: what `factor` may answer on any order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from loyalty_plugin import registry
from loyalty_plugin.domain.extensions import Hint, Hinting, Occasion, OccasionKind
from loyalty_plugin.testing.contracts import (
    ask,
    check_data,
    check_params,
    check_shape,
    demand,
    demand_same_in_any_tier,
    exact,
    for_all,
)
from loyalty_plugin.testing.occasions import occasions


def check_multiplier(
    multiplier: type,
    params: Mapping[str, Any],
    *,
    extra: st.SearchStrategy[dict[str, Any]] | None = None,
    examples: int = 200,
) -> None:
    """Check a multiplier with example parameters (JSON data) on random orders. Raises ContractBroken."""
    made = check_shape(multiplier, registry.multipliers, "factor")
    who = multiplier.__name__
    parsed = check_params(made, params)
    applied = []

    def on(occasion: Occasion) -> None:
        rate = ask(f"{who}.factor", lambda: made.factor(parsed, occasion))
        if isinstance(made, Hinting):
            for hint in ask(f"{who}.hints", lambda: tuple(made.hints(parsed, occasion))):
                demand(isinstance(hint, Hint), f"{who}.hints must answer with Hints")
                check_data(f"{who}.hints", hint.data)
        demand_same_in_any_tier(f"{who}.factor", made, lambda one: made.factor(parsed, one), occasion)
        if rate is None:
            return
        demand(not isinstance(rate, float), f"{who} answers {rate!r}: a float; use a Fraction")
        demand(exact(rate), f"{who} answers {rate!r}; a Fraction or None is needed")
        demand(rate >= 0, f"{who} answers {rate}; a rate is never below zero")
        applied.append(True)

    for_all(occasions([OccasionKind.ORDER], extra=extra), on, examples)
    demand(bool(applied), f"{who} applied to none of {examples} orders; can its parameters ever be met?")
