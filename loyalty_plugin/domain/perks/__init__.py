"""Member prices: what perks lower, by one rule and above a floor, and the base that makes Saleor arrive at it."""

from loyalty_plugin.domain.perks.bases import arrived, base_for, corrected_base
from loyalty_plugin.domain.perks.floors import above_floors
from loyalty_plugin.domain.perks.lines import Held, QuotedLine, QuotedPart, Setting, WhyNot
from loyalty_plugin.domain.perks.quote import barred_lines, kept_for, quote
from loyalty_plugin.domain.perks.resolved import (
    ResolvedPerk,
    for_whom,
    for_whom_and_when,
    in_force,
    resolve_perks,
)
from loyalty_plugin.domain.perks.thresholds import CartDiscount, Sending, Thresholds, never_dearer

__all__ = [
    "CartDiscount",
    "Held",
    "QuotedLine",
    "QuotedPart",
    "ResolvedPerk",
    "Sending",
    "Setting",
    "Thresholds",
    "WhyNot",
    "above_floors",
    "arrived",
    "barred_lines",
    "base_for",
    "corrected_base",
    "for_whom",
    "for_whom_and_when",
    "in_force",
    "kept_for",
    "never_dearer",
    "quote",
    "resolve_perks",
]
