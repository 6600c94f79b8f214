"""Points by bands of amount, of the order or of all the member's spending; never looks at what was bought."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from loyalty_plugin import registry
from loyalty_plugin.builtin.shares import by_amount, in_proportion, wrong_decimals
from loyalty_plugin.domain import extensions
from loyalty_plugin.domain.extensions import DraftContext, Hint, Occasion, OccasionKind, Offer
from loyalty_plugin.domain.fields import Amount, PositiveAmount, Rate, Terms, exact_text, minor


class Band(Terms):
    """From this amount on: `points` for each `per` (major units), or `points` once where `per` is empty."""

    from_amount: Amount
    points: Rate
    per: PositiveAmount | None = None


@registry.rules.register
class BandsRule:
    """From N; more above M. The highest band that is reached decides.

    `counts`: the order's own amount reaches bands, or the member's spending with this order. `slices`: each
    part of the amount earns by its own band (as income tax does), instead of all by the highest. Over all
    spending, points given once come from each band that this very order reaches.
    """

    code = "bands"
    label = _("Points by bands of amount")
    occasions = frozenset({OccasionKind.ORDER})
    looks_at_tier = False

    class Params(extensions.Params):
        """`bands` lowest first."""

        bands: tuple[Band, ...] = Field(min_length=1, max_length=50)
        counts: Literal["order", "spend"] = "order"
        slices: bool = False

        @model_validator(mode="after")
        def _rising(self) -> BandsRule.Params:
            edges = [band.from_amount for band in self.bands]
            if any(edge >= above for edge, above in pairwise(edges)):
                raise PydanticCustomError("bands_unordered", "bands must rise")
            if len({band.per is None for band in self.bands}) > 1:
                raise PydanticCustomError("bands_mixed", "all bands by amount, or all once")
            if self.slices and self.bands[0].per is None:
                raise PydanticCustomError("bands_mixed", "slices need points by amount")
            return self

        def problems(self, context: DraftContext) -> Sequence[tuple[str, str]]:
            found = []
            for place, band in enumerate(self.bands):
                amounts = {"from_amount": band.from_amount, "per": band.per}
                found += [(f"bands.{place}.{n}", p) for n, p in wrong_decimals(context, **amounts)]
            return found

    def award(self, params: Params, occasion: Occasion) -> Offer | None:
        before = occasion.member.spend_before if params.counts == "spend" else 0
        reached = before + occasion.basis
        edges = [minor(band.from_amount, occasion.currency) for band in params.bands]
        highest = max((place for place, edge in enumerate(edges) if edge <= reached), default=None)
        if highest is None or not occasion.basis:
            return None
        band = params.bands[highest]
        data: dict[str, Any] = {
            "from": edges[highest],
            "points": exact_text(band.points),
            "basis": occasion.basis,
            "counts": params.counts,
        }
        if band.per is None:
            if params.counts == "order":
                return Offer(band.points, "band_once", data)
            new = [b.points for b, edge in zip(params.bands, edges, strict=True) if before < edge <= reached]
            return Offer(sum(new, Fraction(0)), "band_once", data) if new else None
        data["per"] = minor(band.per, occasion.currency)
        if not params.slices:
            points, parts = by_amount(band.points, data["per"], occasion)
            return Offer(points, "band", data, parts)
        points = Fraction(0)
        for place, slice_of in enumerate(params.bands):
            top = min(edges[place + 1], reached) if place + 1 < len(edges) else reached
            inside = max(top - max(edges[place], before), 0)
            if slice_of.per is not None:
                points += slice_of.points * inside / minor(slice_of.per, occasion.currency)
        return Offer(points, "band_slices", data, in_proportion(points, occasion))

    def hints(self, params: Params, occasion: Occasion) -> Sequence[Hint]:
        before = occasion.member.spend_before if params.counts == "spend" else 0
        for band in params.bands:
            edge = minor(band.from_amount, occasion.currency)
            if edge > before + occasion.basis:
                data: dict[str, Any] = {
                    "missing": edge - before - occasion.basis,
                    "from": edge,
                    "points": exact_text(band.points),
                    "counts": params.counts,
                }
                if band.per is not None:
                    data["per"] = minor(band.per, occasion.currency)
                return [Hint("next_band", data)]
        return []
