"""The main terms of a draft as form fields; shows what a document says, judges nothing.

What a field can't say (several ways into a tier, bands, campaigns) it does not touch: that stays with the JSON.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin.widgets import AdminDateInput

from loyalty_plugin.admin.exact import AmountField, ExactField, plain
from loyalty_plugin.admin.rewriting import first, only_condition, rewritten, tag_read
from loyalty_plugin.domain.values import Money

_WEEKDAYS: Final = [
    ("mon", gettext_lazy("Monday")),
    ("tue", gettext_lazy("Tuesday")),
    ("wed", gettext_lazy("Wednesday")),
    ("thu", gettext_lazy("Thursday")),
    ("fri", gettext_lazy("Friday")),
    ("sat", gettext_lazy("Saturday")),
    ("sun", gettext_lazy("Sunday")),
]


@dataclass(frozen=True, slots=True)
class Field:
    """A bound field, and the rule by which Wagtail shows it only where it says something (JSON, or empty)."""

    bound: forms.BoundField
    shown_if: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together; `heading` names them inside of a section."""

    heading: str
    fields: tuple[Field, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the form with one line of help."""

    code: str
    heading: str
    help: str
    groups: tuple[Group, ...]


class TermsForm(forms.Form):
    """The main terms of `document` (stored data of a version, already well formed) in `currency`."""

    def __init__(
        self, document: Mapping[str, Any], currency: str, data: Any = None, *, frozen: bool = False
    ) -> None:
        super().__init__(data)
        self.document, self.currency = copy.deepcopy(dict(document)), currency
        self.earning: dict[str, Any] = self.document["earning"]
        for name, field, initial in self._declared():
            field.initial, field.disabled = initial, frozen
            self.fields[name] = field

    # Reading

    def _declared(self) -> Iterator[tuple[str, forms.Field, Any]]:
        yield from self._tier_fields()
        if (base := first(self.earning["rules"], "rule", "amount")) is not None:
            params = base["params"]
            yield "base_points", ExactField(label=_("Points")), params.get("points", "1")
            per = AmountField(currency=self.currency, label=_("For each (%s)") % self.currency)
            yield "base_per", per, params.get("per", "1")
        yield from self._window_fields()
        yield from self._expiry_fields()
        yield from self._day_fields()
        birthday = first(self.earning["rules"], "rule", "birthday")
        points = forms.IntegerField(label=_("Points"), required=False, min_value=1, max_value=1_000_000_000)
        yield "birthday_points", points, birthday and birthday["params"].get("points")

    def _tier_fields(self) -> Iterator[tuple[str, forms.Field, Any]]:
        rates = (first(self.earning["multipliers"], "multiplier", "tier") or {"params": {}})["params"]
        for place, tier in enumerate(self.document["tiers"]):
            name = forms.CharField(label=_("Name"), max_length=80)
            yield f"tier{place}_name", name, tier["name"][tag_read(tier["name"])]
            for rule, label in (("entry", _("To reach it")), ("keep", _("To keep it"))):
                if (one := only_condition(tier, rule)) is not None:
                    field, initial = self._threshold(one, label)
                    yield f"tier{place}_{rule}", field, initial
            rate = ExactField(label=_("Multiplier"), required=False)
            yield f"tier{place}_rate", rate, rates.get("rates", {}).get(tier["code"], "")

    def _threshold(self, one: Mapping[str, Any], label: str) -> tuple[forms.Field, Any]:
        if one["metric"] == "spend":
            shown = plain(Money(one["at_least"], self.currency))
            return AmountField(currency=self.currency, label=f"{label} ({self.currency})"), shown
        unit = _("orders") if one["metric"] == "orders" else _("points")
        return forms.IntegerField(label=f"{label} ({unit})", min_value=1, max_value=10**9), one["at_least"]

    def _window_fields(self) -> Iterator[tuple[str, forms.Field, Any]]:
        pending = self.document["pending"]
        starts = [
            ("payment", _("Payment")),
            ("fulfilment", _("Fulfilment")),
            ("none", _("No window: points count at once")),
        ]
        yield "window_starts", forms.ChoiceField(label=_("Counts from"), choices=starts), pending["starts"]
        days = forms.IntegerField(label=_("Days"), required=False, min_value=0, max_value=730)
        yield "window_days", days, pending["window_days"]

    def _expiry_fields(self) -> Iterator[tuple[str, forms.Field, Any]]:
        expiry = self.document["expiry"]
        kinds = [
            ("never", _("Never")),
            ("after", _("So long after they were earned")),
            ("end_of", _("At the end of a month, quarter or year")),
            ("inactivity", _("So long after the last purchase")),
            ("on_date", _("On one day")),
        ]
        periods = [("month", _("Month")), ("quarter", _("Quarter")), ("year", _("Year"))]
        yield "expiry_kind", forms.ChoiceField(label=_("Points end"), choices=kinds), expiry["kind"]
        months = forms.IntegerField(label=_("Months"), required=False, min_value=0, max_value=1200)
        yield "expiry_months", months, expiry.get("months")
        days = forms.IntegerField(label=_("and days"), required=False, min_value=0, max_value=36500)
        yield "expiry_days", days, expiry.get("days")
        period = forms.ChoiceField(label=_("End of the"), required=False, choices=periods)
        yield "expiry_period", period, expiry.get("period", "year")
        after = forms.IntegerField(label=_("Periods later"), required=False, min_value=0, max_value=100)
        yield "expiry_after", after, expiry.get("after", 0)
        warn = forms.IntegerField(label=_("Warn days before"), required=False, min_value=0, max_value=366)
        yield "expiry_warn", warn, expiry.get("warn_days", 30)
        day = forms.DateField(label=_("Last day"), required=False, widget=AdminDateInput)
        yield "expiry_day", day, expiry.get("day")

    def _day_fields(self) -> Iterator[tuple[str, forms.Field, Any]]:
        found = first(self.earning["multipliers"], "multiplier", "member_day") or {"params": {}}
        day = found["params"].get("day", {})
        kinds = [
            ("", _("None")),
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
        yield "day_kind", kind, day.get("kind", "")
        number = forms.IntegerField(label=_("Day"), required=False, min_value=1, max_value=31)
        yield "day_number", number, day.get("day", 1)
        yield (
            "day_nth",
            forms.ChoiceField(label=_("Which"), required=False, choices=nths),
            str(day.get("nth", 1)),
        )
        weekday = forms.ChoiceField(label=_("Weekday"), required=False, choices=_WEEKDAYS)
        yield "day_weekday", weekday, day.get("weekday", "mon")
        yield (
            "day_rate",
            ExactField(label=_("Multiplier"), required=False),
            found["params"].get("rate", "2"),
        )

    # Checking what one choice asks of another field

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        kind = data.get("expiry_kind")
        needed = {
            "after": ("expiry_months",) if not data.get("expiry_days") else (),
            "inactivity": ("expiry_months",),
            "on_date": ("expiry_day",),
        }
        self._need(data, needed.get(str(kind), ()))
        self._need(data, ("window_days",) if data.get("window_starts") != "none" else (), zero=True)
        if data.get("day_kind"):
            self._need(data, ("day_rate", *(("day_number",) if data["day_kind"] == "day_of_month" else ())))
        return data

    def _need(self, data: Mapping[str, Any], names: tuple[str, ...], *, zero: bool = False) -> None:
        for name in names:
            value = data.get(name)
            if name not in self.errors and (value in (None, "", "0") or (value == 0 and not zero)):
                self.add_error(name, _("A value is needed here."))

    # Showing

    def sections(self) -> list[Section]:
        """The form in the order it is read."""
        tiers = tuple(
            Group(
                self.initial_of(f"tier{place}_name"),
                tuple(
                    Field(self[f"tier{place}_{name}"])
                    for name in ("name", "entry", "keep", "rate")
                    if f"tier{place}_{name}" in self.fields
                ),
                self._unsaid(place),
            )
            for place in range(len(self.document["tiers"]))
        )
        base = self._group("base_points", "base_per") if "base_points" in self.fields else None
        note = Group("", (), _("This draft earns in another way than by one rate: see all rules."))
        when, month = {"expiry_kind": ["after", "inactivity"]}, {"day_kind": ["weekday", "nth_weekday"]}
        return [
            Section("tiers", _("Tiers"), _("A multiplier of 1.5 turns 100 points into 150. Empty: as earned."), tiers),
            Section("base", _("Points for money"), _("What every member earns before anything is multiplied."),
                    (base or note,)),
            Section("window", _("Return window"), _("So long are points on the way, in whole days."),
                    (self._group("window_starts", ("window_days", {"window_starts": ["payment", "fulfilment"]})),)),
            Section("expiry", _("Expiry"), _("Points can be used up to the end of their last day."),
                    (self._group("expiry_kind", ("expiry_months", when),
                                 ("expiry_days", {"expiry_kind": ["after"]}),
                                 ("expiry_period", {"expiry_kind": ["end_of"]}),
                                 ("expiry_after", {"expiry_kind": ["end_of"]}),
                                 ("expiry_warn", {"expiry_kind": ["inactivity"]}),
                                 ("expiry_day", {"expiry_kind": ["on_date"]})),)),
            Section("day", _("Member day"), _("On this day every purchase earns more."),
                    (self._group("day_kind", ("day_number", {"day_kind": ["day_of_month"]}),
                                 ("day_nth", {"day_kind": ["nth_weekday"]}), ("day_weekday", month),
                                 ("day_rate", {"day_kind": ["day_of_month", "weekday", "nth_weekday"]})),)),
            Section("birthday", _("Birthday"), _("Given on the day, once a year. Empty: nothing."),
                    (self._group("birthday_points"),)),
        ]  # fmt: skip

    def initial_of(self, name: str) -> str:
        """What a field showed when the page was opened."""
        return str(self.fields[name].initial)

    def _group(self, *fields: str | tuple[str, Mapping[str, Any]]) -> Group:
        pairs = [(one, None) if isinstance(one, str) else one for one in fields]
        return Group("", tuple(Field(self[name], json.dumps(rule) if rule else "") for name, rule in pairs))

    def _unsaid(self, place: int) -> str:
        tier = self.document["tiers"][place]
        if not tier.get("entry"):
            return _("Everybody is in it.") if tier["rank"] == 0 else _("Reached only when it is given.")
        if only_condition(tier, "entry") is None:
            return _("It is reached in more than one way: see all rules.")
        return "" if tier.get("keep") is not None else _("Kept by what reaches it.")

    def result(self) -> dict[str, Any]:
        """The document with what the form says; call it on a valid form only."""
        return rewritten(self.document, self.cleaned_data, self.currency)
