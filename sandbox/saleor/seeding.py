"""Fills the stand-in from a plain description: catalogue, staff, customers; upserts by slug, sku, code or e-mail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import people
from .auth import hash_password, token_hash
from .store import Doc, Tx
from .values import gid, to_minor

if TYPE_CHECKING:
    from .context import Context

#: What a superuser may hand on to an App.
ALL_PERMISSIONS = [
    "MANAGE_USERS", "MANAGE_STAFF", "IMPERSONATE_USER", "MANAGE_APPS",
    "MANAGE_OBSERVABILITY", "MANAGE_CHECKOUTS", "HANDLE_CHECKOUTS", "HANDLE_TAXES",
    "MANAGE_TAXES", "MANAGE_CHANNELS", "MANAGE_DISCOUNTS", "MANAGE_GIFT_CARD",
    "MANAGE_ORDERS", "HANDLE_PAYMENTS", "MANAGE_PRODUCTS", "MANAGE_PRODUCT_TYPES_AND_ATTRIBUTES", "MANAGE_SHIPPING",
    "MANAGE_SETTINGS", "MANAGE_TRANSLATIONS",
]  # fmt: skip


def upsert(tx: Tx, kind: str, key: dict[str, str], doc: Doc) -> Doc:
    found = tx.first(kind, **key)
    if found is None:
        return tx.insert(kind, {"metadata": {}, "privateMetadata": {}, **key, **doc})
    changed = tx.patch(kind, found["id"], doc)
    assert changed is not None
    return changed


def seed(ctx: Context, given: dict[str, Any]) -> dict[str, dict[str, str]]:
    """Apply a description (see control.py for its form); answers the global ids by natural key."""
    ids: dict[str, dict[str, str]] = {}
    with ctx.write() as tx:
        if "shop" in given:
            tx.put_setting("shop", {**(tx.setting("shop") or {}), **given["shop"]})
        for part, make in (
            ("channels", _channel),
            ("categories", _category),
            ("collections", _collection),
            ("products", _product),
            ("promotions", _promotion),
            ("vouchers", _voucher),
            ("shippingMethods", _shipping),
            ("staff", _staff),
            ("apps", _app),
        ):
            known = ids.setdefault(part, {})
            for entry in given.get(part) or ():
                for name, type_name, doc in make(ctx, tx, entry):
                    (ids.setdefault("variants", {}) if type_name == "ProductVariant" else known)[name] = gid(
                        type_name, doc["id"]
                    )
    ctx.standin.store.shelves.clear()
    # Customers are announced by events: one transaction each, as registrations are.
    known = ids.setdefault("customers", {})
    for entry in given.get("customers") or ():
        with ctx.write() as tx:
            known[entry["email"]] = gid("User", _customer(ctx, tx, entry)["id"])
    return ids


Made = list[tuple[str, str, Doc]]


def _channel(ctx: Context, tx: Tx, entry: dict[str, Any]) -> Made:
    doc = upsert(
        tx,
        "channel",
        {"slug": entry["slug"]},
        {
            "name": entry.get("name") or entry["slug"],
            "isActive": True,
            "currencyCode": entry["currency"],
            "country": entry.get("country") or "US",
            "taxRate": str(entry.get("taxRate") or "0"),
            "pricesEnteredWithTax": entry.get("pricesEnteredWithTax", True),
            "automaticallyConfirmAllNewOrders": entry.get("automaticallyConfirmAllNewOrders", True),
            "allowUnpaidOrders": entry.get("allowUnpaidOrders", False),
            "transactionFlow": entry.get("transactionFlow", "CHARGE"),
        },
    )
    return [(entry["slug"], "Channel", doc)]


def _words(entry: dict[str, Any]) -> Doc:
    return {
        "name": entry["name"],
        "description": entry.get("description") or "",
        "seoTitle": entry.get("seoTitle"),
        "seoDescription": entry.get("seoDescription"),
        "metadata": entry.get("metadata") or {},
    }


def _category(ctx: Context, tx: Tx, entry: dict[str, Any]) -> Made:
    parent = tx.first("category", slug=entry["parent"]) if entry.get("parent") else None
    doc = upsert(
        tx,
        "category",
        {"slug": entry["slug"]},
        {
            **_words(entry),
            "parent": parent["id"] if parent else None,
            "image": entry.get("image"),
            "updatedAt": ctx.now(),
        },
    )
    return [(entry["slug"], "Category", doc)]


def _collection(ctx: Context, tx: Tx, entry: dict[str, Any]) -> Made:
    doc = upsert(tx, "collection", {"slug": entry["slug"]}, {**_words(entry), "image": entry.get("image")})
    return [(entry["slug"], "Collection", doc)]


def _ids(tx: Tx, kind: str, slugs: list[str] | None, column: str = "slug") -> list[str]:
    found = []
    for slug in slugs or ():
        doc = tx.first(kind, **{column: slug})
        if doc is None:
            raise ValueError(f"{kind} {slug!r} is not known")
        found.append(doc["id"])
    return found


def _product(ctx: Context, tx: Tx, entry: dict[str, Any]) -> Made:
    currencies = {c["slug"]: c["currencyCode"] for c in tx.find("channel")}
    category = _ids(tx, "category", [entry["category"]] if entry.get("category") else [])
    now = ctx.now()
    known = tx.first("product", slug=entry["slug"])
    product = upsert(
        tx,
        "product",
        {"slug": entry["slug"]},
        {
            **_words(entry),
            "category": category[0] if category else None,
            "collections": _ids(tx, "collection", entry.get("collections")),
            "images": [
                {"url": i["url"], "alt": i.get("alt") or entry["name"]} for i in entry.get("images") or ()
            ],
            "isShippingRequired": entry.get("shipping", True),
            "isPublished": entry.get("published", True),
            "rating": entry.get("rating"),
            "externalReference": entry.get("externalReference"),
            "created": known["created"] if known else now,
            "updatedAt": now,
        },
    )
    made: Made = [(entry["slug"], "Product", product)]
    for variant in entry["variants"]:
        doc = upsert(
            tx,
            "variant",
            {"sku": variant["sku"]},
            {
                "product": product["id"],
                "name": variant.get("name") or "",
                "prices": {slug: to_minor(str(p), currencies[slug]) for slug, p in variant["prices"].items()},
                "stock": int(variant.get("stock", 1000)),
                "trackInventory": True,
                "externalReference": variant.get("externalReference"),
                "quantityLimitPerCustomer": None,
                "created": now,
                "updatedAt": now,
            },
        )
        made.append((variant["sku"], "ProductVariant", doc))
    return made


def _value(entry: dict[str, Any]) -> Doc:
    if "percentage" in entry:
        return {"valueType": "PERCENTAGE", "value": str(entry["percentage"])}
    return {"valueType": "FIXED", "value": str(entry["fixed"])}


def _promotion(ctx: Context, tx: Tx, entry: dict[str, Any]) -> Made:
    doc = upsert(
        tx,
        "promotion",
        {"name": entry["name"]},
        {
            **_value(entry),
            "active": entry.get("active", True),
            "order": None if entry.get("orderFrom") is None else str(entry["orderFrom"]),
            "channels": entry.get("channels") or [],
            "products": _ids(tx, "product", entry.get("products")),
            "categories": _ids(tx, "category", entry.get("categories")),
            "collections": _ids(tx, "collection", entry.get("collections")),
            "variants": _ids(tx, "variant", entry.get("variants"), "sku"),
        },
    )
    return [(entry["name"], "Promotion", doc)]


def _minor(tx: Tx, amounts: dict[str, Any] | None) -> dict[str, int]:
    """Amounts by channel in minor units."""
    currencies = {c["slug"]: c["currencyCode"] for c in tx.find("channel")}
    return {slug: to_minor(str(amount), currencies[slug]) for slug, amount in (amounts or {}).items()}


def _voucher(ctx: Context, tx: Tx, entry: dict[str, Any]) -> Made:
    doc = upsert(
        tx,
        "voucher",
        {"code": entry["code"]},
        {
            **_value(entry),
            "name": entry.get("name") or entry["code"],
            "type": entry.get("type") or "ENTIRE_ORDER",
            "minSpent": _minor(tx, entry.get("minSpent")),
            "active": entry.get("active", True),
            "channels": entry.get("channels") or [],
        },
    )
    return [(entry["code"], "Voucher", doc)]


def _shipping(ctx: Context, tx: Tx, entry: dict[str, Any]) -> Made:
    doc = upsert(
        tx,
        "shipping",
        {"name": entry["name"]},
        {
            "description": entry.get("description"),
            "prices": _minor(tx, entry["price"]),
            "minimums": _minor(tx, entry.get("from")),
            "minimumDeliveryDays": entry.get("minimumDays"),
            "maximumDeliveryDays": entry.get("maximumDays"),
        },
    )
    return [(entry["name"], "ShippingMethod", doc)]


def _staff(ctx: Context, tx: Tx, entry: dict[str, Any]) -> Made:
    fields = {
        "firstName": entry.get("firstName") or "",
        "lastName": entry.get("lastName") or "",
        "isStaff": True,
        "isConfirmed": True,
        "isSuperuser": bool(entry.get("superuser")),
        "permissions": entry.get("permissions") or (ALL_PERMISSIONS if entry.get("superuser") else []),
    }
    known = tx.user_by_email(entry["email"])
    if known is None:
        doc = people.new_user(ctx, tx, entry["email"], entry["password"], **fields)
    else:
        doc = tx.patch("user", known["id"], {**fields, "password": hash_password(entry["password"])}) or known
    return [(entry["email"], "User", doc)]


def _app(ctx: Context, tx: Tx, entry: dict[str, Any]) -> Made:
    """A local App with a token of the shop's choosing, as the Dashboard makes them."""
    doc = upsert(
        tx,
        "app",
        {"name": entry["name"]},
        {
            "identifier": entry.get("identifier"),
            "type": "LOCAL",
            "created": ctx.now(),
            "isActive": True,
            "permissions": entry.get("permissions") or [],
            "token": token_hash(entry["token"]),
            "manifestUrl": None,
            "version": None,
            "extensions": [],
        },
    )
    return [(entry["name"], "App", doc)]


def _customer(ctx: Context, tx: Tx, entry: dict[str, Any]) -> Doc:
    known = tx.user_by_email(entry["email"])
    if known is not None:
        return known
    made = people.new_user(
        ctx,
        tx,
        entry["email"],
        entry.get("password"),
        firstName=entry.get("firstName") or "",
        lastName=entry.get("lastName") or "",
        languageCode=entry.get("languageCode") or "EN_US",
        metadata=entry.get("metadata") or {},
        shippingAddress=people.address(tx, entry.get("address")),
        billingAddress=people.address(tx, entry.get("address")),
        **({"dateJoined": entry["joined"]} if entry.get("joined") else {}),
    )
    ctx.emit(tx, "CUSTOMER_CREATED", user=made["id"])
    if entry.get("confirmed", True):
        return people.confirm(ctx, tx, made)
    return made
