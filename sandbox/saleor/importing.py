"""Orders that staff import by the dozen: prices, status and moment are believed as given, payments have no author.

As in Saleor nobody can tell later who imported an order, nor when it was paid elsewhere: its transactions are of now.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from . import people
from .completing import note, take_from_stock
from .context import Refused
from .store import Doc, Tx
from .transactions import AMOUNT_EVENTS, AMOUNTS, MANUAL, add_event, new_transaction, settle_order
from .values import gid, key_of, to_minor

if TYPE_CHECKING:
    from .context import Context

LIMIT = 50


def create(ctx: Context, tx: Tx, given: Doc) -> Doc:
    """One imported order, which is announced together with the others. Raises Refused for what names nothing."""
    channel = _named(ctx.find("channel", slug=given["channel"]), "channel", "Channel")
    if given["currency"] != channel["currencyCode"]:
        words = f"Currency from input doesn't match channel's currency: {channel['currencyCode']}."
        raise Refused("currency", "INCORRECT_CURRENCY", words)
    if given["status"] in ("PARTIALLY_FULFILLED", "FULFILLED"):
        raise Refused("status", "INVALID", "Invalid order status.")  # fulfilments are not taken here
    owner = _owner(tx, given["user"])
    currency = given["currency"]
    lines = [_line(ctx, tx, one, currency, n) for n, one in enumerate(given["lines"])]
    total = _sum(lines, "totalPrice")
    order = tx.insert(
        "order",
        {
            "number": str(tx.next("number")),
            "created": given["createdAt"],
            "updatedAt": ctx.now(),
            "user": owner["id"] if owner else None,
            "userEmail": owner["email"] if owner else given["user"].get("email") or "",
            "status": given["status"],
            "origin": "BULK_CREATE",
            "checkoutId": None,
            "channel": channel["slug"],
            "currency": currency,
            "lines": lines,
            "subtotal": total,
            "shippingPrice": {"net": 0, "gross": 0},
            "undiscountedShipping": 0,
            "total": total,
            "undiscountedTotal": _sum(lines, "undiscountedTotalPrice"),
            "shippingMethodName": None,
            "taxRate": "0",
            "voucherCode": None,
            "discounts": [],
            "shippingAddress": people.address(tx, given.get("shippingAddress")),
            "billingAddress": people.address(tx, given["billingAddress"]),
            "languageCode": given["languageCode"],
            "customerNote": given.get("customerNote") or "",
            "externalReference": given.get("externalReference"),
            "metadata": people.pairs(given.get("metadata")),
            "privateMetadata": people.pairs(given.get("privateMetadata")),
            "fulfillments": [],
            "grantedRefunds": [],
            "events": [],
            "paid": {**dict.fromkeys(AMOUNTS, 0), "chargeStatus": "NONE", "authorizeStatus": "NONE"},
        },
    )
    take_from_stock(tx, lines)
    for one in given.get("transactions") or ():
        _transaction(ctx, tx, order, one)
    note(ctx, tx, order, "PLACED")
    return settle_order(ctx, tx, order, created=True)


def _named(found: list[Doc], field: str, name: str) -> Doc:
    if not found:
        raise Refused(field, "NOT_FOUND", f"{name} instance couldn't be resolved.")
    return found[0]


def _owner(tx: Tx, given: Doc) -> Doc | None:
    """Whom an order is of: somebody known, or the e-mail of nobody who is."""
    if given.get("id"):
        found = tx.get("user", key_of(given["id"], "User"))
        return _named([found] if found else [], "user", "User")
    if not given.get("email"):
        raise Refused("user", "REQUIRED", "At least one of [id, email, external_reference] must be provided.")
    return tx.user_by_email(given["email"])


def _line(ctx: Context, tx: Tx, given: Doc, currency: str, n: int) -> Doc:
    if given.get("variantId"):
        variant = ctx.get("variant", key_of(given["variantId"], "ProductVariant"))
    else:
        variant = tx.first("variant", sku=given.get("variantSku") or "")
    variant = _named([variant] if variant else [], f"lines.{n}.variant", "ProductVariant")
    product = ctx.get("product", variant["product"]) or {}
    if tx.get("tax_class", key_of(given.get("taxClassId") or gid("TaxClass", ""), "TaxClass")) is None:
        # Left out, it is refused as if it were named and not there: the schema says otherwise.
        raise Refused(f"lines.{n}", "NOT_FOUND", "Can't return TaxClass instance.")
    quantity = int(given["quantity"])
    if quantity < 1:
        raise Refused(f"lines.{n}.quantity", "INVALID_QUANTITY", "Invalid quantity.")
    total = _pair(given["totalPrice"], currency)
    undiscounted = _pair(given["undiscountedTotalPrice"], currency)
    return {
        "__typename": "OrderLine",
        "id": str(uuid.uuid4()),
        "productName": given.get("productName") or product.get("name", ""),
        "variantName": given.get("variantName") or variant["name"],
        "sku": variant["sku"],
        "variant": variant["id"],
        "isShippingRequired": given["isShippingRequired"],
        "quantity": quantity,
        "quantityFulfilled": 0,
        "taxRate": "0",
        "unitPrice": {name: amount // quantity for name, amount in total.items()},
        "totalPrice": total,
        "undiscountedUnitPrice": {name: amount // quantity for name, amount in undiscounted.items()},
        "undiscountedTotalPrice": undiscounted,
        "unitDiscount": 0,
        "promotion": None,
        "isPriceOverridden": None,
        "priceOverrideReason": None,
        "voucherCode": None,
        "metadata": people.pairs(given.get("metadata")),
        "privateMetadata": people.pairs(given.get("privateMetadata")),
    }


def _pair(given: Doc, currency: str) -> dict[str, int]:
    return {name: to_minor(given[name], currency) for name in ("net", "gross")}


def _sum(lines: list[Doc], name: str) -> dict[str, int]:
    return {part: sum(line[name][part] for line in lines) for part in ("net", "gross")}


def _transaction(ctx: Context, tx: Tx, order: Doc, given: Doc) -> None:
    """Nobody's: neither whoever imports it nor an App is kept with it."""
    made: Any = new_transaction(
        ctx, tx, order, "order", order["currency"], None, name=given.get("name") or "",
        pspReference=given.get("pspReference") or "", actions=given.get("availableActions") or [],
    )  # fmt: skip
    for name, kind in AMOUNT_EVENTS.items():
        if given.get(name) is not None:
            worth = to_minor(given[name]["amount"], order["currency"])
            add_event(ctx, tx, made, kind, worth, "", None, message=MANUAL)
