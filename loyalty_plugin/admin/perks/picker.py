"""Choosing goods inside of a form: what is chosen, a search of the shop and what it found; keeps nothing by itself.

Everything travels in the form, so that it works without script and nothing typed elsewhere on the page is lost. Goods
are checkboxes: what is found joins what is chosen by a tick, what is chosen leaves by taking it away.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django import forms
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty_plugin.domain.goods import Found, Goods, GoodsKind
from loyalty_plugin.queries.goods import Place, named, search

KINDS: Final[dict[GoodsKind, Any]] = {
    GoodsKind.PRODUCTS: gettext_lazy("Products"),
    GoodsKind.VARIANTS: gettext_lazy("Variants"),
    GoodsKind.CATEGORIES: gettext_lazy("Categories"),
    GoodsKind.COLLECTIONS: gettext_lazy("Collections"),
}

Chosen = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Choice:
    """One checkbox: its value, the goods if the shop told them, the id, and the kind in words."""

    value: str
    goods: Goods | None
    id: str
    kind: str


class GoodsField(forms.Field):
    """Goods by kind and id; clean gives `{kind: [ids, sorted]}` with the kinds that were chosen."""

    widget = forms.MultipleHiddenInput

    def __init__(self, *, kinds: Sequence[GoodsKind], **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.kinds = tuple(kinds)

    def clean(self, value: Any) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for kind, one in _pairs(value or ()):
            if kind not in self.kinds:
                raise forms.ValidationError(_("This can't be chosen here."))
            found.setdefault(kind.value, []).append(one)
        return {kind: sorted(set(ids)) for kind, ids in found.items()}


class Picker:
    """What a page shows of a GoodsField. `data` is what was sent, None at first."""

    def __init__(
        self,
        bound: forms.BoundField,
        places: Sequence[Place],
        data: Mapping[str, Any] | None,
        prefix: str = "",
    ) -> None:
        field = bound.field
        assert isinstance(field, GoodsField)
        self.bound, self.name, self.kinds = bound, bound.html_name, field.kinds
        self.places, self.data = places, data or {}
        self.label = prefix or bound.label

    @property
    def asked(self) -> str:
        """The words looked for."""
        return str(self.data.get(f"{self.name}-q", "")).replace("\x00", "").strip()[:100]

    @property
    def kind(self) -> GoodsKind:
        """The kind looked for."""
        sent = self.data.get(f"{self.name}-kind")
        return next((kind for kind in self.kinds if kind.value == sent), self.kinds[0])

    @property
    def place(self) -> Place | None:
        """Where is looked."""
        sent = self.data.get(f"{self.name}-where")
        return next((one for one in self.places if one.key == sent), None) or next(iter(self.places), None)

    @property
    def pressed(self) -> bool:
        """Its own button was pressed."""
        return self.data.get("search") == self.name

    @property
    def waiting(self) -> bool:
        """Something was typed and is not answered yet: Enter was meant for the search, not for saving."""
        return self.pressed or (
            self.asked != str(self.data.get(f"{self.name}-asked", "")) and bool(self.asked)
        )

    @cached_property
    def found(self) -> Found | None:
        """What the shop has, None where it does not answer."""
        return search(self.place, self.kind, self.asked) if self.place is not None else None

    @property
    def searched(self) -> bool:
        """There is something to show below the search."""
        return self.pressed or bool(self.asked)

    @property
    def results(self) -> list[Choice]:
        """What was found and is not chosen yet."""
        chosen = {one.value for one in self.chosen}
        found = self.found.goods if self.searched and self.found is not None else ()
        return [one for one in map(_choice, found) if one.value not in chosen]

    @cached_property
    def _named(self) -> Any:
        pairs = _pairs(self.bound.value() or ())
        return named(self.places[0].realm, pairs) if self.places and pairs else None

    @property
    def silent(self) -> bool:
        """The shop did not tell the names of what is chosen."""
        return self._named is not None and self._named.silent

    @cached_property
    def chosen(self) -> list[Choice]:
        """What is chosen, by kind and name."""
        known = self._named.goods if self._named is not None else {}
        found = [
            Choice(f"{kind.value}:{one}", known.get((kind, one)), one, str(KINDS[kind]))
            for kind, one in dict.fromkeys(_pairs(self.bound.value() or ()))
        ]
        return sorted(found, key=lambda one: (one.kind, one.goods.name if one.goods else one.id))

    @property
    def choices(self) -> list[tuple[str, Any, bool]]:
        """The kinds as options."""
        return [(kind.value, KINDS[kind], kind is self.kind) for kind in self.kinds]


def as_values(chosen: Chosen) -> list[str]:
    """The values of checkboxes of what a document names."""
    return [f"{kind.value}:{one}" for kind in GoodsKind for one in chosen.get(kind.value) or ()]


def _choice(goods: Goods) -> Choice:
    return Choice(f"{goods.kind.value}:{goods.id}", goods, goods.id, str(KINDS[goods.kind]))


def _pairs(values: Iterable[Any]) -> list[tuple[GoodsKind, str]]:
    found = []
    for value in values:
        kind, _colon, one = str(value).partition(":")
        if kind in set(GoodsKind) and 0 < len(one) <= 200 and "\x00" not in one:
            found.append((GoodsKind(kind), one))
    return found
