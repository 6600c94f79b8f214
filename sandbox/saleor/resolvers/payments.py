"""Transactions over the API: start a payment, report and request money movements, read them."""

from __future__ import annotations

from typing import Any

from .. import payments, people
from ..connections import from_table
from ..context import Context, PermissionDenied, Refused
from ..schema import field, mutation, query
from ..store import Doc, Tx
from ..transactions import (
    AMOUNT_EVENTS,
    AMOUNTS,
    MANUAL,
    add_event,
    after_change,
    created_by,
    live_creator,
    new_transaction,
)
from ..values import key_of, money, to_minor


def _seen(doc: Doc) -> Doc:
    """An event needs its transaction's currency to show its amount."""
    return {**doc, "events": [{**e, "currency": doc["currency"]} for e in doc["events"]]}


@query("transaction")
def transaction(ctx: Context, id: str | None = None, token: str | None = None) -> Doc | None:
    ctx.require("HANDLE_PAYMENTS", "MANAGE_ORDERS")
    return ctx.get("transaction", key_of(id, "TransactionItem") if id else token)


@query("transactions")
def transactions(ctx: Context, **arguments: Any) -> dict[str, Any]:
    ctx.require("HANDLE_PAYMENTS", "MANAGE_ORDERS")
    given = arguments.get("where") or {}
    where, params = ["TRUE"], []
    if given.get("ids") is not None:
        where.append("id = ANY(%s)")
        params.append([key_of(i, "TransactionItem") for i in given["ids"]])
    for name, path in (
        ("pspReference", "doc->>'pspReference'"),
        ("appIdentifier", "doc->'by'->>'identifier'"),
    ):
        if given.get(name):
            where.append(f"{path} = ANY(%s)")
            params.append(given[name].get("oneOf") or [given[name].get("eq")])
    for name in ("createdAt", "modifiedAt"):
        for bound, sign in (("gte", ">="), ("lte", "<=")):
            if (given.get(name) or {}).get(bound):
                where.append(f"doc->>'{name}' {sign} %s")
                params.append(given[name][bound])
    if ctx.app and not ctx.has("MANAGE_ORDERS"):
        where.append("doc->'by'->>'identifier' = %s")
        params.append(ctx.app["identifier"])
    sort = arguments.get("sortBy") or {"field": "CREATED_AT", "direction": "ASC"}
    column = "modifiedAt" if sort["field"] == "MODIFIED_AT" else "createdAt"
    text = " AND ".join(where)

    def count() -> int:
        with ctx.read() as reader:
            return int(reader.query(f"SELECT count(*) FROM standin_transaction WHERE {text}", params)[0][0])

    with ctx.read() as tx:
        return from_table(
            tx,
            count,
            "transactions",
            "transaction",
            text,
            params,
            f"(doc->>'{column}') COLLATE \"C\"",
            sort["direction"] == "DESC",
            arguments,
        )


@mutation("transactionInitialize")
def transaction_initialize(
    ctx: Context,
    id: str,
    paymentGateway: Doc,
    amount: Any = None,
    action: str | None = None,
    idempotencyKey: str | None = None,
    customerIpAddress: str | None = None,
) -> dict[str, Any]:
    if action is not None or customerIpAddress is not None:
        if ctx.app is None:
            raise PermissionDenied("HANDLE_PAYMENTS")
        ctx.require("HANDLE_PAYMENTS")
    if action is None:
        with ctx.read() as tx:
            owner, _, _ = payments.owner_of(ctx, tx, id)
        action = ctx.find("channel", slug=owner["channel"])[0]["transactionFlow"]
    found, event, data = payments.initialize(ctx, id, amount, paymentGateway, action, idempotencyKey)
    return {
        "transaction": found,
        "transactionEvent": {**event, "currency": found["currency"]},
        "data": data,
    }


