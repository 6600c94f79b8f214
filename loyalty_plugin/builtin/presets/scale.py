"""Sensible amounts for a currency: presets are thought in euros, and a yen is not a euro; converts no money."""

from __future__ import annotations

from typing import Final

from loyalty_plugin.domain.values import Money, currency_exponent

#: How many units of a currency stand for about one euro in a preset: a round number, not an exchange rate.
_UNITS: Final[dict[str, int]] = {
    **dict.fromkeys(("JPY", "ISK"), 150),
    **dict.fromkeys(("KRW", "CLP"), 1_500),
    **dict.fromkeys(("VND", "IDR"), 25_000),
    **dict.fromkeys(("CNY", "HKD", "SEK", "NOK", "DKK", "CZK", "ZAR"), 10),
    **dict.fromkeys(("TWD", "THB", "TRY", "INR", "PHP"), 40),
    "HUF": 400,
}


def units(euros: int, currency: str) -> int:
    """Major units of the currency."""
    currency_exponent(currency)
    return euros * _UNITS.get(currency, 1)


def amount(euros: int, currency: str) -> str:
    """An amount in major units, as text."""
    return str(units(euros, currency))


def minor_units(euros: int, currency: str) -> int:
    """An amount in minor units, as tiers state it."""
    return Money.parse(units(euros, currency), currency).amount
