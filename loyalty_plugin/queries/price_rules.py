"""The programme's rule for member prices in the reader's words, as customers and staff may see it; decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from loyalty_plugin.domain.perks.terms import FloorTerms, PriceTerms
from loyalty_plugin.queries.explanations.numbers import money_text, number_text

COMBINE: Final[dict[str, Any]] = {
    "best": gettext_lazy("the best one counts"),
    "chain": gettext_lazy("each lowers what the one before left"),
    "sum": gettext_lazy("what they take off is added up"),
}
PROMOTIONS: Final[dict[str, Any]] = {
    "better": gettext_lazy("the lower of sale price and member price counts"),
    "on_top": gettext_lazy("the member price comes off the sale price"),
    "apart": gettext_lazy("what is on sale has no member price"),
}
VOUCHERS: Final[dict[str, Any]] = {
    "with": gettext_lazy("a voucher comes on top"),
    "apart": gettext_lazy("a cart with a voucher has no member prices"),
}
ROUNDING: Final[dict[str, Any]] = {
    "down": gettext_lazy("down"),
    "half_up": gettext_lazy("to the nearest, half up"),
    "up": gettext_lazy("up"),
}


def rule_texts(terms: PriceTerms, currency: str) -> Iterator[tuple[str, str]]:
    """The rule as pairs of what it is about and what it says."""
    yield _("Several perks for one product"), str(COMBINE[terms.combine])
    yield _("Member prices and the shop's sales"), str(PROMOTIONS[terms.promotions])
    yield _("Member prices and vouchers"), str(VOUCHERS[terms.vouchers])
    yield _("No member price below"), floors_text(terms, currency)
    yield _("Member prices are rounded"), rounding_text(terms, currency)


def rounding_text(terms: PriceTerms, currency: str) -> str:
    """ "down, to 0.05 EUR"."""
    way = str(ROUNDING[terms.rounding])
    if terms.step == 1:
        return way
    return _("%(way)s, to %(step)s") % {"way": way, "step": money_text(terms.step, currency)}


def floors_text(terms: PriceTerms, currency: str) -> str:
    """ "60 % of the list price; 3 floors for products or categories"."""
    told = [
        _floor(floor, currency)
        for floor in terms.floors
        if not (floor.products or floor.categories or floor.collections)
    ]
    narrower = len(terms.floors) - len(told)
    if narrower:
        words = ngettext(
            "%(n)s floor for products or categories", "%(n)s floors for products or categories", narrower
        )
        told.append(words % {"n": narrower})
    return "; ".join(told) or _("no floor")


def _floor(floor: FloorTerms, currency: str) -> str:
    parts = []
    if floor.share:
        share = number_text(Fraction(floor.share, 100))
        parts.append(_("%(share)s %% of the list price") % {"share": share})
    if floor.amount:
        parts.append(money_text(floor.amount, currency))
    return _(" and ").join(parts)
