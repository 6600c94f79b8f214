"""Asks payment Apps of their own, as Saleor does: begins payments with them and passes on what staff ask for.

Told here as measured: the App's answered amount wins, none or 0 means all that was asked, nothing is capped; whoever fails
to answer has refused; a failure of the App's server has a request of staff put once more with an empty, signed body.
Saleor puts those from a task; here they are put at once, so that a test sees what became of them.
"""

from __future__ import annotations

import json
import uuid
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from .asking import asked_apps
from .context import Refused, Requestor
from .store import Doc, Tx
from .transactions import add_event, after_change, checkout_statuses, created_by, new_transaction
from .values import gid, to_major, to_minor

if TYPE_CHECKING:
    from .context import Context

BEGIN = "TRANSACTION_INITIALIZE_SESSION"
REQUESTS = {
    "CHARGE": "TRANSACTION_CHARGE_REQUESTED",
    "CANCEL": "TRANSACTION_CANCELATION_REQUESTED",
    "REFUND": "TRANSACTION_REFUND_REQUESTED",
}
UNDELIVERED = "Failed to delivery request."


def initialize(
    ctx: Context, owner: Doc, kind: str, minor: int, gateway: Doc, action: str, key: str | None
) -> tuple[Doc, Doc, Any]:
    """(transaction, event, data) of a payment begun with an App."""
    found = [
        (app, webhook)
        for app, webhook in asked_apps(ctx, BEGIN, "HANDLE_PAYMENTS")
        if app["identifier"] == gateway["id"]
    ]
    if not found:
        raise Refused("paymentGateway", "NOT_FOUND", f"App with identifier {gateway['id']} not found.")
    app, webhook = found[0]
    by = Requestor("app", app)
    with ctx.write() as tx:
        transaction = _transaction(ctx, tx, owner, kind, minor, action, by, key or str(uuid.uuid4()))
    source = {**owner, "__typename": "Checkout" if kind == "checkout" else "Order"}
    subject = {
        "transaction": transaction,
        "sourceObject": source,
        "data": gateway.get("data"),
        "merchantReference": gid("TransactionItem", transaction["id"]),
        "customerIpAddress": "127.0.0.1",
        "idempotencyKey": transaction["idempotencyKey"],
        "action": _action(minor, owner["currency"], action),
    }
    answer = _ask(ctx, app, webhook, BEGIN, subject)
    with ctx.write() as tx:
        locked = tx.get("transaction", transaction["id"], lock=True)
        assert locked is not None
        event = _take(ctx, tx, locked, action, minor, answer, by)
    return locked, event, answer.get("data") if isinstance(answer, dict) else None


def _transaction(
    ctx: Context, tx: Tx, owner: Doc, kind: str, minor: int, action: str, by: Requestor, key: str
) -> Doc:
    """A new one, or the one of this key: also where another App began it, whose events then mix with ours."""
    tx.query("SELECT pg_advisory_xact_lock(hashtext(%s))", (key,))
    for known in tx.find("transaction", idempotencyKey=key):
        request = known["events"][0]
        same = known[kind] == owner["id"] and request["amount"] == minor
        if not same or not request["type"].startswith(action):
            raise Refused(
                "idempotencyKey",
                "UNIQUE",
                "Different transaction with provided idempotency key already exists.",
            )
        return known
    made = new_transaction(
        ctx, tx, owner, kind, owner["currency"], by, name=by.doc["name"], idempotencyKey=key
    )
    add_event(ctx, tx, made, f"{action}_REQUEST", minor, "", created_by(by), idempotencyKey=key)
    return made


def _take(ctx: Context, tx: Tx, transaction: Doc, action: str, minor: int, answer: Any, by: Requestor) -> Doc:
    """Write what the App answered to the beginning of a payment."""
    if isinstance(answer, list):
        raise RuntimeError("Internal Server Error")
    before = _before(tx, transaction)
    if not isinstance(answer, dict):
        return add_event(
            ctx, tx, transaction, f"{action}_FAILURE", minor, "", created_by(by), message=UNDELIVERED
        )
    reference, result = str(answer.get("pspReference") or ""), str(answer.get("result") or "")
    if not reference or not result:
        # Measured: the customer is shown whatever the App said.
        return add_event(
            ctx, tx, transaction, f"{action}_FAILURE", minor, "", created_by(by), message=json.dumps(answer)
        )
    for known in transaction["events"]:
        if (known["type"], known["pspReference"]) == (result, reference):
            return known
    # A channel that charges at once takes an authorisation for an answer, too.
    transaction["events"][0].update(pspReference=reference, answered=True)
    transaction["actions"] = answer.get("actions") or []
    event = add_event(
        ctx, tx, transaction, result, _amount(answer, minor, transaction["currency"]), reference,
        created_by(by), message=str(answer.get("message") or ""),
    )  # fmt: skip
    if result.endswith("_SUCCESS"):
        after_change(ctx, tx, transaction, before)
    return event


