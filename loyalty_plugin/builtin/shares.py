"""Arithmetic our rules share: points by amount, and what caps or currency make impossible; gives nothing."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from loyalty_plugin.domain.extensions import DraftContext, Occasion, OccasionKind
from loyalty_plugin.domain.fields import minor
from loyalty_plugin.errors import InvalidInput

Shares = tuple[tuple[str, Fraction], ...]


def by_amount(points: Fraction, per: int, occasion: Occasion) -> tuple[Fraction, Shares]:
    """Exact points for the amount that counts, `points` for every `per` minor units, and each line's part."""
    above, below = points.numerator, points.denominator * per
    total = Fraction(above * occasion.basis, below)
    if len(occasion.lines) == 1 and occasion.lines[0][1] == occasion.basis:
        return total, ((occasion.lines[0][0].line_id, total),)
    return total, tuple([(line.line_id, Fraction(above * amount, below)) for line, amount in occasion.lines])


def in_proportion(total: Fraction, occasion: Occasion) -> Shares:
    """Exact points shared out by the lines' amounts; none where nothing counts."""
    if not occasion.basis:
        return ()
    rate = total / occasion.basis
    return tuple((line.line_id, rate * amount) for line, amount in occasion.lines)


def wrong_decimals(context: DraftContext, **amounts: Decimal | None) -> list[tuple[str, str]]:
    """The amounts, by the names of their fields, that the programme's currency can't hold."""
    found = []
    for name, amount in amounts.items():
        try:
            if amount is not None:
                minor(amount, context.currency)
        except InvalidInput:
            found.append((name, "wrong_decimals"))
    return found


def above_caps(
    context: DraftContext, points: Fraction | int, name: str, kind: OccasionKind
) -> list[tuple[str, str]]:
    """A fixed award that a cap would always cut."""
    caps = [context.day_cap, context.member_cap]
    if kind is OccasionKind.ORDER:
        caps.append(context.order_cap)
    return [(name, "cap_below_award")] if any(cap is not None and cap < points for cap in caps) else []
