"""Shares whole points out to an order's lines, so that they sum to what was given; changes no total."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from loyalty_plugin.domain.earning.asking import Asked
from loyalty_plugin.domain.earning.combine import ONE, ZERO, Together
from loyalty_plugin.domain.earning.cuts import Layer, layer_of
from loyalty_plugin.domain.earning.explanation import CampaignData
from loyalty_plugin.domain.earning.terms import EarningTerms
from loyalty_plugin.domain.extensions import Occasion, OccasionKind
from loyalty_plugin.domain.fields import minor
from loyalty_plugin.domain.values import floor_points, spread


def paid_parts(layers: Sequence[Layer], campaigns: Sequence[CampaignData]) -> Together:
    """The exact parts that whole points are shared out by: of a campaign whose budget ran out, only as much
    as it could pay."""
    if not any(note["cut"] for note in campaigns):
        return layers[-1][0]
    first = layers[0][0]
    paid = Together(ZERO, dict(first.by_line), first.whole, first.free)
    for note, (before, _), (after, _) in zip(campaigns, layers, layers[1:], strict=False):
        share = Fraction(note["extra"] - note["cut"], note["extra"]) if note["cut"] else ONE
        paid.whole += (after.whole - before.whole) * share
        paid.free += (after.free - before.free) * share
        for line_id in before.by_line.keys() | after.by_line.keys():
            change = after.by_line.get(line_id, ZERO) - before.by_line.get(line_id, ZERO)
            paid.by_line[line_id] = paid.by_line.get(line_id, ZERO) + change * share
    # Where one campaign gives in another's place and only one is cut, a part may fall below nothing.
    paid.by_line = {line_id: max(part, ZERO) for line_id, part in paid.by_line.items()}
    paid.whole, paid.free = max(paid.whole, ZERO), max(paid.free, ZERO)
    paid.bought = sum(paid.by_line.values(), paid.whole)
    return paid


def to_lines(
    total: int, weights: Mapping[str, Fraction], whole: Fraction, occasion: Occasion, line_ids: Sequence[str]
) -> tuple[tuple[str, int], ...]:
    """`total` to lines by their weights; what belongs to the order as a whole goes by the lines' amounts."""
    if len(line_ids) < 2:
        return tuple((line_id, total) for line_id in line_ids)
    exact = [weights.get(line_id, ZERO) for line_id in line_ids]
    if whole or not any(exact):
        amounts = {line.line_id: Fraction(amount) for line, amount in occasion.lines}
        share = whole / occasion.basis if whole and occasion.basis else ONE
        exact = [part + amounts[line_id] * share for line_id, part in zip(line_ids, exact, strict=True)]
    return tuple(zip(line_ids, spread(total, exact), strict=True))


def qualifying_points(
    asked: Asked, paid: Together, bought: int, occasion: Occasion, terms: EarningTerms
) -> tuple[int, Mapping[str, Fraction]]:
    """Points that count for tiers, and the lines' weights; `bought`: points that a purchase stands behind."""
    source = terms.qualifying.source
    if occasion.kind is not OccasionKind.ORDER or source == "none":
        return 0, {}
    if source == "points":
        return bought, paid.by_line
    if source == "base_points":
        base, _ = layer_of(asked, terms, frozenset(), multiplied=False)
        return floor_points(base.bought), base.by_line
    per = terms.qualifying.per
    return (occasion.basis // minor(per, occasion.currency) if per else 0), {}
