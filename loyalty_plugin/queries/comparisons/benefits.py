"""Perks and benefits that a draft ends, changes or adds, for whoever goes from one tier to another; judges nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from loyalty_plugin.domain.programmes.brought import Brought, Change, brought, changes
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.queries.explanations.numbers import in_language
from loyalty_plugin.queries.offers import perks_of


@dataclass(frozen=True, slots=True)
class Ladder:
    """What each tier brings in two versions, by tier code."""

    before: Mapping[str, Mapping[str, Brought]]
    after: Mapping[str, Mapping[str, Brought]]
    names: Mapping[str, str]
    _known: dict[tuple[str, str], list[Change]] = field(default_factory=dict, compare=False)

    @classmethod
    def between(cls, old: ProgrammeVersion, new: ProgrammeVersion) -> Ladder:
        """Ready to compare; the names of tiers are those of the draft where it has the tier."""
        names = {
            tier.code: in_language(tier.name, tier.code)
            for version in (old, new)
            for tier in version.document.ladder
        }
        before, after = (
            {tier: brought(one.document, perks_of(one), tier) for tier in one.document.tier_codes}
            for one in (old, new)
        )
        return cls(before, after, names)

    def changes(self, from_tier: str, to_tier: str) -> list[Change]:
        """What differs for a member who goes from one tier to another, or stays where both are one."""
        pair = (from_tier, to_tier)
        if pair not in self._known:
            self._known[pair] = changes(self.before.get(from_tier, {}), self.after.get(to_tier, {}))
        return self._known[pair]

    def losses(self, from_tier: str, to_tier: str) -> list[Change]:
        """What they would miss."""
        return [change for change in self.changes(from_tier, to_tier) if change.loss]

    def name(self, tier: str) -> str:
        """The tier as the reader calls it."""
        return self.names.get(tier, tier)


def brought_text(one: Brought) -> str:
    """ "Tier discount: 5 % off", or the benefit's own words."""
    label = in_language(one.label) or str(one.label)
    text = _("%(label)s: %(told)s") % {"label": label, "told": one.told} if one.told else label
    return _("%(perk)s, under conditions") % {"perk": text} if one.limited else text


def change_text(change: Change) -> str:
    """One change as a clause: what ends is named, what changes is told with both sides."""
    before, after = change.before, change.after
    if before is None or after is None:
        return brought_text(before or after)  # type: ignore[arg-type]
    old, new = brought_text(before), brought_text(after)
    if old == new:
        return _("%(perk)s, on other terms") % {"perk": old}
    if before.told and after.told and in_language(before.label) == in_language(after.label):
        label = in_language(before.label) or str(before.label)
        return _("%(label)s: %(new)s instead of %(old)s") % {
            "label": label,
            "new": after.told,
            "old": before.told,
        }
    return _("%(new)s instead of %(old)s") % {"new": new, "old": old}


def losses_text(losses: list[Change]) -> str:
    """What a member would miss, in one line; empty where it is nothing."""
    return "; ".join(change_text(change) for change in losses)


@dataclass(frozen=True, slots=True)
class TierChanges:
    """What differs for those who stay in a tier: clauses under ended, changed, more and new."""

    tier: str
    ended: list[str]
    changed: list[str]
    added: list[str]


def by_tier(ladder: Ladder) -> list[TierChanges]:
    """For each tier that both versions have and that differs, highest last."""
    found = []
    for tier in ladder.after:
        if tier not in ladder.before:
            continue
        told: dict[str, list[str]] = {"ended": [], "changed": [], "more": [], "new": []}
        for change in ladder.changes(tier, tier):
            told[change.kind].append(change_text(change))
        if any(told.values()):
            changed = told["changed"] + told["more"]
            found.append(TierChanges(ladder.name(tier), told["ended"], changed, told["new"]))
    return found
