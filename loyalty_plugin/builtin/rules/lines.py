"""Points for what was bought: products, categories, collections; never looks at the other lines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from loyalty_plugin import registry
from loyalty_plugin.builtin.shares import wrong_decimals
from loyalty_plugin.domain import extensions
from loyalty_plugin.domain.extensions import DraftContext, Occasion, OccasionKind, Offer
from loyalty_plugin.domain.facts import LineFact
from loyalty_plugin.domain.fields import Ids, PositiveAmount, PositiveRate, exact_text, minor


class _LineParams(extensions.Params):
    """`points` for each `per` (major units), or for each piece that was paid for where `per` is empty."""

    points: PositiveRate
    per: PositiveAmount | None = None

    def problems(self, context: DraftContext) -> Sequence[tuple[str, str]]:
        return wrong_decimals(context, per=self.per)


class _LineRule(ABC):
    """What the three rules have in common; `_covers` says which lines count."""

    code: ClassVar[str]
    occasions = frozenset({OccasionKind.ORDER})
    looks_at_tier = False

    @abstractmethod
    def _covers(self, params: Any, line: LineFact) -> bool:
        """Whether this line counts."""

    def award(self, params: Any, occasion: Occasion) -> Offer | None:
        # A line that costs nothing is a gift: by the piece it would be points for nothing.
        bought = [(li, amount) for li, amount in occasion.lines if amount > 0 and self._covers(params, li)]
        if not bought:
            return None
        pieces = sum(line.quantity for line, _ in bought)
        data: dict[str, Any] = {"points": exact_text(params.points), "pieces": pieces}
        if params.per is None:
            parts = tuple((line.line_id, params.points * line.quantity) for line, _ in bought)
        else:
            data["per"] = per = minor(params.per, occasion.currency)
            data["basis"] = sum(amount for _, amount in bought)
            parts = tuple((line.line_id, params.points * amount / per) for line, amount in bought)
        reason = f"{self.code}_piece" if params.per is None else self.code
        return Offer(sum((part for _, part in parts), Fraction(0)), reason, data, parts)


@registry.rules.register
class ProductRule(_LineRule):
    """Points for named products."""

    code = "product"
    label = _("Points for products")

    class Params(_LineParams):
        """`products` are the shop's product ids."""

        products: Ids = Field(min_length=1)

    def _covers(self, params: Params, line: LineFact) -> bool:
        return line.product_id in params.products


@registry.rules.register
class CategoryRule(_LineRule):
    """Points for products of named categories."""

    code = "category"
    label = _("Points for categories")

    class Params(_LineParams):
        """`categories` are the shop's category ids."""

        categories: Ids = Field(min_length=1)

    def _covers(self, params: Params, line: LineFact) -> bool:
        return line.category_id in params.categories


@registry.rules.register
class CollectionRule(_LineRule):
    """Points for products of named collections."""

    code = "collection"
    label = _("Points for collections")

    class Params(_LineParams):
        """`collections` are the shop's collection ids."""

        collections: Ids = Field(min_length=1)

    def _covers(self, params: Params, line: LineFact) -> bool:
        return not params.collections.isdisjoint(line.collection_ids)
