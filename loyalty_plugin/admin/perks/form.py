"""One perk of a draft as a form: its parameters from its schema, its goods, whose and when; what it can't say it keeps."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, get_type_hints

from django import forms
from django.utils.translation import gettext as _
from wagtail.admin.widgets import AdminDateInput

from loyalty_plugin.admin.perks.picker import GoodsField, Picker, as_values
from loyalty_plugin.admin.perks.shapes import Shape, Surroundings, shapes_of
from loyalty_plugin.admin.problems import WORDS
from loyalty_plugin.builtin.perks.bundles import Part
from loyalty_plugin.domain.extensions import DraftContext, Params, Perk
from loyalty_plugin.domain.goods import GoodsKind
from loyalty_plugin.domain.programmes.parse import params_problems
from loyalty_plugin.services.programmes import params_of

#: Parts a bundle's form shows at first, and at most.
_PARTS: Final = 2
_MOST_PARTS: Final = 20
_DAYS: Final = {
    "number": ["day_of_month"],
    "nth": ["nth_weekday"],
    "weekday": ["weekday", "nth_weekday"],
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A field with the rule by which Wagtail shows it (JSON, or empty)."""

    bound: forms.BoundField
    shown_if: str = ""


class PerkForm(forms.Form):
    """`entry` is the perk as the draft states it, `{}` for a new one. `data` is what was sent."""

    def __init__(
        self,
        perk: Perk,
        entry: Mapping[str, Any],
        by: Surroundings,
        data: Any = None,
        *,
        frozen: bool = False,
    ) -> None:
        super().__init__(data)
        self.perk, self.entry, self.by, self.frozen = perk, entry, by, frozen
        self.stated: Mapping[str, Any] = entry.get("params") or {}
        shapes = shapes_of(perk.Params)
        kinds = [kind for kind in GoodsKind if kind.value in shapes]
        self.has_parts = _is_parts(perk)
        self.shapes: dict[str, tuple[Shape, bool]] = {
            name: shape
            for name, shape in shapes.items()
            if name not in set(GoodsKind) and not (self.has_parts and name == "parts")
        }
        for name, (shape, needed) in self.shapes.items():
            for key, field, initial in shape.fields(name, self.stated.get(name), by, needed=needed):
                self._add(key, field, initial)
        if kinds:
            self._add("goods", GoodsField(kinds=kinds, label=_("For which goods")), as_values(self.stated))
        for place in range(self.parts):
            self._add_part(place)
        self._add_terms()

    def _add(self, name: str, field: forms.Field, initial: Any) -> None:
        field.initial, field.disabled = initial, self.frozen
        self.fields[name] = field

    @property
    def parts(self) -> int:
        """Parts that are shown."""
        if not self.has_parts:
            return 0
        sent = str(self.data.get("parts-count", "")) if self.is_bound else ""
        count = (
            int(sent)
            if sent.isdecimal() and len(sent) < 3
            else max(_PARTS, len(self.stated.get("parts") or ()))
        )
        return min(_MOST_PARTS, count + ("more" in self.data if self.is_bound else 0))

    def _add_part(self, place: int) -> None:
        known = self.stated.get("parts") or ()
        part = known[place] if place < len(known) else {}
        goods = GoodsField(
            kinds=[GoodsKind.PRODUCTS, GoodsKind.VARIANTS],
            label=_("Part %(number)s: any of these") % {"number": place + 1},
        )
        self._add(f"part{place}_goods", goods, as_values(part))
        pieces = forms.IntegerField(
            label=_("Pieces of part %(number)s") % {"number": place + 1},
            required=False,
            min_value=1,
            max_value=1000,
        )
        self._add(f"part{place}_pieces", pieces, part.get("pieces", 1))

    def _add_terms(self) -> None:
        when = self.entry.get("when") or {}
        whose = forms.MultipleChoiceField(
            label=_("For members of"),
            required=False,
            choices=[*self.by.tiers, *((one, one) for one in self._strange_tiers)],
            widget=forms.CheckboxSelectMultiple,
            help_text=_("None ticked: members of every tier."),
        )
        self._add("whose_tiers", whose, list(self.entry.get("tiers") or ()))
        for name, label in (("from_day", _("From day")), ("until_day", _("Until day, included"))):
            self._add(
                f"whose_{name}",
                forms.DateField(label=label, required=False, widget=AdminDateInput),
                when.get(name),
            )
        alone = forms.BooleanField(
            label=_("Where it gives a price, nothing else counts"),
            required=False,
        )
        self._add("whose_alone", alone, bool(self.entry.get("alone")))

    @property
    def _strange_tiers(self) -> list[str]:
        return sorted(set(self.entry.get("tiers") or ()) - {code for code, _label in self.by.tiers})

    # Showing

    @property
    def given(self) -> list[Shown]:
        """The fields of the parameters, in the schema's order."""
        found = []
        for name in self.fields:
            if not any(name == own or name.startswith(f"{own}_") for own in self.shapes) or name in _TERMS:
                continue
            own, _sep, part = name.rpartition("_")
            rule = _DAYS.get(part) if f"{own}_kind" in self.fields else None
            found.append(Shown(self[name], json.dumps({f"{own}_kind": rule}) if rule else ""))
        return found

    @property
    def terms(self) -> list[Shown]:
        """Whose it is, and when."""
        return [Shown(self[name]) for name in _TERMS]

    @property
    def pickers(self) -> list[tuple[Picker, forms.BoundField | None]]:
        """Goods to choose; of a part with its pieces."""
        data = self.data if self.is_bound else None
        found: list[tuple[Picker, forms.BoundField | None]] = []
        if "goods" in self.fields:
            found.append((Picker(self["goods"], self.by.places, data), None))
        for place in range(self.parts):
            picker = Picker(self[f"part{place}_goods"], self.by.places, data)
            found.append((picker, self[f"part{place}_pieces"]))
        return found

    @property
    def asks(self) -> bool:
        """What was sent is a search or wants another part: nothing is to be saved yet."""
        return "more" in self.data or any(picker.waiting for picker, _pieces in self.pickers)

    @property
    def unsaid(self) -> list[str]:
        """Limits that this form does not show."""
        when = self.entry.get("when") or {}
        names = {
            "channels": _("channels"),
            "weekdays": _("weekdays"),
            "labels": _("labels"),
            "tiers": _("tiers"),
            "products": _("products"),
            "categories": _("categories"),
            "collections": _("collections"),
        }
        found = [words for name, words in names.items() if when.get(name)]
        return [*found, _("single members")] if self.entry.get("members") else found

    # Reading

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if not self.errors:
            for name, code in self._problems(data):
                self.add_error(self._field_of(name), str(WORDS.get(code, code)))
        return data

    def _problems(self, data: Mapping[str, Any]) -> list[tuple[str, str]]:
        stated = self._params(data)
        params, found = params_problems(params_of, "perk", self.perk.code, stated, "")
        problems = [(one["path"].removeprefix(".params."), one["problem"]) for one in found]
        if isinstance(params, Params):
            context = DraftContext(
                currency=self.by.currency,
                tiers=tuple(code for code, _label in self.by.tiers),
                price_lists=frozenset(code for code, _label in self.by.lists),
            )
            problems += params.problems(context)
        first, last = data.get("whose_from_day"), data.get("whose_until_day")
        if first and last and last < first:
            problems.append(("whose_until_day", "end_before_start"))
        return problems

    def _field_of(self, path: str) -> str | None:
        """The field to show a problem at, by the dotted path of a parameter; None for the whole."""
        parts = path.split(".")
        if parts[0] == "parts":
            name = f"part{parts[1]}_goods" if len(parts) > 1 else "part0_goods"
            return name if name in self.fields else None
        for name in ("_".join(parts[:2]), parts[0], f"{parts[0]}_kind"):
            if name in self.fields:
                return name
        first = next((name for name in self.fields if name.startswith(f"{parts[0]}_")), None)
        return first or ("goods" if parts[0] in set(GoodsKind) else None)

    def _params(self, data: Mapping[str, Any]) -> dict[str, Any]:
        found = {name: shape.read(name, data, self.by) for name, (shape, _needed) in self.shapes.items()}
        if self.has_parts:
            found["parts"] = [
                {**goods, "pieces": data.get(f"part{place}_pieces") or 1}
                for place in range(self.parts)
                if (goods := data.get(f"part{place}_goods"))
            ]
        if "goods" in self.fields:
            found |= data.get("goods") or {}
        return {name: value for name, value in found.items() if value is not None}

    def result(self, perk_id: str) -> dict[str, Any]:
        """The perk as the draft is to state it; call it on a valid form only."""
        data = self.cleaned_data
        entry = copy.deepcopy(dict(self.entry))
        when = dict(entry.get("when") or {})
        for name in ("from_day", "until_day"):
            day = data[f"whose_{name}"]
            when[name] = day.isoformat() if day else None
        return entry | {
            "id": perk_id,
            "perk": self.perk.code,
            "params": self._params(data),
            "tiers": data["whose_tiers"],
            "when": when,
            "alone": data["whose_alone"],
        }


#: Fields of the perk's terms; another app's parameters may be called as the terms are.
_TERMS: Final = ("whose_tiers", "whose_from_day", "whose_until_day", "whose_alone")


def _is_parts(perk: Perk) -> bool:
    hints = get_type_hints(perk.Params, include_extras=True)
    return hints.get("parts") == tuple[Part, ...]
