"""The built-in payment provider "sandbox.psp" and the requests that reach it; takes no lock between reading and doing."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from . import checkouts, gateways
from .context import Refused, Requestor
from .store import Doc, Tx
from .transactions import add_event, after_change, checkout_statuses, created_by, new_transaction
from .values import split_gid, to_minor

if TYPE_CHECKING:
    from .context import Context

IDENTIFIER = "sandbox.psp"
#: What the caller may ask the provider to answer, through `paymentGateway.data.event.type`.
ANSWERS = ("CHARGE_SUCCESS", "CHARGE_FAILURE", "AUTHORIZATION_SUCCESS", "AUTHORIZATION_FAILURE")


def provider(tx: Tx) -> Doc:
    app = tx.first("app", identifier=IDENTIFIER)
    assert app is not None
    return app


def _reference(*parts: str) -> str:
    """Deterministic, so that asking twice with one key charges once."""
    return "psp-" + hashlib.sha256("/".join(parts).encode()).hexdigest()[:16]


def owner_of(ctx: Context, tx: Tx, global_id: str) -> tuple[Doc, str, int]:
    """The checkout or order to pay, its kind, and what is still open (minor units)."""
    type_name, key = split_gid(global_id)
    kind = {"Checkout": "checkout", "Order": "order"}.get(type_name)
    owner = tx.get(kind, key) if kind else None
    if kind is None or owner is None:
        raise Refused("id", "NOT_FOUND", f"Couldn't resolve to a node: {global_id}")
    if kind == "checkout":
        owner = checkouts.fresh(ctx, owner) if ctx.tx is None else owner
        paid = checkout_statuses(owner, tx.find("transaction", checkout=key))
        return owner, kind, owner["total"]["gross"] - paid["covered"]
    covered = owner["paid"]["charged"] + owner["paid"]["authorized"]
    return owner, kind, owner["total"]["gross"] - covered


def initialize(
    ctx: Context, global_id: str, amount: Any, gateway: dict[str, Any], action: str, key: str | None
) -> tuple[Doc, Doc, Any]:
    """(transaction, event, data) of a payment with the provider, or with an App that is one."""
    if key == "":
        raise Refused("idempotencyKey", "INVALID", "idempotencyKey cannot be empty.")
    if gateway["id"] != IDENTIFIER:
        with ctx.read() as tx:
            owner, kind, open_amount = owner_of(ctx, tx, global_id)
        minor = open_amount if amount is None else to_minor(amount, owner["currency"])
        return gateways.initialize(ctx, owner, kind, minor, gateway, action, key)
    data = gateway.get("data") or {}
    asked = (data.get("event") or {}).get("type") if isinstance(data, dict) else None
    answer = asked if asked in ANSWERS else f"{action}_SUCCESS"
    with ctx.write() as tx:
        owner, kind, open_amount = owner_of(ctx, tx, global_id)
        minor = open_amount if amount is None else to_minor(amount, owner["currency"])
        app = provider(tx)
        psp = Requestor("app", app)
        # The key is unique per App and checkout or order; two calls at once would both find nothing.
        tx.query("SELECT pg_advisory_xact_lock(hashtext(%s))", (f"{owner['id']}/{key}",))
        before = _statuses(tx, owner, kind)
        known = [
            t for t in tx.find("transaction", **{kind: owner["id"]}) if key and t["idempotencyKey"] == key
        ]
        if known:
            transaction = known[0]
            request = transaction["events"][0]
            if request["amount"] != minor or not request["type"].startswith(action):
                raise Refused(
                    "idempotencyKey",
                    "UNIQUE",
                    "Different transaction with provided idempotency key already exists.",
                )
        else:
            transaction = new_transaction(
                ctx,
                tx,
                owner,
                kind,
                owner["currency"],
                psp,
                name="Sandbox payment",
                idempotencyKey=key,
                actions=["REFUND"] if answer.startswith("CHARGE") else ["CHARGE", "CANCEL"],
            )
            add_event(
                ctx, tx, transaction, f"{action}_REQUEST", minor, "", created_by(psp), idempotencyKey=key
            )
        # The provider is asked again even for a repeated key; it answers with the same reference.
        reference = _reference(transaction["id"], answer)
        events = [e for e in transaction["events"] if e["type"] == answer and e["pspReference"] == reference]
        if events:
            event = events[0]
        else:
            transaction["events"][0]["pspReference"] = reference
            event = add_event(
                ctx, tx, transaction, answer, minor, reference, created_by(psp), message="Sandbox payment"
            )
            after_change(ctx, tx, transaction, before)
    return transaction, event, {"provider": IDENTIFIER}


def _statuses(tx: Tx, owner: Doc, kind: str) -> dict[str, Any] | None:
    if kind == "order":
        return None
    return checkout_statuses(owner, tx.find("transaction", checkout=owner["id"]))


def request_action(
    ctx: Context, transaction: Doc, action: str, minor: int | None, grant: str | None = None
) -> Doc:
    """Ask the provider for a refund, charge or cancellation, clamped to what a first, unlocked look shows."""
    field = {"REFUND": "charged", "CHARGE": "authorized", "CANCEL": "authorized"}[action]
    amount = transaction[field] if minor is None else min(minor, transaction[field])
    app_id = (transaction["by"] or {}).get("identifier")
    if app_id != IDENTIFIER:
        passed_on = gateways.request_action(ctx, transaction, action, amount, grant)
        if passed_on is not None:
            return passed_on
        raise Refused(
            "id",
            "MISSING_TRANSACTION_ACTION_REQUEST_WEBHOOK",
            "No app or plugin is configured to handle transaction action requests.",
        )
    # Measured: nothing is locked here, so two refunds may both see the whole amount.
    ctx.pace.until(0.6)
    with ctx.write() as tx:
        locked = tx.get("transaction", transaction["id"], lock=True)
        assert locked is not None
        number = str(len(locked["events"]))
        reference = _reference(locked["id"], action, number)
        add_event(
            ctx,
            tx,
            locked,
            f"{action}_REQUEST",
            amount,
            reference,
            created_by(ctx.requestor),
            grant=grant,
            idempotencyKey=f"{locked['id']}-{number}",
        )
        psp = created_by(Requestor("app", provider(tx)))
        add_event(ctx, tx, locked, f"{action}_SUCCESS", amount, reference, psp, grant=grant)
        if grant and locked["order"]:
            grant_done(ctx, tx, locked["order"], grant)
        after_change(ctx, tx, locked)
    return locked


def grant_done(ctx: Context, tx: Tx, order_id: str, grant: str) -> None:
    order = tx.get("order", order_id, lock=True)
    if order is None:
        return
    for known in order["grantedRefunds"]:
        if known["id"] == grant:
            known["status"], known["updatedAt"] = "SUCCESS", ctx.now()
    tx.save("order", order)


def report(
    ctx: Context,
    tx: Tx,
    transaction: Doc,
    kind: str,
    minor: int,
    reference: str,
    by: Requestor | None,
    **fields: Any,
) -> tuple[Doc, bool]:
    """Record a reported event on a locked transaction: (event, was it known already)."""
    for event in transaction["events"]:
        if event["type"] == kind and event["pspReference"] == reference:
            if event["amount"] != minor:
                raise Refused(
                    "pspReference",
                    "INCORRECT_DETAILS",
                    "The transaction with provided `pspReference` and `type` already exists with different amount.",
                )
            return event, True
        if kind == "AUTHORIZATION_SUCCESS" and event["type"] == kind:
            raise Refused(
                "pspReference",
                "ALREADY_EXISTS",
                "Event with `AUTHORIZATION_SUCCESS` already reported for the transaction."
                " Use `AUTHORIZATION_ADJUSTMENT` to change the authorization amount.",
            )
    owner = tx.get("checkout", transaction["checkout"])
    before = _statuses(tx, owner, "checkout") if owner else None
    event = add_event(ctx, tx, transaction, kind, minor, reference, created_by(by), **fields)
    after_change(ctx, tx, transaction, before)
    return event, False
