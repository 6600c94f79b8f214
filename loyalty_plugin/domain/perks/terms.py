"""Perks and prices as a version states them: who has a perk, how perks combine, what no price goes below; shapes only."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field, PlainSerializer, model_validator
from pydantic_core import PydanticCustomError

from loyalty_plugin.domain.earning.terms import Combine, When
from loyalty_plugin.domain.facts import CheckoutLineFact
from loyalty_plugin.domain.fields import Code, Ids, Terms
from loyalty_plugin.domain.values import MAX_AMOUNT

MemberIds = Annotated[
    frozenset[Annotated[int, Field(strict=True, ge=1)]],
    PlainSerializer(lambda value: sorted(value), return_type=list[int]),
]
RoundingWay = Literal["down", "half_up", "up"]


class PerkTerms(Terms):
    """One perk: `perk` is the extension's code, `params` its own.

    Whose it is: without `tiers`, `members` (by their ids) and `when.labels` it is every member's; what is named must
    all hold. `alone`: a line it gives a price to has that price, whatever other perks give (a member day's own prices).
    """

    id: Code
    perk: Code
    params: dict[str, Any] = Field(default_factory=dict)
    tiers: Ids = frozenset()
    members: MemberIds = frozenset()
    when: When = When()
    alone: bool = False


class FloorTerms(Terms):
    """What no member price goes below: a share of the list price in basis points, an amount in minor units, or both.

    Without products, categories and collections it is the programme's. Of several for one line the nearest counts:
    its product's before its category's or collection's, that before the programme's; of equally near ones the highest.
    """

    products: Ids = frozenset()
    categories: Ids = frozenset()
    collections: Ids = frozenset()
    share: int = Field(0, strict=True, ge=0, le=10_000)
    amount: int = Field(0, strict=True, ge=0, le=MAX_AMOUNT)

    @model_validator(mode="after")
    def _says_something(self) -> FloorTerms:
        if not self.share and not self.amount:
            raise PydanticCustomError("floor_of_nothing", "a share or an amount is needed")
        return self

    def nearness(self, line: CheckoutLineFact) -> int:
        """How near it is to a line: 3 its product's, 2 its category's or collection's, 1 the programme's, 0 not at all."""
        if line.product_id in self.products:
            return 3
        if line.category_id in self.categories or not self.collections.isdisjoint(line.collection_ids):
            return 2
        return 0 if self.products or self.categories or self.collections else 1

    def price(self, list_price: int) -> int:
        """The lowest price by it, in minor units: a share is rounded up."""
        return max(self.amount, -(-list_price * self.share // 10_000))


class PriceTerms(Terms):
    """The programme's rule for member prices: one, and visible.

    `combine`: what happens where several perks lower one line. `best`: the lowest price. `chain`: each, in the order
    stated, on the price that the one before left. `sum`: what each takes off the starting price, together.
    `promotions`: a line on Saleor's own promotion. `better`: perks start from the list price, and the lower of the two
    holds. `on_top`: perks start from the promotion's price. `apart`: it has no member price.
    `vouchers`. `with`: a voucher comes on top of member prices. `apart`: a cart with a voucher has no member prices.
    `rounding` is to whole `step` minor units: down is in the customer's favour.
    """

    combine: Combine = "best"
    promotions: Literal["better", "on_top", "apart"] = "better"
    vouchers: Literal["with", "apart"] = "with"
    floors: tuple[FloorTerms, ...] = Field((), max_length=500)
    rounding: RoundingWay = "down"
    step: int = Field(1, strict=True, ge=1, le=10_000)

    def floor(self, line: CheckoutLineFact) -> int:
        """The lowest member price of a line in minor units, 0 where there is no floor."""
        if not self.floors:
            return 0
        near = [(floor.nearness(line), floor) for floor in self.floors]
        nearest = max(nearness for nearness, _floor in near)
        if not nearest:
            return 0
        lowest = max(floor.price(line.list_price) for nearness, floor in near if nearness == nearest)
        return -(-lowest // self.step) * self.step

    def rounded(self, exact: Fraction | int) -> int:
        """A price by the rule, in minor units."""
        return rounded(exact, self.rounding, self.step)


def rounded(exact: Fraction | int, way: RoundingWay, step: int = 1) -> int:
    """An exact price in whole `step` minor units."""
    upper, lower = exact.numerator, exact.denominator * step
    if way == "up":
        return -(-upper // lower) * step
    # Twice everything, so that half of an odd denominator is exact, too.
    half = lower if way == "half_up" else 0
    return (2 * upper + half) // (2 * lower) * step
