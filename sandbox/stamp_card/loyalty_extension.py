"""A stamp card: every tenth coffee is free, given back as points; it counts nothing that was refunded.

This one file is the whole extension. The plugin finds it because the app is installed.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from loyalty_plugin import registry
from loyalty_plugin.domain import extensions
from loyalty_plugin.domain.extensions import Hint, Occasion, OccasionKind, Offer
from loyalty_plugin.domain.fields import Ids, PositivePoints


@registry.rules.register
class StampCard:
    """Each piece bought is a stamp; a full card brings points worth one piece."""

    code = "stamp_card"
    label = _("Stamp card")
    occasions = frozenset({OccasionKind.ORDER})

    class Params(extensions.Params):
        """`products`: ids of what brings a stamp. `stamps` fill a card, and a full card brings `points`."""

        products: Ids = Field(min_length=1)
        stamps: int = Field(10, strict=True, ge=2, le=100)
        points: PositivePoints

    def counted_products(self, params: Params) -> frozenset[str]:
        """We ask how many of these the member bought before, and find it in `pieces_before`."""
        return params.products

    def award(self, params: Params, occasion: Occasion) -> Offer | None:
        """Points for every card that this order fills."""
        before, now = self._stamps(params, occasion)
        full = (before + now) // params.stamps - before // params.stamps
        if not full:
            return None
        text = {
            "en": f"for {full} full stamp card(s)",
            "de": f"für {full} volle Stempelkarte(n)",
            "zh-hans": f"集满 {full} 张集点卡",
        }
        return Offer(Fraction(full * params.points), "stamp_card", {"cards": full, "text": text})

    def hints(self, params: Params, occasion: Occasion) -> Sequence[Hint]:
        """How many stamps are missing now."""
        before, now = self._stamps(params, occasion)
        missing = params.stamps - (before + now) % params.stamps
        text = {
            "en": f"{missing} more for the next full stamp card.",
            "de": f"Noch {missing} bis zur nächsten vollen Stempelkarte.",
            "zh-hans": f"再买 {missing} 件即可集满一张集点卡。",
        }
        return [Hint("stamp_card", {"missing": missing, "text": text})]

    def _stamps(self, params: Params, occasion: Occasion) -> tuple[int, int]:
        before = sum(max(occasion.member.pieces_before.get(product, 0), 0) for product in params.products)
        # A line that costs nothing brings no stamp, or the free coffee would pay for the next one.
        now = sum(
            line.quantity
            for line, amount in occasion.lines
            if amount > 0 and line.product_id in params.products
        )
        return before, now
