"""The perk of a price list: a stated price for each variant and channel; it only reads the list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.functional import lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from loyalty_plugin import registry
from loyalty_plugin.domain import extensions
from loyalty_plugin.domain.extensions import Cart, Declined, DraftContext, PriceOffer, Promise
from loyalty_plugin.domain.fields import PriceListCode
from loyalty_plugin.domain.perks.lines import WhyNot
from loyalty_plugin.queries.price_lists import listed_prices

_told_later: Any = lazy(lambda: gettext("prices of its own"), str)


@registry.perks.register
class PriceListPerk:
    """The prices of a list. A price above what the perk starts from is none."""

    code = "price_list"
    label = _("Price list")

    class Params(extensions.Params):
        """`list`: the code of one of the programme's price lists."""

        list: PriceListCode

        def problems(self, context: DraftContext) -> Sequence[tuple[str, str]]:
            unknown = context.price_lists is not None and self.list not in context.price_lists
            return [("list", "unknown_price_list")] if unknown else []

    def read(
        self, params: Params, variants: Sequence[str], programme_id: int, channel: str, currency: str
    ) -> Mapping[str, Any]:
        return listed_prices(programme_id, params.list, variants, channel)

    def prices(self, params: Params, cart: Cart) -> Mapping[str, PriceOffer | Declined]:
        return {
            line.line_id: PriceOffer(amount, "price_list", {"list": params.list})
            if amount <= line.list_price
            else Declined(WhyNot.PROMOTION_BETTER)
            for line in cart.lines
            if (amount := cart.read.get(line.variant_id)) is not None
        }

    def tell(self, params: Params, tier: str) -> Promise | None:
        return Promise(_told_later(), 1, params.model_dump(mode="json"))
