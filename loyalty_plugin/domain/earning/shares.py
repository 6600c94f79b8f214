"""Shares whole points out to an order's lines, so that they sum to what was given; changes no total."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from loyalty_plugin.domain.earning.asking import Asked
from loyalty_plugin.domain.earning.combine import ZERO, Together
from loyalty_plugin.domain.earning.cuts import Layer, layer_of
from loyalty_plugin.domain.earning.explanation import CampaignData
from loyalty_plugin.domain.earning.terms import EarningTerms
from loyalty_plugin.domain.extensions import Occasion, OccasionKind
from loyalty_plugin.domain.fields import minor
from loyalty_plugin.domain.values import floor_points, spread


def line_weights(
    layers: Sequence[Layer],
    codes: Sequence[str],
    campaigns: Sequence[CampaignData],
) -> dict[str, Fraction]:
    """Exact parts of the lines. Of a campaign whose budget ran out, only the part it could pay counts."""
    weights = dict(layers[0][0].by_line)
    for index, note in enumerate(campaigns):
        share = Fraction(note["extra"] - note["cut"], note["extra"]) if note["extra"] else Fraction(1)
        before, after = layers[index][0].by_line, layers[index + 1][0].by_line
        for line_id in before.keys() | after.keys():
            change = after.get(line_id, ZERO) - before.get(line_id, ZERO)
            weights[line_id] = weights.get(line_id, ZERO) + change * share
    return weights


def to_lines(
    total: int, weights: Mapping[str, Fraction], whole: Fraction, occasion: Occasion, line_ids: Sequence[str]
) -> tuple[tuple[str, int], ...]:
    """`total` to lines by their weights; what belongs to the order as a whole goes by the lines' amounts."""
    if not line_ids:
        return ()
    exact = [max(weights.get(line_id, ZERO), ZERO) for line_id in line_ids]
    if whole or not any(exact):
        amounts = {line.line_id: amount for line, amount in occasion.lines}
        share = whole / occasion.basis if whole and occasion.basis else Fraction(1)
        exact = [part + amounts[line_id] * share for line_id, part in zip(line_ids, exact, strict=True)]
    return tuple(zip(line_ids, spread(total, exact), strict=True))


def qualifying_points(
    asked: Asked, final: Together, bought: int, occasion: Occasion, terms: EarningTerms
) -> tuple[int, Mapping[str, Fraction]]:
    """Points that count for tiers, and the lines' weights; `bought`: points that a purchase stands behind."""
    source = terms.qualifying.source
    if occasion.kind is not OccasionKind.ORDER or source == "none":
        return 0, {}
    if source == "points":
        return bought, final.by_line
    if source == "base_points":
        base, _ = layer_of(asked, terms, frozenset(), multiplied=False)
        return floor_points(base.bought), base.by_line
    per = terms.qualifying.per
    return (occasion.basis // minor(per, occasion.currency) if per else 0), {}
