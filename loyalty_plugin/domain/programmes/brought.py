"""What a version brings a tier besides points, and what of it another version takes away; words are the reader's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from loyalty_plugin.domain.extensions import Telling
from loyalty_plugin.domain.perks import ResolvedPerk
from loyalty_plugin.domain.programmes.document import ProgrammeDocument


@dataclass(frozen=True, slots=True)
class Brought:
    """A perk or benefit as one tier has it.

    `label` is a text, a lazy one, or texts by language; `told` says how much, "" where nobody can. `size` orders
    two versions of one perk, None where they can't be; `terms` differ where anything else about it does.
    """

    key: str
    label: Any
    told: Any = ""
    size: int | None = None
    terms: str = ""
    limited: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that ends, becomes less or other, becomes more, or is new."""

    kind: Literal["ended", "changed", "more", "new"]
    before: Brought | None
    after: Brought | None

    @property
    def loss(self) -> bool:
        """Somebody would miss something: also where it only becomes another, since that may be less."""
        return self.kind in ("ended", "changed")


def brought(document: ProgrammeDocument, perks: Sequence[ResolvedPerk], tier: str) -> dict[str, Brought]:
    """Perks and benefits of a tier by key, in the order stated. A perk that can't be asked brings nothing."""
    found = [*_perks(perks, tier), *_benefits(document, tier)]
    return {one.key: one for one in found}


def _perks(perks: Sequence[ResolvedPerk], tier: str) -> Iterator[Brought]:
    for entry in perks:
        terms, when = entry.terms, entry.terms.when
        if entry.perk is None or any(tiers and tier not in tiers for tiers in (terms.tiers, when.tiers)):
            continue
        limits = when.model_dump(mode="json", exclude={"tiers"})
        limited = any(limits.values())
        told: Any = ""
        size: int | None = None
        stated: dict[str, Any] = {"when": limits, "params": terms.params}
        if isinstance(entry.perk, Telling):
            promise = entry.perk.tell(entry.params, tier)
            if promise is None:
                continue
            told, size = promise.text, promise.size
            stated = {"when": limits, "terms": dict(promise.terms)}
        text = json.dumps(stated, sort_keys=True, default=str)
        yield Brought(f"perk:{terms.id}", entry.perk.label, told, size, text, limited)


def _benefits(document: ProgrammeDocument, tier: str) -> Iterator[Brought]:
    for benefit in document.benefits:
        if not benefit.tiers or tier in benefit.tiers:
            yield Brought(f"benefit:{_stable(benefit.text)}", dict(benefit.text))
    terms = document.tier(tier)
    by_language = terms.benefits if terms is not None else {}
    told = by_language.get("en") or next(iter(by_language.values()), ())
    for place, line in enumerate(told):
        texts = {tag: lines[place] for tag, lines in by_language.items() if place < len(lines)}
        yield Brought(f"benefit:{line}", texts)


def _stable(texts: Mapping[str, str]) -> str:
    """The text a benefit is known by: a better translation is no new benefit."""
    return texts.get("en") or texts[min(texts)]


def changes(before: Mapping[str, Brought], after: Mapping[str, Brought]) -> list[Change]:
    """What differs for whoever goes from one to the other, in the order stated."""
    found = []
    for key, old in before.items():
        new = after.get(key)
        if new is None:
            found.append(Change("ended", old, None))
        elif (old.size, old.terms) != (new.size, new.terms):
            more = (
                old.size is not None
                and new.size is not None
                and new.size > old.size
                and new.terms == old.terms
            )
            found.append(Change("more" if more else "changed", old, new))
    return found + [Change("new", None, new) for key, new in after.items() if key not in before]
