"""How much of a cart or an order points and stored value may pay, and what is reserved when a member asks for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from loyalty_plugin.domain.facts import CheckoutFact, CheckoutLineFact, LineFact, OrderFact
from loyalty_plugin.domain.paying.parts import BonusSpent, Parts, split_stored
from loyalty_plugin.domain.paying.terms import PointsTerms
from loyalty_plugin.errors import BelowMinimum, CapExceeded, InsufficientPoints, InvalidAmount, NotPayable

Line = CheckoutLineFact | LineFact
#: Which lines something does not pay.
Bars = Callable[[Line], bool]


class Payable(NamedTuple):
    """What may be paid, minor units: with points at most, with stored value at most, with both at most."""

    points: int
    stored: int

    @property
    def both(self) -> int:
        """Neither pays what the other may not."""
        return max(self.points, self.stored)


class Wallet(NamedTuple):
    """What a member has to pay with: points, and stored value of one currency in minor units."""

    points: int = 0
    principal: int = 0
    bonus: int = 0


def payable(
    fact: CheckoutFact,
    terms: PointsTerms | None,
    *,
    due: int,
    not_by_points: Bars,
    not_by_stored: Bars | None,
) -> Payable:
    """What of an open checkout may be paid so. `due` is what nobody has paid yet; without `not_by_stored` none pays."""
    goods = [(line, line.unit_price * line.quantity) for line in fact.lines]
    whole = sum(amount for _, amount in goods)

    def gross(lines: Iterable[tuple[Line, int]]) -> int:
        amount = sum(amount for _, amount in lines)
        if fact.with_tax or not whole:
            return amount
        # Entered without tax, lines say no gross price: their share of everything, sending included, is the safe side.
        return -(-amount * max(fact.total_gross, whole) // whole)

    without = gross(one for one in goods if not_by_points(one[0]))
    stored = 0
    if not_by_stored is not None:
        stored = due - gross(one for one in goods if not_by_stored(one[0]))
    return _within(terms, due - without, stored, fact.total_gross)


def payable_of(
    fact: OrderFact,
    terms: PointsTerms | None,
    *,
    due: int,
    not_by_points: Bars,
    not_by_stored: Bars | None,
) -> Payable:
    """The same of an order, of which every line says its gross price."""
    without = sum(line.gross for line in fact.lines if not_by_points(line))
    stored = 0
    if not_by_stored is not None:
        stored = due - sum(line.gross for line in fact.lines if not_by_stored(line))
    return _within(terms, due - without, stored, fact.total_gross)


def _within(terms: PointsTerms | None, by_points: int, by_stored: int, total: int) -> Payable:
    if terms is None:
        return Payable(0, max(by_stored, 0))
    most = min(by_points, total * terms.share // 10_000)
    if terms.most is not None:
        most = min(most, terms.most)
    return Payable(max(most, 0), max(by_stored, 0))


def compose(
    *,
    points: int,
    stored: int,
    wallet: Wallet,
    room: Payable,
    terms: PointsTerms | None,
    bonus_spent: BonusSpent,
) -> Parts:
    """What is to be reserved for so many points and so much stored value (minor units), asked for together.

    More points than the room takes are not needed and not reserved; more stored value is refused, since it was asked for
    as an amount. Raises InvalidAmount, NotPayable, BelowMinimum, CapExceeded, InsufficientPoints.
    """
    for amount in (points, stored):
        if isinstance(amount, bool) or amount < 0:
            raise InvalidAmount(amount=str(amount))
    if not points and not stored:
        raise InvalidAmount(amount="0")
    money = 0
    if points:
        points, money = _points(points, wallet, room, terms)
    if stored:
        if not room.stored:
            raise NotPayable(unit="stored_value")
        if stored > min(room.stored, room.both - money):
            raise CapExceeded(asked=stored, most=min(room.stored, room.both - money))
        there = wallet.principal + wallet.bonus
        if stored > there:
            raise InsufficientPoints(unit="stored_value", asked=stored, available=there)
    own, given = split_stored(stored, principal=wallet.principal, bonus=wallet.bonus, bonus_spent=bonus_spent)
    return Parts(points, money, own, given, bonus_spent)


def _points(points: int, wallet: Wallet, room: Payable, terms: PointsTerms | None) -> tuple[int, int]:
    """So many points, and what they pay."""
    if terms is None or not room.points:
        raise NotPayable(unit="points")
    if points < terms.least:
        raise BelowMinimum(asked=points, least=terms.least)
    if points > wallet.points:
        raise InsufficientPoints(unit="points", asked=points, available=wallet.points)
    points = min(points, terms.needed(room.points))
    money = terms.pays(points, room.points)
    if not money:
        raise BelowMinimum(asked=points, least=terms.needed(1) or 1)
    # Points that pay nothing more stay where they are.
    fewest = -(-money * terms.points // terms.money)
    return min(points, fewest), money
