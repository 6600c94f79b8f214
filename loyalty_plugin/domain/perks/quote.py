"""What each line is to cost a member by the programme's one rule, and why, or why not; pure, writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from fractions import Fraction
from typing import Final

from loyalty_plugin.domain.extensions import Cart, CartPerk, Declined, Gating, LinePerk, PriceOffer, Taken
from loyalty_plugin.domain.facts import CheckoutLineFact, MemberFact
from loyalty_plugin.domain.perks.bases import base_for
from loyalty_plugin.domain.perks.lines import Held, QuotedLine, QuotedPart, Setting, WhyNot
from loyalty_plugin.domain.perks.resolved import (
    ResolvedPerk,
    for_line,
    for_whom,
    for_whom_and_when,
    in_force,
)
from loyalty_plugin.domain.perks.terms import PriceTerms, rounded

#: What perks answer, by line id.
Answers = Mapping[str, PriceOffer | Declined]
#: Of several reasons the one that says most comes first; what perks say themselves comes before all.
_SAYS_LESS: Final = (WhyNot.PERK_UNAVAILABLE, WhyNot.NOT_NOW, WhyNot.OTHER_TIER, WhyNot.NO_PERK)


def quote(
    lines: Sequence[CheckoutLineFact],
    perks: Sequence[ResolvedPerk],
    member: MemberFact | None,
    setting: Setting,
    terms: PriceTerms | None = None,
) -> tuple[QuotedLine, ...]:
    """What each line is to cost this member there and then, in the order given; a guest (None) pays Saleor's price.

    Gift cards and Saleor's gift lines have no member price. A price of nothing is none: whoever holds the checkout
    could raise the quantity of a free line. Where Saleor's own promotion is as good, it stays.
    """
    terms = terms or PriceTerms()
    barred = barred_lines(lines, perks, member, setting)
    quotes: dict[str, QuotedLine] = {}
    open_lines: list[CheckoutLineFact] = []
    for line in lines:
        why = _closed(line, member, setting, terms, line.line_id in barred)
        if why:
            quotes[line.line_id] = QuotedLine(
                line.line_id, line.promotion_price, None, why_not=why, barred=line.line_id in barred
            )
        else:
            open_lines.append(line)
    if member is not None and open_lines:
        groups = [[line] for line in open_lines] if setting.apart else [open_lines]
        for group in groups:
            for priced in _Quoting(group, perks, member, setting, terms).lines():
                quotes[priced.line_id] = priced
    return tuple(quotes[line.line_id] for line in lines)


def barred_lines(
    lines: Sequence[CheckoutLineFact],
    perks: Sequence[ResolvedPerk],
    member: MemberFact | None,
    setting: Setting,
) -> frozenset[str]:
    """Ids of the lines this member, or a guest (None), may not buy: kept for members who have a perk they lack."""
    return frozenset(
        line_id
        for line_id, keeping in _keeping(lines, perks, setting.day, setting.channel).items()
        if member is None or not any(for_whom(entry.terms, member) for entry in keeping)
    )


def kept_for(
    lines: Sequence[CheckoutLineFact],
    perks: Sequence[ResolvedPerk],
    tiers: Collection[str],
    day: date,
    channel: str,
) -> dict[str, frozenset[str]]:
    """Of the lines that not everybody may buy, by id, the tiers whose every member may; none: only chosen members."""
    found = {}
    for line_id, keeping in _keeping(lines, perks, day, channel).items():
        everybodys = [one.terms for one in keeping if not one.terms.members and not one.terms.when.labels]
        found[line_id] = frozenset(
            tier
            for tier in tiers
            for terms in everybodys
            if (not terms.tiers or tier in terms.tiers) and (not terms.when.tiers or tier in terms.when.tiers)
        )
    return found


def _keeping(
    lines: Sequence[CheckoutLineFact], perks: Sequence[ResolvedPerk], day: date, channel: str
) -> dict[str, list[ResolvedPerk]]:
    """The perks that keep a line for those who have one of them, by the line's id; lines that none keeps are left out."""
    gates = [
        (entry, entry.perk)
        for entry in perks
        if isinstance(entry.perk, Gating) and in_force(entry.terms, day, channel)
    ]
    found: dict[str, list[ResolvedPerk]] = {}
    for line in lines if gates else ():
        keeping = [entry for entry, perk in gates if perk.bars(entry.params, line)]
        if keeping:
            found[line.line_id] = keeping
    return found


