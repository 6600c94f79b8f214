"""What stands of an order's points is the exact share of what was decided, rounded down once; no database needed."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from loyalty_plugin.domain.values import MAX_AMOUNT
from loyalty_plugin.services.orders.steps import Net, target

amounts = st.integers(0, MAX_AMOUNT)


@given(decided=amounts, paid=amounts, left=amounts)
def test_the_points_that_stand_are_the_exact_share_rounded_down(decided: int, paid: int, left: int) -> None:
    share = Fraction(min(left, paid), paid) if paid else Fraction(0)
    exact = decided * share
    assert target(decided, Net(paid, left)) == exact.numerator // exact.denominator


@given(decided=amounts, paid=st.integers(1, MAX_AMOUNT))
def test_all_stands_of_what_nothing_was_paid_back_of(decided: int, paid: int) -> None:
    assert target(decided, Net(paid, paid)) == decided