def _before(tx: Tx, transaction: Doc) -> dict[str, Any] | None:
    checkout = tx.get("checkout", transaction["checkout"]) if transaction["checkout"] else None
    if checkout is None:
        return None
    return checkout_statuses(checkout, tx.find("transaction", checkout=checkout["id"]))


def request_action(ctx: Context, transaction: Doc, action: str, minor: int, grant: str | None) -> Doc | None:
    """Pass on what staff ask for to the App whose transaction it is; None where it is no App's."""
    identifier = (transaction["by"] or {}).get("identifier")
    found = [
        (app, webhook)
        for app, webhook in asked_apps(ctx, REQUESTS[action], "HANDLE_PAYMENTS")
        if app["identifier"] == identifier
    ]
    if not found:
        return None
    app, webhook = found[0]
    with ctx.write() as tx:
        locked = tx.get("transaction", transaction["id"], lock=True)
        assert locked is not None
        request = add_event(
            ctx, tx, locked, f"{action}_REQUEST", minor, "", created_by(ctx.requestor), grant=grant,
            idempotencyKey=f"{locked['id']}-{len(locked['events'])}",
        )  # fmt: skip
    subject = {"transaction": locked, "action": _action(minor, locked["currency"], action)}
    if grant and locked["order"]:
        order = ctx.get("order", locked["order"])
        grants = [g for g in order["grantedRefunds"] if g["id"] == grant] if order else []
        subject["grantedRefund"] = {**grants[0], "order": order} if grants and order else None
    answer = _ask(ctx, app, webhook, REQUESTS[action], subject, insist=True)
    with ctx.write() as tx:
        locked = tx.get("transaction", transaction["id"], lock=True)
        assert locked is not None
        _took(ctx, tx, locked, action, request, answer, Requestor("app", app), grant)
    return locked


def _took(
    ctx: Context, tx: Tx, transaction: Doc, action: str, request: Doc, answer: Any, by: Requestor,
    grant: str | None,
) -> None:  # fmt: skip
    from .payments import grant_done

    failed = f"{action}_FAILURE"
    reference = str(answer.get("pspReference") or "") if isinstance(answer, dict) else ""
    result = str(answer.get("result") or "") if isinstance(answer, dict) else failed
    for event in transaction["events"]:
        if event["id"] == request["id"]:
            event["pspReference"] = reference
    if not result and reference:
        tx.save("transaction", transaction)  # pending: the App reports later
        return
    known = {(e["type"], e["pspReference"]) for e in transaction["events"]}
    if reference and (result, reference) in known:
        tx.save("transaction", transaction)
        return
    minor = _amount(answer, request["amount"], transaction["currency"]) if isinstance(answer, dict) else 0
    message = str(answer.get("message") or "") if isinstance(answer, dict) else UNDELIVERED
    add_event(
        ctx, tx, transaction, result or failed, minor, reference, created_by(by), message=message, grant=grant
    )
    if grant and transaction["order"] and result == "REFUND_SUCCESS":
        grant_done(ctx, tx, transaction["order"], grant)
    after_change(ctx, tx, transaction)


def _action(minor: int, currency: str, action: str) -> Doc:
    return {"amount": to_major(minor, currency), "currency": currency, "actionType": action}


def _amount(answer: Doc, minor: int, currency: str) -> int:
    """What the App says; nothing or 0 is all that was asked."""
    try:
        said = Decimal(str(answer.get("amount") or 0))
    except InvalidOperation:
        return minor
    return to_minor(said, currency) or minor


def _ask(ctx: Context, app: Doc, webhook: Doc, event: str, subject: Doc, *, insist: bool = False) -> Any:
    principal = ctx.requestor.principal if ctx.requestor and not insist else None
    body = ctx.standin.events.body(app, webhook, event, subject, principal, ctx.now())
    if body is None:
        return None
    return ctx.standin.deliverer.ask_payment(webhook, event, body, insist=insist)
