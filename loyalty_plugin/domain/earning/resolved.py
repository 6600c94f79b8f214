"""Terms joined with the extensions they name, once a version; a code whose app is gone is kept and marked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from loyalty_plugin.domain.earning.terms import CampaignTerms, EarningTerms, MultiplierTerms, RuleTerms, When
from loyalty_plugin.domain.extensions import Counting, EarningRule, Hinting, Multiplier, OccasionKind
from loyalty_plugin.errors import UnknownExtension


@dataclass(frozen=True, slots=True)
class ResolvedRule:
    """A rule ready to be asked. `trouble` says why it can't be: missing_extension or params_refused."""

    index: int
    terms: RuleTerms
    rule: EarningRule | None
    params: Any
    hinting: Hinting | None
    trouble: str = ""
    #: What it gives may be another thing in another tier; False only where its extension says so.
    by_tier: bool = True


@dataclass(frozen=True, slots=True)
class ResolvedMultiplier:
    """A multiplier ready to be asked. `trouble` and `by_tier` as for rules."""

    index: int
    terms: MultiplierTerms
    multiplier: Multiplier | None
    params: Any
    hinting: Hinting | None
    trouble: str = ""
    by_tier: bool = True


@dataclass(frozen=True, slots=True)
class Resolved:
    """A version's earning terms with their extensions; `rules` by what they look at, in the order stated."""

    terms: EarningTerms
    rules: dict[OccasionKind, tuple[ResolvedRule, ...]]
    multipliers: tuple[ResolvedMultiplier, ...]
    campaigns: dict[str, CampaignTerms]
    #: Products that some rule wants counted in `MemberFact.pieces_before`.
    counted_products: frozenset[str]

    def looks_at_tier(self, kind: OccasionKind) -> bool:
        """Some rule or multiplier may give another thing in another tier."""
        return any(rule.by_tier for rule in self.rules[kind]) or any(one.by_tier for one in self.multipliers)

    @property
    def troubles(self) -> tuple[tuple[str, str, str], ...]:
        """What can't be asked, as id, extension code and why: for the doctor."""
        rules = {r.terms.id: r for of_kind in self.rules.values() for r in of_kind if r.trouble}
        return tuple(
            [(r.terms.id, r.terms.rule, r.trouble) for r in rules.values()]
            + [(m.terms.id, m.terms.multiplier, m.trouble) for m in self.multipliers if m.trouble]
        )


def _find(lookup: Callable[[str], Any], code: str, data: dict[str, Any]) -> tuple[Any, Any, str]:
    try:
        found = lookup(code)
    except UnknownExtension:
        return None, None, "missing_extension"
    try:
        return found, found.Params.model_validate(data), ""
    except ValidationError:
        return None, None, "params_refused"


def _by_tier(extension: Any, when: When) -> bool:
    return bool(when.tiers) or getattr(extension, "looks_at_tier", True)


def resolve(
    terms: EarningTerms,
    rule_of: Callable[[str], EarningRule],
    multiplier_of: Callable[[str], Multiplier],
) -> Resolved:
    """Look every code up and parse its parameters; both lookups raise UnknownExtension for unknown codes.

    A rule that can't be asked is kept for every kind of occasion, so that no award hides that it is missing.
    """
    counted: set[str] = set()
    rules: dict[OccasionKind, list[ResolvedRule]] = {kind: [] for kind in OccasionKind}
    for index, stated in enumerate(terms.rules):
        rule, params, trouble = _find(rule_of, stated.rule, stated.params)
        hinting = rule if isinstance(rule, Hinting) else None
        by_tier = _by_tier(rule, stated.when)
        resolved = ResolvedRule(index, stated, rule, params, hinting, trouble, by_tier)
        if isinstance(rule, Counting):
            counted |= rule.counted_products(params)
        for kind in OccasionKind if rule is None else rule.occasions:
            rules[OccasionKind(kind)].append(resolved)
    multipliers = []
    for index, factor in enumerate(terms.multipliers):
        multiplier, params, trouble = _find(multiplier_of, factor.multiplier, factor.params)
        hinting = multiplier if isinstance(multiplier, Hinting) else None
        by_tier = _by_tier(multiplier, factor.when)
        multipliers.append(ResolvedMultiplier(index, factor, multiplier, params, hinting, trouble, by_tier))
    return Resolved(
        terms,
        {kind: tuple(found) for kind, found in rules.items()},
        tuple(multipliers),
        {campaign.code: campaign for campaign in terms.campaigns},
        frozenset(counted),
    )
