"""How each type of parameter is shown as fields and read back; knows types and no perk, and judges nothing.

A type is found by what the schema says, so that another app's perk has fields too. What no shape fits is JSON.
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from fractions import Fraction
from typing import Any, Final, Literal, Protocol, Union, get_args, get_origin, get_type_hints

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from pydantic import BaseModel
from wagtail.admin.widgets import AdminDateTimeInput

from loyalty_plugin.admin.exact import AmountField, ExactField
from loyalty_plugin.admin.perks.numbers import MinorField, PercentField, PricesField
from loyalty_plugin.admin.perks.words import CHOICES, HELP, LABELS
from loyalty_plugin.admin.terms.fields import day_fields
from loyalty_plugin.builtin.perks.chosen import BasisPoints
from loyalty_plugin.builtin.perks.sales import LocalTime
from loyalty_plugin.builtin.perks.sending import MinorUnits
from loyalty_plugin.domain.earning.days import MemberDay
from loyalty_plugin.domain.fields import Code, PositiveAmount, PriceListCode, exact_text
from loyalty_plugin.domain.values import Money
from loyalty_plugin.queries.goods import Place

#: Field's name, field, what it shows at first.
Declared = Iterator[tuple[str, forms.Field, Any]]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What fields of a programme's perk need: its currency, tiers and price lists as pairs of code and name, its clocks."""

    currency: str
    tiers: Sequence[tuple[str, str]]
    lists: Sequence[tuple[str, str]]
    zone: tzinfo
    places: Sequence[Place] = ()


class Shape(Protocol):
    """Fields for one parameter."""

    def fields(self, name: str, stated: Any, by: Surroundings, *, needed: bool) -> Declared:
        """The fields with what `stated` (stored data, None without) shows in them."""
        ...

    def read(self, name: str, data: Mapping[str, Any], by: Surroundings) -> Any:
        """The parameter as stored data, None where nothing is stated."""
        ...


def _words(name: str) -> dict[str, Any]:
    return {"label": LABELS.get(name, capfirst(name.replace("_", " "))), "help_text": HELP.get(name, "")}


class _Percent:
    def fields(self, name: str, stated: Any, by: Surroundings, *, needed: bool) -> Declared:
        shown = exact_text(Fraction(stated, 100)) if isinstance(stated, int) else ""
        yield name, PercentField(required=needed, **_words(name)), shown

    def read(self, name: str, data: Mapping[str, Any], by: Surroundings) -> Any:
        return data[name]


class _ByTier:
    """One field a tier; what is stated of tiers that are not there stays: it is a mistake to be shown, not to be lost."""

    def _field(self, by: Surroundings, words: Mapping[str, Any]) -> forms.Field:
        return PercentField(required=False, **words)

    def _shown(self, value: Any, by: Surroundings) -> str:
        return exact_text(Fraction(value, 100)) if isinstance(value, int) else ""

    def fields(self, name: str, stated: Any, by: Surroundings, *, needed: bool) -> Declared:
        known = stated if isinstance(stated, Mapping) else {}
        words = _words(name)
        for place, (code, label) in enumerate(by.tiers):
            help_text = words["help_text"] if place == 0 else ""
            told = {"label": f"{words['label']}: {label}", "help_text": help_text}
            yield f"{name}_{code}", self._field(by, told), self._shown(known.get(code), by)
        strange = {code: value for code, value in known.items() if code not in dict(by.tiers)}
        if strange:
            field = forms.JSONField(label=_("Of tiers that are not there"), required=False)
            yield f"{name}__strange", field, strange

    def read(self, name: str, data: Mapping[str, Any], by: Surroundings) -> Any:
        found = {code: data[f"{name}_{code}"] for code, _label in by.tiers}
        return {code: value for code, value in found.items() if value is not None} | (
            data.get(f"{name}__strange") or {}
        )


class _MinorByTier(_ByTier):
    def _field(self, by: Surroundings, words: Mapping[str, Any]) -> forms.Field:
        label = f"{words['label']} ({by.currency})"
        return MinorField(currency=by.currency, required=False, label=label, help_text=words["help_text"])

    def _shown(self, value: Any, by: Surroundings) -> str:
        return exact_text(Fraction(Money(value, by.currency).decimal)) if isinstance(value, int) else ""


class _Amount:
    def fields(self, name: str, stated: Any, by: Surroundings, *, needed: bool) -> Declared:
        words = _words(name)
        words["label"] = f"{words['label']} ({by.currency})"
        yield name, AmountField(currency=by.currency, required=needed, **words), stated or ""

    def read(self, name: str, data: Mapping[str, Any], by: Surroundings) -> Any:
        return data[name] or None


class _Prices:
    def fields(self, name: str, stated: Any, by: Surroundings, *, needed: bool) -> Declared:
        field = PricesField(currency=by.currency, places=by.places, required=needed, **_words(name))
        yield name, field, field.told(stated or {})

    def read(self, name: str, data: Mapping[str, Any], by: Surroundings) -> Any:
        return data[name] or None


class _Whole:
    def fields(self, name: str, stated: Any, by: Surroundings, *, needed: bool) -> Declared:
        yield name, forms.IntegerField(required=needed, min_value=0, max_value=10**9, **_words(name)), stated

    def read(self, name: str, data: Mapping[str, Any], by: Surroundings) -> Any:
        return data[name]


