"""Our perks that lower a price: a tier's discount; it never says what Saleor is told (see domain.perks)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Annotated, Literal

from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from pydantic import Field

from loyalty_plugin import registry
from loyalty_plugin.domain import extensions
from loyalty_plugin.domain.extensions import DraftContext, PriceOffer, Promise
from loyalty_plugin.domain.facts import CheckoutLineFact, MemberFact
from loyalty_plugin.domain.fields import Code, Ids
from loyalty_plugin.queries.explanations.numbers import number_text

BasisPoints = Annotated[int, Field(strict=True, ge=1, le=9_999)]


def _told(off: int, chosen: bool) -> str:
    words = gettext("%(percent)s %% off chosen products") if chosen else gettext("%(percent)s %% off")
    return words % {"percent": number_text(Fraction(off, 100))}


#: In the language of whoever reads it.
_told_later = lazy(_told, str)


@registry.perks.register
class TierDiscount:
    """A percentage off the list price, by tier, of everything or of some products."""

    code = "tier_discount"
    label = _("Tier discount")

    class Params(extensions.Params):
        """`rates`: basis points off by tier code (1500 is 15 %). Without products, categories and collections
        it is for everything. `rounding` is to whole `step` minor units: down is in the customer's favour."""

        rates: dict[Code, BasisPoints] = Field(min_length=1)
        products: Ids = frozenset()
        categories: Ids = frozenset()
        collections: Ids = frozenset()
        rounding: Literal["down", "half_up", "up"] = "down"
        step: int = Field(1, strict=True, ge=1, le=10_000)

        def problems(self, context: DraftContext) -> Sequence[tuple[str, str]]:
            return [(f"rates.{code}", "unknown_tier") for code in self.rates if code not in context.tiers]

    def price(
        self, params: Params, line: CheckoutLineFact, member: MemberFact, day: date
    ) -> PriceOffer | None:
        off = params.rates.get(member.tier)
        named = params.products or params.categories or params.collections
        if off is None or (
            named
            and line.product_id not in params.products
            and line.category_id not in params.categories
            and params.collections.isdisjoint(line.collection_ids)
        ):
            return None
        exact, whole = line.list_price * (10_000 - off), 10_000 * params.step
        shift = {"down": 0, "half_up": whole // 2, "up": whole - 1}[params.rounding]
        price = (exact + shift) // whole * params.step
        return PriceOffer(price, "tier_discount", {"off": off, "tier": member.tier})

    def tell(self, params: Params, tier: str) -> Promise | None:
        off = params.rates.get(tier)
        if off is None:
            return None
        terms = params.model_dump(mode="json", exclude={"rates"})
        chosen = bool(params.products or params.categories or params.collections)
        return Promise(_told_later(off, chosen), off, terms)
