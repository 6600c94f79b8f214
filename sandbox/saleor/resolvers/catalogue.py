"""The catalogue as customers see it: channels, categories, collections, products and variants with their prices."""

from __future__ import annotations

from typing import Any

from .. import pricing
from ..connections import from_list
from ..context import Context
from ..schema import field, query
from ..store import Doc
from ..values import gid, key_of, taxed


def in_channel(doc: Doc | None, channel: str | None) -> Doc | None:
    """A document seen through a channel: prices below it depend on it, as in Saleor."""
    return {**doc, "channel": channel} if doc else None


def channel_or_only(ctx: Context, slug: str | None) -> Doc | None:
    found = ctx.find("channel", slug=slug) if slug else ctx.find("channel")
    return found[0] if len(found) == 1 or (slug and found) else None


def slug_or_only(ctx: Context, slug: str | None) -> str | None:
    """Saleor falls back to the only channel there is."""
    found = channel_or_only(ctx, slug)
    return found["slug"] if found else slug


def _variants(ctx: Context, product: Doc) -> list[Doc]:
    key = ("variants", "by product")
    if key not in ctx.memo:
        groups: dict[str, list[Doc]] = {}
        for variant in ctx.find("variant"):
            groups.setdefault(variant["product"], []).append(variant)
            ctx.memo["variant", variant["id"]] = variant
        ctx.memo[key] = groups
    groups = ctx.memo[key]
    return groups.get(product["id"], [])


def _visible(ctx: Context, product: Doc, channel: str | None) -> bool:
    if ctx.has("MANAGE_PRODUCTS", "MANAGE_ORDERS", "MANAGE_DISCOUNTS"):
        return True
    return bool(product["isPublished"]) and any(channel in v["prices"] for v in _variants(ctx, product))


def _low(ctx: Context, product: Doc, channel: Doc) -> int:
    prices = [s.price for v in _variants(ctx, product) if (s := pricing.shelf(ctx, v, channel))]
    return min(prices, default=0)


def _searched(ctx: Context, product: Doc) -> str:
    """What a search of products looks at: in Saleor the variants' names and SKUs, too."""
    variants = " ".join(f"{v['name']} {v['sku']}" for v in _variants(ctx, product))
    return f"{product['name']} {product['description']} {variants}".lower()


def product_page(ctx: Context, arguments: dict[str, Any], slug: str | None) -> dict[str, Any]:
    wanted = {**(arguments.get("filter") or {}), **(arguments.get("where") or {})}
    slug = slug_or_only(ctx, wanted.get("channel") or slug)
    found = [p for p in ctx.find("product") if _visible(ctx, p, slug)]
    if wanted.get("ids") is not None:
        keys = {key_of(i, "Product") for i in wanted["ids"]}
        found = [p for p in found if p["id"] in keys]
    if wanted.get("isPublished") is not None:
        found = [p for p in found if bool(p["isPublished"]) == wanted["isPublished"]]
    if wanted.get("slugs") is not None:
        found = [p for p in found if p["slug"] in wanted["slugs"]]
    for name in ("slug", "name"):
        if wanted.get(name):
            values = wanted[name].get("oneOf") or [wanted[name].get("eq")]
            found = [p for p in found if p[name] in values]
    for name, stored, type_name in (
        ("category", "category", "Category"),
        ("collection", "collections", "Collection"),
    ):
        ids = wanted.get("categories" if stored == "category" else "collections")
        if wanted.get(name):
            ids = wanted[name].get("oneOf") or [wanted[name].get("eq")]
        if ids is not None:
            keys = {key_of(i, type_name) for i in ids}
            if stored == "category":
                keys |= {c["id"] for c in ctx.find("category") if c["parent"] in keys}
            found = [
                p for p in found if keys & set(p["collections"] if stored == "collections" else [p[stored]])
            ]
    if wanted.get("isAvailable") is not None:
        found = [p for p in found if any(v["stock"] > 0 for v in _variants(ctx, p)) == wanted["isAvailable"]]
    if search := (wanted.get("search") or arguments.get("search")):
        found = [p for p in found if search.lower() in _searched(ctx, p)]
    sort = arguments.get("sortBy") or {}
    down = sort.get("direction") == "DESC"
    channel = channel_or_only(ctx, slug)
    if sort.get("field") == "NAME":
        found.sort(key=lambda p: p["name"].lower(), reverse=down)
    elif sort.get("field") in ("PRICE", "MINIMAL_PRICE") and channel:
        found.sort(key=lambda p: _low(ctx, p, channel), reverse=down)
    elif sort.get("field") and down:
        found.reverse()
    return from_list("products", [{**p, "channel": slug} for p in found], arguments)


@query("products")
def products(ctx: Context, channel: str | None = None, **arguments: Any) -> dict[str, Any]:
    return product_page(ctx, arguments, channel)


@query("product")
def product(
    ctx: Context,
    id: str | None = None,
    slug: str | None = None,
    externalReference: str | None = None,
    channel: str | None = None,
) -> Doc | None:
    if id is not None:
        found = ctx.get("product", key_of(id, "Product"))
    else:
        field_name, value = ("slug", slug) if slug is not None else ("externalReference", externalReference)
        found = next(iter(ctx.find("product", **{field_name: value or ""})), None)
    seen = slug_or_only(ctx, channel)
    return in_channel(found, seen) if found and _visible(ctx, found, seen) else None


