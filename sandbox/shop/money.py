"""Amounts in minor units and how a reader sees them; never a float."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils import formats

EXPONENTS = {"JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3}
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "CNY": "¥"}
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Money:
    """An amount of one currency in its minor units."""

    minor: int
    currency: str

    @classmethod
    def read(cls, answer: dict[str, Any] | None) -> Money | None:
        """From Saleor's TaxedMoney or Money; None stays None."""
        if answer is None:
            return None
        amount = answer.get("gross", answer)
        exponent = EXPONENTS.get(amount["currency"], 2)
        return cls(int(Decimal(amount["amount"]).scaleb(exponent).to_integral_value()), amount["currency"])

    @property
    def decimal(self) -> Decimal:
        """In major units, as Saleor's inputs take it."""
        return Decimal(self.minor).scaleb(-EXPONENTS.get(self.currency, 2))

    def times(self, quantity: int) -> Money:
        return Money(self.minor * quantity, self.currency)

    def less(self, other: Money) -> Money:
        return Money(self.minor - other.minor, self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __str__(self) -> str:
        digits = EXPONENTS.get(self.currency, 2)
        number = formats.number_format(abs(self.decimal), decimal_pos=digits, force_grouping=True)
        symbol = SYMBOLS.get(self.currency)
        sign = MINUS if self.minor < 0 else ""
        return f"{sign}{symbol}{number}" if symbol else f"{sign}{number}\N{NO-BREAK SPACE}{self.currency}"
