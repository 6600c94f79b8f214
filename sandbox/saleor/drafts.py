"""Orders that staff write: drafts made and changed, lines put in, out and altered, and what an order may still change.

Prices are those of a checkout with the same lines. A draft is priced anew with each change; Saleor keeps the base price
of a draft's line for a day, which is not told here.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from . import checkouts, people, pricing
from .completing import insert_order, note, order_line, ships, take_from_stock
from .context import Refused
from .store import Doc, Tx
from .transactions import status
from .values import key_of, split_gid, to_minor

if TYPE_CHECKING:
    from .context import Context

EDITABLE = ("DRAFT", "UNCONFIRMED")
_PLAIN = ("customerNote", "externalReference")


def create(ctx: Context, tx: Tx, given: Doc) -> Doc:
    """A draft, announced as such. Raises Refused without a channel, or for goods that are not sold in it."""
    channel = (
        ctx.get("channel", key_of(given.get("channelId") or "", "Channel"))
        if given.get("channelId")
        else None
    )
    if channel is None:
        raise Refused("channel", "REQUIRED", "Channel id is required.")
    owner, email = _customer(ctx, tx, given)
    draft = checkouts.blank(
        ctx, channel, id="", user=owner, email=email or "", metadata=people.pairs(given.get("metadata")),
        shippingAddress=people.address(tx, given.get("shippingAddress")),
        billingAddress=people.address(tx, given.get("billingAddress")),
        customerNote=given.get("customerNote") or "",
    )  # fmt: skip
    draft["delivery"] = _method(ctx, given, channel)
    lines = [_line(ctx, tx, one, channel) for one in given.get("lines") or ()]
    order = insert_order(
        ctx, tx, *_priced(ctx, draft, lines, channel), user=owner, status="DRAFT", origin="DRAFT",
        checkoutId=None, metadata=draft["metadata"], reserved=False, delivery=draft["delivery"],
    )  # fmt: skip
    if given.get("externalReference"):
        order["externalReference"] = given["externalReference"]
    note(ctx, tx, order, "DRAFT_CREATED")
    tx.save("order", order)
    ctx.emit(tx, "DRAFT_ORDER_CREATED", order=order["id"])
    return order


def reissue(ctx: Context, tx: Tx, order: Doc, lines: list[tuple[Doc, int]]) -> Doc:
    """A draft that sends lines of an order again, at what was paid for them; metadata goes with it, private, too."""
    again = [
        {
            **line,
            "id": str(uuid.uuid4()),
            "quantity": quantity,
            "quantityFulfilled": 0,
            **{
                whole: {name: amount * quantity for name, amount in line[unit].items()}
                for unit, whole in (
                    ("unitPrice", "totalPrice"),
                    ("undiscountedUnitPrice", "undiscountedTotalPrice"),
                )
            },
        }
        for line, quantity in lines
    ]
    total = {name: sum(line["totalPrice"][name] for line in again) for name in ("net", "gross")}
    nothing = {"net": 0, "gross": 0}
    made = {
        **{key: value for key, value in order.items() if key not in ("id", "__typename")},
        "number": str(tx.next("number")), "created": ctx.now(), "updatedAt": ctx.now(), "status": "DRAFT",
        "origin": "REISSUE", "checkoutId": None, "lines": again, "subtotal": total, "total": total,
        "undiscountedTotal": total, "shippingPrice": nothing, "undiscountedShipping": 0, "shippingMethodName": None,
        "delivery": None, "discounts": [], "voucherCode": None, "fulfillments": [], "grantedRefunds": [],
        "events": [], "reserved": False,
        "paid": {**dict.fromkeys(order["paid"], 0), "chargeStatus": "NONE", "authorizeStatus": "NONE"},
    }  # fmt: skip
    draft = tx.insert("order", made)
    ctx.emit(tx, "DRAFT_ORDER_CREATED", order=draft["id"])
    return draft


def update(ctx: Context, tx: Tx, order: Doc, given: Doc) -> Doc:
    """Whom a draft is for, where it goes and how."""
    if order["status"] != "DRAFT":
        raise Refused("id", "INVALID", "Provided order id belongs to non-draft order.")
    if "user" in given or "userEmail" in given:
        order["user"], email = _customer(ctx, tx, given)
        order["userEmail"] = email or order["userEmail"]
    _addresses(tx, order, given)
    if "shippingMethod" in given:
        [channel] = ctx.find("channel", slug=order["channel"])
        order["delivery"] = _method(ctx, given, channel)
    return edited(ctx, tx, order)


def change(ctx: Context, tx: Tx, order: Doc, given: Doc) -> Doc:
    """`orderUpdate`: what may change of an order that is placed. The e-mail of no customer makes it nobody's."""
    if order["status"] == "DRAFT":
        words = "Provided order id belongs to draft order. Use `draftOrderUpdate` mutation instead."
        raise Refused("id", "INVALID", words)
    if given.get("userEmail"):
        found = tx.user_by_email(given["userEmail"])
        order["userEmail"] = given["userEmail"]
        order["user"] = found["id"] if found and found["isActive"] else None
    _addresses(tx, order, given)
    order["updatedAt"] = ctx.now()
    tx.save("order", order)
    ctx.emit(tx, "ORDER_UPDATED", order=order["id"])
    return order


