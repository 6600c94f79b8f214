"""Amounts, points, rates and names as the reader's language writes them; knows nothing of awards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils import formats
from django.utils.translation import get_language, ngettext

from loyalty_plugin.domain.texts import text_in
from loyalty_plugin.domain.values import Money, currency_exponent


def points_text(exact: str | int) -> str:
    """ "120 points", "1 point", "1.5 points"."""
    value = Fraction(exact)
    # Plural forms ask for a whole number; a part of a point speaks like several.
    count = value.numerator if value.denominator == 1 else 2
    return ngettext("%(number)s point", "%(number)s points", count) % {"number": number_text(exact)}


def number_text(exact: str | int | Fraction) -> str:
    """An exact number with the reader's separators; a fraction that no decimal can hold stays one."""
    value = Fraction(exact)
    if value.denominator == 1:
        return str(formats.number_format(value.numerator, force_grouping=True))
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
    value = Money(amount, currency).decimal
    number = formats.number_format(value, decimal_pos=currency_exponent(currency), force_grouping=True)
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
