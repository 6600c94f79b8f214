"""Free or cheaper sending for members: a way of its own beside the shop's, never a change of theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import Field

from loyalty_plugin import registry
from loyalty_plugin.domain import extensions
from loyalty_plugin.domain.extensions import DraftContext, Promise, ShippingMethod
from loyalty_plugin.domain.fields import Code
from loyalty_plugin.domain.values import MAX_AMOUNT

MinorUnits = Annotated[int, Field(strict=True, ge=0, le=MAX_AMOUNT)]

_told_later: Any = lazy(
    lambda amount: gettext("cheaper shipping") if amount else gettext("free shipping"), str
)


@registry.perks.register
class MemberShipping:
    """A way of sending with a price by tier, 0 being free. Where we are silent, Saleor's own ways are still there."""

    code = "member_shipping"
    label = _("Member shipping")

    class Params(extensions.Params):
        """`name` as customers read it at the checkout; `amounts` by tier code in minor units; `max_days` to arrive."""

        name: str = Field(min_length=1, max_length=100)
        amounts: dict[Code, MinorUnits] = Field(min_length=1)
        max_days: int | None = Field(None, strict=True, ge=0, le=365)

        def problems(self, context: DraftContext) -> Sequence[tuple[str, str]]:
            return [(f"amounts.{code}", "unknown_tier") for code in self.amounts if code not in context.tiers]

    def ships(self, params: Params, tier: str) -> ShippingMethod | None:
        amount = params.amounts.get(tier)
        return None if amount is None else ShippingMethod(params.name, amount, params.max_days)

    def tell(self, params: Params, tier: str) -> Promise | None:
        amount = params.amounts.get(tier)
        if amount is None:
            return None
        return Promise(_told_later(amount), -amount, params.model_dump(mode="json", exclude={"amounts"}))
