"""Lays goods out at a Saleor by its own API, as staff would in the Dashboard, and clears away what it laid out.

It works on any Saleor. It touches nothing that it has not made itself, but for the channel it is told to sell in.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from sandbox.seed.callers import Caller, SeedError

_ADDRESS: Final = {
    "streetAddress1": "Lindenstraße 8",
    "city": "Leipzig",
    "postalCode": "04107",
    "country": "DE",
}
_STOCK: Final = 5000
#: Both that tests and shops send to.
_COUNTRIES: Final = ["DE", "US"]


@dataclass(frozen=True)
class Variant:
    """One thing to buy; `price` in major units."""

    sku: str
    name: str
    price: Decimal


@dataclass(frozen=True)
class Product:
    slug: str
    name: str
    category: str
    variants: Sequence[Variant]
    text: str = ""


@dataclass
class Laid:
    """What was laid out, by global id: the channel, and all that goes again, newest last."""

    channel: str
    slug: str
    currency: str
    #: It was made for this, so it is cleared away too, or put to sleep where Saleor keeps it for its orders.
    own_channel: bool = False
    warehouse: str = ""
    categories: dict[str, str] = field(default_factory=dict)
    products: dict[str, str] = field(default_factory=dict)
    variants: dict[str, str] = field(default_factory=dict)
    methods: dict[str, str] = field(default_factory=dict)
    made: list[list[str]] = field(default_factory=list)

    def to_clear(self, mutation: str, global_id: str) -> str:
        self.made.append([mutation, global_id])
        return global_id


def find_channel(staff: Caller, slug: str) -> dict[str, Any] | None:
    """The channel's id, slug, currencyCode and isActive; None where there is none."""
    query = "query($s:String!){channel(slug:$s){id slug currencyCode isActive}}"
    found = staff.ask(query, s=slug)["channel"]
    return dict(found) if found else None


def own_channel(staff: Caller, slug: str, name: str, currency: str, country: str) -> Laid:
    """A channel of this name for us alone: made, or woken up where an earlier run had to leave it. Raises SeedError."""
    found = find_channel(staff, slug)
    if found is None:
        given = {
            "name": name, "slug": slug, "currencyCode": currency, "defaultCountry": country, "isActive": True,
            "orderSettings": {"automaticallyConfirmAllNewOrders": True, "markAsPaidStrategy": "TRANSACTION_FLOW"},
        }  # fmt: skip
        create = (
            "mutation($i:ChannelCreateInput!){channelCreate(input:$i){channel{id slug currencyCode}" + ERRORS
        )
        found = staff.change(create, i=given)["channel"]
    elif found["currencyCode"] != currency:
        raise SeedError(f"The channel {slug} sells in {found['currencyCode']}, not in {currency}.")
    elif not found["isActive"]:
        staff.change("mutation($i:ID!){channelActivate(id:$i){" + ERRORS, i=found["id"])
    return Laid(found["id"], slug, currency, own_channel=True)


ERRORS: Final = " errors{field code message}}}"


def _create(staff: Caller, name: str, input_type: str, part: str, given: dict[str, Any]) -> str:
    """Any `…Create(input:)`; the id of what was made."""
    text = f"mutation($i:{input_type}!){{{name}(input:$i){{{part}{{id}}{ERRORS}"
    return str(staff.change(text, i=given)[part]["id"])


def lay_shipping(staff: Caller, laid: Laid, name: str, methods: dict[str, Decimal]) -> str:
    """A warehouse and ways of sending by name and price for the channel; the warehouse."""
    suffix = secrets.token_hex(2)
    place = {"name": name, "slug": f"{name}-{suffix}".lower().replace(" ", "-"), "address": _ADDRESS}
    warehouse = _create(staff, "createWarehouse", "WarehouseCreateInput", "warehouse", place)
    laid.warehouse = laid.to_clear("deleteWarehouse", warehouse)
    # First: a zone takes only warehouses that have a channel with it.
    update = "mutation($c:ID!,$i:ChannelUpdateInput!){channelUpdate(id:$c,input:$i){" + ERRORS
    staff.change(update, c=laid.channel, i={"addWarehouses": [warehouse]})
    given = {
        "name": name,
        "countries": _COUNTRIES,
        "addChannels": [laid.channel],
        "addWarehouses": [warehouse],
    }
    zone = _create(staff, "shippingZoneCreate", "ShippingZoneCreateInput", "shippingZone", given)
    laid.to_clear("shippingZoneDelete", zone)
    listing = (
        "mutation($m:ID!,$i:ShippingMethodChannelListingInput!)"
        "{shippingMethodChannelListingUpdate(id:$m,input:$i){" + ERRORS
    )
    for title, price in methods.items():
        entry = {"name": title, "type": "PRICE", "shippingZone": zone}
        method = _create(staff, "shippingPriceCreate", "ShippingPriceInput", "shippingMethod", entry)
        staff.change(listing, m=method, i={"addChannels": [{"channelId": laid.channel, "price": str(price)}]})
        laid.methods[title] = method
    return warehouse


