"""Paying with points as fields of a draft's main terms, and what they write; excluded goods stay as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from loyalty_plugin.admin.exact import AmountField, ExactField, plain
from loyalty_plugin.domain.fields import exact_text
from loyalty_plugin.domain.values import Money, parse_rate

NAMES = ("pay_points", "pay_money", "pay_least", "pay_share", "pay_most", "pay_remainder", "pay_minutes")


def fields(document: Mapping[str, Any], currency: str) -> Iterator[tuple[str, forms.Field, Any]]:
    """Name, field, and what it shows at first."""
    paying = document.get("paying") or {}
    terms = paying.get("points") or {}

    def money(key: str) -> str:
        return plain(Money(terms[key], currency)) if terms.get(key) else ""

    whole: dict[str, Any] = {"required": False, "min_value": 1, "max_value": 10**9}
    yield "pay_points", forms.IntegerField(label=_("So many points"), **whole), terms.get("points")
    yield (
        "pay_money",
        AmountField(currency=currency, label=_("Pay so much (%s)") % currency, required=False),
        money("money"),
    )
    least = forms.IntegerField(label=_("Points at once, at least"), **{**whole, "min_value": 0})
    yield "pay_least", least, terms.get("least", 0)
    share = ExactField(label=_("Of an order, at most (%)"), required=False)
    yield "pay_share", share, exact_text(Fraction(terms.get("share", 10_000), 100))
    most = AmountField(
        currency=currency,
        label=_("And at most (%s)") % currency,
        required=False,
        help_text=_("Empty: no such limit."),
    )
    yield "pay_most", most, money("most")
    ways = [
        ("covered", _("The last point may pay less than its rate, so that nothing is left")),
        ("left", _("What no whole number of points pays is left to another payment")),
    ]
    remainder = forms.ChoiceField(label=_("The last cent"), choices=ways)
    yield "pay_remainder", remainder, terms.get("remainder", "covered")
    minutes = forms.IntegerField(label=_("Reserved for an open cart (minutes)"), min_value=5, max_value=720)
    yield "pay_minutes", minutes, paying.get("minutes", 30)


def problems(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Which field asks for something that is not there, and in what words."""
    if data.get("pay_points") and not data.get("pay_money"):
        yield "pay_money", _("A value is needed here.")
    if data.get("pay_money") and not data.get("pay_points"):
        yield "pay_points", _("A value is needed here.")
    text = data.get("pay_share") or "100"
    share = parse_rate(text) * 100
    if not (0 < share <= 10_000 and share.denominator == 1):
        yield "pay_share", _("Enter a percentage up to 100, with two decimals at most.")


def written(known: Mapping[str, Any], data: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """The terms with these answers; without points none are taken."""
    if not data["pay_points"]:
        return {**known, "points": None, "minutes": data["pay_minutes"]}
    points = {
        **(known.get("points") or {}),
        "points": data["pay_points"],
        "money": Money.parse(data["pay_money"], currency).amount,
        "least": data["pay_least"] or 0,
        "share": int(parse_rate(data["pay_share"] or "100") * 100),
        "most": Money.parse(data["pay_most"], currency).amount if data["pay_most"] else None,
        "remainder": data["pay_remainder"],
    }
    return {**known, "points": points, "minutes": data["pay_minutes"]}
