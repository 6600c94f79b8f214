"""Keeps campaign budgets and caps: cuts whole points so that never one more is given than is left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loyalty_plugin.domain.earning.asking import Asked
from loyalty_plugin.domain.earning.combine import Together, multiply, put_together
from loyalty_plugin.domain.earning.explanation import CampaignData, CapData
from loyalty_plugin.domain.earning.resolved import Resolved
from loyalty_plugin.domain.earning.terms import EarningTerms
from loyalty_plugin.domain.extensions import Occasion, OccasionKind
from loyalty_plugin.domain.facts import RemainingCaps
from loyalty_plugin.domain.values import floor_points
from loyalty_plugin.errors import InvalidInput

#: What is earned with some campaigns, and the multipliers (by place) that took part.
Layer = tuple[Together, frozenset[int]]


def full_caps(terms: EarningTerms) -> RemainingCaps:
    """What is left where nothing was earned yet: for trials and quotes, never for a real award."""
    budgets = {campaign.code: campaign.budget for campaign in terms.campaigns if campaign.budget is not None}
    return RemainingCaps(day=terms.caps.day, member=terms.caps.member, budgets=budgets)


def campaigns_at_work(asked: Asked, resolved: Resolved) -> list[str]:
    at_work = {given.campaign for given in asked.given} | {factor.campaign for factor in asked.applying}
    return [code for code in resolved.campaigns if code in at_work]


def layer_of(
    asked: Asked, terms: EarningTerms, campaigns: frozenset[str], *, multiplied: bool = True
) -> Layer:
    """What is earned with only these campaigns, and the multipliers that took part."""
    given = [offer for offer in asked.given if offer.campaign is None or offer.campaign in campaigns]
    applying = [f for f in asked.applying if f.campaign is None or f.campaign in campaigns]
    offers, took_part = multiply(given, applying if multiplied else (), terms.combine_multipliers)
    return put_together(offers, terms.combine), took_part


def keep_budgets(
    layers: Sequence[Layer],
    codes: Sequence[str],
    resolved: Resolved,
    remaining: RemainingCaps,
) -> tuple[int, dict[str, int], list[CampaignData]]:
    """Points with each campaign's extra cut to its budget; campaigns add up in the order stated."""
    before = total = floor_points(layers[0][0].total)
    used: dict[str, int] = {}
    notes: list[CampaignData] = []
    for code, (layer, _) in zip(codes, layers[1:], strict=True):
        with_it = floor_points(layer.total)
        extra, before = with_it - before, with_it
        allowed = extra
        if extra > 0 and resolved.campaigns[code].budget is not None:
            if code not in remaining.budgets:
                raise InvalidInput(campaign=code, reason="its budget was not read")
            allowed = min(extra, max(remaining.budgets[code], 0))
        total = max(total + allowed, 0)
        used[code] = max(allowed, 0)
        notes.append(CampaignData(code=code, extra=extra, used=used[code], cut=extra - allowed))
    return total, used, notes


def keep_caps(
    total: int, occasion: Occasion, terms: EarningTerms, remaining: RemainingCaps
) -> tuple[int, list[CapData]]:
    caps = terms.caps
    left = (
        ("order", caps.order if occasion.kind is OccasionKind.ORDER else None),
        ("day", caps.day if remaining.day is None else remaining.day),
        ("member", caps.member if remaining.member is None else remaining.member),
    )
    notes = []
    for cap, limit in left:
        if limit is not None and total > max(limit, 0):
            notes.append(CapData(cap=cap, left=max(limit, 0), cut=total - max(limit, 0)))
            total = max(limit, 0)
    return total, notes


def book(used: Mapping[str, int], caused: int) -> dict[str, int]:
    """What campaigns really caused, together `caused` at most: a cap takes from the last one first."""
    over = sum(used.values()) - caused
    booked = dict(used)
    for code in reversed(list(used)):
        less = max(0, min(over, booked[code]))
        booked[code] -= less
        over -= less
    return booked
