"""The main terms of a draft as form fields; reads them from a document and writes them back, judges nothing.

What a field can't say (several ways into a tier, bands, campaigns) it does not touch: that stays with the JSON.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.utils.formats import sanitize_separators
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from wagtail.admin.widgets import AdminDateInput

from loyalty_plugin.domain.fields import exact_text
from loyalty_plugin.domain.values import Money, parse_decimal, parse_rate
from loyalty_plugin.errors import LoyaltyError

_WEEKDAYS: Final = [
    ("mon", gettext_lazy("Monday")),
    ("tue", gettext_lazy("Tuesday")),
    ("wed", gettext_lazy("Wednesday")),
    ("thu", gettext_lazy("Thursday")),
    ("fri", gettext_lazy("Friday")),
    ("sat", gettext_lazy("Saturday")),
    ("sun", gettext_lazy("Sunday")),
]


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
    """An amount of money in major units of a currency, kept as text."""

    def __init__(self, *, currency: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.currency = currency

    def clean(self, value: Any) -> str:
        text = forms.CharField.clean(self, value)
        if not text:
            return ""
        try:
            return format(
                Money.parse(parse_decimal(str(sanitize_separators(text))), self.currency).decimal, "f"
            )
        except LoyaltyError as error:
            raise forms.ValidationError(
                _("Enter an amount in %(currency)s, such as 25.") % {"currency": self.currency}
            ) from error


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


def _first(entries: Any, kind: str, code: str) -> dict[str, Any] | None:
    """The first entry of a list that uses this extension."""
    return next((one for one in entries or [] if one.get(kind) == code), None)


def _tag(texts: Mapping[str, str]) -> str:
    """The language tag of the text this reader sees."""
    wanted = (get_language() or "en").lower()
    tags = {tag.lower().replace("_", "-"): tag for tag in texts}
    while wanted:
        if wanted in tags:
            return tags[wanted]
        wanted = wanted.rpartition("-")[0]
    return tags.get("en") or next(iter(texts), "en")


def _only(tier: Mapping[str, Any], rule: str) -> dict[str, Any] | None:
    """The single condition of an entry or keep rule, None where it says more than one field can."""
    ways = tier.get(rule) or []
    one = ways[0][0] if len(ways) == 1 and len(ways[0]) == 1 else None
    return one if one is not None and one["metric"] in ("spend", "qualifying", "orders") else None


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
        if (base := _first(self.earning["rules"], "rule", "amount")) is not None:
            params = base["params"]
            yield "base_points", ExactField(label=_("Points")), params.get("points", "1")
            per = AmountField(currency=self.currency, label=_("For each (%s)") % self.currency)
            yield "base_per", per, params.get("per", "1")
        yield from self._window_fields()
        yield from self._expiry_fields()
        yield from self._day_fields()
        birthday = _first(self.earning["rules"], "rule", "birthday")
        points = forms.IntegerField(label=_("Points"), required=False, min_value=1, max_value=1_000_000_000)
        yield "birthday_points", points, birthday and birthday["params"].get("points")

    def _tier_fields(self) -> Iterator[tuple[str, forms.Field, Any]]:
        rates = (_first(self.earning["multipliers"], "multiplier", "tier") or {"params": {}})["params"]
        for place, tier in enumerate(self.document["tiers"]):
            name = forms.CharField(label=_("Name"), max_length=80)
            yield f"tier{place}_name", name, tier["name"][_tag(tier["name"])]
            for rule, label in (("entry", _("To reach it")), ("keep", _("To keep it"))):
                if (one := _only(tier, rule)) is not None:
                    field, initial = self._threshold(one, label)
                    yield f"tier{place}_{rule}", field, initial
            rate = ExactField(label=_("Points times"), required=False)
            yield f"tier{place}_rate", rate, rates.get("rates", {}).get(tier["code"], "")

    def _threshold(self, one: Mapping[str, Any], label: str) -> tuple[forms.Field, Any]:
        if one["metric"] == "spend":
            amount = Money(one["at_least"], self.currency).decimal
            shown = (
                format(amount, "f").rstrip("0").rstrip(".") if amount == int(amount) else format(amount, "f")
            )
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
        after = forms.IntegerField(label=_("so many later"), required=False, min_value=0, max_value=100)
        yield "expiry_after", after, expiry.get("after", 0)
        warn = forms.IntegerField(label=_("Warn days before"), required=False, min_value=0, max_value=366)
        yield "expiry_warn", warn, expiry.get("warn_days", 30)
        day = forms.DateField(label=_("Last day"), required=False, widget=AdminDateInput)
        yield "expiry_day", day, expiry.get("day")

    def _day_fields(self) -> Iterator[tuple[str, forms.Field, Any]]:
        found = _first(self.earning["multipliers"], "multiplier", "member_day") or {"params": {}}
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
            ExactField(label=_("Points times"), required=False),
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
            Section("tiers", _("Tiers"), _("“Points times” 1.5 turns 100 points into 150. Empty: as earned."), tiers),
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
        if _only(tier, "entry") is None:
            return _("It is reached in more than one way: see all rules.")
        return "" if tier.get("keep") is not None else _("Kept by what reaches it.")

    # Writing

    def result(self) -> dict[str, Any]:
        """The document with what the form says; call it on a valid form only."""
        data = self.cleaned_data
        self._write_tiers(data)
        if "base_points" in self.fields:
            base = _first(self.earning["rules"], "rule", "amount")
            assert base is not None  # the field is there because the rule is
            base["params"] |= {"points": data["base_points"], "per": data["base_per"]}
        none = data["window_starts"] == "none"
        self.document["pending"] = {
            "starts": data["window_starts"],
            "window_days": 0 if none else data["window_days"],
        }
        self.document["expiry"] = self._expiry(data)
        self._write_day(data)
        points = data["birthday_points"]
        self._put("rules", "rule", "birthday", "birthday", {"points": points} if points else None)
        return self.document

    def _write_tiers(self, data: Mapping[str, Any]) -> None:
        rates = {}
        for place, tier in enumerate(self.document["tiers"]):
            tier["name"][_tag(tier["name"])] = data[f"tier{place}_name"]
            for rule in ("entry", "keep"):
                if f"tier{place}_{rule}" in self.fields and (one := _only(tier, rule)) is not None:
                    asked = data[f"tier{place}_{rule}"]
                    spend = one["metric"] == "spend"
                    one["at_least"] = Money.parse(asked, self.currency).amount if spend else asked
            if data[f"tier{place}_rate"] not in ("", "0"):
                rates[tier["code"]] = data[f"tier{place}_rate"]
        known = (_first(self.earning["multipliers"], "multiplier", "tier") or {"params": {}})["params"]
        codes = {tier["code"] for tier in self.document["tiers"]}
        # Rates of tiers that are not there stay: they are a mistake to be shown, not to be lost.
        strays = {code: rate for code, rate in known.get("rates", {}).items() if code not in codes}
        rates = strays | rates
        self._put("multipliers", "multiplier", "tier", "tier", {"rates": rates} if rates else None)

    def _expiry(self, data: Mapping[str, Any]) -> dict[str, Any]:
        kind = data["expiry_kind"]
        parts: dict[str, dict[str, Any]] = {
            "after": {"months": data["expiry_months"] or 0, "days": data["expiry_days"] or 0},
            "end_of": {"period": data["expiry_period"], "after": data["expiry_after"] or 0},
            "inactivity": {"months": data["expiry_months"], "warn_days": data["expiry_warn"] or 0},
            "on_date": {"day": data["expiry_day"] and data["expiry_day"].isoformat()},
        }
        return {"kind": kind, **parts.get(kind, {})}

    def _write_day(self, data: Mapping[str, Any]) -> None:
        kind = data["day_kind"]
        parts: dict[str, dict[str, Any]] = {
            "day_of_month": {"day": data["day_number"]},
            "weekday": {"weekday": data["day_weekday"]},
            "nth_weekday": {"nth": int(data["day_nth"] or 1), "weekday": data["day_weekday"]},
        }
        day = {"day": {"kind": kind, **parts[kind]}, "rate": data["day_rate"]} if kind else None
        self._put("multipliers", "multiplier", "member_day", "member-day", day)

    def _put(self, into: str, kind: str, code: str, name: str, params: Mapping[str, Any] | None) -> None:
        """Change the entry of an extension, add it, or with None take it out."""
        entries: list[dict[str, Any]] = self.earning[into]
        found = _first(entries, kind, code)
        if params is None:
            if found is not None:
                entries.remove(found)
        elif found is not None:
            found["params"] = {**found["params"], **params}
        else:
            taken = {one["id"] for one in entries}
            free = next(one for one in (name, *(f"{name}-{n}" for n in range(2, 999))) if one not in taken)
            entries.append({"id": free, kind: code, "params": dict(params)})
