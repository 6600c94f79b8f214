"""Sees to it that member prices never make a cart dearer, shipping included, by falling below one of the shop's minima.

A lower subtotal can lose a promotion on the order, a voucher or a free way of sending. With what is known of these, the
cart is reckoned as quoted, raised to each minimum, and without member prices: the cheapest that can't be dearer holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

from loyalty_plugin.domain.facts import CheckoutLineFact
from loyalty_plugin.domain.perks.bases import base_for
from loyalty_plugin.domain.perks.lines import Held, QuotedLine, WhyNot


@dataclass(frozen=True, slots=True)
class CartDiscount:
    """What the shop takes off a whole cart whose subtotal is within these bounds (both included), in minor units.

    `off` in basis points or `fixed`. `must_stay`: what it is worth is not known (a gift, certain products, shipping), so
    no member price may lose it. `lowers`: it lowers lines, or may; a gift and free shipping do not.
    """

    minimum: int = 0
    maximum: int | None = None
    off: int = 0
    fixed: int = 0
    must_stay: bool = False
    lowers: bool = True

    def holds(self, subtotal: int) -> bool:
        """Whether a cart of this subtotal has it."""
        return self.minimum <= subtotal and (self.maximum is None or subtotal <= self.maximum)

    def worth(self, subtotal: int) -> int:
        """What it takes off, half a minor unit up."""
        return min(subtotal, self.fixed + (subtotal * self.off * 2 + 10_000) // 20_000)


@dataclass(frozen=True, slots=True)
class Sending:
    """A way of sending, offered to carts between these bounds; minor units."""

    amount: int
    minimum: int = 0
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Minima of a channel that a cart can fall below: promotions on the order, the cart's voucher, ways of sending.

    `unknown`: there may be others, which nobody could tell. Then any lower subtotal may be below one.
    """

    promotions: tuple[CartDiscount, ...] = ()
    voucher: CartDiscount | None = None
    sending: tuple[Sending, ...] = ()
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class _Cost:
    """What a cart costs, shipping included. `kept`: what it has that must stay; `spread`: a discount is shared out."""

    total: int
    kept: frozenset[CartDiscount]
    spread: bool


#: Whether ways of sending look at the subtotal after discounts, and whether Saleor rounds each line down once more.
_WORLDS = tuple(product((False, True), repeat=2))


def never_dearer(
    lines: Sequence[CheckoutLineFact],
    quotes: Sequence[QuotedLine],
    thresholds: Thresholds,
    *,
    step: int = 1,
) -> tuple[QuotedLine, ...]:
    """The quotes as they are, raised or dropped, so that the cart costs no more than without any of them.

    What is raised says so (`held`), what is dropped too (`why_not`). `step`: what prices are rounded to.
    """
    known = tuple(quotes)
    if thresholds == Thresholds() or not any(quote.base is not None for quote in known):
        return known
    plain = tuple(_dropped(line, quote) for line, quote in zip(lines, known, strict=True))
    before = [_cost(lines, plain, thresholds, *world) for world in _WORLDS]
    if thresholds.unknown:
        return plain
    best, least = plain, max(cost.total for cost in before)
    for candidate in _candidates(lines, known, thresholds, step):
        costs = [_cost(lines, candidate, thresholds, *world) for world in _WORLDS]
        most = max(cost.total for cost in costs)
        fair = all(_no_dearer(was, will, len(lines)) for was, will in zip(before, costs, strict=True))
        if fair and (most < least or (best is plain and most <= least)):
            best, least = candidate, most
    return best


def _no_dearer(was: _Cost, will: _Cost, lines: int) -> bool:
    # What is shared out over lines is rounded line by line, which may differ by one each.
    slack = lines if was.spread or will.spread else 0
    return will.total + slack <= was.total and was.kept <= will.kept