@mutation("transactionProcess")
def transaction_process(
    ctx: Context, id: str | None = None, data: Any = None, customerIpAddress: str | None = None
) -> dict[str, Any]:
    """The provider here never asks for more, so that every transaction was processed: it is answered as it is."""
    if customerIpAddress is not None:
        ctx.require("HANDLE_PAYMENTS")
    with ctx.read() as tx:
        found = tx.get("transaction", key_of(id or "", "TransactionItem"))
    if found is None:
        raise Refused("id", "NOT_FOUND", f"Couldn't resolve to a node: {id}")
    return {
        "transaction": found,
        "transactionEvent": {**found["events"][-1], "currency": found["currency"]},
        "data": None,
    }


@mutation("paymentGatewayInitialize")
def payment_gateway_initialize(
    ctx: Context, id: str, amount: Any = None, paymentGateways: list[Doc] | None = None
) -> dict[str, Any]:
    with ctx.read() as tx:
        payments.owner_of(ctx, tx, id)
    wanted = [g["id"] for g in paymentGateways] if paymentGateways else [payments.IDENTIFIER]
    missing = [{"field": "id", "message": "App not found.", "code": "NOT_FOUND"}]
    configs = [
        {"id": g, "data": {"provider": g} if g == payments.IDENTIFIER else None,
         "errors": [] if g == payments.IDENTIFIER else missing}
        for g in wanted
    ]  # fmt: skip
    return {"gatewayConfigs": configs}


@field("PaymentGatewayConfig", "id")
def gateway_config_id(source: Doc, _info: Any) -> str:
    return str(source["id"])


@mutation("transactionCreate")
def transaction_create(
    ctx: Context, id: str, transaction: Doc, transactionEvent: Doc | None = None
) -> dict[str, Any]:
    """Anybody with HANDLE_PAYMENTS may claim that money came in; the message tells (j6)."""
    requestor = ctx.require("HANDLE_PAYMENTS")
    with ctx.write() as tx:
        owner, kind, _ = payments.owner_of(ctx, tx, id)
        made = new_transaction(
            ctx,
            tx,
            owner,
            kind,
            owner["currency"],
            requestor,
            name=transaction.get("name") or "",
            message=transaction.get("message") or "",
            pspReference=transaction.get("pspReference") or "",
            externalUrl=transaction.get("externalUrl") or "",
            actions=transaction.get("availableActions") or [],
            metadata=people.pairs(transaction.get("metadata")),
            privateMetadata=people.pairs(transaction.get("privateMetadata")),
        )
        for name, kind_of_event in AMOUNT_EVENTS.items():
            given = transaction.get(name)
            if given is None:
                continue
            if given["currency"] != owner["currency"]:
                raise Refused(
                    "transaction", "INCORRECT_CURRENCY", "Currency needs to be the same as for the order."
                )
            add_event(
                ctx,
                tx,
                made,
                kind_of_event,
                to_minor(given["amount"], owner["currency"]),
                transaction.get("pspReference") or "",
                created_by(requestor),
                message=MANUAL,
            )
        after_change(ctx, tx, made)
    return {"transaction": made}


def _mine(ctx: Context, tx: Tx, global_id: str | None) -> Doc:
    found = tx.get("transaction", key_of(global_id or "", "TransactionItem"), lock=True)
    if found is None:
        raise Refused("id", "NOT_FOUND", f"Couldn't resolve to a node: {global_id}")
    by = found["by"] or {}
    if ctx.app is not None:
        if by.get("kind") != "app" or by.get("identifier") != ctx.app["identifier"]:
            raise PermissionDenied(message="You do not have permission to perform this action.")
    elif by.get("kind") == "app":
        raise PermissionDenied(message="You do not have permission to perform this action.")
    return found


