"""Reads a Saleor's goods by name and picture with our own App's token, for staff to choose from; prices nothing."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Final

from loyalty_plugin.domain.facts import PAGE, ShelfFact
from loyalty_plugin.domain.goods import Found, Goods, GoodsKind
from loyalty_plugin.errors import InvalidInput
from loyalty_plugin.saleor.payloads.shelves import shelf_fact
from loyalty_plugin.saleor.storefront import call

_TYPES: Final = {
    GoodsKind.PRODUCTS: "Product",
    GoodsKind.VARIANTS: "ProductVariant",
    GoodsKind.CATEGORIES: "Category",
    GoodsKind.COLLECTIONS: "Collection",
}
#: As many as one search shows.
_SHOWN: Final = 24


class SaleorCatalogue:
    """`domain.ports.Catalogue` over the installation of each realm."""

    def search(self, realm: str, kind: GoodsKind, text: str, *, channel: str) -> Found:
        """What a channel has of a kind by these words, the first of all without any."""
        words = {"search": text}
        match kind:
            case GoodsKind.PRODUCTS:
                found = call(realm, "goods_products", channel=channel, **words)["products"]
            case GoodsKind.VARIANTS:
                found = call(realm, "goods_variants", channel=channel, **words)["products"]
            case GoodsKind.CATEGORIES:
                found = call(realm, "goods_categories", filter=words)["categories"]
            case GoodsKind.COLLECTIONS:
                found = call(realm, "goods_collections", filter=words, channel=channel)["collections"]
        goods = [one for edge in found["edges"] for one in _read(kind, edge["node"])]
        most = _SHOWN if kind is not GoodsKind.VARIANTS else len(goods)
        return Found(tuple(goods[:most]), len(goods) > most or bool(found["pageInfo"]["hasNextPage"]))

    def named(self, realm: str, kind: GoodsKind, ids: Sequence[str]) -> Mapping[str, Goods]:
        """Goods by id, at most `PAGE`; unknown ids are missing."""
        wanted = [one for one in _page(ids) if _is(kind, one)]
        if not wanted:
            return {}
        match kind:
            case GoodsKind.PRODUCTS:
                found = call(realm, "goods_products_named", ids=wanted)["products"]
            case GoodsKind.VARIANTS:
                found = call(realm, "goods_variants_named", ids=wanted)["productVariants"]
                return {
                    edge["node"]["id"]: _variant(edge["node"]["product"], edge["node"])
                    for edge in found["edges"]
                }
            case GoodsKind.CATEGORIES:
                found = call(realm, "goods_categories", filter={"ids": wanted})["categories"]
            case GoodsKind.COLLECTIONS:
                found = call(realm, "goods_collections", filter={"ids": wanted})["collections"]
        return {one.id: one for edge in found["edges"] for one in _read(kind, edge["node"])}

    def priced(
        self, realm: str, channel: str, variant_ids: Sequence[str] | None
    ) -> Sequence[tuple[Goods, ShelfFact]]:
        """Variants with what everybody pays: these (at most `PAGE`), or with None those of the first fifty products."""
        if variant_ids is None:
            data = call(realm, "goods_sample", channel=channel)
            pairs = [
                (edge["node"], variant)
                for edge in data["products"]["edges"]
                for variant in edge["node"]["variants"] or ()
            ]
        else:
            wanted = [one for one in _page(variant_ids) if _is(GoodsKind.VARIANTS, one)]
            if not wanted:
                return []
            data = call(realm, "goods_priced", ids=wanted, channel=channel)
            pairs = [(edge["node"]["product"], edge["node"]) for edge in data["productVariants"]["edges"]]
        tax = data["channel"]
        with_tax = bool(tax and tax["taxConfiguration"]["pricesEnteredWithTax"])
        found = [
            (_variant(product, variant), shelf_fact(variant, product, with_tax)) for product, variant in pairs
        ]
        return [(goods, fact) for goods, fact in found if fact is not None]

    def variants_of(self, realm: str, skus: Sequence[str]) -> Mapping[str, str]:
        """Variant ids by SKU, at most `PAGE`; unknown ones are missing."""
        found = call(realm, "goods_skus", skus=_page(skus))["productVariants"]
        return {edge["node"]["sku"]: edge["node"]["id"] for edge in found["edges"] if edge["node"]["sku"]}


def _is(kind: GoodsKind, global_id: str) -> bool:
    """Whether it is an id of this kind: of one that is none Saleor would refuse the whole question."""
    try:
        text = base64.b64decode(global_id, validate=True).decode()
    except (ValueError, UnicodeDecodeError):
        return False
    name, _colon, key = text.partition(":")
    return name == _TYPES[kind] and key.isdecimal()


def _page(ids: Sequence[str]) -> list[str]:
    if len(ids) > PAGE:
        raise InvalidInput("more ids than a page holds", ids=len(ids), page=PAGE)
    return list(ids)


def _read(kind: GoodsKind, node: Mapping[str, Any]) -> list[Goods]:
    if kind is GoodsKind.VARIANTS:
        return [_variant(node, variant) for variant in node["variants"] or ()]
    image = node.get("thumbnail") or node.get("backgroundImage") or {}
    above = node.get("category") or node.get("parent") or {}
    return [Goods(kind, node["id"], node["name"], above.get("name") or "", image.get("url") or "")]


def _variant(product: Mapping[str, Any], variant: Mapping[str, Any]) -> Goods:
    name, own = product["name"], variant["name"] or ""
    sku = variant["sku"] or ""
    image = (product.get("thumbnail") or {}).get("url") or ""
    # The only variant of a product often bears the product's name.
    parts = [own if own not in (name, sku) else "", sku]
    return Goods(GoodsKind.VARIANTS, variant["id"], name, " · ".join(filter(None, parts)), image, sku)
