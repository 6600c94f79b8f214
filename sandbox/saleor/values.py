"""Turns keys into Saleor's global ids and minor units into its money objects; holds no state."""

from __future__ import annotations

import base64
import binascii
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

DIGITS = {"JPY": 0, "KRW": 0, "VND": 0, "CLP": 0, "BHD": 3, "KWD": 3, "JOD": 3, "OMR": 3, "TND": 3}

#: Name of the document kind for each GraphQL type that carries a global id of its own.
KINDS = {
    "User": "user",
    "App": "app",
    "Channel": "channel",
    "Category": "category",
    "Collection": "collection",
    "Product": "product",
    "ProductType": "product_type",
    "ProductVariant": "variant",
    "Checkout": "checkout",
    "CheckoutLine": "checkout_line",
    "Order": "order",
    "TransactionItem": "transaction",
    "Webhook": "webhook",
    "AppInstallation": "installation",
    "ShippingMethod": "shipping",
    "Promotion": "promotion",
    "Voucher": "voucher",
    "TaxClass": "tax_class",
    "Warehouse": "warehouse",
    "ShippingZone": "zone",
}
TYPES = {kind: name for name, kind in KINDS.items()}


class InvalidId(ValueError):
    """The global id cannot be read, or names another type."""


def gid(type_name: str, key: object) -> str:
    return base64.b64encode(f"{type_name}:{key}".encode()).decode()


def split_gid(value: str) -> tuple[str, str]:
    try:
        type_name, key = base64.b64decode(value, validate=True).decode().split(":", 1)
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise InvalidId(f"Invalid ID: {value}.") from error
    return type_name, key


def key_of(value: str, *type_names: str) -> str:
    """The key inside a global id that must be of one of the types."""
    type_name, key = split_gid(value)
    if type_name not in type_names:
        raise InvalidId(f"Invalid ID: {value}. Expected: {type_names[0]}, received: {type_name}.")
    return key


def digits(currency: str) -> int:
    return DIGITS.get(currency, 2)


def to_minor(amount: Decimal | int | str, currency: str) -> int:
    """Minor units of an amount in major units, rounded half up as Saleor's quantize does."""
    scaled = Decimal(amount).scaleb(digits(currency))
    return int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def to_major(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-digits(currency))


def rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def money(minor: int, currency: str) -> dict[str, Any]:
    return {
        "currency": currency,
        "amount": to_major(minor, currency),
        "fractionalAmount": minor,
        "fractionDigits": digits(currency),
    }


def taxed(pair: dict[str, int], currency: str) -> dict[str, Any]:
    """A TaxedMoney from `{"net": minor, "gross": minor}`."""
    return {
        "currency": currency,
        "net": money(pair["net"], currency),
        "gross": money(pair["gross"], currency),
        "tax": money(pair["gross"] - pair["net"], currency),
    }


def add(*pairs: dict[str, int]) -> dict[str, int]:
    return {"net": sum(p["net"] for p in pairs), "gross": sum(p["gross"] for p in pairs)}
