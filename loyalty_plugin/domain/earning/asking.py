"""Asks rules and multipliers what they give on an occasion, and notes every answer; combines nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from loyalty_plugin.domain.earning.combine import ZERO, Applying, Given
from loyalty_plugin.domain.earning.explanation import MultiplierData, RuleData
from loyalty_plugin.domain.earning.resolved import Resolved, ResolvedMultiplier, ResolvedRule
from loyalty_plugin.domain.earning.terms import MultiplierTerms, RuleTerms
from loyalty_plugin.domain.earning.when import covers, narrowed, why_not
from loyalty_plugin.domain.extensions import Occasion, OccasionKind, Offer
from loyalty_plugin.domain.fields import exact_text


@dataclass(slots=True)
class Asked:
    """The answers of rules and multipliers on one occasion, with notes for the explanation."""

    given: list[Given] = field(default_factory=list)
    applying: list[Applying] = field(default_factory=list)
    rules: dict[int, RuleData] = field(default_factory=dict)
    multipliers: dict[int, MultiplierData] = field(default_factory=dict)


def ask(occasion: Occasion, resolved: Resolved, before: Asked | None = None) -> Asked:
    """The answers on this occasion.

    `before` are the answers on the same occasion in another tier: who looks at no tier is not asked again, and
    leaves no note.
    """
    asked = Asked()
    known = {} if before is None else {given.place: given for given in before.given}
    line_ids = frozenset([line.line_id for line, _ in occasion.lines])
    for rule in resolved.rules[occasion.kind]:
        if before is None or rule.by_tier:
            given = _ask_rule(asked, rule, occasion, resolved, line_ids)
        else:
            given = known.get(rule.index)
        if given is not None:
            asked.given.append(given)
    if occasion.kind is OccasionKind.ORDER and asked.given:
        _ask_multipliers(asked, occasion, resolved, before)
    return asked


def _ask_rule(
    asked: Asked, rule: ResolvedRule, occasion: Occasion, resolved: Resolved, line_ids: frozenset[str]
) -> Given | None:
    terms = rule.terms
    note: RuleData = {
        "id": terms.id,
        "code": terms.rule,
        "exact": "0",
        "taken": "0",
        "reason": "",
        "data": {},
        "campaign": terms.campaign or "",
        "free": False,
        "why_not": rule.trouble or _closed(terms, occasion, resolved),
    }
    asked.rules[rule.index] = note
    if note["why_not"] or rule.rule is None:
        return None
    offer = rule.rule.award(rule.params, narrowed(terms.when, occasion))
    if offer is None:
        note["why_not"] = "does_not_apply"
        return None
    if offer.once and offer.once in occasion.member.had:
        note["why_not"] = "had_before"
        return None
    given = _given(rule, offer, line_ids)
    if given is None:
        note["why_not"] = "offer_refused"
        return None
    note["exact"] = exact_text(given.total)
    note["reason"], note["data"], note["free"] = offer.reason, dict(offer.data), offer.free
    if offer.once:
        note["data"]["once"] = offer.once
    return given


def _ask_multipliers(asked: Asked, occasion: Occasion, resolved: Resolved, before: Asked | None) -> None:
    # Where nothing was given before, no multiplier was asked.
    again = before is None or not before.given
    known = {} if before is None else {factor.place: factor for factor in before.applying}
    for multiplier in resolved.multipliers:
        if again or multiplier.by_tier:
            factor = _ask_multiplier(asked, multiplier, occasion, resolved)
        else:
            factor = known.get(multiplier.index)
        if factor is not None:
            asked.applying.append(factor)


def _ask_multiplier(
    asked: Asked, multiplier: ResolvedMultiplier, occasion: Occasion, resolved: Resolved
) -> Applying | None:
    terms = multiplier.terms
    note: MultiplierData = {
        "id": terms.id,
        "code": terms.multiplier,
        "rate": "1",
        "applied": False,
        "narrowed": terms.when.narrows,
        "campaign": terms.campaign or "",
        "why_not": multiplier.trouble or _closed(terms, occasion, resolved),
    }
    asked.multipliers[multiplier.index] = note
    if note["why_not"] or multiplier.multiplier is None:
        return None
    rate = multiplier.multiplier.factor(multiplier.params, narrowed(terms.when, occasion))
    if rate is None:
        note["why_not"] = "does_not_apply"
        return None
    if _refused(rate):
        note["why_not"] = "offer_refused"
        return None
    rate = Fraction(rate)
    note["rate"] = exact_text(rate)
    lines = None
    if terms.when.narrows:
        lines = frozenset(line.line_id for line, _ in occasion.lines if covers(terms.when, line))
    return Applying(multiplier.index, rate, lines, terms.campaign)


def _closed(terms: RuleTerms | MultiplierTerms, occasion: Occasion, resolved: Resolved) -> str:
    """Why this can't apply, whatever it would say: its campaign first, then its conditions."""
    return _campaign_closed(terms.campaign, occasion, resolved) or why_not(terms.when, occasion)


def _campaign_closed(code: str | None, occasion: Occasion, resolved: Resolved) -> str:
    if code is None:
        return ""
    campaign = resolved.campaigns.get(code)
    if campaign is None:
        return "unknown_campaign"
    if campaign.from_day and occasion.day < campaign.from_day:
        return "campaign_not_begun"
    if campaign.until_day and occasion.day > campaign.until_day:
        return "campaign_over"
    return ""


def _refused(value: Any) -> bool:
    """A number below zero, or one that is not exact."""
    if type(value) is Fraction:
        return value.numerator < 0  # many times quicker than comparing fractions
    return isinstance(value, float) or value < 0


def _given(rule: ResolvedRule, offer: Offer, line_ids: frozenset[str]) -> Given | None:
    """The offer in the form that is combined, None where it breaks the contract."""
    parts = [part for _, part in offer.by_line]
    if _refused(offer.points) or any(map(_refused, parts)):
        return None
    if any(line_id not in line_ids for line_id, _ in offer.by_line):
        return None
    total = Fraction(offer.points)
    whole = ZERO if len(parts) == 1 and parts[0] == total else total - sum(parts, ZERO)
    if _refused(whole) or len({line_id for line_id, _ in offer.by_line}) != len(parts):
        return None
    if offer.free:
        # No line is the cause of points that nothing was paid for.
        return Given(rule.index, total, (), total, free=True, campaign=rule.terms.campaign)
    return Given(
        rule.index,
        total,
        offer.by_line,
        whole,
        on_top=rule.terms.on_top,
        multiplied=rule.terms.multiplied,
        campaign=rule.terms.campaign,
    )
