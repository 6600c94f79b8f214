"""The shop itself and its channels."""

from __future__ import annotations

from typing import Any

from ..context import Context
from ..events import VERSION
from ..payments import IDENTIFIER
from ..schema import field, mutation, query
from ..store import Doc
from ..values import gid, key_of, money
from .user_fields import country

WAREHOUSE = {"__typename": "Warehouse", "id": "1", "name": "Default warehouse", "slug": "default"}


@query("channel")
def channel(ctx: Context, id: str | None = None, slug: str | None = None) -> Doc | None:
    if id is not None:
        return ctx.get("channel", key_of(id, "Channel"))
    return next(iter(ctx.find("channel", slug=slug or "")), None)


@query("channels")
def channels(ctx: Context) -> list[Doc]:
    ctx.require("AUTHENTICATED_APP", "AUTHENTICATED_STAFF_USER")
    return ctx.find("channel")


@query("shop")
def shop(ctx: Context) -> Doc:
    options = ctx.standin.options
    known = ctx.find("channel")
    return {
        "__typename": "Shop",
        "id": "1",
        "version": VERSION,
        "schemaVersion": "3.23",
        "domain": {"host": options.domain, "url": options.url},
        "channelCurrencies": sorted({c["currencyCode"] for c in known}),
        "fulfillmentAutoApprove": True,
        "displayGrossPrices": True,
        "includeTaxesInPrices": all(c["pricesEnteredWithTax"] for c in known),
        "defaultCountry": country(known[0]["country"] if known else "US"),
        **ctx.standin.shop(),
    }


#: What of the settings matters here; the others are taken and not kept.
_SETTINGS = ("allowStorefrontTraffic", "fulfillmentAllowUnpaid", "enableAccountConfirmationByEmail",
             "allowLoginWithoutConfirmation")  # fmt: skip


@mutation("shopSettingsUpdate")
def shop_settings_update(ctx: Context, input: Doc) -> dict[str, Any]:
    ctx.require("MANAGE_SETTINGS")
    given = {name: input[name] for name in _SETTINGS if input.get(name) is not None}
    with ctx.write() as tx:
        tx.put_setting("shop", {**(tx.setting("shop") or {}), **given})
    return {"shop": shop(ctx)}


@field("Shop", "id")
def shop_id(source: Doc, _info: Any) -> str:
    return gid("Shop", source["id"])


@field("Shop", "version")
def shop_version(source: Doc, info: Any) -> str:
    """Not for customers, as measured: asked by them, it nulls the whole answer."""
    info.context.require("AUTHENTICATED_STAFF_USER", "AUTHENTICATED_APP")
    return str(source["version"])


@field("Shop", "availablePaymentGateways")
def shop_gateways(_source: Doc, info: Any, **_: Any) -> list[Doc]:
    return [gateway(sorted({c["currencyCode"] for c in info.context.find("channel")}))]


def gateway(currencies: list[str]) -> Doc:
    return {
        "__typename": "PaymentGateway",
        "id": IDENTIFIER,
        "name": "Sandbox payments",
        "config": [],
        "currencies": currencies,
    }


@field("PaymentGateway", "id")
def gateway_id(source: Doc, _info: Any) -> str:
    return str(source["id"])


@field("Channel", "defaultCountry")
def default_country(source: Doc, _info: Any) -> Doc:
    return country(source["country"])


@field("Channel", "countries")
def countries(source: Doc, _info: Any) -> list[Doc]:
    return [country(source["country"])]


@field("Channel", "hasOrders")
def has_orders(source: Doc, info: Any) -> bool:
    with info.context.read() as tx:
        return bool(
            tx.query("SELECT 1 FROM standin_order WHERE doc->>'channel' = %s LIMIT 1", (source["slug"],))
        )


@field("Channel", "warehouses")
def warehouses(_source: Doc, _info: Any) -> list[Doc]:
    return [WAREHOUSE]


@field("Channel", "orderSettings")
def order_settings(source: Doc, _info: Any) -> Doc:
    return {
        "automaticallyConfirmAllNewOrders": source["automaticallyConfirmAllNewOrders"],
        "markAsPaidStrategy": "TRANSACTION_FLOW",
        "allowUnpaidOrders": source["allowUnpaidOrders"],
        "expireOrdersAfter": source.get("expireOrdersAfter"),
    }


@field("Channel", "checkoutSettings")
def checkout_settings(_source: Doc, _info: Any) -> Doc:
    return {"automaticallyCompleteFullyPaidCheckouts": False, "allowLegacyGiftCardUse": False}


@field("Channel", "paymentSettings")
def payment_settings(source: Doc, _info: Any) -> Doc:
    return {"defaultTransactionFlowStrategy": source["transactionFlow"]}


@field("Channel", "taxConfiguration")
def tax_configuration(source: Doc, _info: Any) -> Doc:
    return {
        "__typename": "TaxConfiguration",
        "id": source["id"],
        "chargeTaxes": source["taxRate"] != "0",
        "displayGrossPrices": source["pricesEnteredWithTax"],
        "pricesEnteredWithTax": source["pricesEnteredWithTax"],
    }


@field("Channel", "availableShippingMethodsPerCountry")
def shipping_per_country(source: Doc, info: Any, countries: list[str] | None = None) -> list[Doc]:
    methods = [
        {
            **m,
            "price": m["prices"][source["slug"]],
            "currency": source["currencyCode"],
            "minimumOrderPrice": _minimum(m, source),
        }
        for m in info.context.find("shipping")
        if source["slug"] in m["prices"]
    ]
    return [{"countryCode": c, "shippingMethods": methods} for c in countries or [source["country"]]]


def _minimum(method: Doc, channel: Doc) -> Doc | None:
    least = (method.get("minimums") or {}).get(channel["slug"])
    return money(least, channel["currencyCode"]) if least else None
