"""The contract of earning rules: what `award` may answer on any occasion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from loyalty_plugin import registry
from loyalty_plugin.domain.extensions import Counting, Hint, Hinting, Occasion, OccasionKind, Offer
from loyalty_plugin.testing.contracts import (
    ContractBroken,
    ask,
    check_data,
    check_params,
    check_shape,
    demand,
    demand_same_in_any_tier,
    exact,
    for_all,
)
from loyalty_plugin.testing.occasions import PRODUCTS, occasions


def check_earning_rule(
    rule: type,
    params: Mapping[str, Any],
    *,
    currency: str = "EUR",
    extra: st.SearchStrategy[dict[str, Any]] | None = None,
    examples: int = 100,
) -> None:
    """Check an earning rule with example parameters on random occasions. Raises ContractBroken.

    `params` is JSON data; name products, categories, tiers and channels of loyalty_plugin.testing.occasions
    in it, so that the rule has work to do. `extra` generates what the rule expects in `occasion.extra`.
    """
    made = check_shape(rule, registry.rules, "award")
    who = rule.__name__
    kinds = made.occasions
    demand(
        isinstance(kinds, frozenset) and bool(kinds) and all(isinstance(k, OccasionKind) for k in kinds),
        f"{who}.occasions must be a frozenset of at least one OccasionKind",
    )
    parsed = check_params(made, params)
    counted: frozenset[str] = frozenset(PRODUCTS)
    if isinstance(made, Counting):
        counted |= made.counted_products(parsed)
    gave = []

    def on(occasion: Occasion) -> None:
        if isinstance(made, Hinting):
            for hint in ask(f"{who}.hints", lambda: tuple(made.hints(parsed, occasion))):
                demand(isinstance(hint, Hint), f"{who}.hints must answer with Hints")
                check_data(f"{who}.hints", hint.data)
        offer = ask(f"{who}.award", lambda: made.award(parsed, occasion))
        demand_same_in_any_tier(f"{who}.award", made, lambda one: made.award(parsed, one), occasion)
        if offer is None:
            return
        _check_offer(who, offer, occasion)
        if offer.points:
            gave.append(True)

    for_all(occasions(kinds, currency=currency, extra=extra, counted=counted), on, examples)
    demand(
        bool(gave),
        f"{who} gave nothing on {examples} occasions; do its parameters name products, channels or tiers of "
        "loyalty_plugin.testing.occasions?",
    )


def _check_offer(who: str, offer: object, occasion: Occasion) -> None:
    if not isinstance(offer, Offer):
        raise ContractBroken(f"{who}.award must answer with an Offer or None, not {type(offer).__name__}")
    demand(
        not isinstance(offer.points, float), f"{who} gives {offer.points!r} points: a float; use a Fraction"
    )
    demand(exact(offer.points), f"{who} gives {offer.points!r} points; a Fraction or whole number is needed")
    demand(offer.points >= 0, f"{who} gives {offer.points} points; a rule never takes points away")
    demand(isinstance(offer.reason, str) and bool(offer.reason), f"{who} gives points without a reason")
    check_data(who, offer.data)
    parts = [part for _, part in offer.by_line]
    demand(all(exact(part) for part in parts), f"{who} gives a line's part that is no Fraction")
    demand(all(part >= 0 for part in parts), f"{who} gives a line a negative part")
    demand(
        sum(parts) <= offer.points,
        f"{who} shares {sum(parts)} points out to lines, but gives only {offer.points}",
    )
    ids = [line_id for line_id, _ in offer.by_line]
    demand(len(set(ids)) == len(ids), f"{who} names a line twice")
    known = {line.line_id for line, _ in occasion.lines}
    demand(set(ids) <= known, f"{who} gives points for a line that does not count on this occasion")
