"""Money, points and rates: exact or refused, for currencies of no, two and three decimals."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_plugin.domain.values import (
    MAX_AMOUNT,
    Money,
    check_amount,
    currency_exponent,
    floor_points,
    parse_decimal,
    parse_rate,
    spread,
)
from loyalty_plugin.errors import CurrencyMismatch, InvalidAmount, TooManyDecimals, UnknownCurrency

currencies = st.sampled_from(["JPY", "EUR", "KWD"])


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("1200", "JPY", 1200),
        ("12.50", "EUR", 1250),
        ("12.5", "EUR", 1250),
        ("0.01", "EUR", 1),
        ("-0.01", "EUR", -1),
        ("1.234", "KWD", 1234),
        ("1.5", "KWD", 1500),
        ("1.500", "EUR", 150),
        ("1e2", "JPY", 100),
        (7, "EUR", 700),
        (Decimal("7.07"), "EUR", 707),
        ("0", "JPY", 0),
        ("90000000000000.00", "EUR", MAX_AMOUNT),
    ],
)
def test_money_in_minor_units(text: Any, currency: str, minor: int) -> None:
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    ("text", "currency", "error"),
    [
        ("1.5", "JPY", TooManyDecimals),
        ("1.005", "EUR", TooManyDecimals),
        ("1.0005", "KWD", TooManyDecimals),
        ("1e-9", "EUR", TooManyDecimals),
        ("NaN", "EUR", InvalidAmount),
        ("sNaN", "EUR", InvalidAmount),
        ("Infinity", "EUR", InvalidAmount),
        ("-inf", "EUR", InvalidAmount),
        ("", "EUR", InvalidAmount),
        ("12,50", "EUR", InvalidAmount),
        ("12.50 EUR", "EUR", InvalidAmount),
        (12.5, "EUR", InvalidAmount),
        (True, "EUR", InvalidAmount),
        (None, "EUR", InvalidAmount),
        ("90000000000000.01", "EUR", InvalidAmount),
        ("-90000000000000.01", "EUR", InvalidAmount),
        ("1e999999", "EUR", InvalidAmount),
        ("9" * 40, "EUR", InvalidAmount),
        ("1", "eur", UnknownCurrency),
        ("1", "EURO", UnknownCurrency),
        ("1", "", UnknownCurrency),
        ("1", "E€R", UnknownCurrency),
        ("1", "12A", UnknownCurrency),
    ],
)
def test_money_that_is_none(text: Any, currency: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        Money.parse(text, currency)


@given(st.integers(-MAX_AMOUNT, MAX_AMOUNT), currencies)
def test_money_survives_its_words(amount: int, currency: str) -> None:
    money = Money(amount, currency)
    number, code = str(money).split()
    assert Money.parse(number, code) == money
    assert Money.parse(money.decimal, currency) == money
    assert len(number.partition(".")[2]) == currency_exponent(currency)


@given(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12), currencies)
def test_money_adds_up(one: int, other: int, currency: str) -> None:
    total = Money(one, currency) + Money(other, currency)
    assert total.amount == one + other
    assert total - Money(other, currency) == Money(one, currency)


def test_two_currencies_do_not_add_up() -> None:
    with pytest.raises(CurrencyMismatch):
        Money(1, "EUR") + Money(1, "JPY")
    with pytest.raises(CurrencyMismatch):
        Money(1, "EUR") - Money(1, "JPY")


@pytest.mark.parametrize("amount", [-1, MAX_AMOUNT + 1, 1.0, True, "1", None, float("nan"), Decimal(1)])
def test_an_amount_that_is_none(amount: Any) -> None:
    with pytest.raises(InvalidAmount):
        check_amount(amount)


def test_zero_is_an_amount_only_where_it_may_be() -> None:
    assert check_amount(0) == 0
    assert check_amount(MAX_AMOUNT, zero=False) == MAX_AMOUNT
    with pytest.raises(InvalidAmount):
        check_amount(0, zero=False)


def test_a_decimal_is_kept_as_it_is() -> None:
    assert parse_decimal("0.10") == Decimal("0.10")
    with pytest.raises(InvalidAmount):
        parse_decimal("1e31")


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("1.5", Fraction(3, 2)),
        ("1/3", Fraction(1, 3)),
        ("0", Fraction(0)),
        (2, Fraction(2)),
        ("0.1", Fraction(1, 10)),
    ],
)
def test_rates_are_exact(text: Any, rate: Fraction) -> None:
    assert parse_rate(text) == rate


@pytest.mark.parametrize("text", ["-1", "-1/3", "1/0", "1/", "/3", "1/3/5", "x", "NaN", "NaN/1", 1.5, True])
def test_rates_that_are_none(text: Any) -> None:
    with pytest.raises(InvalidAmount):
        parse_rate(text)


@given(st.fractions(0, 10**9))
def test_points_are_rounded_down_by_less_than_one(exact: Fraction) -> None:
    assert 0 <= exact - floor_points(exact) < 1


@pytest.mark.parametrize("exact", [Fraction(-1, 2), Fraction(MAX_AMOUNT + 1)])
def test_points_out_of_range(exact: Fraction) -> None:
    with pytest.raises(InvalidAmount):
        floor_points(exact)


# spreading by largest remainder

weights = st.lists(st.integers(0, 10**6) | st.fractions(0, 1000), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("total", "parts", "expected"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (2, [1, 1, 1], [1, 1, 0]),
        (10, [0, 3, 7], [0, 3, 7]),
        (5, [0, 0], [5, 0]),
        (0, [1, 2], [0, 0]),
        (1, [1, 2], [0, 1]),
        (7, [Fraction(1, 3), Fraction(2, 3)], [2, 5]),
        (7, [10], [7]),
    ],
)
def test_spread_by_hand(total: int, parts: list[int | Fraction], expected: list[int]) -> None:
    assert spread(total, parts) == expected


@given(st.integers(0, 10**9), weights)
def test_parts_sum_to_the_total_and_are_within_one_of_exact(total: int, parts: list[int | Fraction]) -> None:
    shares = spread(total, parts)
    assert sum(shares) == total
    whole = sum(map(Fraction, parts), Fraction(0))
    if whole:
        for share, weight in zip(shares, parts, strict=True):
            assert abs(share - Fraction(weight) * total / whole) < 1
            assert share == 0 or weight > 0


@given(st.integers(0, 10**6), weights, st.integers(1, 1000))
def test_only_proportions_matter(total: int, parts: list[int | Fraction], scale: int) -> None:
    assert spread(total, parts) == spread(total, [weight * scale for weight in parts])


@given(st.integers(0, 10**6), weights)
def test_a_larger_weight_never_gets_less(total: int, parts: list[int | Fraction]) -> None:
    if not any(parts):
        return
    shares = spread(total, parts)
    for weight, share in zip(parts, shares, strict=True):
        for other, others in zip(parts, shares, strict=True):
            if weight > other:
                assert share >= others


@pytest.mark.parametrize(("total", "parts"), [(-1, [1]), (1, []), (1, [1, -1]), (1, [Fraction(-1, 2), 1])])
def test_what_can_not_be_spread(total: int, parts: list[int | Fraction]) -> None:
    with pytest.raises(InvalidAmount):
        spread(total, parts)