class _Text:
    def fields(self, name: str, stated: Any, by: Surroundings, *, needed: bool) -> Declared:
        yield name, forms.CharField(required=needed, max_length=100, **_words(name)), stated or ""

    def read(self, name: str, data: Mapping[str, Any], by: Surroundings) -> Any:
        return data[name] or None


class _List:
    def fields(self, name: str, stated: Any, by: Surroundings, *, needed: bool) -> Declared:
        known = dict(by.lists)
        gone = [(stated, stated)] if stated and stated not in known else []
        choices = [*by.lists, *gone]
        words = _words(name)
        if not choices:
            words["help_text"] = _("There is no price list yet: make one under Price lists first.")
        yield name, forms.ChoiceField(required=needed, choices=choices, **words), stated

    def read(self, name: str, data: Mapping[str, Any], by: Surroundings) -> Any:
        return data[name] or None


class _Moment:
    """A time of the programme's clocks: the page itself is shown in its time zone."""

    def fields(self, name: str, stated: Any, by: Surroundings, *, needed: bool) -> Declared:
        shown = datetime.fromisoformat(stated) if stated else None
        yield name, forms.DateTimeField(required=needed, widget=AdminDateTimeInput, **_words(name)), shown

    def read(self, name: str, data: Mapping[str, Any], by: Surroundings) -> Any:
        found: datetime | None = data[name]
        return found.astimezone(by.zone).replace(tzinfo=None).isoformat(timespec="minutes") if found else None


class _Day:
    def fields(self, name: str, stated: Any, by: Surroundings, *, needed: bool) -> Declared:
        yield from day_fields(stated or {}, name, none=not needed)

    def read(self, name: str, data: Mapping[str, Any], by: Surroundings) -> Any:
        kind, weekday = data[f"{name}_kind"], data[f"{name}_weekday"]
        parts: dict[str, dict[str, Any]] = {
            "day_of_month": {"day": data[f"{name}_number"]},
            "weekday": {"weekday": weekday},
            "nth_weekday": {"nth": int(data[f"{name}_nth"] or 1), "weekday": weekday},
        }
        return {"kind": kind, **parts[kind]} if kind else None


class _OneOf:
    def __init__(self, choices: Sequence[str]) -> None:
        self.choices = choices

    def fields(self, name: str, stated: Any, by: Surroundings, *, needed: bool) -> Declared:
        none = [] if needed else [("", "–")]
        choices = [*none, *((code, CHOICES.get(code, code)) for code in self.choices)]
        yield name, forms.ChoiceField(required=needed, choices=choices, **_words(name)), stated or ""

    def read(self, name: str, data: Mapping[str, Any], by: Surroundings) -> Any:
        return data[name] or None


class _Flag:
    def fields(self, name: str, stated: Any, by: Surroundings, *, needed: bool) -> Declared:
        yield name, forms.BooleanField(required=False, **_words(name)), bool(stated)

    def read(self, name: str, data: Mapping[str, Any], by: Surroundings) -> Any:
        return data[name]


class Json:
    """What no other shape fits."""

    def fields(self, name: str, stated: Any, by: Surroundings, *, needed: bool) -> Declared:
        text = "" if stated is None else json.dumps(stated, ensure_ascii=False)
        yield name, forms.JSONField(required=needed, **_words(name)), text and json.loads(text)

    def read(self, name: str, data: Mapping[str, Any], by: Surroundings) -> Any:
        return data[name]


class _Exact:
    def fields(self, name: str, stated: Any, by: Surroundings, *, needed: bool) -> Declared:
        yield name, ExactField(required=needed, **_words(name)), stated or ""

    def read(self, name: str, data: Mapping[str, Any], by: Surroundings) -> Any:
        return data[name] or None


#: Types as schemas write them. A list, since an annotated type need not be hashable.
_SHAPES: Final[list[tuple[Any, Shape]]] = [
    (BasisPoints, _Percent()),
    (dict[Code, BasisPoints], _ByTier()),
    (dict[Code, MinorUnits], _MinorByTier()),
    (PositiveAmount, _Amount()),
    (dict[str, PositiveAmount], _Prices()),
    (PriceListCode, _List()),
    (LocalTime, _Moment()),
    (MemberDay, _Day()),
    (str, _Text()),
    (bool, _Flag()),
]


def shapes_of(schema: type[BaseModel]) -> dict[str, tuple[Shape, bool]]:
    """The shape of each parameter of a schema, and whether it must be stated, in the schema's order."""
    hints = get_type_hints(schema, include_extras=True)
    return {
        name: (_shape(_without_none(hints[name])), field.is_required())
        for name, field in schema.model_fields.items()
    }


def _without_none(hint: Any) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        kept = [one for one in get_args(hint) if one is not type(None)]
        if len(kept) == 1:
            return kept[0]
    return hint


def _shape(hint: Any) -> Shape:
    for known, shape in _SHAPES:
        if hint == known:
            return shape
    bare = get_args(hint)[0] if hasattr(hint, "__metadata__") else hint
    if get_origin(hint) is Literal:
        return _OneOf(get_args(hint))
    if bare is int:
        return _Whole()
    return _Text() if bare is str else Json()
