"""Turns a checkout into an order: the amount is checked before the lock and never again, as measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import checkouts, pricing
from .asking import shipping_of_apps
from .context import Refused
from .store import Doc, Tx
from .transactions import checkout_statuses, settle_order
from .values import key_of

if TYPE_CHECKING:
    from .context import Context

NOTHING_PAID = {"chargeStatus": "NONE", "authorizeStatus": "NONE"}


def complete(ctx: Context, global_id: str | None, metadata: dict[str, str]) -> Doc:
    """The order as Saleor answers it: stale, without what the payment changed."""
    if global_id is None:
        raise Refused(
            "id", "GRAPHQL_ERROR", "At least one argument is required: 'id', 'token', 'checkout_id'."
        )
    key = key_of(global_id, "Checkout")
    # One moment: of a checkout completed meanwhile, the lines or the money would be missing.
    with ctx.standin.store.snapshot() as tx:
        checkout = tx.get("checkout", key)
        if checkout is None:
            if order := tx.first("order", checkoutId=key):
                return order
            raise Refused("id", "NOT_FOUND", f"Couldn't resolve to a node: {global_id}")
        _guard(ctx, tx, checkout)
    _offer_stands(ctx, checkout)
    # The window of j10: lines, prices and owner may change here, and what was paid is not looked at again.
    ctx.pace.until(0.5)
    with ctx.write() as tx:
        locked = tx.get("checkout", key, lock=True)
        if locked is None:
            order = tx.first("order", checkoutId=key)
            if order is None:
                raise Refused("id", "NOT_FOUND", f"Couldn't resolve to a node: {global_id}")
            return order
        order = _create(ctx, tx, locked, metadata)
    if order["voucherCode"]:
        ctx.standin.store.shelves.clear()  # it may be used up
    return order


def _guard(ctx: Context, tx: Tx, checkout: Doc) -> None:
    lines = checkouts.lines_of(tx, checkout)
    channel = checkouts.channel_of(ctx, checkout)
    if not lines:
        raise Refused("lines", "NO_LINES", "Cannot complete checkout without lines.")
    if not checkout["email"]:
        raise Refused("email", "EMAIL_NOT_SET", "Checkout email must be set.")
    if ships(ctx, lines):
        if not checkout["shippingAddress"]:
            raise Refused("shippingAddress", "SHIPPING_ADDRESS_NOT_SET", "Shipping address is not set")
        if not checkout["delivery"]:
            raise Refused("shippingMethod", "SHIPPING_METHOD_NOT_SET", "Shipping method is not set")
    if not checkout["billingAddress"]:
        raise Refused("billingAddress", "BILLING_ADDRESS_NOT_SET", "Billing address is not set")
    paid = checkout_statuses(checkout, tx.find("transaction", checkout=checkout["id"]))
    if paid["covered"] < checkout["total"]["gross"] and not channel["allowUnpaidOrders"]:
        raise Refused(
            None,
            "CHECKOUT_NOT_FULLY_PAID",
            "The authorized amount doesn't cover the checkout's total amount.",
        )


def _offer_stands(ctx: Context, checkout: Doc) -> None:
    """An App's way of sending chosen before the checkout changed is asked for again; if it is gone, so is the way."""
    chosen = (checkout["delivery"] or {}).get("offer")
    if (
        chosen
        and checkout["stale"]
        and chosen["id"] not in {m["id"] for m in shipping_of_apps(ctx, checkout)}
    ):
        raise Refused(
            "shippingMethod", "INVALID_SHIPPING_METHOD", "Delivery method is not valid for your address"
        )


def ships(ctx: Context, lines: list[Doc]) -> bool:
    for line in lines:
        variant = ctx.get("variant", line["variant"])
        product = ctx.get("product", variant["product"]) if variant else None
        if product and product["isShippingRequired"]:
            return True
    return False


def _create(ctx: Context, tx: Tx, checkout: Doc, metadata: dict[str, str]) -> Doc:
    channel = checkouts.channel_of(ctx, checkout)
    lines = checkouts.lines_of(tx, checkout)
    owner = checkout["user"]
    if owner is None and (member := tx.user_by_email(checkout["email"])):
        # A guest who types a member's e-mail gives that member the order.
        owner = member["id"]
    confirmed = channel["automaticallyConfirmAllNewOrders"]
    status = "UNFULFILLED" if confirmed else "UNCONFIRMED"
    order = insert_order(ctx, tx, checkout, lines, user=owner, status=status, origin="CHECKOUT",
                         checkoutId=checkout["id"],
                         metadata={**checkout["metadata"], **metadata})  # fmt: skip
    stale = dict(order)
    _use_up(ctx, tx, checkout["voucherCode"])
    take_from_stock(tx, lines)
    tx.query(
        "UPDATE standin_transaction SET doc = doc || jsonb_build_object('order', %s::text, 'checkout', null)"
        " WHERE doc->>'checkout' = %s",
        (order["id"], checkout["id"]),
    )
    for line in lines:
        tx.delete("checkout_line", line["id"])
    tx.delete("checkout", checkout["id"])
    ctx.emit(tx, "ORDER_CREATED", order=order["id"])
    note(ctx, tx, order, "PLACED")
    settle_order(ctx, tx, order, created=True)
    if confirmed:
        ctx.emit(tx, "ORDER_CONFIRMED", order=order["id"])
    return stale


