"""What some of the shop's own products cost members before and after a draft, by the real quote; promises nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Final

from loyalty_plugin.domain.facts import CheckoutLineFact, MemberFact, ShelfFact
from loyalty_plugin.domain.goods import Goods
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.models.prices import ListedPrice
from loyalty_plugin.queries.explanations.numbers import in_language, money_text, number_text
from loyalty_plugin.queries.goods import places_of, priced
from loyalty_plugin.queries.offers import perks_of, quote_lines

#: Products that are shown, and of these at most so many of one cause.
_SHOWN: Final = 5
_OF_A_CAUSE: Final = 2
#: Per cent that the voucher of the examples takes off.
VOUCHER: Final = 10


@dataclass(frozen=True, slots=True)
class OwnPrice:
    """One tier's price of a product, in words of money; `before` is empty without an earlier version.

    `left`: what the shop keeps of the list price with the voucher, in per cent. `why_not`: the code of why there is no
    member price then.
    """

    tier: str
    before: str
    after: str
    with_voucher: str
    left: str
    differs: bool
    why_not: str


@dataclass(frozen=True, slots=True)
class OwnExample:
    """A product of the shop: its list price, its price on sale (empty where it is on none), and each tier's."""

    goods: Goods
    list_price: str
    sale: str
    prices: tuple[OwnPrice, ...]


def own_examples(
    old: ProgrammeVersion | None, new: ProgrammeVersion, at: datetime
) -> tuple[list[OwnExample], bool]:
    """Some products the shop sells: on sale, named by perks and price lists, cheap and dear; and whether it was silent.

    None where nobody has a perk, or the programme serves no channel.
    """
    versions = [version for version in (old, new) if version is not None]
    places = places_of(new.programme_id)
    if not places or not any(version.document.perks for version in versions):
        return [], False
    place = places[0]
    some = priced(place)
    if some is None:
        return [], True
    known = {fact.variant_id: (goods, fact) for goods, fact in some if fact.currency == new.currency}
    named = sorted(_named(versions) - known.keys())[:_SHOWN]
    for goods, fact in (priced(place, named) or ()) if named else ():
        if fact.currency == new.currency:
            known[fact.variant_id] = (goods, fact)
    chosen = list(_chosen(list(known.values()), _named(versions)))
    lines = [fact.as_line() for _goods, fact in chosen]
    return [
        OwnExample(
            goods,
            money_text(fact.list_price, new.currency),
            money_text(fact.price, new.currency) if fact.price < fact.list_price else "",
            tuple(prices),
        )
        for (goods, fact), prices in zip(chosen, _by_product(old, new, lines, at, place.channel), strict=True)
    ], False


def _named(versions: Sequence[ProgrammeVersion]) -> set[str]:
    """Variants that perks name: in their parameters, or by a price list."""
    found: set[str] = set()
    codes: set[str] = set()
    for version in versions:
        for entry in perks_of(version):
            found |= set(getattr(entry.params, "variants", ()) or ())
            if code := getattr(entry.params, "list", ""):
                codes.add(str(code))
    if codes:
        listed = ListedPrice.objects.filter(
            price_list__programme_id=versions[-1].programme_id, price_list__code__in=codes
        )
        found |= set(listed.order_by("variant_id").values_list("variant_id", flat=True)[:_SHOWN])
    return found


def _chosen(known: Sequence[tuple[Goods, ShelfFact]], named: set[str]) -> Iterator[tuple[Goods, ShelfFact]]:
    """A few of different causes: on sale, named, then from the cheapest to the dearest; one variant of a product."""
    by_price = sorted(known, key=lambda one: (one[1].list_price, one[0].name, one[0].id))
    sold = [one for one in by_price if one[1].price < one[1].list_price]
    told = [one for one in by_price if one[1].variant_id in named]
    spread = [by_price[len(by_price) * part // 4] for part in (2, 0, 3)] + by_price[-1:] if by_price else []
    seen: set[str] = set()
    for cause, most in ((sold, _OF_A_CAUSE), (told, _OF_A_CAUSE), (spread, _SHOWN)):
        taken = 0
        for one in cause:
            if len(seen) < _SHOWN and taken < most and one[1].product_id not in seen:
                seen.add(one[1].product_id)
                taken += 1
                yield one


def _by_product(
    old: ProgrammeVersion | None,
    new: ProgrammeVersion,
    lines: Sequence[CheckoutLineFact],
    at: datetime,
    channel: str,
) -> list[list[OwnPrice]]:
    found: list[list[OwnPrice]] = [[] for _line in lines]
    apart = new.document.prices.vouchers == "apart"
    for tier in new.document.ladder:
        member = MemberFact(member_id=0, tier=tier.code, joined_on=local_day(at, new.zone))
        after = quote_lines(new, member, lines, now=at, channel=channel)
        before = quote_lines(old, member, lines, now=at, channel=channel) if old is not None else None
        for place, (line, quoted) in enumerate(zip(lines, after, strict=True)):
            base = line.promotion_price if apart else quoted.unit_price
            charged = base - (base * VOUCHER * 2 + 100) // 200
            then = money_text(quoted.unit_price, new.currency)
            now = money_text(before[place].unit_price, new.currency) if before is not None else ""
            share = Fraction(charged * 1000 // line.list_price, 10) if line.list_price else Fraction(0)
            found[place].append(
                OwnPrice(
                    in_language(tier.name, tier.code),
                    now,
                    then,
                    money_text(charged, new.currency),
                    number_text(share),
                    bool(now) and now != then,
                    str(quoted.why_not),
                )
            )
    return found
