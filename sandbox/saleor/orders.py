"""What happens to a placed order: fulfilment, return, cancellation, refund grants; each under the order's row lock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .completing import note, take_from_stock
from .context import Refused
from .drafts import check_complete, reissue
from .store import Doc, Tx
from .transactions import add_event, created_by, new_transaction, settle_order, status
from .values import key_of, to_minor

if TYPE_CHECKING:
    from .context import Context

GONE = ("CANCELED", "RETURNED", "REPLACED", "REFUNDED_AND_RETURNED", "REFUNDED")


def locked(tx: Tx, global_id: str) -> Doc:
    order = tx.get("order", key_of(global_id, "Order"), lock=True)
    if order is None:
        raise Refused("id", "NOT_FOUND", f"Couldn't resolve to a node: {global_id}")
    return order


def line_of(order: Doc, global_id: str) -> Doc:
    key = key_of(global_id, "OrderLine")
    found: Doc
    for found in order["lines"]:
        if found["id"] == key:
            return found
    raise Refused("orderLineId", "NOT_FOUND", f"Couldn't resolve to a node: {global_id}")


def save(ctx: Context, tx: Tx, order: Doc) -> Doc:
    order["updatedAt"] = ctx.now()
    return tx.save("order", order)


def _status(order: Doc) -> str:
    if order["status"] in ("CANCELED", "UNCONFIRMED", "DRAFT"):
        return str(order["status"])
    ordered = sum(line["quantity"] for line in order["lines"])
    returned = sum(
        x["quantity"] for f in order["fulfillments"] if f["status"] == "RETURNED" for x in f["lines"]
    )
    sent = sum(line["quantityFulfilled"] for line in order["lines"])
    if returned:
        return "RETURNED" if returned >= ordered else "PARTIALLY_RETURNED"
    if sent == 0:
        return "UNFULFILLED"
    return "FULFILLED" if sent >= ordered else "PARTIALLY_FULFILLED"


def _fulfillment(ctx: Context, tx: Tx, order: Doc, status: str, quantities: list[tuple[Doc, int]]) -> Doc:
    made = {
        "__typename": "Fulfillment",
        "id": str(tx.next()),
        "fulfillmentOrder": len(order["fulfillments"]) + 1,
        "status": status,
        "trackingNumber": "",
        "created": ctx.now(),
        "metadata": {},
        "privateMetadata": {},
        "lines": [
            {"__typename": "FulfillmentLine", "id": str(tx.next()), "quantity": n, "line": line["id"]}
            for line, n in quantities
        ],
    }
    order["fulfillments"].append(made)
    return made


def fulfil(ctx: Context, tx: Tx, order: Doc, quantities: list[tuple[Doc, int]], tracking: str = "") -> Doc:
    """Send lines of a locked order: `quantities` are (line of the order, pieces)."""
    shop = ctx.standin.shop()
    if order["status"] in ("DRAFT", "CANCELED", "EXPIRED"):
        raise Refused("order", "INVALID", f"Cannot fulfill an order with status {order['status']}.")
    if not shop["fulfillmentAllowUnpaid"] and order["paid"]["chargeStatus"] not in ("FULL", "OVERCHARGED"):
        raise Refused("order", "CANNOT_FULFILL_UNPAID_ORDER", "Cannot fulfill unpaid order.")
    quantities = [(line, n) for line, n in quantities if n]
    if not quantities:
        raise Refused("lines", "ZERO_QUANTITY", "Total quantity must be larger than 0.")
    for line, n in quantities:
        left = line["quantity"] - line["quantityFulfilled"]
        if n > left:
            raise Refused(
                "orderLineId",
                "FULFILL_ORDER_LINE",
                f"Only {left} item(s) remaining to fulfill: {line['productName']}",
            )
        line["quantityFulfilled"] += n
    made = _fulfillment(ctx, tx, order, "FULFILLED", quantities)
    made["trackingNumber"] = tracking
    order["status"] = _status(order)
    note(ctx, tx, order, "FULFILLMENT_FULFILLED_ITEMS")
    save(ctx, tx, order)
    ctx.emit(tx, "FULFILLMENT_CREATED", order=order["id"], fulfillment=made["id"])
    if order["status"] == "FULFILLED":
        ctx.emit(tx, "FULFILLMENT_APPROVED", order=order["id"], fulfillment=made["id"])
        ctx.emit(tx, "ORDER_FULFILLED", order=order["id"])
    ctx.emit(tx, "ORDER_UPDATED", order=order["id"])
    return made


def fulfil_all(ctx: Context, tx: Tx, order: Doc) -> Doc:
    left = [(line, line["quantity"] - line["quantityFulfilled"]) for line in order["lines"]]
    return fulfil(ctx, tx, order, left)


def cancel_fulfilment(ctx: Context, tx: Tx, key: str) -> tuple[Doc, Doc]:
    rows = tx.query(
        "SELECT id FROM standin_order WHERE doc->'fulfillments' @> jsonb_build_array(jsonb_build_object("
        "'id', %s::text))",
        (key,),
    )
    order = tx.get("order", rows[0][0], lock=True) if rows else None
    if order is None:
        raise Refused("id", "NOT_FOUND", "Fulfillment does not exist.")
    made: Doc = next(f for f in order["fulfillments"] if f["id"] == key)
    if made["status"] in GONE:
        raise Refused("fulfillment", "CANNOT_CANCEL_FULFILLMENT", "This fulfillment can't be canceled")
    made["status"] = "CANCELED"
    for sent in made["lines"]:
        for line in order["lines"]:
            if line["id"] == sent["line"]:
                line["quantityFulfilled"] -= sent["quantity"]
    order["status"] = _status(order)
    note(ctx, tx, order, "FULFILLMENT_CANCELED")
    save(ctx, tx, order)
    ctx.emit(tx, "FULFILLMENT_CANCELED", order=order["id"], fulfillment=key)
    ctx.emit(tx, "ORDER_UPDATED", order=order["id"])
    return order, made


def take_back(ctx: Context, tx: Tx, order: Doc, given: dict[str, Any]) -> tuple[Doc | None, Doc | None]:
    """Return products: a new RETURNED fulfilment; order lines keep their quantities.

    What is to be replaced goes into a REPLACED one and a draft of its own, of the same customer. Both answered, where
    they were made.
    """
    if given.get("refund"):
        raise Refused("refund", "CANNOT_REFUND", "The order was paid with the Transaction API: refund there.")
    quantities: list[tuple[Doc, int]] = []
    replaced: list[tuple[Doc, int]] = []
    for wanted in given.get("orderLines") or ():
        line = line_of(order, wanted["orderLineId"])
        if wanted["quantity"] > line["quantity"] - line["quantityFulfilled"]:
            raise Refused("quantity", "INVALID", "Provided quantity is more than the quantity available.")
        (replaced if wanted.get("replace") else quantities).append((line, wanted["quantity"]))
    sent = {x["id"]: x for f in order["fulfillments"] if f["status"] == "FULFILLED" for x in f["lines"]}
    for wanted in given.get("fulfillmentLines") or ():
        source = sent.get(key_of(wanted["fulfillmentLineId"], "FulfillmentLine"))
        if source is None or wanted["quantity"] > source["quantity"]:
            raise Refused("fulfillmentLineId", "INVALID", "Provided quantity is more than was fulfilled.")
        source["quantity"] -= wanted["quantity"]
        line = next(x for x in order["lines"] if x["id"] == source["line"])
        (replaced if wanted.get("replace") else quantities).append((line, wanted["quantity"]))
    if not quantities and not replaced:
        raise Refused("orderLines", "REQUIRED", "Nothing to return.")
    for made in order["fulfillments"]:
        made["lines"] = [x for x in made["lines"] if x["quantity"]]
    order["fulfillments"] = [f for f in order["fulfillments"] if f["lines"]]
    back = draft = None
    if replaced:
        _fulfillment(ctx, tx, order, "REPLACED", replaced)
        note(ctx, tx, order, "FULFILLMENT_REPLACED")
    if quantities:
        back = _fulfillment(ctx, tx, order, "RETURNED", quantities)
        note(ctx, tx, order, "FULFILLMENT_RETURNED")
    order["status"] = _status(order)
    save(ctx, tx, order)
    ctx.emit(tx, "ORDER_UPDATED", order=order["id"])
    if replaced:
        draft = reissue(ctx, tx, order, replaced)
    return back, draft


def cancel(ctx: Context, tx: Tx, order: Doc) -> Doc:
    """Cancel without refunding: money stays where it is, as measured."""
    if order["status"] in ("CANCELED", "DRAFT", "EXPIRED") or any(
        f["status"] not in GONE for f in order["fulfillments"]
    ):
        raise Refused("order", "CANNOT_CANCEL_ORDER", "This order can't be canceled.")
    order["status"] = "CANCELED"
    take_from_stock(tx, [{**line, "quantity": -line["quantity"]} for line in order["lines"]])
    note(ctx, tx, order, "CANCELED")
    save(ctx, tx, order)
    ctx.emit(tx, "ORDER_CANCELLED", order=order["id"])
    ctx.emit(tx, "ORDER_UPDATED", order=order["id"])
    return order


def confirm(ctx: Context, tx: Tx, order: Doc) -> Doc:
    if order["status"] != "UNCONFIRMED":
        raise Refused(
            "id", "INVALID", "Provided order id belongs to an order with status different than unconfirmed."
        )
    order["status"] = "UNFULFILLED"
    note(ctx, tx, order, "CONFIRMED")
    save(ctx, tx, order)
    ctx.emit(tx, "ORDER_CONFIRMED", order=order["id"])
    ctx.emit(tx, "ORDER_UPDATED", order=order["id"])
    return order


def complete_draft(ctx: Context, tx: Tx, order: Doc) -> Doc:
    """A draft becomes an order; its customer is whom the e-mail belongs to, its status what the channel says."""
    if order["status"] != "DRAFT":
        raise Refused("id", "INVALID", "The order is not a draft.")
    check_complete(ctx, order)
    [channel] = ctx.find("channel", slug=order["channel"])
    confirmed = channel["automaticallyConfirmAllNewOrders"]
    order["status"] = "UNFULFILLED" if confirmed else "UNCONFIRMED"
    if order["user"] is None and (member := tx.user_by_email(order["userEmail"] or "")):
        order["user"] = member["id"]
    if not order.get("reserved", True):
        order["reserved"] = True
        take_from_stock(tx, order["lines"])
    note(ctx, tx, order, "PLACED_FROM_DRAFT")
    save(ctx, tx, order)
    ctx.emit(tx, "ORDER_CREATED", order=order["id"])
    if order["paid"]["charged"] > 0:
        ctx.emit(tx, "ORDER_PAID", order=order["id"])
    if order["paid"]["chargeStatus"] in ("FULL", "OVERCHARGED"):
        ctx.emit(tx, "ORDER_FULLY_PAID", order=order["id"])
    if confirmed:
        ctx.emit(tx, "ORDER_CONFIRMED", order=order["id"])
    return order


def mark_as_paid(ctx: Context, tx: Tx, order: Doc, reference: str | None) -> Doc:
    """Paid because somebody says so: a charge without a payment App."""
    if tx.find("transaction", order=order["id"]):
        raise Refused(
            "transactions", "PAYMENT_ERROR", "Order with payments can not be manually marked as paid."
        )
    by = created_by(ctx.requestor)
    made = new_transaction(
        ctx, tx, order, "order", order["currency"], ctx.requestor, name="Mark-as-paid transaction"
    )
    add_event(ctx, tx, made, "CHARGE_SUCCESS", order["total"]["gross"], reference or "", by)
    note(ctx, tx, order, "ORDER_MARKED_AS_PAID")
    return settle_order(ctx, tx, order, declared=True)


def grant_refund(ctx: Context, tx: Tx, order: Doc, given: dict[str, Any]) -> Doc:
    """Promise a refund: no event is sent, but the charge status compares with less from now on."""
    transaction = tx.get("transaction", key_of(given["transactionId"], "TransactionItem"))
    if transaction is None or transaction["order"] != order["id"]:
        raise Refused("transactionId", "NOT_FOUND", "Transaction not found.")
    shipping = bool(given.get("grantRefundForShipping"))
    if shipping and any(g["shippingCostsIncluded"] for g in order["grantedRefunds"]):
        raise Refused(
            "grantRefundForShipping",
            "SHIPPING_COSTS_ALREADY_GRANTED",
            "Shipping costs have already been granted.",
        )
    lines, worth = [], 0
    for wanted in given.get("lines") or ():
        line = line_of(order, wanted["id"])
        granted = sum(
            x["quantity"] for g in order["grantedRefunds"] for x in g["lines"] if x["line"] == line["id"]
        )
        if not 0 < wanted["quantity"] <= line["quantity"] - granted:
            raise Refused(
                "lines",
                "INVALID",
                f"Cannot grant refund for more than the available quantity ({line['quantity']}).",
            )
        # By share of the line's total, so that a whole line comes to what was charged for it.
        worth += line["totalPrice"]["gross"] * wanted["quantity"] // line["quantity"]
        lines.append(
            {
                "__typename": "OrderGrantedRefundLine",
                "id": str(tx.next()),
                "quantity": wanted["quantity"],
                "line": line["id"],
                "reason": wanted.get("reason"),
            }
        )
    if shipping:
        worth += order["shippingPrice"]["gross"]
    if given.get("amount") is not None:
        worth = to_minor(given["amount"], order["currency"])
    elif not lines and not shipping:
        raise Refused("amount", "REQUIRED", "You need to specify at least one of amount, lines or shipping.")
    if worth > transaction["charged"]:
        raise Refused(
            "amount", "AMOUNT_GREATER_THAN_AVAILABLE", "Amount cannot be greater than the charged amount."
        )
    now = ctx.now()
    grant = {
        "__typename": "OrderGrantedRefund",
        "id": str(tx.next()),
        "createdAt": now,
        "updatedAt": now,
        "amount": worth,
        "reason": given.get("reason") or "",
        "by": created_by(ctx.requestor),
        "shippingCostsIncluded": shipping,
        "lines": lines,
        "status": "NONE",
        "transaction": transaction["id"],
    }
    order["grantedRefunds"].append(grant)
    due = max(0, order["total"]["gross"] - sum(g["amount"] for g in order["grantedRefunds"]))
    order["paid"]["chargeStatus"] = status(order["paid"]["charged"], due)
    save(ctx, tx, order)
    return grant
