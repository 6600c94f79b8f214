"""Amounts, points, rates and names as the reader's language writes them; knows nothing of awards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from django.utils import formats
from django.utils.translation import get_language, ngettext

from loyalty_plugin.domain.texts import text_in
from loyalty_plugin.domain.values import Money, currency_exponent


@lru_cache(maxsize=64)
def _marks(language: str | None) -> tuple[str, str] | None:
    """A language's decimal point and what stands between thousands; None where it does not group by three."""
    if formats.get_format("NUMBER_GROUPING", language) != 3:
        return None
    return str(formats.get_format("DECIMAL_SEPARATOR", language)), str(
        formats.get_format("THOUSAND_SEPARATOR", language)
    )


def whole_text(number: int) -> str:
    """ "1,200": as Django groups it, and several times quicker, since a page shows hundreds."""
    marks = _marks(get_language())
    if marks is None:
        return str(formats.number_format(number, force_grouping=True))
    return f"{number:,}".replace(",", marks[1])


def exact_number(told: str | int) -> int | Fraction:
    """A stored exact number. Most are whole, and those need not be taken apart as fractions."""
    if isinstance(told, int):
        return told
    return int(told) if told.isdecimal() else Fraction(told)


def points_text(exact: str | int) -> str:
    """ "120 points", "1 point", "1.5 points"."""
    value = exact_number(exact)
    # Plural forms ask for a whole number; a part of a point speaks like several.
    count = value.numerator if value.denominator == 1 else 2
    return ngettext("%(number)s point", "%(number)s points", count) % {"number": number_text(value)}


def number_text(exact: str | int | Fraction) -> str:
    """An exact number with the reader's separators; a fraction that no decimal can hold stays one."""
    value = exact if isinstance(exact, Fraction) else exact_number(exact)
    if value.denominator == 1:
        return whole_text(value.numerator)
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    if rest != 1:
        return f"{value.numerator}/{value.denominator}"
    decimal = Decimal(value.numerator) / Decimal(value.denominator)
    return str(formats.number_format(decimal, force_grouping=True))


def money_text(amount: int, currency: str) -> str:
    """Minor units as "1,234.50 EUR"."""
    exponent = currency_exponent(currency)
    marks = _marks(get_language())
    if marks is None:
        value = Money(amount, currency).decimal
        number = str(formats.number_format(value, decimal_pos=exponent, force_grouping=True))
    else:
        whole, rest = divmod(abs(amount), 10**exponent)
        number = f"{'-' if amount < 0 else ''}{whole:,}".replace(",", marks[1])
        if exponent:
            number += f"{marks[0]}{rest:0{exponent}}"
    return f"{number} {currency}"


def day_text(iso: str) -> str:
    """A day in the reader's long form."""
    return str(formats.date_format(date.fromisoformat(iso), "DATE_FORMAT"))


def in_language(texts: Any, fallback: str = "") -> str:
    """The text for the reader's language, else its base language, English, or any; else `fallback`."""
    if isinstance(texts, str):
        return texts
    if not isinstance(texts, Mapping) or not texts:
        return fallback
    return text_in({str(tag): str(text) for tag, text in texts.items()}, get_language() or "en") or fallback
