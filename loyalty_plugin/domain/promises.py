"""Compares what an order was charged with the member prices promised on its checkout; decides nothing about what to do.

A line names its promise by a mark. Marks stay on a checkout that changes hands and on lines that grow, so the mark
alone proves nothing: customer, units, price and quantity times price are all looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from loyalty_plugin.domain.facts import LineFact, OrderFact

#: What an override reason of ours begins with; the promise's id follows.
MARK: Final = "loyalty:"

UNKNOWN: Final = "unknown_promise"
WITHDRAWN: Final = "withdrawn_promise"
ANOTHER_CUSTOMER: Final = "another_customer"
MORE_UNITS: Final = "more_units"
OVER_LIMIT: Final = "over_limit"
CHARGED_MORE: Final = "charged_more"
CHARGED_LESS: Final = "charged_less"
NOT_TIMES: Final = "not_quantity_times_price"
NOT_COVERED: Final = "not_covered"
#: A member may not buy it, or paid less than the floor, whatever was promised; see `domain.perks.breaches`.
BARRED: Final = "barred"
BELOW_FLOOR: Final = "below_floor"
#: It was paid with what a member had reserved, by another, or for what may not be paid so; see `domain.paying.judging`.
PAID_BY_ANOTHER: Final = "paid_by_another"
PAID_FOR_EXCLUDED: Final = "paid_for_excluded"
#: Every way in which an order may differ from what was promised, or from the programme's rules.
CODES: Final = (
    UNKNOWN,
    WITHDRAWN,
    ANOTHER_CUSTOMER,
    MORE_UNITS,
    OVER_LIMIT,
    CHARGED_MORE,
    CHARGED_LESS,
    NOT_TIMES,
    NOT_COVERED,
    BARRED,
    BELOW_FLOOR,
    PAID_BY_ANOTHER,
    PAID_FOR_EXCLUDED,
)
#: Those found without looking at any promise.
OF_RULES: Final = frozenset({BARRED, BELOW_FLOOR, PAID_BY_ANOTHER, PAID_FOR_EXCLUDED})
#: What no customer did wrong: the shop's own reductions. An order with nothing else is not held back by itself.
HARMLESS: Final = frozenset({BELOW_FLOOR})
#: While an order is in these, nobody has said yet that its money must be there.
_NOT_YET: Final = frozenset({"DRAFT", "CANCELED", "EXPIRED"})


@dataclass(frozen=True, slots=True)
class PromisedLine:
    """A promise as it was when the order came. Unit prices in minor units; `guest_price` is anybody else's.

    `with_tax` says which side of the order's amounts they are. `open`: it had not been withdrawn.
    """

    promise_id: str
    line_id: str
    variant_id: str
    user_id: str
    quantity: int
    unit_price: int
    guest_price: int
    with_tax: bool
    open: bool
    #: Pieces of it at the price of a perk that has limits, and how many of these are above what is left of it.
    limited: int = 0
    over: int = 0


@dataclass(frozen=True, slots=True)
class Difference:
    """One way in which an order is not as promised.

    `lost` is what the shop lost by it in minor units; below zero, what the customer paid too much. `promised` and
    `charged` are minor units of the line, or units for `more_units` and `over_limit`.
    """

    code: str
    line_id: str = ""
    promised: int = 0
    charged: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Compared:
    """Every difference, and which of the promises were kept or broken; those in neither were not used."""

    differences: tuple[Difference, ...]
    kept: frozenset[str]
    broken: frozenset[str]


def mark_of(line: LineFact) -> str:
    """The promise a line names as its id is written here, empty where it names none of ours. Marks are free text."""
    if not line.mark.startswith(MARK):
        return ""
    try:
        return str(UUID(line.mark.removeprefix(MARK)))
    except ValueError:
        return line.mark


def compare(order: OrderFact, promises: Sequence[PromisedLine]) -> Compared:
    """Compare an order with all promises that its lines name or that were open on its checkout."""
    known = {promise.promise_id: promise for promise in promises}
    marked: defaultdict[str, list[LineFact]] = defaultdict(list)
    for line in order.lines:
        if mark := mark_of(line):
            marked[mark].append(line)
    differences: list[Difference] = []
    broken: set[str] = set()
    used: set[str] = set()
    for mark, lines in marked.items():
        promise = known.get(mark)
        stands = _standing(promise, promises) if promise is not None else None
        found = list(_of_mark(order, lines, promise, stands))
        differences += found
        for one in (promise, stands):
            if one is not None:
                used.add(one.promise_id)
                broken |= {one.promise_id} if found else set()
    for promise in promises:
        if promise.open and promise.promise_id not in used and promise.user_id == order.user_id:
            plain = next((one for one in order.lines if _plain(one, promise)), None)
            if plain is None:
                continue
            used.add(promise.promise_id)
            if (too_much := _amount(plain, promise) - promise.unit_price * plain.quantity) > 0:
                broken.add(promise.promise_id)
                differences.append(_priced(CHARGED_MORE, plain, promise, -too_much))
    missing = order.total_gross - order.charged - order.refunded - order.authorized
    if used and missing > 0 and order.status not in _NOT_YET and not order.may_owe:
        differences.append(
            Difference(NOT_COVERED, "", order.total_gross, order.total_gross - missing, missing)
        )
    return Compared(tuple(differences), frozenset(used - broken), frozenset(broken))


def _standing(promise: PromisedLine, promises: Sequence[PromisedLine]) -> PromisedLine:
    """The promise that stood: a newer one for the same line counts, though its mark had not arrived yet."""
    if promise.open:
        return promise
    return next((one for one in promises if one.open and one.line_id == promise.line_id), promise)


def _of_mark(
    order: OrderFact, lines: Sequence[LineFact], promise: PromisedLine | None, stands: PromisedLine | None
) -> Iterable[Difference]:
    if promise is None or stands is None:
        for line in lines:
            yield Difference(UNKNOWN, line.line_id, 0, line.gross)
        return
    if order.user_id != stands.user_id:
        for line in lines:
            yield _priced(ANOTHER_CUSTOMER, line, stands, _saved(line, stands))
        return
    if not stands.open:
        for line in lines:
            yield _priced(WITHDRAWN, line, stands, _saved(line, stands))
        return
    units = sum(line.quantity for line in lines)
    if units > stands.quantity:
        extra = (units - stands.quantity) * max(stands.guest_price - stands.unit_price, 0)
        code = OVER_LIMIT if stands.limited else MORE_UNITS
        yield Difference(code, lines[0].line_id, stands.quantity, units, extra)
    elif stands.over:
        saved = max(stands.guest_price - stands.unit_price, 0) * stands.quantity
        allowed = stands.limited - stands.over
        lost = saved * stands.over // stands.limited
        yield Difference(OVER_LIMIT, lines[0].line_id, allowed, stands.limited, lost)
    for line in lines:
        amount, due = _amount(line, stands), stands.unit_price * line.quantity
        unit = line.unit_gross if stands.with_tax else line.unit_net
        # A reduction of the whole order is spread over lines and units, and rounds at each.
        if unit and abs(amount - unit * line.quantity) > line.quantity:
            yield Difference(
                NOT_TIMES, line.line_id, unit * line.quantity, amount, unit * line.quantity - amount
            )
        elif amount > due:
            yield _priced(CHARGED_MORE, line, stands, due - amount)
        elif amount < due - line.quantity and not order.reduced:
            yield _priced(CHARGED_LESS, line, stands, due - amount)


def _plain(line: LineFact, promise: PromisedLine) -> bool:
    return not mark_of(line) and line.variant_id == promise.variant_id


def _amount(line: LineFact, promise: PromisedLine) -> int:
    return line.gross if promise.with_tax else line.net


def _saved(line: LineFact, promise: PromisedLine) -> int:
    return max(promise.guest_price * line.quantity - _amount(line, promise), 0)


def _priced(code: str, line: LineFact, promise: PromisedLine, lost: int) -> Difference:
    return Difference(code, line.line_id, promise.unit_price * line.quantity, _amount(line, promise), lost)
