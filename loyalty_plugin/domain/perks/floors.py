"""Keeps member prices above the floor where a voucher or a promotion on the order comes on top; lays no price itself.

What the shop takes off a whole cart is spread over its lines. A member price is raised by so much that its share of that
leaves it at the floor; where that is no member price any more, or where nobody can tell what is taken off, it is dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from loyalty_plugin.domain.facts import CheckoutLineFact
from loyalty_plugin.domain.perks.bases import base_for
from loyalty_plugin.domain.perks.lines import Held, QuotedLine, WhyNot
from loyalty_plugin.domain.perks.terms import PriceTerms
from loyalty_plugin.domain.perks.thresholds import Thresholds


def above_floors(
    lines: Sequence[CheckoutLineFact],
    quotes: Sequence[QuotedLine],
    thresholds: Thresholds,
    terms: PriceTerms,
) -> tuple[QuotedLine, ...]:
    """The quotes, raised or dropped so that no cart discount takes a member price below its floor."""
    known = tuple(quotes)
    if not terms.floors or not any(quote.base is not None for quote in known):
        return known
    subtotal = sum(quote.unit_price * line.quantity for line, quote in zip(lines, known, strict=True))
    whole = sum(line.promotion_price * line.quantity for line in lines)
    # Raising prices may bring a discount that was not there: all count that hold anywhere up to the guest's subtotal.
    having = [
        one
        for one in (*thresholds.promotions, *([thresholds.voucher] if thresholds.voucher else ()))
        if one.lowers and one.minimum <= whole and (one.maximum is None or one.maximum >= subtotal)
    ]
    if not having:
        return known
    off = None if any(one.must_stay for one in having) else max(one.worth(subtotal) for one in having)
    return tuple(_above(line, quote, subtotal, off, terms) for line, quote in zip(lines, known, strict=True))


def _above(
    line: CheckoutLineFact, quote: QuotedLine, subtotal: int, off: int | None, terms: PriceTerms
) -> QuotedLine:
    floor = terms.floor(line)
    if quote.base is None or not floor:
        return quote
    left = 0 if off is None else subtotal - off
    if left > 0 and quote.unit_price * left >= floor * subtotal:
        return quote
    unit = -(-floor * subtotal // (left * terms.step)) * terms.step if left > 0 else line.promotion_price
    if unit >= line.promotion_price:
        return QuotedLine(line.line_id, line.promotion_price, None, why_not=WhyNot.FLOOR, barred=quote.barred)
    base = base_for(unit, line.list_price, line.promotion_price)
    held = quote.held if Held.FLOOR in quote.held else (*quote.held, Held.FLOOR)
    return replace(quote, unit_price=unit, base=base, held=held)
