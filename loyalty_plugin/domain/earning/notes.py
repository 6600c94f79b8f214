"""What goes into the stored explanation beside the numbers: notes on each answer, hints and names."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from loyalty_plugin.domain.earning.asking import Asked, ask
from loyalty_plugin.domain.earning.combine import ZERO, Together, combined_rate
from loyalty_plugin.domain.earning.cuts import campaigns_at_work, layer_of
from loyalty_plugin.domain.earning.explanation import ExplanationData, HintData, MultiplierData, RuleData
from loyalty_plugin.domain.earning.resolved import Resolved
from loyalty_plugin.domain.earning.terms import EarningTerms
from loyalty_plugin.domain.earning.when import narrowed, why_not
from loyalty_plugin.domain.extensions import Occasion, OccasionKind
from loyalty_plugin.domain.fields import exact_text
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.values import floor_points


def rule_notes(asked: Asked, final: Together, terms: EarningTerms) -> list[RuleData]:
    for given in asked.given:
        note = asked.rules[given.place]
        taken = final.taken.get(given.place, ZERO)
        note["taken"] = exact_text(taken)
        if not taken and given.total:
            note["why_not"] = "another_gave_more" if terms.combine == "best" else "an_earlier_gave"
    return list(asked.rules.values())


def multiplier_notes(asked: Asked, took_part: frozenset[int]) -> list[MultiplierData]:
    for factor in asked.applying:
        note = asked.multipliers[factor.place]
        note["applied"] = factor.place in took_part
        if not note["applied"]:
            note["why_not"] = "another_gave_more"
    return list(asked.multipliers.values())


def common_rate(asked: Asked, terms: EarningTerms) -> str:
    """The rate all lines share, as text; empty where lines have rates of their own."""
    if any(factor.lines is not None for factor in asked.applying):
        return ""
    return exact_text(combined_rate(asked.applying, terms.combine_multipliers)[0])


def hints_on(
    version: ProgrammeVersion, occasion: Occasion, resolved: Resolved, asked: Asked, exact: Fraction
) -> list[HintData]:
    """What would have given more: the next tier, tried out, and what rules and multipliers say themselves."""
    hints: list[HintData] = []
    above = version.document.next_tier(occasion.member.tier)
    if (
        above is not None
        and occasion.kind is OccasionKind.ORDER
        and resolved.looks_at_tier(OccasionKind.ORDER)
    ):
        member = replace(occasion.member, tier=above.code)
        tried = ask(replace(occasion, member=member), resolved, asked)
        codes = frozenset(campaigns_at_work(tried, resolved))
        more = floor_points(layer_of(tried, resolved.terms, codes)[0].total)
        if more > floor_points(exact):
            hints.append(HintData(kind="next_tier", data={"tier": above.code, "points": more}))
    for rule in resolved.rules[occasion.kind]:
        if rule.hinting and not why_not(rule.terms.when, occasion):
            found = rule.hinting.hints(rule.params, narrowed(rule.terms.when, occasion))
            hints.extend(HintData(kind=hint.kind, data=dict(hint.data)) for hint in found)
    if occasion.kind is OccasionKind.ORDER:
        for multiplier in resolved.multipliers:
            if multiplier.hinting and not why_not(multiplier.terms.when, occasion):
                found = multiplier.hinting.hints(multiplier.params, occasion)
                hints.extend(HintData(kind=hint.kind, data=dict(hint.data)) for hint in found)
    return hints


def names_in(version: ProgrammeVersion, explanation: ExplanationData) -> dict[str, dict[str, dict[str, str]]]:
    """The names of tiers and campaigns that the explanation mentions, in all languages."""
    tiers = {explanation["tier"]} | {str(hint["data"].get("tier", "")) for hint in explanation["hints"]}
    codes = {note["code"] for note in explanation["campaigns"]}
    codes |= {note["campaign"] for note in explanation["rules"]}
    codes |= {note["campaign"] for note in explanation["multipliers"]}
    document = version.document
    return {
        "tiers": {tier.code: dict(tier.name) for tier in document.tiers if tier.code in tiers},
        "campaigns": {c.code: dict(c.name) for c in document.earning.campaigns if c.code in codes},
    }
