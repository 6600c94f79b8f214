"""Promotions on orders and vouchers, as far as Apps that may manage discounts read their minima."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..connections import from_list
from ..context import Context
from ..schema import field, query
from ..store import Doc
from ..values import money

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


field("Voucher", "applyOncePerOrder")(lambda source, info: False)
field("Voucher", "discountValueType")(lambda source, info: source["valueType"])


@field("Voucher", "channelListings")
def channel_listings(source: Doc, info: Any) -> list[Doc]:
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
