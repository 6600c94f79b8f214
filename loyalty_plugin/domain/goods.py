"""What a shop sells, as staff choose it: products, variants, categories and collections by name and picture; shapes only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class GoodsKind(StrEnum):
    """What can be chosen; the values are the names of perks' parameters."""

    PRODUCTS = "products"
    VARIANTS = "variants"
    CATEGORIES = "categories"
    COLLECTIONS = "collections"


@dataclass(frozen=True, slots=True)
class Goods:
    """One thing to be chosen. `detail` is its variant's name, SKU or place in the tree; `image` an address, or empty."""

    kind: GoodsKind
    id: str
    name: str
    detail: str = ""
    image: str = ""
    sku: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, best first; `more` where the shop has further ones."""

    goods: tuple[Goods, ...]
    more: bool = False
