"""Adds up what transaction events say, uncapped as in Saleor, and announces what changed; talks to no payment app."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from .context import Requestor
from .store import Doc, Tx

if TYPE_CHECKING:
    from .context import Context

AMOUNTS = (
    "authorized",
    "authorizePending",
    "charged",
    "chargePending",
    "refunded",
    "refundPending",
    "canceled",
    "cancelPending",
)
#: What somebody may claim of a transaction by hand, and the event it makes.
AMOUNT_EVENTS = {
    "amountAuthorized": "AUTHORIZATION_SUCCESS",
    "amountCharged": "CHARGE_SUCCESS",
    "amountRefunded": "REFUND_SUCCESS",
    "amountCanceled": "CANCEL_SUCCESS",
}
MANUAL = "Manual adjustment of the transaction."


def new_transaction(
    ctx: Context, tx: Tx, owner: Doc, kind: str, currency: str, requestor: Requestor | None, **fields: Any
) -> Doc:
    """A transaction of a checkout or an order (`kind`), without events."""
    now = ctx.now()
    doc = {
        "checkout": owner["id"] if kind == "checkout" else None,
        "order": owner["id"] if kind == "order" else None,
        "createdAt": now,
        "modifiedAt": now,
        "currency": currency,
        "name": "",
        "message": "",
        "pspReference": "",
        "externalUrl": "",
        "actions": [],
        "events": [],
        "metadata": {},
        "privateMetadata": {},
        "by": created_by(requestor),
        "idempotencyKey": None,
        **dict.fromkeys(AMOUNTS, 0),
        **fields,
    }
    return tx.insert("transaction", doc, str(uuid.uuid4()))


def created_by(requestor: Requestor | None) -> Doc | None:
    """Who did it, kept by an App's identifier: a reinstalled App inherits what the old one did."""
    if requestor is None:
        return None
    if requestor.kind == "app":
        return {"kind": "app", "identifier": requestor.doc["identifier"], "id": requestor.doc["id"]}
    return {"kind": "user", "id": requestor.doc["id"]}


def live_creator(ctx: Context, by: Doc | None) -> Doc | None:
    """The User or App as it is now: null once the App is deactivated or deleted."""
    if by is None:
        return None
    if by["kind"] == "user":
        return ctx.get("user", by["id"])
    if by["identifier"]:
        found = [a for a in ctx.find("app", identifier=by["identifier"]) if a["isActive"]]
        return found[0] if found else None
    app = ctx.get("app", by["id"])
    return app if app and app["isActive"] else None


def add_event(
    ctx: Context, tx: Tx, transaction: Doc, kind: str, amount: int, psp: str, by: Doc | None, **fields: Any
) -> Doc:
    """Append an event to a transaction that is locked, and add the amounts up again."""
    event = {
        "__typename": "TransactionEvent",
        "id": str(tx.next()),
        "type": kind,
        "amount": amount,
        "pspReference": psp,
        "createdAt": ctx.now(),
        "message": "",
        "externalUrl": "",
        "idempotencyKey": None,
        "by": by,
        "grant": None,
        **fields,
    }
    transaction["events"].append(event)
    if psp and not transaction["pspReference"]:
        transaction["pspReference"] = psp
    transaction["modifiedAt"] = event["createdAt"]
    transaction.update(amounts_of(transaction["events"]))
    tx.save("transaction", transaction)
    return event


def amounts_of(events: list[Doc]) -> dict[str, int]:
    """The amounts of a transaction from its events. Nothing is capped: charged may fall below zero."""
    done: dict[str, int] = dict.fromkeys(("AUTHORIZATION", "CHARGE", "REFUND", "CANCEL"), 0)
    pending = dict(done)
    answered = {
        (e["type"].rsplit("_", 1)[0], e["pspReference"])
        for e in events
        if e["type"].endswith(("_SUCCESS", "_FAILURE")) and e["pspReference"]
    }
    back = reverse = 0
    for event in events:
        amount = event["amount"]
        if event["type"] == "CHARGE_BACK":
            back += amount
        elif event["type"] == "REFUND_REVERSE":
            reverse += amount
        elif event["type"] == "AUTHORIZATION_ADJUSTMENT":
            done["AUTHORIZATION"] = amount
        elif event["type"].endswith("_SUCCESS"):
            done[event["type"][:-8]] += amount
        elif event["type"].endswith("_REQUEST") and not event.get("answered"):
            family = event["type"][:-8]
            if (family, event["pspReference"]) not in answered:
                pending[family] += amount
    used = done["CHARGE"] + pending["CHARGE"] + done["CANCEL"] + pending["CANCEL"]
    return {
        "authorized": max(0, done["AUTHORIZATION"] - used),
        "authorizePending": pending["AUTHORIZATION"],
        "charged": done["CHARGE"] - done["REFUND"] - pending["REFUND"] + reverse - back,
        "chargePending": pending["CHARGE"],
        "refunded": done["REFUND"] - reverse,
        "refundPending": pending["REFUND"],
        "canceled": done["CANCEL"],
        "cancelPending": pending["CANCEL"],
    }


