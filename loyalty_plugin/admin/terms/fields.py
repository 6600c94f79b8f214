"""The fields of a draft's main terms with what the document says in each; knows no form and judges nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Final

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.widgets import AdminDateInput

from loyalty_plugin.admin.exact import AmountField, ExactField, plain
from loyalty_plugin.admin.rewriting import first, only_condition, tag_read, whole_floor
from loyalty_plugin.domain.fields import exact_text
from loyalty_plugin.domain.values import Money
from loyalty_plugin.queries.price_rules import COMBINE, PROMOTIONS, ROUNDING, VOUCHERS

Document = Mapping[str, Any]
#: Name, field, and what it shows at first.
Declared = Iterator[tuple[str, forms.Field, Any]]

_WEEKDAYS: Final = [
    ("mon", gettext_lazy("Monday")),
    ("tue", gettext_lazy("Tuesday")),
    ("wed", gettext_lazy("Wednesday")),
    ("thu", gettext_lazy("Thursday")),
    ("fri", gettext_lazy("Friday")),
    ("sat", gettext_lazy("Saturday")),
    ("sun", gettext_lazy("Sunday")),
]


def tiers(document: Document, currency: str) -> Declared:
    rates = (first(document["earning"]["multipliers"], "multiplier", "tier") or {"params": {}})["params"]
    for place, tier in enumerate(document["tiers"]):
        name = forms.CharField(label=_("Name"), max_length=80)
        yield f"tier{place}_name", name, tier["name"][tag_read(tier["name"])]
        for rule, label in (("entry", _("To reach it")), ("keep", _("To keep it"))):
            if (one := only_condition(tier, rule)) is not None:
                field, initial = _threshold(one, label, currency)
                yield f"tier{place}_{rule}", field, initial
        rate = ExactField(label=_("Multiplier"), required=False)
        yield f"tier{place}_rate", rate, rates.get("rates", {}).get(tier["code"], "")


def _threshold(one: Mapping[str, Any], label: str, currency: str) -> tuple[forms.Field, Any]:
    if one["metric"] == "spend":
        shown = plain(Money(one["at_least"], currency))
        return AmountField(currency=currency, label=f"{label} ({currency})"), shown
    unit = _("orders") if one["metric"] == "orders" else _("points")
    return forms.IntegerField(label=f"{label} ({unit})", min_value=1, max_value=10**9), one["at_least"]


def window(document: Document) -> Declared:
    pending = document["pending"]
    starts = [
        ("payment", _("Payment")),
        ("fulfilment", _("Fulfilment")),
        ("none", _("No window: points count at once")),
    ]
    yield "window_starts", forms.ChoiceField(label=_("Counts from"), choices=starts), pending["starts"]
    days = forms.IntegerField(label=_("Days"), required=False, min_value=0, max_value=730)
    yield "window_days", days, pending["window_days"]


def expiry(document: Document) -> Declared:
    terms = document["expiry"]
    kinds = [
        ("never", _("Never")),
        ("after", _("So long after they were earned")),
        ("end_of", _("At the end of a month, quarter or year")),
        ("inactivity", _("So long after the last purchase")),
        ("on_date", _("On one day")),
    ]
    periods = [("month", _("Month")), ("quarter", _("Quarter")), ("year", _("Year"))]
    yield "expiry_kind", forms.ChoiceField(label=_("Points end"), choices=kinds), terms["kind"]
    months = forms.IntegerField(label=_("Months"), required=False, min_value=0, max_value=1200)
    yield "expiry_months", months, terms.get("months")
    days = forms.IntegerField(label=_("and days"), required=False, min_value=0, max_value=36500)
    yield "expiry_days", days, terms.get("days")
    period = forms.ChoiceField(label=_("End of the"), required=False, choices=periods)
    yield "expiry_period", period, terms.get("period", "year")
    after = forms.IntegerField(label=_("Periods later"), required=False, min_value=0, max_value=100)
    yield "expiry_after", after, terms.get("after", 0)
    warn = forms.IntegerField(label=_("Warn days before"), required=False, min_value=0, max_value=366)
    yield "expiry_warn", warn, terms.get("warn_days", 30)
    day = forms.DateField(label=_("Last day"), required=False, widget=AdminDateInput)
    yield "expiry_day", day, terms.get("day")


def member_day(document: Document) -> Declared:
    found = first(document["earning"]["multipliers"], "multiplier", "member_day") or {"params": {}}
    yield from day_fields(found["params"].get("day", {}), "day", none=True)
    yield (
        "day_rate",
        ExactField(label=_("Multiplier"), required=False),
        found["params"].get("rate", "2"),
    )


def day_fields(day: Document, prefix: str, *, none: bool) -> Declared:
    """A day of the month, a weekday, or one of the month's: four fields, their names beginning with `prefix`."""
    kinds = [
        *([("", _("None"))] if none else []),
        ("day_of_month", _("A day of each month")),
        ("weekday", _("A weekday")),
        ("nth_weekday", _("A weekday of each month")),
    ]
    nths = [
        ("1", _("First")),
        ("2", _("Second")),
        ("3", _("Third")),
        ("4", _("Fourth")),
        ("-1", _("Last")),
    ]
    kind = forms.ChoiceField(label=_("Member day"), required=False, choices=kinds)
    yield f"{prefix}_kind", kind, day.get("kind", "")
    number = forms.IntegerField(label=_("Day"), required=False, min_value=1, max_value=31)
    yield f"{prefix}_number", number, day.get("day", 1)
    yield (
        f"{prefix}_nth",
        forms.ChoiceField(label=_("Which"), required=False, choices=nths),
        str(day.get("nth", 1)),
    )
    weekday = forms.ChoiceField(label=_("Weekday"), required=False, choices=_WEEKDAYS)
    yield f"{prefix}_weekday", weekday, day.get("weekday", "mon")


