"""What a checkout and its lines show; the owner and override reasons only to those who may see them."""

from __future__ import annotations

from typing import Any

from graphql import GraphQLError

from .. import checkouts
from ..context import Context
from ..schema import field
from ..store import Doc
from ..values import gid, money, taxed
from .shop import gateway


@field("Checkout", "user")
def checkout_user(source: Doc, info: Any) -> Doc | None:
    ctx: Context = info.context
    if source["user"] is None:
        return None
    if not (ctx.user and ctx.user["id"] == source["user"]):
        ctx.require("MANAGE_USERS", "HANDLE_PAYMENTS", "OWNER")
    return ctx.get("user", source["user"])


@field("Checkout", "channel")
def checkout_channel(source: Doc, info: Any) -> Doc:
    return checkouts.channel_of(info.context, source)


@field("Checkout", "token")
def token(source: Doc, _info: Any) -> str:
    return str(source["id"])


@field("Checkout", "lines")
def lines(source: Doc, info: Any) -> list[Doc]:
    found = info.context.find("checkout_line", checkout=source["id"])
    return [{**line, "currency": source["currency"], "channel": source["channel"]} for line in found]


@field("Checkout", "quantity")
def quantity(source: Doc, info: Any) -> int:
    return sum(line["quantity"] for line in info.context.find("checkout_line", checkout=source["id"]))


def _pair(source_name: str) -> Any:
    def resolve(source: Doc, info: Any) -> Doc:
        if info.context.asking:
            # Measured: it nulls the checkout of the whole body, which is sent all the same.
            words = "CircularSubscriptionSyncEvent: prices can't be resolved in a synchronous event."
            raise GraphQLError(words, extensions={"exception": {"code": "CircularSubscriptionSyncEvent"}})
        return taxed(source[source_name], source["currency"])

    return resolve


field("Checkout", "subtotalPrice")(_pair("subtotal"))
field("Checkout", "shippingPrice")(_pair("shippingPrice"))
field("Checkout", "totalPrice")(_pair("total"))
field("Checkout", "discount")(
    lambda source, info: money(source["discount"] + source.get("promoted", 0), source["currency"])
)
field("Checkout", "displayGrossPrices")(lambda source, info: True)
field("Checkout", "giftCards")(lambda source, info: [])
field("Checkout", "discountName")(lambda source, info: source["voucherCode"])


@field("Checkout", "totalBalance")
def total_balance(source: Doc, info: Any) -> Doc:
    paid = checkouts.payment_of(info.context, source)
    return money(paid["charged"] - source["total"]["gross"], source["currency"])


@field("Checkout", "chargeStatus")
def charge_status(source: Doc, info: Any) -> str:
    return str(checkouts.payment_of(info.context, source)["chargeStatus"])


@field("Checkout", "authorizeStatus")
def authorize_status(source: Doc, info: Any) -> str:
    return str(checkouts.payment_of(info.context, source)["authorizeStatus"])


@field("Checkout", "transactions")
def checkout_transactions(source: Doc, info: Any) -> list[Doc]:
    info.context.require("MANAGE_CHECKOUTS", "HANDLE_PAYMENTS")
    return list(info.context.find("transaction", checkout=source["id"]))


@field("Checkout", "availableShippingMethods", "shippingMethods")
def available_shipping_methods(source: Doc, info: Any) -> list[Doc]:
    return checkouts.offered(info.context, source)


@field("Checkout", "availablePaymentGateways")
def available_payment_gateways(source: Doc, _info: Any) -> list[Doc]:
    return [gateway([source["currency"]])]


@field("Checkout", "isShippingRequired")
def is_shipping_required(source: Doc, info: Any) -> bool:
    ctx: Context = info.context
    found = ctx.find("checkout_line", checkout=source["id"])
    return any(_product(ctx, line)["isShippingRequired"] for line in found)


def _product(ctx: Context, line: Doc) -> Doc:
    variant = ctx.get("variant", line["variant"])
    found = ctx.get("product", variant["product"]) if variant else None
    return found or {"isShippingRequired": False}


@field("Checkout", "deliveryMethod", "shippingMethod")
def delivery_method(source: Doc, info: Any) -> Doc | None:
    return checkouts.method_of(info.context, source)


@field("Checkout", "delivery")
def delivery(source: Doc, info: Any) -> Doc | None:
    method = delivery_method(source, info)
    if method is None:
        return None
    known = [d["id"] for d in source["deliveries"] if d["method"] == method["id"]]
    return {
        "__typename": "CheckoutDelivery",
        "id": known[0] if known else method["id"],
        "shippingMethod": method,
    }


@field("ShippingMethod", "id")
def method_id(source: Doc, _info: Any) -> str:
    """An App's way carries the whole id it was given by."""
    return str(source["id"]) if source.get("external") else gid("ShippingMethod", source["id"])


@field("ShippingMethod", "price")
def method_price(source: Doc, _info: Any) -> Doc:
    return money(source["price"], source["currency"])


field("ShippingMethod", "active")(lambda source, info: True)


@field("CheckoutLine", "variant")
def line_variant(source: Doc, info: Any) -> Doc | None:
    found = info.context.get("variant", source["variant"])
    return {**found, "channel": source["channel"]} if found else None


field("CheckoutLine", "unitPrice")(_pair("unitPrice"))
field("CheckoutLine", "totalPrice")(_pair("totalPrice"))
field("CheckoutLine", "undiscountedUnitPrice")(
    lambda source, info: money(source["undiscountedUnitPrice"], source["currency"])
)
field("CheckoutLine", "undiscountedTotalPrice")(
    lambda source, info: money(source["undiscountedTotalPrice"], source["currency"])
)
field("CheckoutLine", "isGift")(lambda source, info: False)
field("CheckoutLine", "requiresShipping")(
    lambda source, info: _product(info.context, source)["isShippingRequired"]
)


@field("CheckoutLine", "priceOverrideReason")
def price_override_reason(source: Doc, info: Any) -> str | None:
    info.context.require("MANAGE_CHECKOUTS", "HANDLE_CHECKOUTS", "MANAGE_ORDERS")
    reason: str | None = source["reason"]
    return reason
