"""How a shop's staff lays out its catalogue: channels, warehouses, ways of sending, products, prices, promotions.

Only what these hold is kept. A warehouse has no stock of its own here, and a zone sends everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..context import Context, Refused
from ..schema import mutation
from ..store import Doc, Tx
from ..values import key_of, to_minor

EMPTY: Doc = {"metadata": {}, "privateMetadata": {}}


@contextmanager
def _changing(ctx: Context, permission: str) -> Iterator[Tx]:
    """A change of the catalogue, which everybody sees from its commit on."""
    ctx.require(permission)
    with ctx.write() as tx:
        yield tx
    ctx.standin.store.shelves.clear()


def _known(tx: Tx, kind: str, global_id: str | None, *types: str) -> Doc:
    found = tx.get(kind, key_of(global_id or "", *types))
    if found is None:
        raise Refused("id", "NOT_FOUND", f"Couldn't resolve to a node: {global_id}")
    return found


def _slug(tx: Tx, kind: str, given: Doc) -> str:
    """The given slug, or one made of the name. Raises Refused where another has it."""
    slug = str(given.get("slug") or (given.get("name") or "").strip().lower().replace(" ", "-"))
    if tx.first(kind, slug=slug):
        raise Refused(
            "slug", "UNIQUE", f"{kind.replace('_', ' ').capitalize()} with this Slug already exists."
        )
    return slug


def _words(given: Doc) -> Doc:
    pairs = {one["key"]: one["value"] for one in given.get("metadata") or ()}
    text = given.get("description")
    return {**EMPTY, "name": given.get("name") or "", "description": text or "", "metadata": pairs,
            "seoTitle": None, "seoDescription": None}  # fmt: skip


# -- taxes: a name to give things, of which nothing is reckoned here ------------------------------------------------


@mutation("taxClassCreate")
def tax_class_create(ctx: Context, input: Doc) -> dict[str, Any]:
    with _changing(ctx, "MANAGE_TAXES") as tx:
        return {"taxClass": tx.insert("tax_class", {**EMPTY, "name": input["name"]})}


@mutation("taxClassDelete")
def tax_class_delete(ctx: Context, id: str) -> dict[str, Any]:
    with _changing(ctx, "MANAGE_TAXES") as tx:
        found = _known(tx, "tax_class", id, "TaxClass")
        tx.delete("tax_class", found["id"])
        return {"taxClass": found}


# -- channels ----------------------------------------------------------------------------------------------------


def _channel_fields(given: Doc) -> Doc:
    orders, payments = given.get("orderSettings") or {}, given.get("paymentSettings") or {}
    found = {name: given[name] for name in ("name", "isActive") if given.get(name) is not None}
    if given.get("defaultCountry"):
        found["country"] = given["defaultCountry"]
    for name in ("automaticallyConfirmAllNewOrders", "allowUnpaidOrders", "expireOrdersAfter"):
        if orders.get(name) is not None:
            found[name] = orders[name]
    if payments.get("defaultTransactionFlowStrategy"):
        found["transactionFlow"] = payments["defaultTransactionFlowStrategy"]
    return found


@mutation("channelCreate")
def channel_create(ctx: Context, input: Doc) -> dict[str, Any]:
    """Inactive unless asked otherwise, as in Saleor: nothing can be bought in it."""
    with _changing(ctx, "MANAGE_CHANNELS") as tx:
        fields = {"isActive": False, "taxRate": "0", "pricesEnteredWithTax": True, "transactionFlow": "CHARGE",
                  "automaticallyConfirmAllNewOrders": True, "allowUnpaidOrders": False}  # fmt: skip
        slug = _slug(tx, "channel", input)
        doc = {
            **EMPTY,
            **fields,
            "slug": slug,
            "currencyCode": input["currencyCode"],
            **_channel_fields(input),
        }
        return {"channel": tx.insert("channel", doc)}


@mutation("channelUpdate")
def channel_update(ctx: Context, id: str, input: Doc) -> dict[str, Any]:
    with _changing(ctx, "MANAGE_CHANNELS") as tx:
        found = _known(tx, "channel", id, "Channel")
        return {"channel": tx.patch("channel", found["id"], _channel_fields(input))}


def _switch(ctx: Context, id: str, active: bool) -> dict[str, Any]:
    with _changing(ctx, "MANAGE_CHANNELS") as tx:
        found = _known(tx, "channel", id, "Channel")
        if found["isActive"] is active:
            done = "activated" if active else "deactivated"
            raise Refused("id", "INVALID", f"This channel is already {done}.")
        return {"channel": tx.patch("channel", found["id"], {"isActive": active})}


@mutation("channelActivate")
def channel_activate(ctx: Context, id: str) -> dict[str, Any]:
    return _switch(ctx, id, True)


@mutation("channelDeactivate")
def channel_deactivate(ctx: Context, id: str) -> dict[str, Any]:
    return _switch(ctx, id, False)


@mutation("channelDelete")
def channel_delete(ctx: Context, id: str, input: Doc | None = None) -> dict[str, Any]:
    """A channel with orders needs another one of its currency to take them over."""
    with _changing(ctx, "MANAGE_CHANNELS") as tx:
        found = _known(tx, "channel", id, "Channel")
        orders = tx.find("order", channel=found["slug"])
        if orders and input is None:
            words = "Cannot remove channel with orders. Try to migrate orders to another channel by passing"
            raise Refused("id", "CHANNEL_WITH_ORDERS", f"{words} `targetChannel` param.")
        if orders and input is not None:
            other = _known(tx, "channel", input["channelId"], "Channel")
            if other["currencyCode"] != found["currencyCode"]:
                raise Refused("channelId", "CHANNELS_CURRENCY_MUST_BE_THE_SAME",
                              "Cannot migrate from one channel to another with different currency.")  # fmt: skip
            for order in orders:
                tx.patch("order", order["id"], {"channel": other["slug"]})
        for checkout in tx.find("checkout", channel=found["slug"]):
            for line in tx.find("checkout_line", checkout=checkout["id"]):
                tx.delete("checkout_line", line["id"])
            tx.delete("checkout", checkout["id"])
        tx.delete("channel", found["id"])
        return {"channel": found}


# -- warehouses and ways of sending ----------------------------------------------------------------------------------


@mutation("createWarehouse")
def create_warehouse(ctx: Context, input: Doc) -> dict[str, Any]:
    with _changing(ctx, "MANAGE_PRODUCTS") as tx:
        slug = _slug(tx, "warehouse", input)
        return {"warehouse": tx.insert("warehouse", {**EMPTY, "name": input["name"], "slug": slug})}


@mutation("shippingZoneCreate")
def shipping_zone_create(ctx: Context, input: Doc) -> dict[str, Any]:
    with _changing(ctx, "MANAGE_SHIPPING") as tx:
        return {"shippingZone": tx.insert("zone", {**EMPTY, "name": input.get("name") or ""})}


@mutation("shippingZoneDelete")
def shipping_zone_delete(ctx: Context, id: str) -> dict[str, Any]:
    with _changing(ctx, "MANAGE_SHIPPING") as tx:
        found = _known(tx, "zone", id, "ShippingZone")
        for method in tx.find("shipping", zone=found["id"]):
            tx.delete("shipping", method["id"])
        tx.delete("zone", found["id"])
        return {"shippingZone": found}


def _typed(method: Doc) -> Doc:
    return {**method, "__typename": "ShippingMethodType"}


@mutation("shippingPriceCreate")
def shipping_price_create(ctx: Context, input: Doc) -> dict[str, Any]:
    with _changing(ctx, "MANAGE_SHIPPING") as tx:
        zone = _known(tx, "zone", input.get("shippingZone"), "ShippingZone")
        doc = {**EMPTY, "name": input.get("name") or "", "description": None, "prices": {}, "zone": zone["id"],
               "minimumDeliveryDays": input.get("minimumDeliveryDays"),
               "maximumDeliveryDays": input.get("maximumDeliveryDays")}  # fmt: skip
        return {"shippingMethod": _typed(tx.insert("shipping", doc)), "shippingZone": zone}


@mutation("shippingMethodChannelListingUpdate")
def shipping_listing_update(ctx: Context, id: str, input: Doc) -> dict[str, Any]:
    with _changing(ctx, "MANAGE_SHIPPING") as tx:
        found = _known(tx, "shipping", id, "ShippingMethodType")
        prices = dict(found["prices"])
        for one in input.get("addChannels") or ():
            channel = _known(tx, "channel", one["channelId"], "Channel")
            prices[channel["slug"]] = to_minor(one.get("price") or 0, channel["currencyCode"])
        for one in input.get("removeChannels") or ():
            prices.pop(_known(tx, "channel", one, "Channel")["slug"], None)
        return {"shippingMethod": _typed(tx.patch("shipping", found["id"], {"prices": prices}) or found)}


# -- goods -----------------------------------------------------------------------------------------------------------


@mutation("productTypeCreate")
def product_type_create(ctx: Context, input: Doc) -> dict[str, Any]:
    with _changing(ctx, "MANAGE_PRODUCT_TYPES_AND_ATTRIBUTES") as tx:
        doc = {**EMPTY, "name": input.get("name") or "", "slug": _slug(tx, "product_type", input),
               "kind": input.get("kind") or "NORMAL", "hasVariants": input.get("hasVariants") is not False,
               "isShippingRequired": input.get("isShippingRequired") is not False}  # fmt: skip
        return {"productType": tx.insert("product_type", doc)}


@mutation("categoryCreate")
def category_create(ctx: Context, input: Doc, parent: str | None = None) -> dict[str, Any]:
    with _changing(ctx, "MANAGE_PRODUCTS") as tx:
        above = _known(tx, "category", parent, "Category")["id"] if parent else None
        doc = {**_words(input), "slug": _slug(tx, "category", input), "parent": above, "image": None}
        return {"category": tx.insert("category", {**doc, "updatedAt": ctx.now()})}


@mutation("productCreate")
def product_create(ctx: Context, input: Doc) -> dict[str, Any]:
    """In no channel yet, so nobody sees it."""
    with _changing(ctx, "MANAGE_PRODUCTS") as tx:
        kind = _known(tx, "product_type", input["productType"], "ProductType")
        category = (
            _known(tx, "category", input["category"], "Category")["id"] if input.get("category") else None
        )
        collections = [
            _known(tx, "collection", one, "Collection")["id"] for one in input.get("collections") or ()
        ]
        doc = {**_words(input), "slug": _slug(tx, "product", input), "category": category, "images": [],
               "collections": collections, "productType": kind["id"], "isPublished": False,
               "isShippingRequired": kind["isShippingRequired"], "rating": input.get("rating"),
               "externalReference": input.get("externalReference"), "created": ctx.now(),
               "updatedAt": ctx.now()}  # fmt: skip
        return {"product": tx.insert("product", doc)}


@mutation("productChannelListingUpdate")
def product_listing_update(ctx: Context, id: str, input: Doc) -> dict[str, Any]:
    with _changing(ctx, "MANAGE_PRODUCTS") as tx:
        found = _known(tx, "product", id, "Product")
        for one in input.get("updateChannels") or ():
            _known(tx, "channel", one["channelId"], "Channel")
            if one.get("isPublished") is not None:
                found = tx.patch("product", found["id"], {"isPublished": one["isPublished"]}) or found
        return {"product": found}


@mutation("productVariantCreate")
def product_variant_create(ctx: Context, input: Doc) -> dict[str, Any]:
    with _changing(ctx, "MANAGE_PRODUCTS") as tx:
        product = _known(tx, "product", input["product"], "Product")
        if input.get("sku") and tx.first("variant", sku=input["sku"]):
            raise Refused("sku", "UNIQUE", "Product variant with this Sku already exists.")
        for one in input.get("stocks") or ():
            _known(tx, "warehouse", one["warehouse"], "Warehouse")
        now = ctx.now()
        doc = {**EMPTY, "product": product["id"], "name": input.get("name") or input.get("sku") or "",
               "sku": input.get("sku"), "prices": {}, "trackInventory": input.get("trackInventory") is not False,
               "stock": sum(one["quantity"] for one in input.get("stocks") or ()), "quantityLimitPerCustomer": None,
               "externalReference": input.get("externalReference"), "created": now, "updatedAt": now}  # fmt: skip
        return {"productVariant": tx.insert("variant", doc)}


@mutation("productVariantChannelListingUpdate")
def variant_listing_update(
    ctx: Context, input: list[Doc], id: str | None = None, sku: str | None = None
) -> dict[str, Any]:
    with _changing(ctx, "MANAGE_PRODUCTS") as tx:
        found = tx.first("variant", sku=sku) if sku else _known(tx, "variant", id, "ProductVariant")
        if found is None:
            raise Refused("sku", "NOT_FOUND", f"Couldn't resolve to a node: {sku}")
        prices = dict(found["prices"])
        for one in input:
            channel = _known(tx, "channel", one["channelId"], "Channel")
            prices[channel["slug"]] = to_minor(one["price"], channel["currencyCode"])
        return {"variant": tx.patch("variant", found["id"], {"prices": prices})}


# -- promotions ------------------------------------------------------------------------------------------------------

_PREDICATES = (("variantPredicate", "variants", "ProductVariant"), ("productPredicate", "products", "Product"),
               ("categoryPredicate", "categories", "Category"),
               ("collectionPredicate", "collections", "Collection"))  # fmt: skip


@mutation("promotionCreate")
def promotion_create(ctx: Context, input: Doc) -> dict[str, Any]:
    """One rule on the catalogue, chosen by ids: what this stand-in can price."""
    with _changing(ctx, "MANAGE_DISCOUNTS") as tx:
        rules = input.get("rules") or []
        if input["type"] != "CATALOGUE" or len(rules) != 1:
            raise Refused(
                "rules", "INVALID", "This stand-in knows promotions of one rule on the catalogue only."
            )
        [rule] = rules
        if not rule.get("channels"):
            raise Refused("channels", "MISSING_CHANNELS", "Channels are required.")
        chosen = rule.get("cataloguePredicate") or {}
        ids = {
            name: [key_of(one, kind) for one in (chosen.get(predicate) or {}).get("ids") or ()]
            for predicate, name, kind in _PREDICATES
        }
        channels = [_known(tx, "channel", one, "Channel")["slug"] for one in rule["channels"]]
        doc = {**EMPTY, **ids, "name": input["name"], "active": True, "channels": channels,
               "valueType": rule["rewardValueType"], "value": str(rule["rewardValue"])}  # fmt: skip
        return {"promotion": tx.insert("promotion", doc)}


# -- what is removed again -------------------------------------------------------------------------------------------


def _removing(name: str, kind: str, type_name: str, permission: str, shown: str) -> None:
    def remove(ctx: Context, id: str, **_: Any) -> dict[str, Any]:
        with _changing(ctx, permission) as tx:
            found = _known(tx, kind, id, type_name)
            _below(tx, kind, found["id"])
            tx.delete(kind, found["id"])
        return {shown: found}

    mutation(name)(remove)


def _below(tx: Tx, kind: str, key: str) -> None:
    """What goes with it: the products of a type, the variants of a product and the lines that hold them."""
    if kind == "product_type":
        for product in tx.find("product", productType=key):
            _below(tx, "product", product["id"])
            tx.delete("product", product["id"])
    if kind == "product":
        for variant in tx.find("variant", product=key):
            for line in tx.find("checkout_line", variant=variant["id"]):
                tx.delete("checkout_line", line["id"])
            tx.delete("variant", variant["id"])
    if kind == "category":
        for product in tx.find("product", category=key):
            tx.patch("product", product["id"], {"category": None, "isPublished": False})


_removing("promotionDelete", "promotion", "Promotion", "MANAGE_DISCOUNTS", "promotion")
_removing("productDelete", "product", "Product", "MANAGE_PRODUCTS", "product")
_removing("categoryDelete", "category", "Category", "MANAGE_PRODUCTS", "category")
_removing("deleteWarehouse", "warehouse", "Warehouse", "MANAGE_PRODUCTS", "warehouse")
_removing(
    "productTypeDelete", "product_type", "ProductType", "MANAGE_PRODUCT_TYPES_AND_ATTRIBUTES", "productType"
)
