"""What an order, its lines, grants and history show; every amount comes from the stored document."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..schema import field
from ..store import Doc
from ..transactions import live_creator
from ..values import gid, money, taxed

STATUS_WORDS = {"NONE": "NOT_CHARGED", "PARTIAL": "PARTIALLY_CHARGED", "FULL": "FULLY_CHARGED",
                "OVERCHARGED": "FULLY_CHARGED"}  # fmt: skip


def _pair(name: str) -> Any:
    return lambda source, info: taxed(source[name], source["currency"])


def _amount(name: str) -> Any:
    return lambda source, info: money(source[name], source["currency"])


def _paid(name: str) -> Any:
    return lambda source, info: money(source["paid"][name], source["currency"])


def _rate(source: Doc, _info: Any) -> Decimal:
    return Decimal(source["taxRate"]) / 100


for _name in ("total", "subtotal", "undiscountedTotal", "shippingPrice"):
    field("Order", _name)(_pair(_name))
for _shown, _name in {
    "totalAuthorized": "authorized",
    "totalCharged": "charged",
    "totalCaptured": "charged",
    "totalCanceled": "canceled",
    "totalRefunded": "refunded",
    "totalRefundPending": "refundPending",
}.items():
    field("Order", _shown)(_paid(_name))
field("Order", "undiscountedShippingPrice")(_amount("undiscountedShipping"))
field("Order", "shippingTaxRate")(_rate)
field("OrderLine", "taxRate")(_rate)
field("Order", "chargeStatus")(lambda source, info: source["paid"]["chargeStatus"])
field("Order", "authorizeStatus")(lambda source, info: source["paid"]["authorizeStatus"])
field("Order", "isPaid")(lambda source, info: source["paid"]["charged"] >= source["total"]["gross"])
field("Order", "token")(lambda source, info: source["id"])
field("Order", "languageCodeEnum")(lambda source, info: source["languageCode"])
field("Order", "displayGrossPrices")(lambda source, info: True)
field("Order", "payments", "giftCards")(lambda source, info: [])
field("Order", "isShippingRequired")(
    lambda source, info: any(x["isShippingRequired"] for x in source["lines"])
)


def _granted(source: Doc) -> int:
    return sum(g["amount"] for g in source["grantedRefunds"])


@field("Order", "paymentStatus")
def payment_status(source: Doc, _info: Any) -> str:
    if source["paid"]["refunded"] and source["paid"]["charged"] <= 0:
        return "FULLY_REFUNDED"
    return STATUS_WORDS[source["paid"]["chargeStatus"]]


@field("Order", "statusDisplay")
def status_display(source: Doc, _info: Any) -> str:
    return str(source["status"]).replace("_", " ").capitalize()


@field("Order", "totalBalance")
def total_balance(source: Doc, _info: Any) -> Doc:
    return money(
        source["paid"]["charged"] - (source["total"]["gross"] - _granted(source)), source["currency"]
    )


@field("Order", "totalGrantedRefund")
def total_granted_refund(source: Doc, info: Any) -> Doc:
    info.context.require("MANAGE_ORDERS")
    return money(_granted(source), source["currency"])


@field("Order", "totalRemainingGrant")
def total_remaining_grant(source: Doc, info: Any) -> Doc:
    info.context.require("MANAGE_ORDERS")
    left = _granted(source) - source["paid"]["refunded"] - source["paid"]["refundPending"]
    return money(max(0, left), source["currency"])


@field("Order", "user")
def order_user(source: Doc, info: Any) -> Doc | None:
    found: Doc | None = info.context.get("user", source["user"])
    return found


@field("Order", "channel")
def order_channel(source: Doc, info: Any) -> Doc:
    found: Doc = info.context.find("channel", slug=source["channel"])[0]
    return found


@field("Order", "transactions")
def order_transactions(source: Doc, info: Any) -> list[Doc]:
    info.context.require("MANAGE_ORDERS", "HANDLE_PAYMENTS")
    return list(info.context.find("transaction", order=source["id"]))


@field("Order", "events")
def order_events(source: Doc, info: Any) -> list[Doc]:
    info.context.require("MANAGE_ORDERS")
    return list(source["events"])


@field("OrderEvent", "user")
def event_user(source: Doc, info: Any) -> Doc | None:
    found: Doc | None = info.context.get("user", source["by"].get("user"))
    return found


@field("OrderEvent", "app")
def event_app(source: Doc, info: Any) -> Doc | None:
    found: Doc | None = info.context.get("app", source["by"].get("app"))
    return found


@field("Order", "discounts")
def discounts(source: Doc, _info: Any) -> list[Doc]:
    return [{**d, "currency": source["currency"]} for d in source["discounts"]]


@field("Order", "discount")
def discount(source: Doc, _info: Any) -> Doc:
    return money(sum(d["amount"] for d in source["discounts"]), source["currency"])


@field("Order", "discountName")
def discount_name(source: Doc, _info: Any) -> str | None:
    return source["discounts"][0]["name"] if source["discounts"] else None


field("OrderDiscount", "amount", "total")(_amount("amount"))
field("OrderDiscount", "value")(lambda source, info: Decimal(source["value"]))

for _name in ("unitPrice", "totalPrice", "undiscountedUnitPrice", "undiscountedTotalPrice"):
    field("OrderLine", _name)(_pair(_name))
field("OrderLine", "unitDiscount")(_amount("unitDiscount"))
field("OrderLine", "unitDiscountType")(lambda source, info: "FIXED" if source["unitDiscount"] else None)
field("OrderLine", "productSku")(lambda source, info: source["sku"])
field("OrderLine", "isGift")(lambda source, info: False)
field("OrderLine", "productVariantId")(lambda source, info: gid("ProductVariant", source["variant"]))
field("OrderLine", "quantityToFulfill")(lambda source, info: source["quantity"] - source["quantityFulfilled"])


@field("OrderLine", "unitDiscountValue")
def unit_discount_value(source: Doc, _info: Any) -> Decimal:
    amount: Decimal = money(source["unitDiscount"], source["currency"])["amount"]
    return amount


@field("OrderLine", "saleId")
def sale_id(source: Doc, _info: Any) -> str | None:
    return gid("Promotion", source["promotion"]) if source["promotion"] else None


@field("OrderLine", "unitDiscountReason")
def unit_discount_reason(source: Doc, _info: Any) -> str | None:
    return f"Promotion: {gid('Promotion', source['promotion'])}" if source["promotion"] else None


@field("OrderLine", "priceOverrideReason")
def price_override_reason(source: Doc, info: Any) -> str | None:
    info.context.require("MANAGE_ORDERS")
    reason: str | None = source["priceOverrideReason"]
    return reason


@field("OrderLine", "variant")
def line_variant(source: Doc, info: Any) -> Doc | None:
    found = info.context.get("variant", source["variant"])
    return {**found, "channel": source["channel"]} if found else None


@field("OrderLine", "thumbnail")
def line_thumbnail(source: Doc, info: Any, **_: Any) -> Doc | None:
    variant = info.context.get("variant", source["variant"])
    product = info.context.get("product", variant["product"]) if variant else None
    return product["images"][0] if product and product["images"] else None


@field("OrderGrantedRefund", "amount")
def granted_amount(source: Doc, _info: Any) -> Doc:
    return money(source["amount"], source["order"]["currency"])


@field("OrderGrantedRefund", "user")
def granted_user(source: Doc, info: Any) -> Doc | None:
    found = live_creator(info.context, source["by"])
    return found if found and found["__typename"] == "User" else None


@field("OrderGrantedRefund", "app")
def granted_app(source: Doc, info: Any) -> Doc | None:
    found = live_creator(info.context, source["by"])
    return found if found and found["__typename"] == "App" else None


@field("OrderGrantedRefund", "transaction")
def granted_transaction(source: Doc, info: Any) -> Doc | None:
    found: Doc | None = info.context.get("transaction", source["transaction"])
    return found


@field("OrderGrantedRefund", "transactionEvents")
def granted_events(source: Doc, info: Any) -> list[Doc]:
    found = info.context.get("transaction", source["transaction"])
    events = [e for e in found["events"] if e["grant"] == source["id"]] if found else []
    return [{**e, "currency": found["currency"]} for e in events]