def _closed(
    line: CheckoutLineFact, member: MemberFact | None, setting: Setting, terms: PriceTerms, barred: bool
) -> str:
    """Why a line is not even asked about, empty where it is."""
    if barred:
        return WhyNot.MEMBERS_ONLY
    if member is None:
        return WhyNot.GUEST
    if line.gift_card:
        return WhyNot.GIFT_CARD
    if line.is_gift:
        return WhyNot.GIFT_LINE
    if setting.voucher and terms.vouchers == "apart":
        return WhyNot.VOUCHER_APART
    if terms.promotions == "apart" and line.promotion_price < line.list_price:
        return WhyNot.PROMOTION_APART
    return ""


class _Quoting:
    """One cart under one rule. Lines are those that may have a member price."""

    def __init__(
        self,
        lines: Sequence[CheckoutLineFact],
        perks: Sequence[ResolvedPerk],
        member: MemberFact,
        setting: Setting,
        terms: PriceTerms,
    ) -> None:
        self.given = lines
        self.member, self.setting, self.terms = member, setting, terms
        self.perks = perks
        #: What perks start from, by line id, and why a line has nothing so far.
        self.start = {
            line.line_id: line.promotion_price if terms.promotions == "on_top" else line.list_price
            for line in lines
        }
        #: What perks gave before rounding, where prices add up.
        self.exact: dict[str, list[Fraction | int]] = {line.line_id: [] for line in lines}
        self.why: dict[str, str] = {line.line_id: WhyNot.NO_PERK for line in lines}

    def lines(self) -> Iterator[QuotedLine]:
        combine: Callable[[], Mapping[str, list[QuotedPart]]] = {
            "best": self._each, "sum": self._each, "chain": self._chained
        }[self.terms.combine]  # fmt: skip
        parts = combine()
        for line in self.given:
            yield self._line(line, parts[line.line_id])

    # Asking

    def _asked(self) -> list[tuple[ResolvedPerk, list[CheckoutLineFact]]]:
        """Each perk that prices something, with the lines it may be asked about; notes why others are not."""
        asked = []
        for entry in self.perks:
            about = [line for line in self.given if for_line(entry.terms.when, line)]
            if entry.perk is None:
                self._note(about, WhyNot.PERK_UNAVAILABLE)
            elif not isinstance(entry.perk, LinePerk | CartPerk):
                continue
            elif not for_whom_and_when(entry.terms, self.member, self.setting.day, self.setting.channel):
                mine = for_whom(entry.terms, self.member)
                named = entry.terms.when.narrows or not _narrow(entry)
                if named:
                    self._note(about, WhyNot.NOT_NOW if mine else WhyNot.OTHER_TIER)
            elif about:
                asked.append((entry, about))
        return asked

    def _note(self, lines: Sequence[CheckoutLineFact], why: str) -> None:
        for line in lines:
            known = self.why[line.line_id]
            if known in _SAYS_LESS and (
                why not in _SAYS_LESS or _SAYS_LESS.index(WhyNot(why)) < _SAYS_LESS.index(WhyNot(known))
            ):
                self.why[line.line_id] = why

    def _answers(
        self, entry: ResolvedPerk, about: Sequence[CheckoutLineFact], left: Mapping[str, int]
    ) -> Answers:
        lines = [
            line if line.list_price == left[line.line_id] else replace(line, list_price=left[line.line_id])
            for line in about
        ]
        setting = self.setting
        if isinstance(entry.perk, CartPerk):
            if setting.apart:
                lines = [replace(line, quantity=1) for line in lines]
            name = entry.terms.id
            at = setting.at or datetime.combine(setting.day, time(12), UTC)
            return entry.perk.prices(
                entry.params,
                Cart(
                    tuple(lines), self.member, setting.day, at, setting.channel, setting.currency,
                    setting.taken.get(name, Taken()), setting.read.get(name, {}),
                ),
            )  # fmt: skip
        assert isinstance(entry.perk, LinePerk)
        price = entry.perk.price
        found = {line.line_id: price(entry.params, line, self.member, setting.day) for line in lines}
        return {line_id: offer for line_id, offer in found.items() if offer is not None}

    # Combining

    def _each(self) -> dict[str, list[QuotedPart]]:
        """What each perk alone would give, from where all start."""
        parts: dict[str, list[tuple[ResolvedPerk, PriceOffer]]] = {line.line_id: [] for line in self.given}
        alone: dict[str, list[tuple[ResolvedPerk, PriceOffer]]] = {line.line_id: [] for line in self.given}
        for entry, about in self._asked():
            for line_id, offer in self._offers(entry, about, self.start).items():
                target = alone if entry.terms.alone else parts
                target[line_id].append((entry, offer))
        chosen = {line_id: alone[line_id] or found for line_id, found in parts.items()}
        self.exact = {
            line_id: [offer.unit_price for _entry, offer in found] for line_id, found in chosen.items()
        }
        return {
            line_id: [_part(entry, offer, self._rounded(offer)) for entry, offer in found]
            for line_id, found in chosen.items()
        }

    def _chained(self) -> dict[str, list[QuotedPart]]:
        """Each perk on what the ones before left; what lowers nothing takes no part."""
        parts: dict[str, list[QuotedPart]] = {line.line_id: [] for line in self.given}
        left = dict(self.start)
        asked = self._asked()
        decided: set[str] = set()
        # Whoever stands alone goes first, and what it priced is closed to the others.
        for entry, about in sorted(asked, key=lambda one: not one[0].terms.alone):
            open_lines = [line for line in about if line.line_id not in decided]
            if not open_lines:
                continue
            for line_id, offer in self._offers(entry, open_lines, left).items():
                price = self._rounded(offer)
                if price <= 0:
                    self._note([line for line in open_lines if line.line_id == line_id], WhyNot.FREE)
                elif price < left[line_id]:
                    left[line_id] = price
                    parts[line_id].append(_part(entry, offer, price))
                    if entry.terms.alone:
                        decided.add(line_id)
        return parts

    def _offers(
        self, entry: ResolvedPerk, about: Sequence[CheckoutLineFact], left: Mapping[str, int]
    ) -> dict[str, PriceOffer]:
        offers = {}
        by_id = {line.line_id: line for line in about}
        for line_id, answer in self._answers(entry, about, left).items():
            if line_id not in by_id:
                continue
            if isinstance(answer, Declined):
                self._note([by_id[line_id]], answer.why_not)
            else:
                offers[line_id] = answer
        return offers

    def _rounded(self, offer: PriceOffer) -> int:
        way = "down" if offer.at_most else self.terms.rounding
        return rounded(offer.unit_price, way, self.terms.step)

    # Deciding

    def _line(self, line: CheckoutLineFact, parts: list[QuotedPart]) -> QuotedLine:
        plain = QuotedLine(line.line_id, line.promotion_price, None)
        if not parts:
            return replace(plain, why_not=self.why[line.line_id])
        floor = self.terms.floor(line)
        if floor and line.promotion_price < floor:
            return replace(plain, why_not=WhyNot.BELOW_FLOOR)
        why: str = WhyNot.PROMOTION_BETTER
        for taking, price in self._candidates(line, parts):
            if price <= 0 and not floor:
                why = WhyNot.FREE
                continue
            lifted = max(price, floor)
            if lifted >= line.promotion_price:
                why = WhyNot.FLOOR if price < line.promotion_price else why
                continue
            base = base_for(lifted, line.list_price, line.promotion_price)
            if base <= 0:
                why = WhyNot.NO_EXACT_PRICE
                continue
            first = taking[0]
            held = (Held.FLOOR,) if lifted > price else ()
            return QuotedLine(
                line.line_id, lifted, base, first.perk_id, first.reason, first.data, taking, held=held
            )
        return replace(plain, why_not=why)

    def _candidates(
        self, line: CheckoutLineFact, parts: list[QuotedPart]
    ) -> list[tuple[tuple[QuotedPart, ...], int]]:
        """What the rule makes of the perks, best first: the whole, then, where that is nothing, single perks."""
        singles: list[tuple[tuple[QuotedPart, ...], int]] = sorted(
            (((part,), part.price) for part in parts), key=lambda one: one[1]
        )
        if self.terms.combine == "chain":
            return [(tuple(parts), parts[-1].price)]
        if self.terms.combine == "sum" and len(parts) > 1:
            start = self.start[line.line_id]
            off = sum(max(start - exact, 0) for exact in self.exact[line.line_id])
            whole = self.terms.rounded(start - off)
            return [(tuple(parts), whole), *singles]
        return singles


def _narrow(entry: ResolvedPerk) -> bool:
    """Whether a perk's own parameters name products, so that it can't be told what it is about without asking it."""
    names = ("products", "variants", "categories", "collections", "parts", "list")
    return any(getattr(entry.params, name, None) for name in names)


def _part(entry: ResolvedPerk, offer: PriceOffer, price: int) -> QuotedPart:
    return QuotedPart(entry.terms.id, entry.terms.perk, offer.reason, price, dict(offer.data), offer.pieces)
