"""The main terms of a draft as form fields; shows what a document says, judges nothing.

What a field can't say (several ways into a tier, bands, campaigns) it does not touch: that stays with the JSON.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from loyalty_plugin.admin.rewriting import only_condition, rewritten
from loyalty_plugin.admin.terms import fields, paying
from loyalty_plugin.domain.values import parse_rate


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
        for name, field, initial in self._declared():
            field.initial, field.disabled = initial, frozen
            self.fields[name] = field

    def _declared(self) -> fields.Declared:
        yield from fields.tiers(self.document, self.currency)
        yield from fields.base_rate(self.document, self.currency)
        yield from fields.window(self.document)
        yield from fields.expiry(self.document)
        yield from fields.member_day(self.document)
        yield from fields.gifts(self.document)
        yield from fields.prices(self.document, self.currency)
        yield from paying.fields(self.document, self.currency)
        yield from fields.guest_orders(self.document)
        yield from fields.orders(self.document, self.currency)

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
        if data.get("checkin_first"):
            self._need(data, ("checkin_most", *(("checkin_cycle",) if data.get("checkin_bonus") else ())))
        floor = data.get("prices_floor")
        if floor and not (0 < (share := parse_rate(floor) * 100) <= 10_000 and share.denominator == 1):
            self.add_error("prices_floor", _("Enter a percentage up to 100, with two decimals at most."))
        for name, words in paying.problems(data):
            if name not in self.errors:
                self.add_error(name, words)
        if data.get("guest_days"):
            self._need(data, ("guest_orders",))
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
            Section("welcome", _("Welcome"), _("Once for each confirmed contact. Empty: nothing."),
                    (self._group("welcome_points", "welcome_at"),)),
            Section("birthday", _("Birthday"), _("Given on the day, once a year. Empty: nothing."),
                    (self._group("birthday_points"),)),
            Section("check_in", _("Check-in"), _("Once a day, more for each day in a row. Empty: nothing."),
                    (self._group("checkin_first", "checkin_step", "checkin_most"),
                     self._group("checkin_cycle", "checkin_bonus"), self._group("checkin_by"))),
            Section("prices", _("Member prices"),
                    _("One rule for all perks, shown to members as well."),
                    (self._group("prices_combine", "prices_promotions", "prices_vouchers"),
                     self._group("prices_rounding", "prices_step", "prices_floor"))),
            Section("paying", _("Points that pay"),
                    _("A part of an order. Its taxes stay those of the full price. Empty: none are taken."),
                    (self._group("pay_points", "pay_money", "pay_least"),
                     self._group("pay_share", "pay_most", "pay_remainder", "pay_minutes"))),
            Section("guest_orders", _("Bought as a guest"),
                    _("Credited to those who join later, once the same e-mail is confirmed. 0 days: nothing."),
                    (self._group("guest_days", "guest_orders"),)),
            Section("orders", _("Orders unlike others"),
                    _("Money nobody saw, orders made by an import, accounts that are deleted, and points that come back."),
                    (self._group("hand_paid", ("hand_paid_limit", {"hand_paid": ["counts"]}),
                                 ("hand_paid_daily", {"hand_paid": ["counts"]})),
                     self._group("imported_from"), self._group("closed_days"), self._group("returned_days"))),
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
        result = rewritten(self.document, self.cleaned_data, self.currency)
        result["paying"] = paying.written(result.get("paying") or {}, self.cleaned_data, self.currency)
        return result
