"""Paying with points and stored value: what may be paid so, what is reserved for it, and what an order then uses."""

from loyalty_plugin.domain.paying.judging import Verdict, judge
from loyalty_plugin.domain.paying.parts import Parts, used
from loyalty_plugin.domain.paying.room import Payable, Wallet, compose, payable, payable_of
from loyalty_plugin.domain.paying.terms import Excluded, PayingTerms, PointsTerms

__all__ = [
    "Excluded",
    "Parts",
    "Payable",
    "PayingTerms",
    "PointsTerms",
    "Verdict",
    "Wallet",
    "compose",
    "judge",
    "payable",
    "payable_of",
    "used",
]
