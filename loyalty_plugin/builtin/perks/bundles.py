"""Bundles, several products together for one price; nothing less than the whole bundle has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from loyalty_plugin import registry
from loyalty_plugin.builtin.perks.sales import everybodys
from loyalty_plugin.builtin.shares import wrong_decimals
from loyalty_plugin.domain import extensions
from loyalty_plugin.domain.extensions import Cart, Declined, DraftContext, PriceOffer, Promise
from loyalty_plugin.domain.facts import CheckoutLineFact
from loyalty_plugin.domain.fields import Ids, PositiveAmount, Terms, minor
from loyalty_plugin.domain.perks.lines import WhyNot
from loyalty_plugin.domain.values import spread


class Part(Terms):
    """So many pieces of any of these products or variants."""

    products: Ids = frozenset()
    variants: Ids = frozenset()
    pieces: int = Field(1, strict=True, ge=1, le=1000)

    @model_validator(mode="after")
    def _of_something(self) -> Part:
        if not self.products and not self.variants:
            raise PydanticCustomError("missing", "products or variants are needed")
        return self

    def about(self, line: CheckoutLineFact) -> bool:
        """Whether a line may be this part."""
        return line.product_id in self.products or line.variant_id in self.variants


def _told(pieces: int, price: Any) -> str:
    words = ngettext("%(n)s piece for %(price)s", "%(n)s pieces for %(price)s", pieces)
    return words % {"n": pieces, "price": price}


_told_later: Any = lazy(_told, str)


@registry.perks.register
class Bundle:
    """These together for that. Its price is shared out by what the pieces cost, rounded in the customer's favour."""

    code = "bundle"
    label = _("Bundle")

    class Params(extensions.Params):
        """`parts`: what belongs to one bundle. `price` of one bundle in major units. `each_order`: bundles at most."""

        parts: tuple[Part, ...] = Field(min_length=1, max_length=20)
        price: PositiveAmount
        each_order: int | None = Field(None, strict=True, ge=1, le=1000)

        def problems(self, context: DraftContext) -> Sequence[tuple[str, str]]:
            return wrong_decimals(context, price=self.price)

    def prices(self, params: Params, cart: Cart) -> Mapping[str, PriceOffer | Declined]:
        about = [line for line in cart.lines if any(part.about(line) for part in params.parts)]
        count, used = _bundles(params, about)
        if not count:
            return {line.line_id: Declined(WhyNot.BUNDLE_INCOMPLETE) for line in about}
        whole = [(line, used[line.line_id]) for line in about if used.get(line.line_id)]
        price = minor(params.price, cart.currency) * count
        costs = [everybodys(line) * pieces for line, pieces in whole]
        answers: dict[str, PriceOffer | Declined] = {
            line.line_id: Declined(WhyNot.BUNDLE_INCOMPLETE) for line in about
        }
        if price >= sum(costs):
            return answers | {line.line_id: Declined(WhyNot.PROMOTION_BETTER) for line, _pieces in whole}
        for (line, pieces), share in zip(whole, spread(price, costs), strict=True):
            rest = everybodys(line) * (line.quantity - pieces)
            unit = min((share + rest) // line.quantity, line.list_price)
            answers[line.line_id] = PriceOffer(
                unit, "bundle", {"pieces": pieces, "bundles": count}, at_most=True
            )
        return answers

    def tell(self, params: Params, tier: str) -> Promise | None:
        pieces = sum(part.pieces for part in params.parts)
        terms = params.model_dump(mode="json", exclude={"price"})
        return Promise(_told_later(pieces, params.price), -int(params.price * 10**6), terms)


def _bundles(params: Bundle.Params, lines: Sequence[CheckoutLineFact]) -> tuple[int, dict[str, int]]:
    """As many whole bundles as there are, with the pieces of each line that belong to them, dearest first."""
    dearest = sorted(lines, key=lambda line: -everybodys(line))
    pieces = sum(line.quantity for line in lines)
    most = pieces // sum(part.pieces for part in params.parts)
    for count in range(min(most, params.each_order or most), 0, -1):
        left = {line.line_id: line.quantity for line in lines}
        for part in params.parts:
            needed = part.pieces * count
            for line in dearest:
                if needed and part.about(line):
                    taken = min(needed, left[line.line_id])
                    left[line.line_id] -= taken
                    needed -= taken
            if needed:
                break
        else:
            return count, {line.line_id: line.quantity - left[line.line_id] for line in lines}
    return 0, {}
