"""Orders over the API: reading one, pages of them, and the acts of staff and Apps on them."""

from __future__ import annotations

from typing import Any

from .. import orders
from ..completing import note
from ..connections import from_table
from ..context import Context
from ..schema import field, mutation, query
from ..store import Doc, Tx
from ..values import gid, key_of


@query("order")
def order(ctx: Context, id: str | None = None, externalReference: str | None = None) -> Doc | None:
    """Anybody who knows the id reads totals and e-mail, as measured."""
    if id is not None:
        return ctx.get("order", key_of(id, "Order"))
    return next(iter(ctx.find("order", externalReference=externalReference or "")), None)


SORTS = {
    "NUMBER": "(doc->>'number')::bigint",
    "CREATED_AT": "(doc->>'created') COLLATE \"C\"",
    "CREATION_DATE": "(doc->>'created') COLLATE \"C\"",
    "LAST_MODIFIED_AT": "(doc->>'updatedAt') COLLATE \"C\"",
    "STATUS": "(doc->>'status') COLLATE \"C\"",
    "FULFILLMENT_STATUS": "(doc->>'status') COLLATE \"C\"",
    "CUSTOMER": "(doc->>'userEmail') COLLATE \"C\"",
}
RANGES = {"createdAt": "created", "updatedAt": "updatedAt"}


def _conditions(ctx: Context, arguments: dict[str, Any]) -> tuple[list[str], list[Any]]:
    given = {**(arguments.get("filter") or {}), **(arguments.get("where") or {})}
    # Drafts are a list of their own, which nobody here asks for; by ids, too, they are not among the orders.
    where, params = ["doc->>'status' <> 'DRAFT'"], []

    def add(sql: str, value: Any) -> None:
        where.append(sql)
        params.append(value)

    if given.get("ids") is not None:
        add("id = ANY(%s)", [key_of(i, "Order") for i in given["ids"]])
    if given.get("numbers") is not None:
        add("doc->>'number' = ANY(%s)", given["numbers"])
    for name, column in RANGES.items():
        for bound, sign in (("gte", ">="), ("lte", "<=")):
            if (given.get(name) or {}).get(bound):
                add(f"(doc->>'{column}') COLLATE \"C\" {sign} %s", given[name][bound])
    if number := given.get("number"):
        values = number.get("oneOf") or ([number["eq"]] if number.get("eq") is not None else None)
        if values is not None:
            add("doc->>'number' = ANY(%s)", [str(n) for n in values])
    for name, path in (("status", "doc->>'status'"), ("chargeStatus", "doc->'paid'->>'chargeStatus'"),
                       ("userEmail", "doc->>'userEmail'"), ("voucherCode", "doc->>'voucherCode'")):  # fmt: skip
        if given.get(name):
            add(f"{path} = ANY(%s)", given[name].get("oneOf") or [given[name].get("eq")])
    for name, column, type_name in (("user", "user", "User"), ("checkoutId", "checkoutId", "Checkout")):
        if given.get(name):
            ids = given[name].get("oneOf") or [given[name].get("eq")]
            add(f"doc->>'{column}' = ANY(%s)", [key_of(i, type_name) for i in ids])
    channels = given.get("channels")
    if given.get("channelId"):
        channels = given["channelId"].get("oneOf") or [given["channelId"].get("eq")]
    if channels is not None:
        found = [ctx.get("channel", key_of(i, "Channel")) for i in channels]
        add("doc->>'channel' = ANY(%s)", [c["slug"] for c in found if c])
    if arguments.get("channel"):
        add("doc->>'channel' = %s", arguments["channel"])
    if search := (given.get("customer") or arguments.get("search")):
        where.append("(doc->>'userEmail' ILIKE %s OR doc->>'number' = %s)")
        params += [f"%{search}%", search]
    if arguments.get("user_id"):
        add("doc->>'user' = %s", arguments["user_id"])
    return where, params


