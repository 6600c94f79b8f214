"""Drafts over the API, and the edits of orders that are placed already; what they do is in drafts.py."""

from __future__ import annotations

from typing import Any

from .. import drafts, orders
from ..context import Context, Refused
from ..schema import mutation
from ..store import Doc, Tx
from ..values import gid, key_of


def _of(tx: Tx, id: str | None, reference: str | None) -> Doc:
    if id is None:
        found = tx.first("order", externalReference=reference or "")
        id = gid("Order", found["id"]) if found else None
    return orders.locked(tx, id or "")


@mutation("draftOrderCreate")
def draft_order_create(ctx: Context, input: Doc) -> dict[str, Any]:
    ctx.require("MANAGE_ORDERS")
    with ctx.write() as tx:
        return {"order": drafts.create(ctx, tx, input)}


@mutation("draftOrderUpdate")
def draft_order_update(
    ctx: Context, input: Doc, id: str | None = None, externalReference: str | None = None
) -> dict[str, Any]:
    ctx.require("MANAGE_ORDERS")
    with ctx.write() as tx:
        return {"order": drafts.update(ctx, tx, _of(tx, id, externalReference), input)}


@mutation("draftOrderDelete")
def draft_order_delete(
    ctx: Context, id: str | None = None, externalReference: str | None = None
) -> dict[str, Any]:
    ctx.require("MANAGE_ORDERS")
    with ctx.write() as tx:
        found = _of(tx, id, externalReference)
        if found["status"] != "DRAFT":
            raise Refused("id", "INVALID", "Provided order id belongs to non-draft order.")
        tx.delete("order", found["id"])
        ctx.emit(tx, "DRAFT_ORDER_DELETED", gone=found)
    return {"order": found}


@mutation("draftOrderComplete")
def draft_order_complete(ctx: Context, id: str) -> dict[str, Any]:
    ctx.require("MANAGE_ORDERS")
    with ctx.write() as tx:
        return {"order": orders.complete_draft(ctx, tx, orders.locked(tx, id))}


@mutation("orderUpdate")
def order_update(
    ctx: Context, input: Doc, id: str | None = None, externalReference: str | None = None
) -> dict[str, Any]:
    ctx.require("MANAGE_ORDERS")
    with ctx.write() as tx:
        return {"order": drafts.change(ctx, tx, _of(tx, id, externalReference), input)}


@mutation("orderLinesCreate")
def order_lines_create(ctx: Context, id: str, input: list[Doc]) -> dict[str, Any]:
    ctx.require("MANAGE_ORDERS")
    with ctx.write() as tx:
        order = orders.locked(tx, id)
        made = drafts.add_lines(ctx, tx, order, input)
    return {"order": order, "orderLines": [_shown(order, line) for line in made]}


def _by_line(tx: Tx, id: str) -> tuple[Doc, Doc]:
    key = key_of(id, "OrderLine")
    sought = "SELECT id FROM standin_order WHERE doc->'lines' @> jsonb_build_array(jsonb_build_object('id', %s::text))"
    rows = tx.query(sought, (key,))
    if not rows:
        raise Refused("id", "NOT_FOUND", f"Couldn't resolve to a node: {id}")
    order = orders.locked(tx, gid("Order", rows[0][0]))
    return order, orders.line_of(order, id)


@mutation("orderLineUpdate")
def order_line_update(ctx: Context, id: str, input: Doc) -> dict[str, Any]:
    ctx.require("MANAGE_ORDERS")
    with ctx.write() as tx:
        order, line = _by_line(tx, id)
        drafts.set_quantity(ctx, tx, order, line, input["quantity"])
        changed = orders.line_of(order, id)
    return {"order": order, "orderLine": _shown(order, changed)}


@mutation("orderLineDelete")
def order_line_delete(ctx: Context, id: str) -> dict[str, Any]:
    ctx.require("MANAGE_ORDERS")
    with ctx.write() as tx:
        order, line = _by_line(tx, id)
        drafts.remove_line(ctx, tx, order, line)
    return {"order": order, "orderLine": _shown(order, line)}


def _shown(order: Doc, line: Doc) -> Doc:
    return {**line, "currency": order["currency"], "channel": order["channel"]}