@query("productVariant")
def product_variant(
    ctx: Context,
    id: str | None = None,
    sku: str | None = None,
    externalReference: str | None = None,
    channel: str | None = None,
) -> Doc | None:
    if id is not None:
        found = ctx.get("variant", key_of(id, "ProductVariant"))
    else:
        field_name, value = ("sku", sku) if sku is not None else ("externalReference", externalReference)
        found = next(iter(ctx.find("variant", **{field_name: value or ""})), None)
    return in_channel(found, slug_or_only(ctx, channel))


@query("productVariants")
def product_variants(
    ctx: Context, ids: list[str] | None = None, channel: str | None = None, **arguments: Any
) -> dict[str, Any]:
    """Unknown ids are silently missing."""
    wanted = {**(arguments.get("filter") or {}), **(arguments.get("where") or {})}
    ids = wanted.get("ids") or ids
    if ids is not None:
        ctx.prefetch("variant", {key_of(i, "ProductVariant") for i in ids})
        found = [v for i in ids if (v := ctx.get("variant", key_of(i, "ProductVariant")))]
    else:
        found = ctx.find("variant")
    if given := wanted.get("sku"):
        skus = given if isinstance(given, list) else given.get("oneOf") or [given.get("eq")]
        found = [v for v in found if v["sku"] in skus]
    slug = slug_or_only(ctx, channel)
    return from_list("productVariants", [{**v, "channel": slug} for v in found], arguments)


@field("Product", "category")
def product_category(source: Doc, info: Any) -> Doc | None:
    found: Doc | None = info.context.get("category", source["category"])
    return found


@field("Product", "collections")
def product_collections(source: Doc, info: Any) -> list[Doc]:
    found = [info.context.get("collection", key) for key in source["collections"]]
    return [{**c, "channel": source.get("channel")} for c in found if c]


@field("Product", "productType")
def product_type(source: Doc, info: Any) -> Doc:
    laid: Doc | None = info.context.get("product_type", source.get("productType"))
    return laid or {
        "__typename": "ProductType",
        "id": "1" if source["isShippingRequired"] else "2",
        "name": "Goods" if source["isShippingRequired"] else "Digital",
        "slug": "goods" if source["isShippingRequired"] else "digital",
        "isShippingRequired": source["isShippingRequired"],
        "hasVariants": True,
        "kind": "NORMAL",
    }


@field("Product", "variants")
def product_product_variants(source: Doc, info: Any) -> list[Doc]:
    return [{**v, "channel": source.get("channel")} for v in _variants(info.context, source)]


@field("Product", "defaultVariant")
def default_variant(source: Doc, info: Any) -> Doc | None:
    found = _variants(info.context, source)
    return in_channel(found[0], source.get("channel")) if found else None


@field("Product", "variant")
def one_variant(source: Doc, info: Any, id: str | None = None, sku: str | None = None) -> Doc | None:
    for variant in _variants(info.context, source):
        if gid("ProductVariant", variant["id"]) == id or (id is None and variant["sku"] == sku):
            return in_channel(variant, source.get("channel"))
    return None


@field("Product", "isAvailable", "isAvailableForPurchase")
def is_available(source: Doc, info: Any, **_: Any) -> bool:
    return any(
        v["stock"] > 0 and source.get("channel") in v["prices"] for v in _variants(info.context, source)
    )


@field("Product", "thumbnail")
def thumbnail(source: Doc, _info: Any, **_: Any) -> dict[str, str] | None:
    return source["images"][0] if source["images"] else None


@field("Product", "media")
def media(source: Doc, _info: Any, **_: Any) -> list[Doc]:
    return [
        {
            "__typename": "ProductMedia",
            "id": f"{source['id']}{i}",
            "type": "IMAGE",
            "sortOrder": i,
            "alt": image.get("alt") or "",
            "link": image["url"],
        }
        for i, image in enumerate(source["images"])
    ]


@field("ProductMedia", "url")
def media_url(source: Doc, _info: Any, **_: Any) -> str:
    return str(source["link"])


@field("Product", "channelListings")
def channel_listings(source: Doc, info: Any) -> list[Doc]:
    ctx: Context = info.context
    ctx.require("MANAGE_PRODUCTS")
    slugs = {slug for v in _variants(ctx, source) for slug in v["prices"]}
    return [
        {
            "__typename": "ProductChannelListing",
            "id": f"{source['id']}{channel['id']}",
            "channel": channel,
            "isPublished": source["isPublished"],
            "visibleInListings": source["isPublished"],
        }
        for channel in ctx.find("channel")
        if channel["slug"] in slugs
    ]


@field("Product", "pricing")
def product_pricing(source: Doc, info: Any, **_: Any) -> dict[str, Any] | None:
    ctx: Context = info.context
    channel = channel_or_only(ctx, source.get("channel"))
    if channel is None:
        return None
    found = [s for v in _variants(ctx, source) if (s := pricing.shelf(ctx, v, channel))]
    if not found:
        return None

    def shown(minor: int) -> dict[str, Any]:
        assert channel is not None
        return taxed(pricing.split(minor, channel), channel["currencyCode"])

    off = max(s.list_price - s.price for s in found)
    return {
        "onSale": off > 0,
        "discount": shown(off) if off else None,
        "displayGrossPrices": channel["pricesEnteredWithTax"],
        "priceRange": {
            "start": shown(min(s.price for s in found)),
            "stop": shown(max(s.price for s in found)),
        },
        "priceRangeUndiscounted": {
            "start": shown(min(s.list_price for s in found)),
            "stop": shown(max(s.list_price for s in found)),
        },
    }
