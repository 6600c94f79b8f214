"""Reads single values of Saleor's JSON: money to minor units, instants, ids; refuses what is not there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from loyalty_plugin.domain.values import MAX_AMOUNT, currency_exponent, parse_decimal
from loyalty_plugin.errors import InvalidAmount, InvalidInput

Json = Mapping[str, Any]


def minor(amount: Any, currency: str) -> int:
    """An amount in major units as minor units, rounded half up as Saleor's own quantize does.

    Saleor keeps three decimals whatever the currency, and sends them as JSON numbers.
    """
    scaled = parse_decimal(amount).scaleb(currency_exponent(currency))
    whole = int(scaled.quantize(Decimal(1), rounding=ROUND_HALF_UP))
    if abs(whole) > MAX_AMOUNT:
        raise InvalidAmount(amount=str(amount))
    return whole


def money(node: Json | None, currency: str) -> int:
    """A `Money` in minor units; none is zero."""
    return minor(node["amount"], currency) if node else 0


def gross(node: Json | None, currency: str) -> int:
    """The gross part of a `TaxedMoney`."""
    return money(node["gross"], currency) if node else 0


def net(node: Json | None, currency: str) -> int:
    """The net part of a `TaxedMoney`."""
    return money(node["net"], currency) if node else 0


def instant(text: Any) -> datetime:
    """An ISO 8601 instant with its offset. Raises InvalidInput."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError) as error:
        raise InvalidInput("not an instant", value=str(text)) from error
    if moment.tzinfo is None:
        raise InvalidInput("an instant without an offset", value=text)
    return moment


def id_of(node: Json | None) -> str:
    """The id of an object that may be missing."""
    return node["id"] if node else ""


def is_gift_card(product: Json) -> bool:
    """Whether a product is a gift card: money that is spent later, not goods."""
    return bool((product.get("productType") or {}).get("kind") == "GIFT_CARD")
