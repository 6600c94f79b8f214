"""The perks of a version in a line each: what they bring to whom, and in which order; resolves them, prices nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from loyalty_plugin import registry
from loyalty_plugin.admin.perks.words import DOES
from loyalty_plugin.domain.extensions import Telling
from loyalty_plugin.domain.perks import ResolvedPerk, resolve_perks
from loyalty_plugin.domain.programmes.parse import parse_document
from loyalty_plugin.queries.explanations.numbers import in_language


@dataclass(frozen=True, slots=True)
class Line:
    """One perk: its id, the name of its kind, what it brings as pairs of a tier and words, and whether a form knows it."""

    id: str
    label: str
    brings: tuple[tuple[str, str], ...]
    known: bool


def lines(data: Mapping[str, Any]) -> list[Line]:
    """The perks of a stored document, in its order."""
    document = parse_document(data)
    found = []
    for entry in resolve_perks(document.perks, registry.perks.get):
        brings = []
        for tier in document.ladder:
            words = _told(entry, tier.code)
            if words:
                brings.append((in_language(tier.name, tier.code), words))
        if len(brings) == len(document.ladder) and len({words for _tier, words in brings}) == 1:
            brings = [("", brings[0][1])]
        label = str(entry.perk.label) if entry.perk is not None else entry.terms.perk
        found.append(Line(entry.terms.id, label, tuple(brings), entry.terms.perk in registry.perks))
    return found


def _told(entry: ResolvedPerk, tier: str) -> str:
    terms = entry.terms
    if terms.tiers and tier not in terms.tiers:
        return ""
    if not isinstance(entry.perk, Telling):
        return ""
    promise = entry.perk.tell(entry.params, tier)
    return str(promise.text) if promise is not None else ""


def kinds() -> list[tuple[str, str, str]]:
    """Perks that can be added: code, name, and what they do where we know it."""
    return [
        (code, str(registry.perks.get(code).label), str(DOES.get(code, "")))
        for code in registry.perks.codes()
    ]
