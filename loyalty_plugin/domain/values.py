"""Money, points and rates as exact values: what may be an amount and how it is rounded; never a float."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import lcm
from typing import Final

from loyalty_plugin.errors import CurrencyMismatch, InvalidAmount, TooManyDecimals, UnknownCurrency

#: A hundred times less than PostgreSQL's bigint, so that sums of many amounts stay in range.
MAX_AMOUNT: Final = 9_000_000_000_000_000

#: ISO 4217 minor units where they are not two.
_EXPONENTS: Final[dict[str, int]] = {
    **dict.fromkeys(
        [
            "BIF",
            "CLP",
            "DJF",
            "GNF",
            "ISK",
            "JPY",
            "KMF",
            "KRW",
            "PYG",
            "RWF",
            "UGX",
            "UYI",
            "VND",
            "VUV",
            "XAF",
            "XOF",
            "XPF",
        ],
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
}


def currency_exponent(currency: str) -> int:
    """Number of decimals of an ISO 4217 currency. Raises UnknownCurrency when it is not three capitals."""
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha() or not currency.isupper():
        raise UnknownCurrency(currency=currency)
    return _EXPONENTS.get(currency, 2)


def check_amount(amount: int, *, zero: bool = True) -> int:
    """The amount itself if it is a whole number from 0 (or 1) to MAX_AMOUNT. Raises InvalidAmount."""
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise InvalidAmount(amount=str(amount))
    if not (0 if zero else 1) <= amount <= MAX_AMOUNT:
        raise InvalidAmount(amount=amount)
    return amount


def parse_decimal(text: str | int | Decimal) -> Decimal:
    """A finite decimal from text. Raises InvalidAmount for NaN, infinity, nonsense, floats and the absurd."""
    if isinstance(text, bool | float):
        raise InvalidAmount(amount=str(text))
    try:
        value = Decimal(text)
    except (InvalidOperation, ValueError, TypeError) as error:
        raise InvalidAmount(amount=str(text)) from error
    if not value.is_finite() or value.adjusted() > 30:
        raise InvalidAmount(amount=str(text))
    return value


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount of money. `amount` in minor units of `currency` (ISO 4217), may be negative."""

    amount: int
    currency: str

    @classmethod
    def parse(cls, text: str | int | Decimal, currency: str) -> Money:
        """From a decimal in major units, exactly ("12.50" EUR is 1250).

        Raises InvalidAmount, TooManyDecimals, UnknownCurrency.
        """
        exponent = currency_exponent(currency)
        scaled = parse_decimal(text).scaleb(exponent)
        whole = int(scaled)
        if scaled != whole:
            raise TooManyDecimals(amount=str(text), currency=currency, decimals=exponent)
        if abs(whole) > MAX_AMOUNT:
            raise InvalidAmount(amount=str(text))
        return cls(whole, currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in major units."""
        return Decimal(self.amount).scaleb(-currency_exponent(self.currency))

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(left=self.currency, right=other.currency)

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __str__(self) -> str:
        return f"{self.decimal:.{currency_exponent(self.currency)}f} {self.currency}"


def parse_rate(text: str | int | Decimal) -> Fraction:
    """An exact rate from a decimal or a fraction ("1.5", "1/3"). Raises InvalidAmount below zero."""
    if isinstance(text, str) and "/" in text:
        upper, _, lower = text.partition("/")
        bottom = parse_decimal(lower)
        if bottom == 0:
            raise InvalidAmount(amount=text)
        rate = Fraction(parse_decimal(upper)) / Fraction(bottom)
    else:
        rate = Fraction(parse_decimal(text))
    if rate < 0:
        raise InvalidAmount(amount=str(text))
    return rate


def floor_points(exact: Fraction) -> int:
    """The one rounding of awards: down, once per order. Raises InvalidAmount out of the ledger's range."""
    return check_amount(exact.numerator // exact.denominator)


def spread(total: int, weights: Sequence[int | Fraction]) -> list[int]:
    """`total` split in proportion to `weights` by largest remainder (Hamilton); the parts sum to `total`.

    Ties go to the earlier weight. All weights zero: everything goes to the first. Raises InvalidAmount for
    negative weights or totals, or for no weights at all.
    """
    if total < 0 or not weights or any(weight < 0 for weight in weights):
        raise InvalidAmount(amount=total)
    # Whole numbers in the same proportion: exact, and many times faster than fractions.
    scale = lcm(*(weight.denominator for weight in weights))
    scaled = [weight.numerator * (scale // weight.denominator) for weight in weights]
    whole = sum(scaled)
    if whole == 0:
        return [total, *([0] * (len(weights) - 1))]
    parts, remainders = [], []
    for weight in scaled:
        part, remainder = divmod(weight * total, whole)
        parts.append(part)
        remainders.append(remainder)
    left = total - sum(parts)
    if left:
        for i in sorted(range(len(parts)), key=lambda i: (-remainders[i], i))[:left]:
            parts[i] += 1
    return parts
