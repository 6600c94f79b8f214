"""No cart discount takes a member price below its floor: prices are raised, or dropped where nothing is left of them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty_plugin.domain.facts import CheckoutLineFact
from loyalty_plugin.domain.perks import CartDiscount, QuotedLine, Thresholds, above_floors
from loyalty_plugin.domain.perks.terms import PriceTerms
from tests.scale import scaled


def _lines(*listed: tuple[int, int]) -> list[CheckoutLineFact]:
    """Lines by list price and pieces."""
    return [
        CheckoutLineFact(f"l{n}", f"v{n}", f"p{n}", pieces, price, price, price)
        for n, (price, pieces) in enumerate(listed)
    ]


def _quotes(lines: list[CheckoutLineFact], *units: int | None) -> list[QuotedLine]:
    return [
        QuotedLine(line.line_id, line.promotion_price, None)
        if unit is None
        else QuotedLine(line.line_id, unit, unit, "p", "percent_off")
        for line, unit in zip(lines, units, strict=True)
    ]


def _terms(share: int, **more: Any) -> PriceTerms:
    return PriceTerms.model_validate({"floors": [{"share": share}], **more})


TENTH = CartDiscount(off=1_000)


@pytest.mark.parametrize(
    ("share", "thresholds", "expected"),
    [
        (8_500, Thresholds(), (900, "")),
        (8_000, Thresholds(voucher=TENTH), (900, "")),
        (8_500, Thresholds(voucher=TENTH), (945, "")),
        (8_500, Thresholds((TENTH,)), (945, "")),
        (8_500, Thresholds(voucher=CartDiscount(fixed=90)), (945, "")),
        (8_500, Thresholds(voucher=CartDiscount(20_000, off=1_000)), (900, "")),
        # It comes only once the price is raised, and then it counts.
        (8_500, Thresholds((CartDiscount(920, off=1_000),)), (945, "")),
        (9_000, Thresholds(voucher=TENTH), (1_000, "floor")),
        (5_000, Thresholds(voucher=CartDiscount(must_stay=True)), (1_000, "floor")),
        (5_000, Thresholds(voucher=CartDiscount(must_stay=True, lowers=False)), (900, "")),
        (5_000, Thresholds(voucher=CartDiscount(fixed=5_000)), (1_000, "floor")),
    ],
)
def test_what_a_cart_discount_leaves_of_a_member_price(
    share: int, thresholds: Thresholds, expected: tuple[int, str]
):
    lines = _lines((1_000, 1))
    [quote] = above_floors(lines, _quotes(lines, 900), thresholds, _terms(share))
    assert (quote.unit_price, quote.why_not) == expected
    assert (quote.base is None) is bool(quote.why_not)
    assert ("floor" in quote.held) is (quote.unit_price == 945)


def test_without_floors_and_member_prices_nothing_is_touched():
    lines = _lines((1_000, 1))
    for terms, unit in ((PriceTerms(), 900), (_terms(9_999), None)):
        quotes = _quotes(lines, unit)
        assert above_floors(lines, quotes, Thresholds(voucher=TENTH), terms) == tuple(quotes)


@settings(max_examples=scaled(40, 2_000))
@given(
    listed=st.lists(st.tuples(st.integers(2, 50_000), st.integers(1, 9)), min_size=1, max_size=4),
    off=st.integers(1, 9_999),
    fixed=st.integers(0, 20_000),
    share=st.integers(1, 10_000),
    step=st.sampled_from([1, 5, 100]),
    data=st.data(),
)
def test_what_is_left_of_a_member_price_is_never_below_its_floor(
    listed: list[tuple[int, int]], off: int, fixed: int, share: int, step: int, data: st.DataObject
):
    lines = _lines(*listed)
    terms = _terms(share, step=step)
    units = [
        unit if (unit := data.draw(st.integers(1, line.list_price - 1))) >= terms.floor(line) else None
        for line in lines
    ]
    voucher = data.draw(st.sampled_from([CartDiscount(off=off), CartDiscount(fixed=fixed)]))
    quotes = above_floors(lines, _quotes(lines, *units), Thresholds(voucher=voucher), terms)
    subtotal = sum(q.unit_price * line.quantity for q, line in zip(quotes, lines, strict=True))
    kept = Fraction(
        subtotal - min(voucher.off * subtotal / Fraction(10_000) + voucher.fixed, subtotal), subtotal
    )
    for quote, line in zip(quotes, lines, strict=True):
        if quote.base is not None:
            assert quote.unit_price * kept >= terms.floor(line) - 1
            assert quote.unit_price < line.promotion_price
