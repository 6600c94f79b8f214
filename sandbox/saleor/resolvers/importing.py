"""The import of orders over the API: all of them or none, and one event for those that were made."""

from __future__ import annotations

from typing import Any

from .. import importing
from ..context import Context, Refused
from ..schema import mutation
from ..store import Doc


@mutation("orderBulkCreate")
def order_bulk_create(
    ctx: Context, orders: list[Doc], errorPolicy: str | None = None, stockUpdatePolicy: str | None = None
) -> dict[str, Any]:
    """Other policies than rejecting everything are not told here."""
    ctx.require("MANAGE_ORDERS_IMPORT")
    if len(orders) > importing.LIMIT:
        error = {
            "path": None,
            "code": "BULK_LIMIT",
            "message": f"Number of orders exceeds limit: {importing.LIMIT}.",
        }
        return {"count": 0, "results": [{"order": None, "errors": [error]}]}
    try:
        with ctx.write() as tx:
            ctx.quiet = True  # no order has an event of its own
            made = [importing.create(ctx, tx, one) for one in orders]
            ctx.quiet = False
            ctx.emit(tx, "ORDER_BULK_CREATED", orders=[one["id"] for one in made])
    except Refused as refusal:
        error = {**refusal.error, "path": refusal.error["field"]}
        return {"count": 0, "results": [{"order": None, "errors": [error]}]}
    finally:
        ctx.quiet = False
    return {"count": len(made), "results": [{"order": one, "errors": []} for one in made]}