def base_rate(document: Document, currency: str) -> Declared:
    """Points for money; nothing where the draft earns in another way."""
    base = first(document["earning"]["rules"], "rule", "amount")
    if base is not None:
        yield "base_points", ExactField(label=_("Points")), base["params"].get("points", "1")
        per = AmountField(currency=currency, label=_("For each (%s)") % currency)
        yield "base_per", per, base["params"].get("per", "1")


def gifts(document: Document) -> Declared:
    """Points without a purchase: welcome, birthday, check-in."""
    rules = document["earning"]["rules"]
    welcome = (first(rules, "rule", "welcome") or {"params": {}})["params"]
    moments = [
        ("joined", _("Joining")),
        ("verified", _("Confirming the e-mail or phone number")),
        ("first_order", _("The first paid order")),
    ]
    yield "welcome_points", _points(_("Points")), welcome.get("points")
    yield (
        "welcome_at",
        forms.ChoiceField(label=_("Given for"), choices=moments),
        welcome.get("at", "verified"),
    )
    birthday = (first(rules, "rule", "birthday") or {"params": {}})["params"]
    yield "birthday_points", _points(_("Points")), birthday.get("points")
    check_in = (first(rules, "rule", "check_in") or {"params": {}})["params"]
    yield "checkin_first", _points(_("Points on the first day")), check_in.get("first")
    yield "checkin_step", _points(_("More each day"), least=0), check_in.get("step", 1)
    yield "checkin_most", _points(_("At most")), check_in.get("most", 7)
    cycle = forms.IntegerField(
        label=_("Starts over after (days)"), required=False, min_value=2, max_value=366
    )
    yield "checkin_cycle", cycle, check_in.get("cycle")
    yield "checkin_bonus", _points(_("Extra on its last day"), least=0), check_in.get("bonus", 0)
    ways = [("visit", _("A button in the shop")), ("login", _("Logging in"))]
    yield (
        "checkin_by",
        forms.MultipleChoiceField(label=_("What counts"), choices=ways, widget=forms.CheckboxSelectMultiple),
        document["check_ins"]["by"],
    )


def prices(document: Document, currency: str) -> Declared:
    """How member prices combine, what none goes below, and how they are rounded."""
    terms = document.get("prices") or {}
    for name, label, choices in (
        ("combine", _("Several perks for one product"), COMBINE),
        ("promotions", _("The shop's own sales"), PROMOTIONS),
        ("vouchers", _("Vouchers"), VOUCHERS),
        ("rounding", _("Rounded"), ROUNDING),
    ):
        field = forms.ChoiceField(
            label=label, choices=[(code, capfirst(text)) for code, text in choices.items()]
        )
        yield f"prices_{name}", field, terms.get(name, next(iter(choices)))
    step = AmountField(currency=currency, label=_("To whole (%s)") % currency)
    yield "prices_step", step, plain(Money(terms.get("step", 1), currency))
    floor = whole_floor(terms) or {}
    share = ExactField(
        label=_("No member price below (% of the list price)"),
        required=False,
        help_text=_(
            "Of every product. Where the shop's own sale is below, we leave it alone. Empty: no floor."
        ),
    )
    yield "prices_floor", share, exact_text(Fraction(floor["share"], 100)) if floor.get("share") else ""


def guest_orders(document: Document) -> Declared:
    """What a new member gets for orders placed before joining."""
    claims = document["claims"]
    days = forms.IntegerField(label=_("Days before joining"), required=False, min_value=0, max_value=3660)
    yield "guest_days", days, claims["days"]
    orders = forms.IntegerField(label=_("Orders at most"), required=False, min_value=0, max_value=1000)
    yield "guest_orders", orders, claims["orders"]


def orders(document: Document, currency: str) -> Declared:
    """What becomes of orders that are not like others, and of points whose owner is gone."""
    ways = [
        ("left_out", _("Earns nothing")),
        ("counts", _("Counts up to a limit, above it a second person is asked")),
    ]
    yield (
        "hand_paid",
        forms.ChoiceField(label=_("Declared as paid by staff"), choices=ways),
        document["hand_paid"],
    )
    limit = AmountField(
        currency=currency, label=_("Counts without asking, of one order (%s)") % currency, required=False
    )
    held = document["hand_paid_limit"]
    yield "hand_paid_limit", limit, plain(Money(held, currency)) if held else ""
    daily = AmountField(
        currency=currency,
        label=_("Counts without asking, of all orders within 24 hours (%s)") % currency,
        help_text=_("Empty: as much as of one order."),
        required=False,
    )
    held = document["hand_paid_daily"]
    yield "hand_paid_daily", daily, plain(Money(held, currency)) if held is not None else ""
    since = forms.DateField(label=_("Imported orders earn from"), required=False, widget=AdminDateInput)
    yield "imported_from", since, document["imported_from"]
    days = forms.IntegerField(
        label=_("Days points last after an account was deleted"), min_value=0, max_value=3660
    )
    yield "closed_days", days, document["closed_days"]
    back = forms.IntegerField(
        label=_("Days that spent points last when they come back after their own last day"),
        min_value=0,
        max_value=3660,
    )
    yield "returned_days", back, document["returned_days"]


def _points(label: str, least: int = 1) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, min_value=least, max_value=1_000_000_000)
