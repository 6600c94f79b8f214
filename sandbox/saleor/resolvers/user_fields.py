"""What a user shows, and the small lists (countries, permissions) that other parts show too."""

from __future__ import annotations

from typing import Any

from ..context import Context
from ..schema import field
from ..store import Doc
from ..values import gid
from .orders import order_page

COUNTRIES = {"DE": "Germany", "AT": "Austria", "US": "United States of America", "GB": "United Kingdom",
             "FR": "France", "CN": "China", "JP": "Japan", "CH": "Switzerland"}  # fmt: skip
DEFAULT_TYPE = {
    "__typename": "CustomerType",
    "id": "1",
    "name": "Default",
    "slug": "default",
    "isDefault": True,
}


def country(code: str) -> dict[str, str]:
    return {"code": code, "country": COUNTRIES.get(code, code)}


@field("User", "id")
def user_id(source: Doc, _info: Any) -> str:
    return gid("User", source["id"]) if source["id"] else ""


@field("User", "customerType")
def customer_type(source: Doc, _info: Any) -> Doc | None:
    return None if source["isStaff"] else DEFAULT_TYPE


@field("User", "addresses")
def addresses(source: Doc, _info: Any) -> list[Doc]:
    known = [source.get("shippingAddress"), source.get("billingAddress"), *source.get("addresses", ())]
    return list({a["id"]: a for a in known if a}.values())


@field("User", "defaultShippingAddress")
def default_shipping_address(source: Doc, _info: Any) -> Doc | None:
    return source.get("shippingAddress")


@field("User", "defaultBillingAddress")
def default_billing_address(source: Doc, _info: Any) -> Doc | None:
    return source.get("billingAddress")


@field("Address", "country")
def address_country(source: Doc, _info: Any) -> dict[str, str]:
    return country(source["country"])


@field("User", "note")
def note(source: Doc, info: Any) -> str:
    info.context.require("MANAGE_USERS", "MANAGE_STAFF")
    return str(source["note"])


@field("User", "userPermissions")
def user_permissions(source: Doc, _info: Any) -> list[dict[str, str]]:
    return [permission(code) for code in source.get("permissions", ())]


def permission(code: str) -> dict[str, str]:
    return {"code": code, "name": code.replace("_", " ").capitalize() + "."}


@field("User", "restrictedAccessToChannels")
def restricted(source: Doc, _info: Any) -> bool:
    return False


@field("User", "accessibleChannels")
def accessible_channels(source: Doc, info: Any) -> list[Doc]:
    return list(info.context.find("channel"))


@field("User", "checkoutIds")
def checkout_ids(source: Doc, info: Any, channel: str | None = None) -> list[str]:
    found = info.context.find("checkout", user=source["id"])
    return [gid("Checkout", c["id"]) for c in found if channel in (None, c["channel"])]


@field("User", "orders")
def user_orders(source: Doc, info: Any, **arguments: Any) -> dict[str, Any]:
    ctx: Context = info.context
    if not (ctx.user and ctx.user["id"] == source["id"]):
        ctx.require("MANAGE_STAFF", "MANAGE_ORDERS")
    return order_page(ctx, "orders", {**arguments, "user_id": source["id"]})
