"""A sale for members: other prices for a while, for so many pieces; it counts nothing itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Annotated, Any

from django.utils.functional import lazy
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from loyalty_plugin import registry
from loyalty_plugin.builtin.perks.chosen import BasisPoints, Chosen, less, percent_off_text
from loyalty_plugin.builtin.shares import wrong_decimals
from loyalty_plugin.domain.extensions import Cart, Declined, DraftContext, Limits, PriceOffer, Promise
from loyalty_plugin.domain.facts import CheckoutLineFact
from loyalty_plugin.domain.fields import PositiveAmount, minor
from loyalty_plugin.domain.perks.lines import WhyNot


def _of_the_programme(value: datetime) -> datetime:
    if value.tzinfo is not None:
        raise PydanticCustomError("not_local", "a time of the programme's zone, without an offset")
    return value


LocalTime = Annotated[datetime, AfterValidator(_of_the_programme)]
Pieces = Annotated[int, Field(strict=True, ge=1, le=10**9)]


def _few(pieces: int) -> str:
    words = ngettext("at most %(n)s piece each", "at most %(n)s pieces each", pieces)
    return words % {"n": pieces}


def _told(off: int | None, some: bool, each: int | None) -> str:
    sale = str(percent_off_text(off, some)) if off else gettext("sale prices")
    return f"{sale}, {_few(each)}" if each else sale


_told_later: Any = lazy(_told, str)


@registry.perks.register
class MemberSale:
    """Sale prices in a window, down to the minute, with limits in all, for each order and for each member.

    What is above a limit costs what it costs everybody: a line then has one price between the two, in the customer's
    favour, since Saleor knows one price a line.
    """

    code = "member_sale"
    label = _("Member sale")

    class Params(Chosen):
        """`off` basis points, or `prices` by variant in major units. `from_at` (included) and `until_at` (not included)
        are times of the programme's zone without offset. `pieces` in all, `each_order`, `each_member`: over all products
        of the sale together."""

        off: BasisPoints | None = None
        prices: dict[str, PositiveAmount] = Field(default_factory=dict, max_length=1000)
        from_at: LocalTime | None = None
        until_at: LocalTime | None = None
        pieces: Pieces | None = None
        each_order: Pieces | None = None
        each_member: Pieces | None = None

        @model_validator(mode="after")
        def _one_way(self) -> MemberSale.Params:
            if (self.off is None) == (not self.prices):
                raise PydanticCustomError("params_contradict", "either a percentage or prices")
            return self

        def problems(self, context: DraftContext) -> Sequence[tuple[str, str]]:
            found = list(
                wrong_decimals(context, **{f"prices.{key}": one for key, one in self.prices.items()})
            )
            if self.from_at and self.until_at and self.until_at <= self.from_at:
                found.append(("until_at", "end_before_start"))
            return found

        def sale_price(self, line: CheckoutLineFact, currency: str) -> Fraction | int | None:
            """The exact price of one piece, None where the sale is not about the line."""
            if not self.about(line):
                return None
            if self.off is not None:
                return less(line.list_price, self.off)
            stated = self.prices.get(line.variant_id)
            return None if stated is None else minor(stated, currency)

    def limits(self, params: Params) -> Limits:
        return Limits(params.pieces, params.each_member)

    def prices(self, params: Params, cart: Cart) -> Mapping[str, PriceOffer | Declined]:
        sold = {line: params.sale_price(line, cart.currency) for line in cart.lines}
        about = {line: price for line, price in sold.items() if price is not None}
        now = cart.at.replace(tzinfo=None)
        if (params.from_at and now < params.from_at) or (params.until_at and now >= params.until_at):
            return {line.line_id: Declined(WhyNot.NOT_NOW) for line in about}
        left = _left(params, self.limits(params), cart)
        answers: dict[str, PriceOffer | Declined] = {}
        # The pieces that are left go where they save most.
        for line in sorted(about, key=lambda one: about[one] - everybodys(one)):
            price = about[line]
            pieces = line.quantity if left is None else min(line.quantity, left)
            if left is not None:
                left -= pieces
            if pieces <= 0:
                answers[line.line_id] = Declined(WhyNot.LIMIT_REACHED)
                continue
            data = {"pieces": pieces, "each": int(price)}
            unit = blended(line, pieces, price)
            if unit <= line.list_price:
                answers[line.line_id] = PriceOffer(unit, "member_sale", data, pieces=pieces)
            else:
                answers[line.line_id] = Declined(WhyNot.PROMOTION_BETTER)
        return answers

    def tell(self, params: Params, tier: str) -> Promise | None:
        each = params.each_member or params.each_order
        terms = params.model_dump(mode="json", exclude={"off"})
        return Promise(_told_later(params.off, params.some, each), params.off or 0, terms)


def everybodys(line: CheckoutLineFact) -> int:
    """What one piece costs without the perk."""
    return min(line.list_price, line.promotion_price)


def blended(line: CheckoutLineFact, pieces: int, price: Fraction | int) -> Fraction:
    """One exact unit price for a line of which only `pieces` have the price."""
    return Fraction(price * pieces + everybodys(line) * (line.quantity - pieces)) / line.quantity


def _left(params: MemberSale.Params, limits: Limits, cart: Cart) -> int | None:
    """Pieces this cart may have at the sale's price; None: any number."""
    given = [one for one in (limits.left(cart.taken), params.each_order) if one is not None]
    return max(0, min(given)) if given else None
