"""What a version says about paying with points: their rate, minimum and cap, and what they never pay; as data."""

from __future__ import annotations

from typing import Final, Literal, Protocol

from pydantic import Field

from loyalty_plugin.domain.fields import Ids, PointCount, PositivePoints, Terms
from loyalty_plugin.domain.values import MAX_AMOUNT

#: The name by which the shop asks for a payment of ours: it is our App's.
GATEWAY: Final = "loyalty_plugin"


class Goods(Protocol):
    """What says which product a line is of."""

    @property
    def product_id(self) -> str:
        """Its product."""
        ...

    @property
    def variant_id(self) -> str:
        """Its variant."""
        ...

    @property
    def category_id(self) -> str:
        """Its product's category."""
        ...

    @property
    def collection_ids(self) -> frozenset[str]:
        """Its product's collections."""
        ...


class Excluded(Terms):
    """Goods that points don't pay."""

    products: Ids = frozenset()
    variants: Ids = frozenset()
    categories: Ids = frozenset()
    collections: Ids = frozenset()

    def has(self, line: Goods) -> bool:
        """Whether a line is of these goods."""
        return (
            line.product_id in self.products
            or line.variant_id in self.variants
            or line.category_id in self.categories
            or not self.collections.isdisjoint(line.collection_ids)
        )


class PointsTerms(Terms):
    """Points as a part of the payment, as a tender: taxes stay those of the full price.

    So many `points` pay so much `money` (minor units). At least `least` points at once; at most `share` (basis points)
    of what may be paid so, and at most `most` minor units an order. `remainder`: whether the last point may be worth
    less than its rate, so that the last cent can be paid (`covered`), or what no whole number of points pays is left to
    another payment (`left`). `earns`: whether what was paid with points and bonus earns again.
    """

    points: PositivePoints = 1
    money: int = Field(1, strict=True, ge=1, le=MAX_AMOUNT)
    least: PointCount = 0
    share: int = Field(10_000, strict=True, ge=1, le=10_000)
    most: int | None = Field(None, strict=True, ge=1, le=MAX_AMOUNT)
    excluded: Excluded = Excluded()
    remainder: Literal["covered", "left"] = "covered"

    def worth(self, points: int) -> int:
        """What so many points pay, minor units; rounded down."""
        return points * self.money // self.points

    def needed(self, amount: int) -> int:
        """The points that pay so much at most: the last one in part, or not at all."""
        up = self.money - 1 if self.remainder == "covered" else 0
        return (amount * self.points + up) // self.money

    def pays(self, points: int, amount: int) -> int:
        """What so many points pay of an amount, minor units."""
        return min(self.worth(points), amount)


class PayingTerms(Terms):
    """What members may pay with besides money. `minutes`: so long it is reserved for an open checkout."""

    points: PointsTerms | None = None
    minutes: int = Field(30, strict=True, ge=5, le=720)
