"""What several rules and multipliers give together, exactly, before rounding and cuts; knows no budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from loyalty_plugin.domain.earning.terms import Combine

ZERO = Fraction(0)
ONE = Fraction(1)


class Given(NamedTuple):
    """What one rule gives: `total`, of it the parts of lines, and the rest for the order as a whole."""

    place: int
    total: Fraction
    by_line: tuple[tuple[str, Fraction], ...]
    whole: Fraction
    free: bool = False
    on_top: bool = False
    multiplied: bool = True
    campaign: str | None = None


class Applying(NamedTuple):
    """A multiplier that applies; `lines` where it applies to some lines only."""

    place: int
    rate: Fraction
    lines: frozenset[str] | None = None
    campaign: str | None = None


@dataclass(slots=True)
class Together:
    """What all give together. `bought` is caused by the purchase, by line and for the order as a whole."""

    bought: Fraction = ZERO
    by_line: dict[str, Fraction] = field(default_factory=dict)
    whole: Fraction = ZERO
    free: Fraction = ZERO
    #: What each rule contributed, by its place in the version.
    taken: dict[int, Fraction] = field(default_factory=dict)

    @property
    def total(self) -> Fraction:
        return self.bought + self.free if self.free else self.bought

    def add(self, given: Given) -> None:
        """All that a rule gives."""
        self.taken[given.place] = given.total
        if given.free:
            self.free += given.total
            return
        self.bought = self.bought + given.total if self.bought else given.total
        if given.whole:
            self.whole += given.whole
        for line_id, part in given.by_line:
            known = self.by_line.get(line_id)
            self.by_line[line_id] = part if known is None else known + part

    def add_line(self, index: int, line_id: str, part: Fraction) -> None:
        """What a rule gives for one line, where lines go by rules of their own."""
        known = self.by_line.get(line_id)
        self.by_line[line_id] = part if known is None else known + part
        self.bought += part
        self.taken[index] = self.taken.get(index, ZERO) + part


def combined_rate(applying: Sequence[Applying], how: Combine) -> tuple[Fraction, tuple[int, ...]]:
    """One rate from several, never below zero, and the places of those that took part; none: one."""
    if not applying:
        return ONE, ()
    if how == "best":
        best = max(applying, key=lambda factor: (factor.rate, -factor.place))
        return best.rate, (best.place,)
    rate = ONE
    for factor in applying:
        rate = rate * factor.rate if how == "chain" else rate + factor.rate - 1
    return max(rate, ZERO), tuple(factor.place for factor in applying)


def multiply(
    given: Sequence[Given], applying: Sequence[Applying], how: Combine
) -> tuple[list[Given], frozenset[int]]:
    """What rules give with multipliers on it, and the multipliers (by place) that took part."""
    if not applying:
        return list(given), frozenset()
    everywhere = [factor for factor in applying if factor.lines is None]
    general, took_part = combined_rate(everywhere, how)
    used = set(took_part)
    of_line: dict[str, Fraction] = {}
    if len(everywhere) != len(applying):
        for line_id in {line_id for offer in given for line_id, _ in offer.by_line}:
            there = [factor for factor in applying if factor.lines is None or line_id in factor.lines]
            of_line[line_id], took_part = combined_rate(there, how)
            used.update(took_part)
    if general == 1 and not of_line:
        return list(given), frozenset(used)
    multiplied = []
    for offer in given:
        if not offer.free and offer.multiplied:
            parts = tuple((line, part * of_line.get(line, general)) for line, part in offer.by_line)
            whole = offer.whole * general if offer.whole else ZERO
            total = sum((part for _, part in parts), whole) if of_line else offer.total * general
            # Not `replace`: every order comes through here, twice.
            offer = Given(
                offer.place, total, parts, whole, offer.free, offer.on_top, offer.multiplied, offer.campaign
            )
        multiplied.append(offer)
    return multiplied, frozenset(used)


def put_together(given: Sequence[Given], how: Combine) -> Together:
    """What several rules give together. Free points and those on top are always added.

    `best`: each line by the rule that gives most for it (the earlier one where two give the same), or one
    rule for the order as a whole where that gives more. `chain`: each line by the first rule that gives for
    it; the first rule alone where it is one for the order as a whole.
    """
    together = Together()
    rivals: list[Given] = []
    for offer in given:
        if how == "sum" or offer.free or offer.on_top:
            together.add(offer)
        elif offer.total > 0:
            rivals.append(offer)
    if not rivals:
        return together
    by_lines = [offer for offer in rivals if not offer.whole]
    wholes = [offer for offer in rivals if offer.whole]
    if how == "chain":
        if rivals[0].whole:
            together.add(rivals[0])
            return together
        chosen: dict[str, tuple[int, Fraction]] = {}
        for offer in by_lines:
            for line_id, part in offer.by_line:
                if part and line_id not in chosen:
                    chosen[line_id] = (offer.place, part)
    else:
        chosen = {}
        for offer in by_lines:
            for line_id, part in offer.by_line:
                if part and (line_id not in chosen or part > chosen[line_id][1]):
                    chosen[line_id] = (offer.place, part)
        most = max(wholes, key=lambda offer: (offer.total, -offer.place), default=None)
        if most is not None and most.total > sum((part for _, part in chosen.values()), ZERO):
            together.add(most)
            return together
    for line_id, (index, part) in chosen.items():
        together.add_line(index, line_id, part)
    return together
