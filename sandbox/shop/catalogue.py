"""Reads the shelf from Saleor and remembers it for half a minute; never a price that depends on who looks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.templatetags.static import static

from sandbox.shop import saleor
from sandbox.shop.money import Money

REMEMBER = 30
#: What the slugs of demo goods begin with that were laid out at a real Saleor, which has no pictures of them.
DEMO = "loyalty-demo-"


@dataclass(frozen=True)
class Category:
    id: str
    slug: str
    name: str
    description: str


@dataclass(frozen=True)
class Variant:
    """One thing that can be put in the cart; `price` is what everybody pays, `undiscounted` what it was before a sale."""

    id: str
    name: str
    price: Money
    undiscounted: Money
    available: bool


@dataclass(frozen=True)
class Product:
    id: str
    slug: str
    name: str
    description: str
    category: Category
    #: The uppermost category above its own, by which one finds it.
    department: Category
    collections: frozenset[str]
    collection_ids: frozenset[str]
    image: str
    alt: str
    variants: tuple[Variant, ...]

    @property
    def first(self) -> Variant:
        """The variant a card on the shelf shows: the cheapest."""
        return min(self.variants, key=lambda v: v.price.minor)


def categories() -> list[Category]:
    """The shop's departments in Saleor's order; none in which this channel has nothing."""
    known = _remembered(
        "categories", lambda: [_category(e["node"]) for e in _edges(saleor.call("Categories"))]
    )
    filled = {product.department.slug for product in products()}
    return [one for one in known if one.slug in filled]


def products(*, category: str | None = None, collection: str | None = None) -> list[Product]:
    """Everything on the shelf, or one department or collection by slug."""
    shelf = _remembered("shelf", _read_shelf)
    return [
        p
        for p in shelf
        if (category is None or p.department.slug == category)
        and (collection is None or collection in p.collections)
    ]


def product(slug: str) -> Product | None:
    return next((p for p in products() if p.slug == slug), None)


def _remembered(key: str, read: Any) -> Any:
    found = cache.get(f"shop:{key}")
    if found is None:
        found = read()
        if found:  # an empty shelf is one that is being filled
            cache.set(f"shop:{key}", found, REMEMBER)
    return found


def _edges(data: dict[str, Any]) -> list[dict[str, Any]]:
    (connection,) = data.values()
    return connection["edges"]


def _read_shelf() -> list[Product]:
    found: list[Product] = []
    after = None
    while True:
        page = saleor.call("Shelf", {"channel": saleor.CHANNEL, "after": after})["products"]
        found += [product for edge in page["edges"] if (product := _product(edge["node"]))]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


def _category(node: dict[str, Any]) -> Category:
    return Category(node["id"], node["slug"], node["name"], prose(node.get("description")))


def _product(node: dict[str, Any]) -> Product | None:
    """A sellable product, or None for one without a category or a priced variant."""
    variants = tuple(v for v in (_variant(v) for v in node["variants"] or ()) if v)
    if not variants or not node["category"]:
        return None
    media = (node["media"] or [{"url": "", "alt": ""}])[0]
    above = node["category"]
    while above.get("parent"):
        above = above["parent"]
    return Product(
        id=node["id"],
        slug=node["slug"],
        name=node["name"],
        description=prose(node["description"]),
        category=_category(node["category"]),
        department=_category(above),
        collections=frozenset(c["slug"] for c in node["collections"] or ()),
        collection_ids=frozenset(c["id"] for c in node["collections"] or ()),
        image=picture(media["url"], node["slug"]),
        alt=media["alt"],
        variants=variants,
    )


def _variant(node: dict[str, Any]) -> Variant | None:
    pricing = node["pricing"] or {}
    price = Money.read(pricing.get("price"))
    if price is None:
        return None
    undiscounted = Money.read(pricing.get("priceUndiscounted")) or price
    return Variant(node["id"], node["name"], price, undiscounted, node["quantityAvailable"] != 0)


def picture(url: str, slug: str = "") -> str:
    """The address of a picture; the shop's own without its host, so that it also shows on the phone beside.

    Of goods without one at Saleor the demo's own is shown, or one that suits anything; of an unknown slug none.
    """
    if url or not slug:
        return url.removeprefix(settings.SANDBOX_SHOP_URL)
    own = f"catalogue/{slug.removeprefix(DEMO)}.svg"
    if slug.startswith(DEMO) and (settings.MEDIA_ROOT / own).exists():
        return f"{settings.MEDIA_URL}{own}"
    return static("shop/plain.svg")


def prose(description: str | None) -> str:
    """The plain text of Saleor's rich text (an EditorJS document as a JSON string), paragraphs on lines of their own."""
    if not description:
        return ""
    try:
        document = json.loads(description)
    except ValueError:
        return description
    if not isinstance(document, dict):
        return str(document)
    return "\n".join(block.get("data", {}).get("text", "") for block in document.get("blocks", ()))
