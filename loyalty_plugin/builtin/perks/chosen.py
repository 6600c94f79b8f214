"""Which products a perk is about, as its parameters say, and how that is told; lowers nothing."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Any

from django.utils.functional import lazy
from django.utils.translation import gettext
from pydantic import Field

from loyalty_plugin.domain import extensions
from loyalty_plugin.domain.facts import CheckoutLineFact
from loyalty_plugin.domain.fields import Ids
from loyalty_plugin.queries.explanations.numbers import number_text

#: A share in hundredths of a per cent: 1500 is 15 %. Less than everything.
BasisPoints = Annotated[int, Field(strict=True, ge=1, le=9_999)]


class Chosen(extensions.Params):
    """Without products, variants, categories and collections a perk is about everything."""

    products: Ids = frozenset()
    variants: Ids = frozenset()
    categories: Ids = frozenset()
    collections: Ids = frozenset()

    @property
    def some(self) -> bool:
        """It is about some products only."""
        return bool(self.products or self.variants or self.categories or self.collections)

    def about(self, line: CheckoutLineFact) -> bool:
        """Whether the perk is about this line."""
        return not self.some or (
            line.product_id in self.products
            or line.variant_id in self.variants
            or line.category_id in self.categories
            or not self.collections.isdisjoint(line.collection_ids)
        )


def less(price: int, off: int) -> Fraction:
    """A price less basis points, exactly."""
    return Fraction(price * (10_000 - off), 10_000)


def _percent_off(off: int, some: bool) -> str:
    words = gettext("%(percent)s %% off chosen products") if some else gettext("%(percent)s %% off")
    return words % {"percent": number_text(Fraction(off, 100))}


#: "15 % off", in the language of whoever reads it.
percent_off_text: Any = lazy(_percent_off, str)
