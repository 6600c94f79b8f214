"""What a piece of a round price costs in each tier before and after a draft, by the real quote; promises nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.utils.translation import gettext as _

from loyalty_plugin.domain.facts import CheckoutLineFact, MemberFact
from loyalty_plugin.domain.perks import QuotedLine, ResolvedPerk, Setting, quote
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.values import currency_exponent
from loyalty_plugin.queries.explanations.numbers import in_language, money_text
from loyalty_plugin.queries.offers import perks_of

#: Per cent that the sale and the voucher of the examples take off.
_SALE: Final = 25
_VOUCHER: Final = 10
#: Perks for some products of which an example is shown.
_NARROW: Final = 3


@dataclass(frozen=True, slots=True)
class PriceExample:
    """One piece for one tier, in words of money: what everybody pays, and members before, after, and with a voucher.

    `before` is empty without an earlier version. `why_not`: the code of why there is no member price afterwards.
    """

    what: str
    everybody: str
    before: str
    after: str
    with_voucher: str
    why_not: str

    @property
    def differs(self) -> bool:
        """The draft changes the price."""
        return bool(self.before) and self.before != self.after


def price_examples(
    old: ProgrammeVersion | None, new: ProgrammeVersion, day: date, *, channel: str = ""
) -> list[PriceExample]:
    """Pieces without and with a sale in each tier, and of products that perks name; none where nobody has a perk."""
    if not any(version.document.perks for version in (old, new) if version is not None):
        return []
    amount = 100 * 10 ** currency_exponent(new.currency)
    found = []
    for name, line in _lines(new, amount):
        for tier in new.document.ladder:
            who = in_language(tier.name, tier.code)
            before = _quoted(old, tier.code, line, day, channel) if old is not None else None
            after = _quoted(new, tier.code, line, day, channel)
            apart = new.document.prices.vouchers == "apart"
            charged = line.promotion_price if apart else after.unit_price
            found.append(
                PriceExample(
                    _("%(product)s as %(tier)s") % {"product": name, "tier": who},
                    money_text(line.promotion_price, new.currency),
                    money_text(before.unit_price, new.currency) if before is not None else "",
                    money_text(after.unit_price, new.currency),
                    money_text(charged - (charged * _VOUCHER * 2 + 100) // 200, new.currency),
                    str(after.why_not),
                )
            )
    return found


def _quoted(
    version: ProgrammeVersion, tier: str, line: CheckoutLineFact, day: date, channel: str
) -> QuotedLine:
    member = MemberFact(member_id=0, tier=tier, joined_on=day)
    setting = Setting(day, channel, currency=version.currency, apart=True)
    (found,) = quote([line], perks_of(version), member, setting, version.document.prices)
    return found


def _lines(version: ProgrammeVersion, amount: int) -> Iterator[tuple[str, CheckoutLineFact]]:
    whole, sale = money_text(amount, version.currency), amount * (100 - _SALE) // 100
    yield whole, _line(amount, amount)
    on_sale = {"amount": whole, "sale": money_text(sale, version.currency)}
    yield _("%(amount)s on sale at %(sale)s") % on_sale, _line(amount, sale)
    narrow = [entry for entry in perks_of(version) if any(_named(entry).values())]
    for entry in narrow[:_NARROW]:
        named = {kind: min(ids, default="") for kind, ids in _named(entry).items()}
        collections = frozenset({named["collections"]} if named["collections"] else ())
        words = {"amount": whole, "perk": entry.terms.id}
        yield (
            _("%(amount)s of the products of “%(perk)s”") % words,
            _line(amount, amount, named["products"], named["categories"], collections),
        )


def _named(entry: ResolvedPerk) -> dict[str, frozenset[str]]:
    """The products, categories and collections that a perk or its terms name."""
    kinds = ("products", "categories", "collections")
    own = {kind: frozenset(getattr(entry.params, kind, None) or ()) for kind in kinds}
    return {kind: own[kind] or getattr(entry.terms.when, kind) for kind in kinds}


def _line(
    price: int,
    promotion: int,
    product: str = "",
    category: str = "",
    collections: frozenset[str] = frozenset(),
) -> CheckoutLineFact:
    return CheckoutLineFact("one", "", product, 1, price, promotion, promotion, category, collections)
