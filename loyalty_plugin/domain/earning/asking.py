"""Asks rules and multipliers what they give on an occasion, and notes every answer; combines nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from loyalty_plugin.domain.earning.combine import ZERO, Applying, Given
from loyalty_plugin.domain.earning.explanation import MultiplierData, RuleData
from loyalty_plugin.domain.earning.resolved import Resolved, ResolvedRule
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


def ask(occasion: Occasion, resolved: Resolved) -> Asked:
    asked = Asked()
    line_ids = frozenset(line.line_id for line, _ in occasion.lines)
    for rule in resolved.rules[occasion.kind]:
        terms = rule.terms
        note = RuleData(
            id=terms.id,
            code=terms.rule,
            exact="0",
            taken="0",
            reason="",
            data={},
            campaign=terms.campaign or "",
            free=False,
            why_not="",
        )
        asked.rules[rule.index] = note
        note["why_not"] = rule.trouble or _closed(terms, occasion, resolved)
        if note["why_not"] or rule.rule is None:
            continue
        offer = rule.rule.award(rule.params, narrowed(terms.when, occasion))
        if offer is None:
            note["why_not"] = "does_not_apply"
            continue
        if offer.once and offer.once in occasion.member.had:
            note["why_not"] = "had_before"
            continue
        given = _given(rule, offer, line_ids)
        if given is None:
            note["why_not"] = "offer_refused"
            continue
        asked.given.append(given)
        note["exact"] = exact_text(given.total)
        note["reason"], note["data"], note["free"] = offer.reason, dict(offer.data), offer.free
        if offer.once:
            note["data"]["once"] = offer.once
    if occasion.kind is OccasionKind.ORDER and asked.given:
        _ask_multipliers(asked, occasion, resolved)
    return asked


def _ask_multipliers(asked: Asked, occasion: Occasion, resolved: Resolved) -> None:
    for multiplier in resolved.multipliers:
        terms = multiplier.terms
        note = MultiplierData(
            id=terms.id,
            code=terms.multiplier,
            rate="1",
            applied=False,
            narrowed=terms.when.narrows,
            campaign=terms.campaign or "",
            why_not="",
        )
        asked.multipliers[multiplier.index] = note
        note["why_not"] = multiplier.trouble or _closed(terms, occasion, resolved)
        if note["why_not"] or multiplier.multiplier is None:
            continue
        rate = multiplier.multiplier.factor(multiplier.params, narrowed(terms.when, occasion))
        if rate is None:
            note["why_not"] = "does_not_apply"
            continue
        if isinstance(rate, float) or rate < 0:
            note["why_not"] = "offer_refused"
            continue
        rate = Fraction(rate)
        note["rate"] = exact_text(rate)
        lines = None
        if terms.when.narrows:
            lines = frozenset(line.line_id for line, _ in occasion.lines if covers(terms.when, line))
        asked.applying.append(Applying(multiplier.index, rate, lines, terms.campaign))


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


def _given(rule: ResolvedRule, offer: Offer, line_ids: frozenset[str]) -> Given | None:
    """The offer in the form that is combined, None where it breaks the contract."""
    parts = [part for _, part in offer.by_line]
    if any(isinstance(value, float) or value < 0 for value in (offer.points, *parts)):
        return None
    if any(line_id not in line_ids for line_id, _ in offer.by_line):
        return None
    total = Fraction(offer.points)
    whole = total - sum(parts, ZERO)
    if whole < 0 or len({line_id for line_id, _ in offer.by_line}) != len(parts):
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
