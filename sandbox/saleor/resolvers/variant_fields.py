"""What a product variant shows: its product, stock and prices in the channel it is seen through."""

from __future__ import annotations

from typing import Any

from .. import pricing
from ..context import Context
from ..schema import field
from ..store import Doc
from ..values import money, taxed
from .catalogue import channel_or_only, in_channel, media


@field("ProductVariant", "channelListings")
def variant_listings(source: Doc, info: Any) -> list[Doc]:
    return [
        {
            "__typename": "ProductVariantChannelListing",
            "id": f"{source['id']}{channel['id']}",
            "channel": channel,
            "price": money(source["prices"][channel["slug"]], channel["currencyCode"]),
        }
        for channel in info.context.find("channel")
        if channel["slug"] in source["prices"]
    ]


@field("ProductVariant", "product")
def variant_product(source: Doc, info: Any) -> Doc | None:
    return in_channel(info.context.get("product", source["product"]), source.get("channel"))


@field("ProductVariant", "media")
def variant_media(source: Doc, info: Any) -> list[Doc]:
    owner = info.context.get("product", source["product"])
    return media(owner, info) if owner else []


@field("ProductVariant", "quantityAvailable")
def quantity_available(source: Doc, _info: Any, **_: Any) -> int:
    # Saleor shows at most its limit per checkout, which is 50 unless changed.
    return max(0, min(50, source["stock"]))


@field("ProductVariant", "pricing")
def variant_pricing(source: Doc, info: Any, **_: Any) -> dict[str, Any] | None:
    ctx: Context = info.context
    channel = channel_or_only(ctx, source.get("channel"))
    found = pricing.shelf(ctx, source, channel) if channel else None
    if found is None or channel is None:
        return None
    currency = channel["currencyCode"]
    off = found.list_price - found.price
    return {
        "onSale": off > 0,
        "discount": taxed(pricing.split(off, channel), currency) if off else None,
        "price": taxed(pricing.split(found.price, channel), currency),
        "priceUndiscounted": taxed(pricing.split(found.list_price, channel), currency),
    }