def lay_goods(
    staff: Caller,
    laid: Laid,
    warehouse: str,
    name: str,
    categories: Sequence[tuple[str, str]],
    products: Sequence[Product],
) -> None:
    """Categories by (slug, name) and products with their variants, in stock and for sale in the channel.

    At Saleor each slug begins with the name: the shop may have a category or a product of that slug itself.
    """
    kind = {"name": name, "slug": f"{name}-{secrets.token_hex(2)}".lower().replace(" ", "-"), "kind": "NORMAL",
            "isShippingRequired": True, "hasVariants": True}  # fmt: skip
    product_type = _create(staff, "productTypeCreate", "ProductTypeInput", "productType", kind)
    laid.to_clear("productTypeDelete", product_type)
    for slug, title in categories:
        text = "mutation($i:CategoryInput!){categoryCreate(input:$i){category{id}" + ERRORS
        made = staff.change(text, i={"slug": f"{name}-{slug}", "name": title})["category"]["id"]
        laid.categories[slug] = laid.to_clear("categoryDelete", made)
    for product in products:
        _lay_product(staff, laid, warehouse, product_type, f"{name}-{product.slug}", product)


def _lay_product(
    staff: Caller, laid: Laid, warehouse: str, product_type: str, slug: str, product: Product
) -> None:
    given: dict[str, Any] = {"name": product.name, "slug": slug, "productType": product_type,
                             "category": laid.categories[product.category]}  # fmt: skip
    made = _create(staff, "productCreate", "ProductCreateInput", "product", given)
    laid.products[product.slug] = laid.to_clear("productDelete", made)
    visible = {"channelId": laid.channel, "isPublished": True, "visibleInListings": True,
               "isAvailableForPurchase": True}  # fmt: skip
    listing = (
        "mutation($p:ID!,$i:ProductChannelListingUpdateInput!){productChannelListingUpdate(id:$p,input:$i){"
    )
    staff.change(listing + ERRORS, p=made, i={"updateChannels": [visible]})
    pricing = (
        "mutation($v:ID!,$i:[ProductVariantChannelListingAddInput!]!)"
        "{productVariantChannelListingUpdate(id:$v,input:$i){" + ERRORS
    )
    for one in product.variants:
        entry = {"product": made, "sku": one.sku, "name": one.name, "attributes": [], "trackInventory": True,
                 "stocks": [{"warehouse": warehouse, "quantity": _STOCK}]}  # fmt: skip
        variant = _create(staff, "productVariantCreate", "ProductVariantCreateInput", "productVariant", entry)
        staff.change(pricing, v=variant, i=[{"channelId": laid.channel, "price": str(one.price)}])
        laid.variants[one.sku] = variant


def lay_promotion(staff: Caller, laid: Laid, name: str, percent: Decimal, products: Sequence[str]) -> str:
    """So many per cent off these products (slugs) in the channel, for everybody; its id.

    Saleor works the prices out a moment later.
    """
    rule = {
        "name": name, "channels": [laid.channel], "rewardValueType": "PERCENTAGE", "rewardValue": str(percent),
        "cataloguePredicate": {"productPredicate": {"ids": [laid.products[slug] for slug in products]}},
    }  # fmt: skip
    given = {"name": name, "type": "CATALOGUE", "rules": [rule]}
    made = _create(staff, "promotionCreate", "PromotionCreateInput", "promotion", given)
    return laid.to_clear("promotionDelete", made)


def clear(staff: Caller, laid: Laid) -> list[str]:
    """Delete what was laid out, the newest first; what could not be deleted, in words."""
    left = []
    for mutation, global_id in reversed(laid.made):
        try:
            staff.change(f"mutation($i:ID!){{{mutation}(id:$i){{{ERRORS}", i=global_id)
        except SeedError as error:
            if "NOT_FOUND" not in error.codes:
                left.append(f"{mutation} {global_id}: {error}")
    laid.made.clear()
    if laid.own_channel:
        try:
            staff.change("mutation($i:ID!){channelDelete(id:$i){" + ERRORS, i=laid.channel)
        except SeedError:
            # It has orders, which Saleor never deletes, nor their channel.
            with contextlib.suppress(SeedError):
                staff.change("mutation($i:ID!){channelDeactivate(id:$i){" + ERRORS, i=laid.channel)
            left.append(f"the channel {laid.slug} stays for its orders, deactivated")
    return left
