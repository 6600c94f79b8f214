"""The contract of perks: what `price` may answer for any line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from loyalty_plugin import registry
from loyalty_plugin.domain.extensions import PriceOffer
from loyalty_plugin.testing.contracts import (
    ContractBroken,
    ask,
    check_data,
    check_params,
    check_shape,
    demand,
    for_all,
)
from loyalty_plugin.testing.occasions import checkout_lines, days, members


def check_perk(perk: type, params: Mapping[str, Any], *, examples: int = 200) -> None:
    """Check a perk with example parameters (JSON data) on random checkout lines. Raises ContractBroken."""
    made = check_shape(perk, registry.perks, "price")
    who = perk.__name__
    parsed = check_params(made, params)
    applied = []

    def on(case: tuple[Any, Any, Any]) -> None:
        line, member, day = case
        offer = ask(f"{who}.price", lambda: made.price(parsed, line, member, day))
        if offer is None:
            return
        if not isinstance(offer, PriceOffer):
            raise ContractBroken(f"{who}.price must answer with a PriceOffer or None")
        whole = isinstance(offer.unit_price, int) and not isinstance(offer.unit_price, bool)
        demand(whole, f"{who} answers {offer.unit_price!r}; a price is in whole minor units")
        demand(offer.unit_price >= 0, f"{who} answers a price below zero")
        demand(offer.unit_price <= line.list_price, f"{who} answers a price above the list price")
        demand(isinstance(offer.reason, str) and bool(offer.reason), f"{who} gives a price without a reason")
        check_data(who, offer.data)
        applied.append(True)

    for_all(st.tuples(checkout_lines(), members(), days), on, examples)
    demand(bool(applied), f"{who} applied to none of {examples} lines; can its parameters ever be met?")
