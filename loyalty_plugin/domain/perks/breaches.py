"""Finds lines of an order that break the programme's rules, whatever was promised: kept for others, or below a floor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from loyalty_plugin.domain.extensions import Gating
from loyalty_plugin.domain.facts import CheckoutLineFact, LineFact, MemberFact, OrderFact
from loyalty_plugin.domain.perks.lines import Setting
from loyalty_plugin.domain.perks.quote import barred_lines
from loyalty_plugin.domain.perks.resolved import ResolvedPerk
from loyalty_plugin.domain.perks.terms import PriceTerms
from loyalty_plugin.domain.promises import BARRED, BELOW_FLOOR, Difference


@dataclass(frozen=True, slots=True)
class Rules:
    """What an order is held against. `buyer` is the member as they were when they ordered, None for anybody else."""

    perks: Sequence[ResolvedPerk]
    terms: PriceTerms
    setting: Setting
    buyer: MemberFact | None


@dataclass(frozen=True, slots=True)
class Known:
    """What a promise knows of a line: the floor of a unit when it was made, and whether prices hold tax."""

    floor: int
    with_tax: bool


def gates(perks: Sequence[ResolvedPerk]) -> bool:
    """Whether any of these perks keeps products for members."""
    return any(isinstance(entry.perk, Gating) for entry in perks)


def breaches(order: OrderFact, rules: Rules, known: Mapping[str, Known]) -> tuple[Difference, ...]:
    """Every line that its buyer may not buy, and every line that a member paid less for than the floor.

    `known`: what promises know, by the line's id. Staff and imports may sell what and as they like.
    """
    if order.origin != "checkout":
        return ()
    lines = shown(order)
    barred = barred_lines(lines, rules.perks, rules.buyer, rules.setting)
    found = [
        Difference(BARRED, line.line_id, 0, line.gross) for line in order.lines if line.line_id in barred
    ]
    if rules.buyer is not None and rules.terms.floors:
        found += _below(order, rules.terms, {line.line_id: line for line in lines}, known)
    return tuple(found)


def _below(
    order: OrderFact, terms: PriceTerms, lines: Mapping[str, CheckoutLineFact], known: Mapping[str, Known]
) -> Iterator[Difference]:
    for line in order.lines:
        # Gifts and gift cards are the shop's own; no floor is about them.
        if line.line_id not in lines or line.gift_card or line.is_gift:
            continue
        promised = known.get(line.line_id)
        floor = promised.floor if promised is not None else terms.floor(lines[line.line_id])
        # In the terms in which the channel enters its prices, and in which floors are stated.
        with_tax = promised.with_tax if promised is not None else order.with_tax
        amount = line.gross if with_tax else line.net
        # What is taken off the whole order is spread over lines and units, and rounds at each.
        if floor and amount < (floor - 1) * line.quantity:
            due = floor * line.quantity
            yield Difference(BELOW_FLOOR, line.line_id, due, amount, due - amount)


def shown(order: OrderFact) -> list[CheckoutLineFact]:
    """The lines of an order as perks and floors look at them, with prices as the channel enters them.

    The list price is what a line costs without discounts.
    """
    return [_shown(line, order.with_tax) for line in order.lines if line.quantity > 0]


def _shown(line: LineFact, with_tax: bool) -> CheckoutLineFact:
    listed = (line.undiscounted_gross if with_tax else line.undiscounted_net) // line.quantity
    unit = (line.gross if with_tax else line.net) // line.quantity
    return CheckoutLineFact(
        line_id=line.line_id,
        variant_id=line.variant_id,
        product_id=line.product_id,
        quantity=line.quantity,
        list_price=listed,
        promotion_price=unit,
        unit_price=unit,
        category_id=line.category_id,
        collection_ids=line.collection_ids,
        gift_card=line.gift_card,
        is_gift=line.is_gift,
    )