@mutation("transactionEventReport")
def transaction_event_report(
    ctx: Context, type: str, pspReference: str, id: str | None = None, amount: Any = None, **given: Any
) -> dict[str, Any]:
    requestor = ctx.require("HANDLE_PAYMENTS")
    with ctx.write() as tx:
        found = _mine(ctx, tx, id)
        if amount is None and type != "INFO":
            raise Refused("amount", "REQUIRED", "The `amount` field is required for this type of event.")
        for name, key in (
            ("metadata", "transactionMetadata"),
            ("privateMetadata", "transactionPrivateMetadata"),
        ):
            if given.get(key):
                found[name] = {**found[name], **people.pairs(given[key])}
        if given.get("availableActions") is not None:
            found["actions"] = given["availableActions"]
        fields = {"message": given.get("message") or "", "externalUrl": given.get("externalUrl") or ""}
        minor = to_minor(amount, found["currency"]) if amount is not None else 0
        event, known = payments.report(ctx, tx, found, type, minor, pspReference, requestor, **fields)
    return {
        "alreadyProcessed": known,
        "transaction": found,
        "transactionEvent": {**event, "currency": found["currency"]},
    }


@mutation("transactionRequestAction")
def transaction_request_action(
    ctx: Context, actionType: str, id: str | None = None, amount: Any = None, **_: Any
) -> dict[str, Any]:
    ctx.require("HANDLE_PAYMENTS")
    found = ctx.get("transaction", key_of(id or "", "TransactionItem"))
    if found is None:
        raise Refused("id", "NOT_FOUND", f"Couldn't resolve to a node: {id}")
    minor = None if amount is None else to_minor(amount, found["currency"])
    return {"transaction": payments.request_action(ctx, found, actionType, minor)}


@mutation("transactionRequestRefundForGrantedRefund")
def refund_for_grant(ctx: Context, grantedRefundId: str, id: str | None = None) -> dict[str, Any]:
    ctx.require("HANDLE_PAYMENTS")
    found = ctx.get("transaction", key_of(id or "", "TransactionItem"))
    order = ctx.get("order", found["order"]) if found else None
    if found is None or order is None:
        raise Refused("id", "NOT_FOUND", f"Couldn't resolve to a node: {id}")
    key = key_of(grantedRefundId, "OrderGrantedRefund")
    grants = [g for g in order["grantedRefunds"] if g["id"] == key]
    if not grants:
        raise Refused("grantedRefundId", "NOT_FOUND", f"Couldn't resolve to a node: {grantedRefundId}")
    if grants[0]["status"] == "SUCCESS":
        raise Refused("grantedRefundId", "REFUND_ALREADY_PROCESSED", "Refund already processed.")
    if grants[0]["amount"] > found["charged"]:
        raise Refused(
            "grantedRefundId", "AMOUNT_GREATER_THAN_AVAILABLE", "Amount is greater than the charged amount."
        )
    return {"transaction": payments.request_action(ctx, found, "REFUND", grants[0]["amount"], grant=key)}


for _name in AMOUNTS:
    _shown = f"{_name}Amount"

    def _amount(source: Doc, info: Any, name: str = _name) -> Doc:
        return money(source[name], source["currency"])

    field("TransactionItem", _shown)(_amount)


@field("TransactionItem", "token")
def transaction_token(source: Doc, _info: Any) -> str:
    return str(source["id"])


@field("TransactionItem", "events")
def transaction_events(source: Doc, _info: Any) -> list[Doc]:
    events: list[Doc] = _seen(source)["events"]
    return events


@field("TransactionItem", "order")
def transaction_order(source: Doc, info: Any) -> Doc | None:
    found: Doc | None = info.context.get("order", source["order"])
    return found


@field("TransactionItem", "checkout")
def transaction_checkout(source: Doc, info: Any) -> Doc | None:
    found: Doc | None = info.context.get("checkout", source["checkout"])
    return found


@field("TransactionItem", "createdBy")
def transaction_created_by(source: Doc, info: Any) -> Doc | None:
    return live_creator(info.context, source["by"])


@field("TransactionEvent", "createdBy")
def event_created_by(source: Doc, info: Any) -> Doc | None:
    return live_creator(info.context, source["by"])


@field("TransactionEvent", "amount")
def event_amount(source: Doc, _info: Any) -> Doc:
    return money(source["amount"], source["currency"])