def _use_up(ctx: Context, tx: Tx, code: str | None) -> None:
    """A code for one use is disabled with the order. Two checkouts may hold it; the second is refused."""
    voucher = ctx.standin.find_voucher(ctx, code)
    if voucher is None or not voucher.get("singleUse"):
        return
    locked = tx.get("voucher", voucher["id"], lock=True)
    if locked is None or not locked["active"]:
        raise Refused("voucherCode", "VOUCHER_NOT_APPLICABLE", "Voucher is not applicable to this checkout.")
    tx.patch("voucher", voucher["id"], {"active": False})


def insert_order(ctx: Context, tx: Tx, checkout: Doc, lines: list[Doc], **fields: Any) -> Doc:
    """An order of what a priced checkout (stored or not) and its lines hold, before anything is paid."""
    channel = checkouts.channel_of(ctx, checkout)
    now = ctx.now()
    undiscounted = sum(line["undiscountedTotalPrice"] for line in lines) + checkout["undiscountedShipping"]
    return tx.insert(
        "order",
        {
            "number": str(tx.next("number")),
            "created": now,
            "updatedAt": now,
            "userEmail": checkout["email"],
            "channel": channel["slug"],
            "currency": checkout["currency"],
            "lines": [order_line(ctx, line, checkout) for line in lines],
            "subtotal": checkout["subtotal"],
            "shippingPrice": checkout["shippingPrice"],
            "undiscountedShipping": checkout["undiscountedShipping"],
            "total": checkout["total"],
            "undiscountedTotal": pricing.split(undiscounted, channel),
            "shippingMethodName": (checkout["delivery"] or {}).get("name"),
            "taxRate": channel["taxRate"],
            "voucherCode": checkout["voucherCode"],
            "discounts": _discounts(ctx, tx, checkout),
            "shippingAddress": checkout["shippingAddress"],
            "billingAddress": checkout["billingAddress"],
            "languageCode": checkout["languageCode"],
            "customerNote": checkout["customerNote"],
            "externalReference": None,
            "privateMetadata": checkout["privateMetadata"],
            "fulfillments": [],
            "grantedRefunds": [],
            "events": [],
            "paid": {**checkout_statuses(checkout, []), **NOTHING_PAID},
            **fields,
        },
    )


def take_from_stock(tx: Tx, lines: list[Doc]) -> None:
    for line in lines:
        tx.query(
            "UPDATE standin_variant SET doc = jsonb_set(doc, '{stock}',"
            " to_jsonb((doc->>'stock')::bigint - %s)) WHERE id = %s",
            (line["quantity"], line["variant"]),
        )


def note(ctx: Context, tx: Tx, order: Doc, kind: str, **fields: Any) -> None:
    """Append to the order's own history; the caller saves the order."""
    requestor = ctx.requestor
    by = {requestor.kind: requestor.doc["id"]} if requestor else {}
    order["events"].append(
        {
            "__typename": "OrderEvent",
            "id": str(tx.next()),
            "type": kind,
            "date": ctx.now(),
            "by": by,
            "message": None,
            "amount": None,
            **fields,
        }
    )


def order_line(ctx: Context, line: Doc, checkout: Doc) -> Doc:
    """A priced line of a checkout as a line of an order."""
    variant = ctx.get("variant", line["variant"])
    product = ctx.get("product", variant["product"]) if variant else None
    assert variant is not None
    assert product is not None
    channel = checkouts.channel_of(ctx, checkout)
    base, quantity = line["undiscountedUnitPrice"], line["quantity"]
    promotion = ctx.get("promotion", line["promotion"])
    return {
        "__typename": "OrderLine",
        "id": line["id"],
        "productName": product["name"],
        "variantName": variant["name"],
        "sku": variant["sku"],
        "variant": variant["id"],
        "isShippingRequired": product["isShippingRequired"],
        "quantity": quantity,
        "quantityFulfilled": 0,
        "taxRate": channel["taxRate"],
        "unitPrice": line["unitPrice"],
        "totalPrice": line["totalPrice"],
        "undiscountedUnitPrice": pricing.split(base, channel),
        "undiscountedTotalPrice": pricing.split(line["undiscountedTotalPrice"], channel),
        "unitDiscount": line["unitDiscount"],
        "promotion": promotion["id"] if promotion else None,
        "isPriceOverridden": line["price"] is not None,
        "priceOverrideReason": line["reason"],
        "voucherCode": checkout["voucherCode"] if line["voucherShare"] else None,
        "metadata": line["metadata"],
        "privateMetadata": line["privateMetadata"],
    }


def _discounts(ctx: Context, tx: Tx, checkout: Doc) -> list[Doc]:
    voucher = ctx.standin.find_voucher(ctx, checkout["voucherCode"])
    if checkout.get("promoted"):
        return [_discount(tx, "ORDER_PROMOTION", "", "FIXED", checkout["promoted"], "")]
    if voucher is None or not checkout["discount"]:
        return []
    reason = f"Voucher code: {voucher['code']}"
    made = _discount(tx, "VOUCHER", voucher["name"], voucher["valueType"], checkout["discount"], reason)
    return [{**made, "value": voucher["value"]}]


def _discount(tx: Tx, kind: str, name: str, value_type: str, amount: int, reason: str) -> Doc:
    return {
        "__typename": "OrderDiscount",
        "id": str(tx.next()),
        "type": kind,
        "name": name,
        "valueType": value_type,
        "value": "0",
        "amount": amount,
        "reason": reason,
    }
