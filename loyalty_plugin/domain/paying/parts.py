"""What a payment consists of, and which part of it so much money uses; exact, monotone, the whole used by the whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from loyalty_plugin.domain.ledger import POINTS, bonus, principal

#: When bonus is spent: after the member's own money, before it, or both in proportion.
BonusSpent = Literal["last", "first", "in_proportion"]


class Parts(NamedTuple):
    """So many points that pay `points_money`, and stored value by unit; all but `points` in minor units."""

    points: int = 0
    points_money: int = 0
    principal: int = 0
    bonus: int = 0
    bonus_spent: BonusSpent = "last"

    @property
    def money(self) -> int:
        """What it pays in all."""
        return self.points_money + self.principal + self.bonus

    def amounts(self, currency: str) -> dict[str, int]:
        """By unit of the ledger, without those of which there is nothing."""
        by_unit = {POINTS: self.points, principal(currency): self.principal, bonus(currency): self.bonus}
        return {unit: amount for unit, amount in by_unit.items() if amount}


def split_stored(money: int, *, principal: int, bonus: int, bonus_spent: BonusSpent) -> tuple[int, int]:
    """How much of the member's own money and of bonus pays so much of both: (principal, bonus), in whole minor units.

    In proportion, the bonus' share is rounded down, so that neither ever has to pay more than there is.
    """
    if bonus_spent == "first":
        of_bonus = min(money, bonus)
        return money - of_bonus, of_bonus
    if bonus_spent == "last":
        of_principal = min(money, principal)
        return of_principal, money - of_principal
    of_bonus = money * bonus // (principal + bonus) if principal + bonus else 0
    return money - of_bonus, of_bonus


def used(parts: Parts, money: int) -> Parts:
    """What of the parts pays so much money: points first, then stored value by its own order.

    What a smaller amount uses is always a part of what a larger one uses, so what goes back of a payment is the
    difference of two of these, in whatever steps it goes back. A started point is used. `money` is from 0 to all.
    """
    of_points = min(money, parts.points_money)
    points = -(-of_points * parts.points // parts.points_money) if parts.points_money else 0
    of_principal, of_bonus = split_stored(
        money - of_points, principal=parts.principal, bonus=parts.bonus, bonus_spent=parts.bonus_spent
    )
    return Parts(points, of_points, of_principal, of_bonus, parts.bonus_spent)


def between(parts: Parts, less: int, more: int, currency: str) -> Mapping[str, int]:
    """By unit, what the larger amount of money uses beyond the smaller one."""
    low, high = used(parts, less).amounts(currency), used(parts, more).amounts(currency)
    return {unit: amount - low.get(unit, 0) for unit, amount in high.items() if amount > low.get(unit, 0)}
