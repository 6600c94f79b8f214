"""Promotions on orders and vouchers, as far as Apps that may manage discounts read their minima and make vouchers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..connections import from_list
from ..context import Context, Refused
from ..schema import field, mutation, query
from ..store import Doc
from ..values import key_of, money

_GOODS = {
    "products": "Product", "variants": "ProductVariant", "categories": "Category", "collections": "Collection",
}  # fmt: skip
#: The stand-in's promotions have run for ever.
_BEGAN = "2020-01-01T00:00:00+00:00"


@query("promotions")
def promotions(ctx: Context, where: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
    ctx.require("MANAGE_DISCOUNTS")
    asked = (where or {}).get("type") or {}
    kinds = [asked["eq"]] if asked.get("eq") else asked.get("oneOf") or ["CATALOGUE", "ORDER"]
    found = [one for one in ctx.find("promotion") if one["active"] and _kind(one) in kinds]
    return from_list("promotions", found, arguments)


@query("vouchers")
def vouchers(
    ctx: Context, filter: dict[str, Any] | None = None, channel: str | None = None, **arguments: Any
) -> dict[str, Any]:
    ctx.require("MANAGE_DISCOUNTS")
    text = ((filter or {}).get("search") or "").lower()
    found = [one for one in ctx.find("voucher") if text in one["code"].lower() or text in one["name"].lower()]
    if channel is not None:
        found = [one for one in found if not one["channels"] or channel in one["channels"]]
    return from_list("vouchers", found, arguments)


@mutation("voucherCreate")
def voucher_create(ctx: Context, input: Doc) -> dict[str, Any]:
    """Without a listing in a channel it is worth nothing yet."""
    ctx.require("MANAGE_DISCOUNTS")
    (code,) = input["addCodes"]  # the stand-in's vouchers have one
    with ctx.write() as tx:
        if any(one["code"].lower() == code.lower() for one in tx.find("voucher")):
            raise Refused("addCodes", "ALREADY_EXISTS", "Voucher with given code already exists.")
        made = tx.insert(
            "voucher",
            {
                "code": code,
                "name": input.get("name") or "",
                "type": input.get("type") or "ENTIRE_ORDER",
                "valueType": input.get("discountValueType") or "FIXED",
                "value": "0",
                "active": True,
                "listed": False,
                "channels": [],
                "singleUse": bool(input.get("singleUse")),
                "oncePerOrder": bool(input.get("applyOncePerOrder")),
                "from": _instant(input.get("startDate")),
                "until": _instant(input.get("endDate")),
                **{
                    goods: [key_of(one, kind) for one in input.get(goods) or ()]
                    for goods, kind in _GOODS.items()
                },
            },
        )
    ctx.standin.store.shelves.clear()
    return {"voucher": made}


@mutation("voucherChannelListingUpdate")
def voucher_list(ctx: Context, id: str, input: Doc) -> dict[str, Any]:
    ctx.require("MANAGE_DISCOUNTS")
    with ctx.write() as tx:
        found = tx.get("voucher", key_of(id, "Voucher"), lock=True)
        if found is None:
            raise Refused("id", "NOT_FOUND", f"Couldn't resolve to a node: {id}")
        slugs = set(found["channels"])
        for one in input.get("addChannels") or ():
            channel = tx.get("channel", key_of(one["channelId"], "Channel"))
            if channel is None:
                raise Refused("addChannels", "NOT_FOUND", "Channel not found.")
            slugs.add(channel["slug"])
            found["value"] = str(one["discountValue"])
        tx.patch("voucher", found["id"], {"channels": sorted(slugs), "listed": True, "value": found["value"]})
        found = tx.get("voucher", found["id"])
    ctx.standin.store.shelves.clear()
    return {"voucher": found}


def _instant(given: Any) -> str | None:
    return given.isoformat() if hasattr(given, "isoformat") else given


def _kind(promotion: Doc) -> str:
    return "ORDER" if promotion.get("order") else "CATALOGUE"


def _channels(source: Doc, info: Any) -> list[Doc]:
    """Where it holds: those that are named, else all."""
    return [
        one
        for one in info.context.find("channel")
        if not source["channels"] or one["slug"] in source["channels"]
    ]


field("Promotion", "type")(lambda source, info: _kind(source))
field("Promotion", "startDate")(lambda source, info: _BEGAN)
field("Promotion", "endDate")(lambda source, info: None)


@field("Promotion", "rules")
def rules(source: Doc, info: Any) -> list[Doc]:
    """One rule for each promotion."""
    order = source.get("order")
    predicate = {"discountedObjectPredicate": {"baseSubtotalPrice": {"range": {"gte": order}}}}
    return [
        {
            "channels": _channels(source, info),
            "orderPredicate": predicate if order else {},
            "rewardType": "SUBTOTAL_DISCOUNT" if order else None,
            "rewardValueType": source["valueType"],
            "rewardValue": Decimal(source["value"]),
        }
    ]


@field("Voucher", "codes")
def codes(source: Doc, _info: Any, **arguments: Any) -> dict[str, Any]:
    return from_list("codes", [{"id": source["id"], "code": source["code"]}], arguments)


field("Voucher", "applyOncePerOrder")(lambda source, info: source.get("oncePerOrder", False))
field("Voucher", "discountValueType")(lambda source, info: source["valueType"])


@field("Voucher", "channelListings")
def channel_listings(source: Doc, info: Any) -> list[Doc]:
    if not source.get("listed", True):
        return []
    least = source.get("minSpent") or {}
    return [
        {
            "channel": channel,
            "discountValue": float(source["value"]),
            "currency": channel["currencyCode"],
            "minSpent": money(least[channel["slug"]], channel["currencyCode"])
            if channel["slug"] in least
            else None,
        }
        for channel in _channels(source, info)
    ]
