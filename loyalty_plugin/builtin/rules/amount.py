"""Points for each amount of money that counts; never looks at what was bought."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext_lazy as _

from loyalty_plugin import registry
from loyalty_plugin.builtin.shares import by_amount, in_proportion, wrong_decimals
from loyalty_plugin.domain import extensions
from loyalty_plugin.domain.extensions import DraftContext, Hint, Occasion, OccasionKind, Offer
from loyalty_plugin.domain.fields import Amount, PositiveAmount, PositiveRate, exact_text, minor


@registry.rules.register
class AmountRule:
    """So many points for every amount, exactly or for whole amounts only, from a least order on."""

    code = "amount"
    label = _("Points by amount")
    occasions = frozenset({OccasionKind.ORDER})
    looks_at_tier = False

    class Params(extensions.Params):
        """`points` for each `per` (major units), `whole` for full amounts only, for orders from `least`."""

        points: PositiveRate = Fraction(1)
        per: PositiveAmount = Decimal(1)
        whole: bool = False
        least: Amount = Decimal(0)

        def problems(self, context: DraftContext) -> Sequence[tuple[str, str]]:
            return wrong_decimals(context, per=self.per, least=self.least)

    def award(self, params: Params, occasion: Occasion) -> Offer | None:
        if not occasion.basis or occasion.basis < minor(params.least, occasion.currency):
            return None
        per = minor(params.per, occasion.currency)
        if params.whole:
            points = params.points * (occasion.basis // per)
            parts = in_proportion(points, occasion)
        else:
            points, parts = by_amount(params.points, per, occasion)
        data: dict[str, Any] = {"points": exact_text(params.points), "per": per, "basis": occasion.basis}
        return Offer(points, "amount_whole" if params.whole else "amount", data, parts)

    def hints(self, params: Params, occasion: Occasion) -> Sequence[Hint]:
        least = minor(params.least, occasion.currency)
        if occasion.basis < least:
            return [Hint("least_amount", {"missing": least - occasion.basis, "least": least})]
        return []
