"""Perks that take something off the price of a product, whatever else is in the cart; none rounds for the programme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import Field

from loyalty_plugin import registry
from loyalty_plugin.builtin.perks.chosen import BasisPoints, Chosen, less, percent_off_text
from loyalty_plugin.builtin.shares import wrong_decimals
from loyalty_plugin.domain.earning.days import MemberDay, is_member_day
from loyalty_plugin.domain.extensions import Cart, Declined, DraftContext, PriceOffer, Promise
from loyalty_plugin.domain.facts import CheckoutLineFact, MemberFact
from loyalty_plugin.domain.fields import Code, PositiveAmount, minor
from loyalty_plugin.domain.perks.lines import WhyNot
from loyalty_plugin.domain.perks.terms import rounded
from loyalty_plugin.queries.explanations.numbers import number_text


class _Rates(Chosen):
    """`rates`: basis points off by tier code (1500 is 15 %)."""

    rates: dict[Code, BasisPoints] = Field(min_length=1)

    def problems(self, context: DraftContext) -> Sequence[tuple[str, str]]:
        return [(f"rates.{code}", "unknown_tier") for code in self.rates if code not in context.tiers]

    def told(self, tier: str) -> Promise | None:
        """What a tier is promised by its rate."""
        off = self.rates.get(tier)
        if off is None:
            return None
        return Promise(percent_off_text(off, self.some), off, self.model_dump(mode="json", exclude={"rates"}))


@registry.perks.register
class TierDiscount:
    """A percentage off the list price, by tier, of everything or of some products."""

    code = "tier_discount"
    label = _("Tier discount")

    class Params(_Rates):
        """`rates`: basis points off by tier code (1500 is 15 %). Without products, variants, categories and collections
        it is for everything. `rounding` and `step` are the programme's unless they are stated here."""

        rounding: Literal["down", "half_up", "up"] | None = None
        step: int | None = Field(None, strict=True, ge=1, le=10_000)

    def price(
        self, params: Params, line: CheckoutLineFact, member: MemberFact, day: date
    ) -> PriceOffer | Declined | None:
        if not params.about(line):
            return None
        off = params.rates.get(member.tier)
        if off is None:
            return Declined(WhyNot.OTHER_TIER)
        exact = less(line.list_price, off)
        own = params.rounding is not None or params.step is not None
        price = rounded(exact, params.rounding or "down", params.step or 1) if own else exact
        return PriceOffer(min(price, line.list_price), "tier_discount", {"off": off, "tier": member.tier})

    def tell(self, params: Params, tier: str) -> Promise | None:
        return params.told(tier)


@registry.perks.register
class PercentOff:
    """A percentage off for everybody who has the perk."""

    code = "percent_off"
    label = _("Percentage off")

    class Params(Chosen):
        """`off`: basis points (1500 is 15 %)."""

        off: BasisPoints

    def price(
        self, params: Params, line: CheckoutLineFact, member: MemberFact, day: date
    ) -> PriceOffer | Declined | None:
        if not params.about(line):
            return None
        return PriceOffer(less(line.list_price, params.off), "percent_off", {"off": params.off})

    def tell(self, params: Params, tier: str) -> Promise | None:
        terms = params.model_dump(mode="json", exclude={"off"})
        return Promise(percent_off_text(params.off, params.some), params.off, terms)


def _amount_text(amount: Decimal, some: bool) -> str:
    words = gettext("%(amount)s off chosen products") if some else gettext("%(amount)s off each piece")
    return words % {"amount": number_text(Fraction(amount))}


_amount_later: Any = lazy(_amount_text, str)


@registry.perks.register
class AmountOff:
    """A fixed amount off each piece; what costs no more than that has no price by it."""

    code = "amount_off"
    label = _("Amount off")

    class Params(Chosen):
        """`amount` in major units of the programme's currency, off every piece."""

        amount: PositiveAmount

        def problems(self, context: DraftContext) -> Sequence[tuple[str, str]]:
            return wrong_decimals(context, amount=self.amount)

    def prices(self, params: Params, cart: Cart) -> Mapping[str, PriceOffer | Declined]:
        off = minor(params.amount, cart.currency)
        return {
            line.line_id: PriceOffer(line.list_price - off, "amount_off", {"off": off})
            if line.list_price > off
            else Declined(WhyNot.FREE)
            for line in cart.lines
            if params.about(line)
        }

    def tell(self, params: Params, tier: str) -> Promise | None:
        terms = params.model_dump(mode="json", exclude={"amount"})
        # A size is whole, whatever the currency's decimals.
        return Promise(_amount_later(params.amount, params.some), int(params.amount * 10**6), terms)


@registry.perks.register
class MemberDayPrices:
    """A percentage off by tier on the member day only; with `alone` in its terms nothing else counts on that day."""

    code = "member_day_prices"
    label = _("Member day prices")

    class Params(_Rates):
        """`day`: a day of the month, a weekday, or the nth weekday of the month. `rates` as for the tier discount."""

        day: MemberDay

    def price(
        self, params: Params, line: CheckoutLineFact, member: MemberFact, day: date
    ) -> PriceOffer | Declined | None:
        if not params.about(line):
            return None
        off = params.rates.get(member.tier)
        if off is None:
            return Declined(WhyNot.OTHER_TIER)
        if not is_member_day(params.day, day):
            return Declined(WhyNot.NOT_NOW)
        return PriceOffer(less(line.list_price, off), "member_day_prices", {"off": off, "tier": member.tier})

    def tell(self, params: Params, tier: str) -> Promise | None:
        return params.told(tier)