def add_lines(ctx: Context, tx: Tx, order: Doc, given: list[Doc]) -> list[Doc]:
    _editable(order)
    [channel] = ctx.find("channel", slug=order["channel"])
    made = [_line(ctx, tx, one, channel) for one in given]
    order["lines"] += [{**line, "new": True} for line in made]
    if order["status"] != "DRAFT":
        take_from_stock(tx, made)
    edited(ctx, tx, order)
    return [line for line in order["lines"] if line["id"] in {one["id"] for one in made}]


def set_quantity(ctx: Context, tx: Tx, order: Doc, line: Doc, quantity: int) -> Doc:
    _editable(order)
    if quantity < 1:
        raise Refused("quantity", "ZERO_QUANTITY", "Ensure this value is greater than 0.")
    if order["status"] != "DRAFT":
        take_from_stock(tx, [{**line, "quantity": quantity - line["quantity"]}])
    line["quantity"] = quantity
    return edited(ctx, tx, order)


def remove_line(ctx: Context, tx: Tx, order: Doc, line: Doc) -> Doc:
    _editable(order)
    if order["status"] != "DRAFT":
        take_from_stock(tx, [{**line, "quantity": -line["quantity"]}])
    order["lines"].remove(line)
    return edited(ctx, tx, order)


def check_complete(ctx: Context, order: Doc) -> None:
    """What a draft needs before it can be an order. Raises Refused with Saleor's words."""
    if not order["billingAddress"]:
        raise Refused("order", "BILLING_ADDRESS_NOT_SET", "Can't finalize draft with no billing address.")
    if not order["lines"]:
        raise Refused("lines", "REQUIRED", "Could not create order without any products.")
    if ships(ctx, order["lines"]):
        if not order["shippingAddress"]:
            raise Refused(
                "order", "ORDER_NO_SHIPPING_ADDRESS", "Can't finalize draft with no shipping address."
            )
        if not order["shippingMethodName"]:
            raise Refused("shipping", "SHIPPING_METHOD_REQUIRED", "Shipping method is required.")


