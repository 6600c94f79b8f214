"""How much of an order counts, line by line in whole minor units; never how many points that brings."""

from __future__ import annotations

from typing import NamedTuple

from loyalty_plugin.domain.earning.terms import Basis
from loyalty_plugin.domain.facts import LineFact, OrderFact
from loyalty_plugin.domain.values import spread


class Counted(NamedTuple):
    """The lines that count with their amounts (minor units, shipping's share included), by line id.

    `left_out` says what does not count and why, as pairs of a reason and minor units: shipping,
    gift_card_lines, member_priced, gift_card_paid, given_paid.
    """

    lines: tuple[tuple[LineFact, int], ...]
    total: int
    left_out: tuple[tuple[str, int], ...]


def _line_amount(line: LineFact, basis: Basis, order: OrderFact) -> int:
    if basis.discounts == "after":
        return line.gross if basis.tax == "included" else line.net
    before = max(line.undiscounted_gross, line.gross)
    if basis.tax == "included":
        return before
    # Only the gross price before discounts is known: the tax comes off at the line's own rate, rounded down;
    # a line that is free after discounts shows no rate, so the whole order's is taken.
    net, gross = (line.net, line.gross) if line.gross else (order.total_net, order.total_gross)
    return before * net // gross if gross else before


def count_order(order: OrderFact, basis: Basis) -> Counted:
    """What of this order counts.

    The part paid with gift cards takes its proportion off every line, and so does what points and bonus paid, which never
    earns again; shipping is shared out over all lines. Each by largest remainder, so that the lines always sum to the total.
    """
    lines = sorted(order.lines, key=lambda line: line.line_id)
    amounts = [_line_amount(line, basis, order) for line in lines]
    left_out: dict[str, int] = {}
    shipping = order.shipping_gross if basis.tax == "included" else order.shipping_net
    if lines and shipping:
        if basis.shipping:
            shares = spread(shipping, amounts)
            amounts = [amount + share for amount, share in zip(amounts, shares, strict=True)]
        else:
            left_out["shipping"] = shipping

    kept: list[tuple[LineFact, int]] = []
    for line, amount in zip(lines, amounts, strict=True):
        if line.gift_card and not basis.gift_card_lines:
            left_out["gift_card_lines"] = left_out.get("gift_card_lines", 0) + amount
        elif line.member_priced and not basis.member_priced:
            left_out["member_priced"] = left_out.get("member_priced", 0) + amount
        else:
            kept.append((line, amount))

    whole = total = sum(amount for _, amount in kept)
    by_card = min(0 if basis.gift_card_paid else order.gift_card_paid, order.total_gross)
    given = min(order.given_paid, order.total_gross - by_card)
    for reason, away in (("gift_card_paid", by_card), ("given_paid", given)):
        if away and whole:
            cut = min(whole * away // order.total_gross, total)
            parts = spread(cut, [amount for _, amount in kept])
            kept = [(line, amount - part) for (line, amount), part in zip(kept, parts, strict=True)]
            total -= cut
            left_out |= {reason: cut} if cut else {}
    return Counted(tuple(kept), total, tuple(left_out.items()))
