"""Points for buying in a channel, once an order or by amount; never looks at what was bought."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from loyalty_plugin import registry
from loyalty_plugin.builtin.shares import above_caps, by_amount, wrong_decimals
from loyalty_plugin.domain import extensions
from loyalty_plugin.domain.extensions import DraftContext, Occasion, OccasionKind, Offer
from loyalty_plugin.domain.fields import Ids, PositiveAmount, PositiveRate, exact_text, minor


@registry.rules.register
class ChannelRule:
    """Points for orders from these channels."""

    code = "channel"
    label = _("Points for a channel")
    occasions = frozenset({OccasionKind.ORDER})
    looks_at_tier = False

    class Params(extensions.Params):
        """`points` for each `per` (major units), or once an order where `per` is empty."""

        channels: Ids = Field(min_length=1)
        points: PositiveRate
        per: PositiveAmount | None = None

        def problems(self, context: DraftContext) -> Sequence[tuple[str, str]]:
            if self.per is None:
                return above_caps(context, self.points, "points", OccasionKind.ORDER)
            return wrong_decimals(context, per=self.per)

    def award(self, params: Params, occasion: Occasion) -> Offer | None:
        if occasion.channel not in params.channels or not occasion.basis:
            return None
        data: dict[str, Any] = {"points": exact_text(params.points), "channel": occasion.channel}
        if params.per is None:
            return Offer(params.points, "channel_once", data)
        data["per"], data["basis"] = minor(params.per, occasion.currency), occasion.basis
        points, parts = by_amount(params.points, data["per"], occasion)
        return Offer(points, "channel", data, parts)
