"""The member price of checkout lines, and the base price that makes Saleor arrive at it; writes nothing.

Trap: in Saleor an overridden price is a new base price, on which the shop's own promotion is applied again.
So the base is sent that the promotion brings down to the member price. The two prices of a line do not tell a
percentage from a fixed reduction; a percentage is assumed, and `corrected_base` mends it from the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pydantic import ValidationError

from loyalty_plugin.domain.earning.terms import WEEKDAYS, When
from loyalty_plugin.domain.extensions import Perk
from loyalty_plugin.domain.facts import CheckoutLineFact, MemberFact
from loyalty_plugin.domain.programmes.document import PerkTerms
from loyalty_plugin.errors import UnknownExtension


@dataclass(frozen=True, slots=True)
class ResolvedPerk:
    """A perk ready to be asked. `trouble` says why it can't be: missing_extension or params_refused."""

    terms: PerkTerms
    perk: Perk | None
    params: Any
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """What one line is to cost a member, per unit in minor units.

    `base` is what Saleor is to be told, None where nothing is (and what was told before is to be cleared):
    then the line keeps Saleor's own price. `unit_price` is what the customer is to be charged. `perk_id` and
    `reason` are empty without a member price; `data` is the perk's own.
    """

    line_id: str
    unit_price: int
    base: int | None
    perk_id: str = ""
    reason: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


def resolve_perks(terms: Sequence[PerkTerms], perk_of: Callable[[str], Perk]) -> tuple[ResolvedPerk, ...]:
    """Look the perks up and parse their parameters; `perk_of` raises UnknownExtension for unknown codes."""
    resolved = []
    for stated in terms:
        try:
            perk = perk_of(stated.perk)
        except UnknownExtension:
            resolved.append(ResolvedPerk(stated, None, None, "missing_extension"))
            continue
        try:
            resolved.append(ResolvedPerk(stated, perk, perk.Params.model_validate(stated.params)))
        except ValidationError:
            resolved.append(ResolvedPerk(stated, None, None, "params_refused"))
    return tuple(resolved)


def base_for(target: int, list_price: int, promotion_price: int) -> int:
    """The base price that the line's own promotion brings down to `target`, never to more.

    The promotion's percentage is found again from the two prices: the smallest whole one that explains them. The base
    nearest to the exact one then comes back to `target` itself, since the promotion makes its rounding error smaller
    still. Otherwise it is their plain proportion, rounded in the customer's favour.
    """
    if promotion_price >= list_price or promotion_price <= 0:
        return target
    kept = next(
        (
            hundred
            for hundred in range(99, 0, -1)
            if (list_price * hundred * 2 + 100) // 200 == promotion_price
        ),
        None,
    )
    if kept is None:
        return target * list_price // promotion_price
    return (target * 200 + kept) // (2 * kept)


def corrected_base(target: int, sent: int, charged: int, list_price: int, promotion_price: int) -> int | None:
    """The base to send instead, after Saleor charged `charged` for a base of `sent`; None where it is right.

    Charged below the target by no more than one minor unit is right: rounding was in the customer's favour.
    """
    if target - 1 <= charged <= target:
        return None
    fixed = list_price - promotion_price
    if sent - charged == fixed:
        return target + fixed
    return max(sent - (charged - target), 0)


def for_whom_and_when(terms: PerkTerms, member: MemberFact, day: date, channel: str) -> bool:
    """Whether a perk is for this member, on this day of the programme and in this channel; lines are another matter."""
    when = terms.when
    if terms.tiers and member.tier not in terms.tiers:
        return False
    return not when.restricts or (
        (not when.channels or channel in when.channels)
        and (not when.weekdays or WEEKDAYS[day.weekday()] in when.weekdays)
        and (when.from_day is None or when.from_day <= day)
        and (when.until_day is None or day <= when.until_day)
        and (not when.tiers or member.tier in when.tiers)
        and (not when.labels or not when.labels.isdisjoint(member.labels))
    )


def _holds(when: When, line: CheckoutLineFact) -> bool:
    return (
        not when.narrows
        or line.product_id in when.products
        or line.category_id in when.categories
        or not when.collections.isdisjoint(line.collection_ids)
    )


def quote_line(
    line: CheckoutLineFact, perks: Sequence[ResolvedPerk], member: MemberFact, day: date, channel: str
) -> QuotedLine:
    """The best single member price of one line; perks do not add up.

    Gift cards and Saleor's gift lines have none. A price of nothing is no member price: whoever holds the
    checkout could raise the quantity of a free line. Where Saleor's own promotion is as good, it stays.
    """
    plain = QuotedLine(line.line_id, line.promotion_price, None)
    if line.gift_card or line.is_gift:
        return plain
    best = plain
    for entry in perks:
        if entry.perk is None or not for_whom_and_when(entry.terms, member, day, channel):
            continue
        if not _holds(entry.terms.when, line):
            continue
        offer = entry.perk.price(entry.params, line, member, day)
        if offer is None or not 0 < offer.unit_price < best.unit_price:
            continue
        base = base_for(offer.unit_price, line.list_price, line.promotion_price)
        if base <= 0:
            continue
        best = QuotedLine(
            line.line_id, offer.unit_price, base, entry.terms.id, offer.reason, dict(offer.data)
        )
    return best


def quote(
    lines: Sequence[CheckoutLineFact],
    perks: Sequence[ResolvedPerk],
    member: MemberFact | None,
    day: date,
    channel: str = "",
) -> tuple[QuotedLine, ...]:
    """What each line is to cost this member on a day of the programme; a guest (None) pays Saleor's price."""
    if member is None:
        return tuple(QuotedLine(line.line_id, line.promotion_price, None) for line in lines)
    return tuple(quote_line(line, perks, member, day, channel) for line in lines)