def status(value: int, due: int, over: bool = True) -> str:
    if value <= 0:
        return "NONE"
    if value < due:
        return "PARTIAL"
    return "OVERCHARGED" if over and value > due else "FULL"


def sums(transactions: list[Doc]) -> dict[str, int]:
    return {name: sum(t[name] for t in transactions) for name in AMOUNTS}


def checkout_statuses(checkout: Doc, transactions: list[Doc]) -> dict[str, Any]:
    found = sums(transactions)
    due = checkout["total"]["gross"]
    covered = found["charged"] + found["authorized"]
    return {
        **found,
        "chargeStatus": status(found["charged"], due),
        "authorizeStatus": "FULL" if covered >= due and due == 0 else status(covered, due, over=False),
        "covered": covered,
    }


def settle_order(ctx: Context, tx: Tx, order: Doc, created: bool = False, declared: bool = False) -> Doc:
    """Write the order's payment totals from its transactions and emit what the change means.

    Money that somebody only declares (`declared`, "mark as paid") makes an order fully paid, but never "paid".
    A new order that nothing was charged for (`created`) has no update to announce.
    """
    before = order["paid"]
    found = sums(tx.find("transaction", order=order["id"]))
    due = max(0, order["total"]["gross"] - sum(g["amount"] for g in order["grantedRefunds"]))
    order["paid"] = {
        **found,
        "chargeStatus": status(found["charged"], due),
        "authorizeStatus": status(found["charged"] + found["authorized"], due, over=False),
    }
    order["updatedAt"] = ctx.now()
    full = order["paid"]["chargeStatus"] in ("FULL", "OVERCHARGED")
    if found["charged"] > before["charged"]:
        if not declared:
            ctx.emit(tx, "ORDER_PAID", order=order["id"])
        if full:
            ctx.emit(tx, "ORDER_FULLY_PAID", order=order["id"])
            if order["status"] == "CANCELED":
                # Measured: money that makes a cancelled order fully paid brings it back.
                order["status"] = "UNFULFILLED"
    if found["refunded"] > before["refunded"]:
        ctx.emit(tx, "ORDER_REFUNDED", order=order["id"])
        if found["charged"] <= 0:
            ctx.emit(tx, "ORDER_FULLY_REFUNDED", order=order["id"])
    if not created or found["charged"] > 0:
        ctx.emit(tx, "ORDER_UPDATED", order=order["id"])
    return tx.save("order", order)


def after_change(ctx: Context, tx: Tx, transaction: Doc, before: dict[str, Any] | None = None) -> None:
    """Carry a transaction's new amounts to its order, or announce a checkout that is now covered."""
    if transaction["order"]:
        order = tx.get("order", transaction["order"], lock=True)
        if order:
            settle_order(ctx, tx, order)
        return
    checkout = tx.get("checkout", transaction["checkout"])
    if checkout is None:
        return
    after = checkout_statuses(checkout, tx.find("transaction", checkout=checkout["id"]))
    before = before or {"chargeStatus": "NONE", "authorizeStatus": "NONE"}
    if after["chargeStatus"] in ("FULL", "OVERCHARGED") and before["chargeStatus"] in ("NONE", "PARTIAL"):
        ctx.emit(tx, "CHECKOUT_FULLY_PAID", checkout=checkout["id"])
    if after["authorizeStatus"] == "FULL" and before["authorizeStatus"] != "FULL":
        ctx.emit(tx, "CHECKOUT_FULLY_AUTHORIZED", checkout=checkout["id"])