def _cost(
    lines: Sequence[CheckoutLineFact],
    quotes: Sequence[QuotedLine],
    thresholds: Thresholds,
    after_discounts: bool,
    short: bool,
) -> _Cost:
    subtotal = sum(quote.unit_price * line.quantity for line, quote in zip(lines, quotes, strict=True))
    seen = subtotal
    if short:
        # Under a sale of the shop's the charge may be one minor unit below the promise.
        seen -= sum(
            line.quantity
            for line, quote in zip(lines, quotes, strict=True)
            if quote.base is not None and line.promotion_price < line.list_price
        )
    voucher = thresholds.voucher
    if voucher is not None and voucher.holds(seen):
        # With a voucher Saleor gives no promotion on the order.
        having = [voucher]
    else:
        having = [one for one in thresholds.promotions if one.holds(seen)]
    worth = max((one.worth(subtotal) for one in having), default=0)
    counted = seen - worth if after_discounts else seen
    ways = [
        way.amount
        for way in thresholds.sending
        if way.minimum <= counted and (way.maximum is None or counted <= way.maximum)
    ]
    kept = {one for one in having if one.must_stay}
    if ways:
        kept.add(_SENT)
    if voucher in having and voucher is not None:
        kept.add(voucher)
    return _Cost(subtotal - worth + min(ways, default=0), frozenset(kept), worth > 0)


#: Stands for any way of sending at all.
_SENT = CartDiscount(must_stay=True)


def _candidates(
    lines: Sequence[CheckoutLineFact],
    quotes: tuple[QuotedLine, ...],
    thresholds: Thresholds,
    step: int,
) -> Iterator[tuple[QuotedLine, ...]]:
    """As quoted, and raised so that one minimum after the other is kept, the lowest first."""
    yield quotes
    subtotal = sum(quote.unit_price * line.quantity for line, quote in zip(lines, quotes, strict=True))
    whole = sum(line.promotion_price * line.quantity for line in lines)
    # So much more, in case Saleor rounds each line down once more.
    margin = sum(line.quantity for line in lines if line.promotion_price < line.list_price)
    for minimum in sorted(_minima(thresholds)):
        if subtotal < minimum + margin and minimum <= whole:
            yield _raised(lines, quotes, minimum + margin - subtotal, step)


def _minima(thresholds: Thresholds) -> set[int]:
    """Subtotals that must not be fallen below, also where sending looks at what discounts leave of them."""
    discounts = [*thresholds.promotions, *([thresholds.voucher] if thresholds.voucher else [])]
    found = {discount.minimum for discount in discounts}
    for way in thresholds.sending:
        found.add(way.minimum)
        for one in discounts:
            if one.off < 10_000:
                found.add(-(-(way.minimum + one.fixed) * 10_000 // (10_000 - one.off)) + 1)
    return {minimum for minimum in found if minimum > 0}


def _raised(
    lines: Sequence[CheckoutLineFact], quotes: Sequence[QuotedLine], needed: int, step: int
) -> tuple[QuotedLine, ...]:
    """Prices raised by so much in all, those that save most first; what has nothing left of it is dropped."""
    places = sorted(
        (place for place, quote in enumerate(quotes) if quote.base is not None),
        key=lambda place: -_saving(lines[place], quotes[place]),
    )
    raised = list(quotes)
    for place in places:
        if needed <= 0:
            break
        line, quote = lines[place], quotes[place]
        more = -(-needed // line.quantity)
        unit = -(-(quote.unit_price + more) // step) * step
        if unit < line.promotion_price:
            base = base_for(unit, line.list_price, line.promotion_price)
            raised[place] = replace(quote, unit_price=unit, base=base, held=(*quote.held, Held.THRESHOLD))
        else:
            raised[place] = _dropped(line, quote)
        needed -= (raised[place].unit_price - quote.unit_price) * line.quantity
    return tuple(raised)


def _saving(line: CheckoutLineFact, quote: QuotedLine) -> int:
    return (line.promotion_price - quote.unit_price) * line.quantity


def _dropped(line: CheckoutLineFact, quote: QuotedLine) -> QuotedLine:
    if quote.base is None:
        return quote
    return QuotedLine(line.line_id, line.promotion_price, None, why_not=WhyNot.THRESHOLD, barred=quote.barred)