def order_page(ctx: Context, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """A page of orders; their transactions and users are read in one go."""
    where, params = _conditions(ctx, arguments)
    sort = arguments.get("sortBy") or {"field": "CREATED_AT", "direction": "DESC"}
    order_by = SORTS.get(sort["field"], SORTS["CREATED_AT"])
    text = " AND ".join(where)

    def count() -> int:
        with ctx.read() as reader:
            return int(reader.query(f"SELECT count(*) FROM standin_order WHERE {text}", params)[0][0])

    with ctx.read() as tx:
        page = from_table(
            tx, count, name, "order", text, params, order_by, sort["direction"] == "DESC", arguments
        )
        docs = [edge["node"] for edge in page["edges"]]
        _preload(ctx, tx, docs)
    by_ids = bool((arguments.get("where") or {}).get("ids") or (arguments.get("filter") or {}).get("ids"))
    ctx.pace.order_page(len(docs), by_ids, full="lines" in ctx.query_text)
    return page


def _preload(ctx: Context, tx: Tx, docs: list[Doc]) -> None:
    ctx.prefetch("user", {d["user"] for d in docs if d["user"]})
    groups: dict[str, list[Doc]] = {d["id"]: [] for d in docs}
    rows = tx.query(
        "SELECT doc FROM standin_transaction WHERE doc->>'order' = ANY(%s) ORDER BY n", (list(groups),)
    )
    for (transaction,) in rows:
        groups[transaction["order"]].append(transaction)
    for key, found in groups.items():
        ctx.memo["find", "transaction", ("order", key)] = found


@query("orders")
def all_orders(ctx: Context, **arguments: Any) -> dict[str, Any]:
    ctx.require("MANAGE_ORDERS")
    return order_page(ctx, "orders", arguments)


@mutation("orderFulfill", id_field="order")
def order_fulfill(ctx: Context, input: Doc, order: str | None = None) -> dict[str, Any]:
    ctx.require("MANAGE_ORDERS")
    with ctx.write() as tx:
        found = orders.locked(tx, order or "")
        quantities = [
            (orders.line_of(found, line["orderLineId"]), sum(s["quantity"] for s in line["stocks"]))
            for line in input["lines"]
        ]
        made = orders.fulfil(ctx, tx, found, quantities, input.get("trackingNumber") or "")
    return {"order": found, "fulfillments": [{**made, "order": found}]}


@mutation("orderFulfillmentCancel")
def order_fulfillment_cancel(ctx: Context, id: str, input: Doc | None = None) -> dict[str, Any]:
    ctx.require("MANAGE_ORDERS")
    with ctx.write() as tx:
        found, made = orders.cancel_fulfilment(ctx, tx, key_of(id, "Fulfillment"))
    return {"order": found, "fulfillment": {**made, "order": found}}


@mutation("orderFulfillmentReturnProducts", id_field="order")
def return_products(ctx: Context, order: str, input: Doc) -> dict[str, Any]:
    ctx.require("MANAGE_ORDERS")
    with ctx.write() as tx:
        found = orders.locked(tx, order)
        back, draft = orders.take_back(ctx, tx, found, input)
    return {"order": found, "returnFulfillment": back and {**back, "order": found}, "replaceOrder": draft}


@mutation("orderCancel")
def order_cancel(ctx: Context, id: str) -> dict[str, Any]:
    ctx.require("MANAGE_ORDERS")
    with ctx.write() as tx:
        return {"order": orders.cancel(ctx, tx, orders.locked(tx, id))}


@mutation("orderConfirm")
def order_confirm(ctx: Context, id: str) -> dict[str, Any]:
    ctx.require("MANAGE_ORDERS")
    with ctx.write() as tx:
        return {"order": orders.confirm(ctx, tx, orders.locked(tx, id))}


@mutation("orderNoteAdd", id_field="order")
def order_note_add(ctx: Context, order: str, input: Doc) -> dict[str, Any]:
    ctx.require("MANAGE_ORDERS")
    with ctx.write() as tx:
        found = orders.locked(tx, order)
        note(ctx, tx, found, "NOTE_ADDED", message=input["message"])
        return {"order": orders.save(ctx, tx, found)}


@mutation("orderMarkAsPaid")
def order_mark_as_paid(ctx: Context, id: str, transactionReference: str | None = None) -> dict[str, Any]:
    ctx.require("MANAGE_ORDERS")
    with ctx.write() as tx:
        return {"order": orders.mark_as_paid(ctx, tx, orders.locked(tx, id), transactionReference)}


@mutation("orderGrantRefundCreate")
def order_grant_refund_create(ctx: Context, id: str, input: Doc) -> dict[str, Any]:
    ctx.require("MANAGE_ORDERS")
    with ctx.write() as tx:
        found = orders.locked(tx, id)
        grant = orders.grant_refund(ctx, tx, found, input)
    return {"order": found, "grantedRefund": {**grant, "order": found}}


@field("FulfillmentLine", "orderLine")
def fulfillment_line_order_line(source: Doc, _info: Any) -> Doc | None:
    return next((x for x in _lines(source["order"]) if x["id"] == source["line"]), None)


@field("OrderGrantedRefundLine", "orderLine")
def granted_line_order_line(source: Doc, _info: Any) -> Doc | None:
    return next((x for x in _lines(source["order"]) if x["id"] == source["line"]), None)


def _lines(source: Doc) -> list[Doc]:
    return [{**x, "currency": source["currency"], "channel": source["channel"]} for x in source["lines"]]


@field("Order", "lines")
def lines(source: Doc, _info: Any) -> list[Doc]:
    return _lines(source)


@field("Order", "fulfillments")
def fulfillments(source: Doc, _info: Any) -> list[Doc]:
    return [{**f, "order": source} for f in source["fulfillments"]]


@field("Fulfillment", "lines")
def fulfillment_lines(source: Doc, _info: Any) -> list[Doc]:
    return [{**x, "order": source["order"]} for x in source["lines"]]


@field("Fulfillment", "statusDisplay")
def fulfillment_status_display(source: Doc, _info: Any) -> str:
    return str(source["status"]).replace("_", " ").capitalize()


@field("Order", "grantedRefunds")
def granted_refunds(source: Doc, info: Any) -> list[Doc]:
    info.context.require("MANAGE_ORDERS")
    return [{**g, "order": source} for g in source["grantedRefunds"]]


@field("OrderGrantedRefund", "lines")
def granted_lines(source: Doc, _info: Any) -> list[Doc]:
    return [{**x, "order": source["order"]} for x in source["lines"]]


@field("Order", "checkoutId")
def checkout_id(source: Doc, _info: Any) -> str | None:
    return gid("Checkout", source["checkoutId"]) if source["checkoutId"] else None
