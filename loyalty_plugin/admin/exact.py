"""Form fields for exact numbers and money, as the reader writes them; no float ever, and no meaning beyond."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from django import forms
from django.utils.formats import sanitize_separators
from django.utils.translation import gettext as _

from loyalty_plugin.domain.fields import exact_text
from loyalty_plugin.domain.values import MAX_AMOUNT, Money, parse_decimal, parse_rate
from loyalty_plugin.errors import LoyaltyError


class ExactField(forms.CharField):
    """An exact number from zero, written as the reader writes numbers, kept as text: "1.2"."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.TextInput(attrs={"inputmode": "decimal"}), max_length=30, **kwargs)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if not text:
            return ""
        try:
            return exact_text(parse_rate(str(sanitize_separators(text))))
        except LoyaltyError as error:
            raise forms.ValidationError(_("Enter a number from zero, such as 1.5.")) from error


class AmountField(ExactField):
    """An amount of money above zero, in major units of a currency, kept as text."""

    def __init__(self, *, currency: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.currency = currency

    def clean(self, value: Any) -> str:
        text = forms.CharField.clean(self, value)
        if not text:
            return ""
        try:
            money = Money.parse(parse_decimal(str(sanitize_separators(text))), self.currency)
        except LoyaltyError as error:
            raise self._wrong() from error
        if not 0 < money.amount <= MAX_AMOUNT:
            raise self._wrong()
        return plain(money)

    def _wrong(self) -> forms.ValidationError:
        words = _("Enter an amount in %(currency)s, such as 25.") % {"currency": self.currency}
        return forms.ValidationError(words)


def plain(money: Money) -> str:
    """An amount in major units as people type it: "25", "25.5"."""
    return exact_text(Fraction(money.decimal))
