"""Metadata of any object: read by everybody who sees it, written as loosely as Saleor allows."""

from __future__ import annotations

from typing import Any

from ..context import Context, PermissionDenied, Refused
from ..schema import field, mutation
from ..store import Doc
from ..values import KINDS, InvalidId, split_gid

OWNERS = (
    "User", "App", "Channel", "Category", "Collection", "Product", "ProductVariant", "Checkout",
    "CheckoutLine", "Order", "OrderLine", "Fulfillment", "TransactionItem",
)  # fmt: skip

#: Who may write public metadata; None is anybody who knows the id, which is so for checkouts.
WRITERS: dict[str, tuple[str, ...] | None] = {
    "User": ("MANAGE_USERS",),
    "Order": ("MANAGE_ORDERS",),
    "Checkout": None,
    "CheckoutLine": None,
    "TransactionItem": ("HANDLE_PAYMENTS",),
    "Product": ("MANAGE_PRODUCTS",),
    "ProductVariant": ("MANAGE_PRODUCTS",),
    "Category": ("MANAGE_PRODUCTS",),
    "Collection": ("MANAGE_PRODUCTS",),
    "Channel": ("MANAGE_CHANNELS",),
    "App": ("MANAGE_APPS",),
}
PRIVATE_WRITERS = {**WRITERS, "Checkout": ("MANAGE_CHECKOUTS",), "CheckoutLine": ("MANAGE_CHECKOUTS",)}

#: Events of a change, by type.
EVENTS = {
    "User": ("CUSTOMER_UPDATED", "CUSTOMER_METADATA_UPDATED"),
    "Order": ("ORDER_METADATA_UPDATED",),
    "Checkout": ("CHECKOUT_METADATA_UPDATED", "CHECKOUT_UPDATED"),
}


def _items(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in values.items()]


def _metadata(source: Doc, _info: Any) -> list[dict[str, str]]:
    return _items(source.get("metadata") or {})


def _metafield(source: Doc, _info: Any, key: str) -> str | None:
    return (source.get("metadata") or {}).get(key)


def _private(source: Doc, info: Any) -> list[dict[str, str]]:
    _check_private(info.context, source)
    return _items(source.get("privateMetadata") or {})


def _private_field(source: Doc, info: Any, key: str) -> str | None:
    _check_private(info.context, source)
    return (source.get("privateMetadata") or {}).get(key)


def _check_private(ctx: Context, source: Doc) -> None:
    needed = PRIVATE_WRITERS.get(source["__typename"]) or ("MANAGE_ORDERS",)
    own = source["__typename"] == "App" and ctx.app is not None and ctx.app["id"] == source["id"]
    if not own:
        ctx.require(*needed)


for _owner in OWNERS:
    field(_owner, "metadata")(_metadata)
    field(_owner, "metafield")(_metafield)
    field(_owner, "privateMetadata")(_private)
    field(_owner, "privateMetafield")(_private_field)
field("ShippingMethod", "metadata", "privateMetadata")(lambda source, info: [])


def _target(global_id: str) -> tuple[str, str]:
    try:
        type_name, key = split_gid(global_id)
    except InvalidId as error:
        raise Refused("id", "NOT_FOUND", f"Couldn't resolve to a node: {global_id}") from error
    if type_name not in WRITERS:
        raise Refused("id", "NOT_FOUND", f"Metadata of {type_name} cannot be changed in this stand-in.")
    return type_name, key


def _change(
    ctx: Context, global_id: str, column: str, new: dict[str, str], drop: list[str]
) -> dict[str, Any]:
    type_name, key = _target(global_id)
    own = (type_name == "User" and ctx.user is not None and ctx.user["id"] == key) or (
        type_name == "App" and ctx.app is not None and ctx.app["id"] == key
    )
    needed = (WRITERS if column == "metadata" else PRIVATE_WRITERS)[type_name]
    # Private metadata of its own is for an App, not for a customer.
    if needed is not None and not (own and (column == "metadata" or type_name == "App")):
        if not ctx.requestor:
            raise PermissionDenied(*needed)
        ctx.require(*needed)
    with ctx.write() as tx:
        doc = tx.get(KINDS[type_name], key, lock=True)
        if doc is None:
            raise Refused("id", "NOT_FOUND", f"Couldn't resolve to a node: {global_id}")
        values = {k: v for k, v in {**doc[column], **new}.items() if k not in drop}
        stamp = {"updatedAt": ctx.now()} if "updatedAt" in doc else {}
        doc = tx.patch(KINDS[type_name], key, {column: values, **stamp})
        for name in EVENTS.get(type_name, ()):
            subject = {"User": "user", "Order": "order", "Checkout": "checkout"}[type_name]
            ctx.emit(tx, name, **{subject: key})
    ctx.standin.store.shelves.clear()
    return {"item": doc}


@mutation("updateMetadata")
def update_metadata(ctx: Context, id: str, input: list[Doc]) -> dict[str, Any]:
    return _change(ctx, id, "metadata", {m["key"]: m["value"] for m in input}, [])


@mutation("updatePrivateMetadata")
def update_private_metadata(ctx: Context, id: str, input: list[Doc]) -> dict[str, Any]:
    return _change(ctx, id, "privateMetadata", {m["key"]: m["value"] for m in input}, [])


@mutation("deleteMetadata")
def delete_metadata(ctx: Context, id: str, keys: list[str]) -> dict[str, Any]:
    return _change(ctx, id, "metadata", {}, keys)
