"""Card numbers: their check digits find slips of the hand, and nothing else passes for a number."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from loyalty_plugin.domain.cards.numbers import Check, NumberScheme, check_digit, grouped
from loyalty_plugin.errors import InvalidInput

SCHEME = NumberScheme()
drawn = st.integers(0, SCHEME.room - 1)


@pytest.mark.parametrize(
    ("check", "digits", "expected"),
    [
        (Check.DAMM, "572", "4"),  # the example of Damm's own thesis
        (Check.DAMM, "", "0"),
        (Check.LUHN, "7992739871", "3"),
        (Check.LUHN, "1789372997", "4"),
    ],
)
def test_known_check_digits(check: Check, digits: str, expected: str) -> None:
    assert check_digit(digits, check) == expected


@given(drawn)
def test_a_number_has_prefix_and_length_and_is_read_as_printed(n: int) -> None:
    number = SCHEME.compose(n)
    assert len(number) == 16
    assert number.startswith("90")
    assert SCHEME.parse(grouped(number)) == number


@given(drawn, st.integers(2, 15), st.integers(1, 9))
def test_one_wrong_digit_is_found(n: int, place: int, shift: int) -> None:
    number = SCHEME.compose(n)
    wrong = str((int(number[place]) + shift) % 10)
    with pytest.raises(InvalidInput) as refused:
        SCHEME.parse(number[:place] + wrong + number[place + 1 :])
    assert refused.value.details["problem"] == "check_digit"


@given(drawn, st.integers(2, 14))
def test_swapped_neighbours_are_found(n: int, place: int) -> None:
    number = SCHEME.compose(n)
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if swapped != number:
        with pytest.raises(InvalidInput):
            SCHEME.parse(swapped)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "not_digits"),
        ("9012 3456 7890 12ab", "not_digits"),
        ("９０12345678901234", "not_digits"),
        ("901", "length"),
        ("1" * 16, "prefix"),
    ],
)
def test_what_is_no_number_says_why(text: str, problem: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        SCHEME.parse(text)
    assert refused.value.details["problem"] == problem


def test_a_draw_beyond_the_room_is_refused() -> None:
    for n in (-1, SCHEME.room):
        with pytest.raises(InvalidInput):
            SCHEME.compose(n)


def test_a_scheme_without_room_for_chance_is_refused() -> None:
    with pytest.raises(ValidationError):
        NumberScheme(prefix="90123456", length=16)
    with pytest.raises(ValidationError):
        NumberScheme(prefix="A1")