def edited(ctx: Context, tx: Tx, order: Doc) -> Doc:
    """Price the order anew and tell of the change by what it is: a draft or an order that waits."""
    [channel] = ctx.find("channel", slug=order["channel"])
    before = {line["id"]: line for line in order["lines"]}
    checkout = checkouts.blank(ctx, channel, id="", email=order["userEmail"], delivery=order.get("delivery"),
                               voucherCode=order["voucherCode"])  # fmt: skip
    if order.get("delivery") is None and order["shippingMethodName"]:
        checkout["delivery"] = {"name": order["shippingMethodName"], "price": order["undiscountedShipping"]}
    lines = [_as_checkout_line(line, channel) for line in order["lines"]]
    checkout, lines = _priced(ctx, checkout, lines, channel)
    order["lines"] = [
        {
            **order_line(ctx, line, checkout),
            "quantityFulfilled": before[line["id"]].get("quantityFulfilled", 0),
        }
        for line in lines
    ]
    for name in ("subtotal", "shippingPrice", "undiscountedShipping", "total"):
        order[name] = checkout[name]
    undiscounted = sum(line["undiscountedTotalPrice"] for line in lines) + checkout["undiscountedShipping"]
    order["undiscountedTotal"] = pricing.split(undiscounted, channel)
    order["shippingMethodName"] = (checkout["delivery"] or {}).get("name")
    due = max(0, order["total"]["gross"] - sum(g["amount"] for g in order["grantedRefunds"]))
    order["paid"]["chargeStatus"] = status(order["paid"]["charged"], due)
    order["updatedAt"] = ctx.now()
    tx.save("order", order)
    ctx.emit(tx, "DRAFT_ORDER_UPDATED" if order["status"] == "DRAFT" else "ORDER_UPDATED", order=order["id"])
    return order


def _editable(order: Doc) -> None:
    if order["status"] not in EDITABLE:
        raise Refused("id", "NOT_EDITABLE", "Only draft and unconfirmed orders can be edited.")


def _customer(ctx: Context, tx: Tx, given: Doc) -> tuple[str | None, str | None]:
    """The owner's key and the e-mail. An e-mail wins over a named customer, and finds its owner."""
    if email := given.get("userEmail"):
        found = tx.user_by_email(email)
        return (found["id"] if found and found["isActive"] else None), email
    found = tx.get("user", key_of(given["user"], "User")) if given.get("user") else None
    return (found["id"], found["email"]) if found else (None, None)


def _addresses(tx: Tx, order: Doc, given: Doc) -> None:
    for name in ("shippingAddress", "billingAddress"):
        if given.get(name):
            order[name] = people.address(tx, given[name])
    for name in _PLAIN:
        if given.get(name) is not None:
            order[name] = given[name]
    if given.get("metadata"):
        order["metadata"] = {**order["metadata"], **people.pairs(given["metadata"])}


def _method(ctx: Context, given: Doc, channel: Doc) -> Doc | None:
    if not given.get("shippingMethod"):
        return None
    type_name, key = split_gid(given["shippingMethod"])
    found = ctx.get("shipping", key) if type_name in ("ShippingMethod", "ShippingMethodType") else None
    if found is None or channel["slug"] not in found["prices"]:
        words = "Shipping method cannot be used with this order."
        raise Refused("shippingMethod", "SHIPPING_METHOD_NOT_APPLICABLE", words)
    return {"id": found["id"], "name": found["name"], "price": found["prices"][channel["slug"]]}


def _line(ctx: Context, tx: Tx, given: Doc, channel: Doc) -> Doc:
    variant = checkouts.variant_for(ctx, tx, given["variantId"], channel)
    if given["quantity"] < 1:
        raise Refused("quantity", "ZERO_QUANTITY", "Ensure this value is greater than 0.")
    price = None if given.get("price") is None else to_minor(given["price"], channel["currencyCode"])
    return {"id": str(uuid.uuid4()), "variant": variant["id"], "quantity": given["quantity"], "price": price,
            "reason": None, "metadata": {}, "privateMetadata": {}}  # fmt: skip


def _as_checkout_line(line: Doc, channel: Doc) -> Doc:
    if line.get("new"):
        return line
    entered = "gross" if channel["pricesEnteredWithTax"] else "net"
    price = line["undiscountedUnitPrice"][entered] if line["isPriceOverridden"] else None
    return {**{name: line[name] for name in ("id", "variant", "quantity", "metadata", "privateMetadata")},
            "price": price, "reason": line["priceOverrideReason"]}  # fmt: skip


def _priced(ctx: Context, checkout: Doc, lines: list[Doc], channel: Doc) -> tuple[Doc, list[Doc]]:
    priced: Any = pricing.price_checkout(ctx, checkout, lines, channel)
    return {**checkout, **priced.checkout}, [{**line, **priced.lines[line["id"]]} for line in lines]
