"""What counts towards tiers, as dated facts and grants, and its sums over days; it judges no rule.

Money qualifies once: `purchase` and `topup` make the facts of one order or top-up under a version's settings.
A refund is told by `undo`: it counts on the day of what it undoes, and is known from the day of the refund.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Final, NamedTuple

from loyalty_plugin.domain.tiers.terms import Metric, TiersSettings
from loyalty_plugin.domain.values import check_amount
from loyalty_plugin.errors import InvalidAmount

_USUAL: Final = TiersSettings()
#: What a condition counts: a metric, or the products of which pieces count.
Measure = Metric | frozenset[str]


class QualifyingFact(NamedTuple):  # quicker to make than a dataclass: a night makes millions
    """So much of a metric on a day of the programme: minor units, points, or pieces; negative to undo.

    `day` is the day it counts on. `known_on`, if later, is the day from which it is known: as seen before it
    the fact did not exist, as seen after it the fact was there all along.
    """

    day: date
    metric: Metric
    amount: int
    product_id: str = ""
    ref: str = ""
    known_on: date | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """A tier given by a person or an act, first and last day included; no recompute touches it."""

    tier: str
    from_day: date
    until_day: date | None = None
    source: str = ""


def purchase(
    day: date,
    ref: str,
    *,
    spend: int,
    from_stored_value: int = 0,
    qualifying: int = 0,
    pieces: Mapping[str, int] | None = None,
    settings: TiersSettings | None = None,
) -> tuple[QualifyingFact, ...]:
    """The facts of one order: `spend` minor units, of which a part may have been paid from stored value.

    `pieces` are numbers by product id. Raises InvalidAmount.
    """
    check_amount(qualifying)
    if check_amount(from_stored_value) > check_amount(spend):
        raise InvalidAmount(amount=from_stored_value, at_most=spend)
    if (settings or _USUAL).stored_value_counts == "topup":
        spend -= from_stored_value
    amounts = ((Metric.SPEND, spend), (Metric.QUALIFYING, qualifying), (Metric.ORDERS, 1))
    counted = [QualifyingFact(day, metric, amount, "", ref) for metric, amount in amounts if amount]
    for product, number in (pieces or {}).items():
        counted.append(QualifyingFact(day, Metric.PRODUCT, check_amount(number, zero=False), product, ref))
    return tuple(counted)


def topup(
    day: date, ref: str, amount: int, settings: TiersSettings | None = None
) -> tuple[QualifyingFact, ...]:
    """The facts of one top-up of stored value, in minor units of principal. Raises InvalidAmount."""
    count = QualifyingFact(day, Metric.TOPUP_COUNT, 1, "", ref)
    check_amount(amount, zero=False)
    if (settings or _USUAL).stored_value_counts == "spend":
        return (count,)
    return (QualifyingFact(day, Metric.TOPUP, amount, "", ref), count)


def undo(fact: QualifyingFact, known_on: date, amount: int | None = None) -> QualifyingFact:
    """The fact that takes back `amount` of another (all of it if None) as of the day this became known."""
    if amount is None:
        amount = fact.amount
    if not 0 < amount <= fact.amount:
        raise InvalidAmount(amount=amount, at_most=fact.amount)
    return QualifyingFact(fact.day, fact.metric, -amount, fact.product_id, fact.ref, known_on)


class Series:
    """One measure over time: days in order, and running sums."""

    __slots__ = ("days", "grows", "most", "sums")

    def __init__(self, pairs: list[tuple[int, int]]) -> None:
        if min((amount for _, amount in pairs), default=0) < 0:
            # A day on which all was undone is a day on which nothing happened.
            by_day: dict[int, int] = {}
            for day, amount in pairs:
                by_day[day] = by_day.get(day, 0) + amount
            pairs = [(day, amount) for day, amount in by_day.items() if amount]
        pairs.sort()
        self.days = [day for day, _ in pairs]
        amounts = [amount for _, amount in pairs]
        self.sums = list(accumulate(amounts, initial=0))
        #: Nothing was taken back on a later day, so the sums never fall.
        self.grows = min(amounts, default=0) >= 0
        #: No window's sum can be above this.
        self.most = self.sums[-1] if self.grows else sum(amount for amount in amounts if amount > 0)

    def between(self, first: int, last: int) -> int:
        """The sum over these days, both included."""
        if first > last:
            return 0
        return self.sums[bisect_right(self.days, last)] - self.sums[bisect_left(self.days, first)]


class Totals:
    """One member's facts by measure. Facts after `last`, or known only after it, are left out."""

    __slots__ = ("_pairs", "_series")

    def __init__(self, facts: Iterable[QualifyingFact], last: date) -> None:
        pairs: dict[str, list[tuple[int, int]]] = {}
        for fact in facts:
            day = fact.day
            if day > last or (fact.known_on is not None and fact.known_on > last):
                continue
            # Metrics and product ids share one namespace here, so products carry a mark no metric has.
            key = fact.metric if fact.metric != Metric.PRODUCT else "product " + fact.product_id
            known = pairs.get(key)
            if known is None:
                pairs[key] = [(day.toordinal(), fact.amount)]
            else:
                known.append((day.toordinal(), fact.amount))
        self._pairs = pairs
        self._series: dict[Measure, Series] = {}

    def series(self, measure: Measure) -> Series:
        """The measure's days and sums."""
        known = self._series.get(measure)
        if known is None:
            if isinstance(measure, Metric):
                known = Series(self._pairs.get(measure, []))
            else:
                known = Series([p for product in measure for p in self._pairs.get("product " + product, ())])
            self._series[measure] = known
        return known
