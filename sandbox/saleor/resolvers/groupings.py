"""Categories and collections: the tree and the lists products hang on."""

from __future__ import annotations

from typing import Any

from ..connections import from_list
from ..context import Context
from ..schema import field, query
from ..store import Doc
from ..values import gid, key_of
from .catalogue import in_channel, product_page, slug_or_only


@query("category")
def category(ctx: Context, id: str | None = None, slug: str | None = None) -> Doc | None:
    if id is not None:
        return ctx.get("category", key_of(id, "Category"))
    return next(iter(ctx.find("category", slug=slug or "")), None)


def _filtered(docs: list[Doc], arguments: dict[str, Any], type_name: str) -> list[Doc]:
    wanted = {**(arguments.get("filter") or {}), **(arguments.get("where") or {})}
    if wanted.get("ids") is not None:
        keys = {key_of(i, type_name) for i in wanted["ids"]}
        docs = [d for d in docs if d["id"] in keys]
    if wanted.get("slugs") is not None:
        docs = [d for d in docs if d["slug"] in wanted["slugs"]]
    if wanted.get("search"):
        docs = [d for d in docs if wanted["search"].lower() in d["name"].lower()]
    return docs


@query("categories")
def categories(ctx: Context, level: int | None = None, **arguments: Any) -> dict[str, Any]:
    found = _filtered(ctx.find("category"), arguments, "Category")
    if level is not None:
        found = [c for c in found if (c["parent"] is not None) == bool(level)]
    return from_list("categories", found, arguments)


@query("collection")
def collection(
    ctx: Context, id: str | None = None, slug: str | None = None, channel: str | None = None
) -> Doc | None:
    if id is not None:
        found = ctx.get("collection", key_of(id, "Collection"))
    else:
        found = next(iter(ctx.find("collection", slug=slug or "")), None)
    return in_channel(found, slug_or_only(ctx, channel))


@query("collections")
def collections(ctx: Context, channel: str | None = None, **arguments: Any) -> dict[str, Any]:
    slug = slug_or_only(ctx, channel)
    found = [{**c, "channel": slug} for c in _filtered(ctx.find("collection"), arguments, "Collection")]
    return from_list("collections", found, arguments)


@field("Category", "products")
def categoryproduct_page(
    source: Doc, info: Any, channel: str | None = None, **arguments: Any
) -> dict[str, Any]:
    wanted = {**(arguments.get("filter") or {}), "categories": [gid("Category", source["id"])]}
    return product_page(info.context, {**arguments, "filter": wanted}, channel)


@field("Collection", "products")
def collectionproduct_page(source: Doc, info: Any, **arguments: Any) -> dict[str, Any]:
    wanted = {**(arguments.get("filter") or {}), "collections": [gid("Collection", source["id"])]}
    return product_page(info.context, {**arguments, "filter": wanted}, source.get("channel"))


@field("Category", "parent")
def parent(source: Doc, info: Any) -> Doc | None:
    found: Doc | None = info.context.get("category", source["parent"])
    return found


@field("Category", "level")
def level(source: Doc, _info: Any) -> int:
    return int(source["parent"] is not None)


@field("Category", "children")
def children(source: Doc, info: Any, **arguments: Any) -> dict[str, Any]:
    return from_list("children", info.context.find("category", parent=source["id"]), arguments)


def _background(source: Doc, _info: Any, **_: Any) -> dict[str, str] | None:
    return {"url": source["image"], "alt": source["name"]} if source.get("image") else None


field("Category", "backgroundImage")(_background)
field("Collection", "backgroundImage")(_background)
