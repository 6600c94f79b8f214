"""The blocks editors lay the front page out with; each reads what it shows, none stores it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.images.blocks import ImageBlock

from sandbox.shop import catalogue, loyalty, saleor


class HeroBlock(blocks.StructBlock):
    title = blocks.CharBlock(max_length=120)
    text = blocks.TextBlock(max_length=300)
    button = blocks.CharBlock(max_length=40)
    link = blocks.CharBlock(max_length=200, help_text=_("An address in the shop, such as /shop/tea/."))
    picture = ImageBlock()

    class Meta:
        icon = "image"
        label = _("Opening picture")
        template = "shop/blocks/hero.html"


class CategoriesBlock(blocks.StructBlock):
    title = blocks.CharBlock(max_length=120)

    class Meta:
        icon = "list-ul"
        label = _("Departments")
        template = "shop/blocks/categories.html"

    def get_context(self, value: Any, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
        context = super().get_context(value, parent_context=parent_context)
        try:
            shelf = catalogue.products()
        except (saleor.Unreachable, saleor.Refused):
            shelf = []
        firsts: dict[str, catalogue.Product] = {}
        for product in sorted(shelf, key=lambda p: ("faces" not in p.collections, p.name)):
            firsts.setdefault(product.department.slug, product)
        context["departments"] = [
            {"category": category, "product": firsts[category.slug]}
            for category in (catalogue.categories() if shelf else [])
            if category.slug in firsts
        ]
        return context


class ProductRowBlock(blocks.StructBlock):
    title = blocks.CharBlock(max_length=120)
    text = blocks.CharBlock(max_length=200, required=False)
    collection = blocks.CharBlock(max_length=120, help_text=_("The slug of a collection in Saleor."))
    link = blocks.CharBlock(max_length=200, required=False)

    class Meta:
        icon = "pick"
        label = _("Row of products")
        template = "shop/blocks/product_row.html"

    def get_context(self, value: Any, parent_context: dict[str, Any] | None = None) -> dict[str, Any]:
        context = super().get_context(value, parent_context=parent_context)
        try:
            products = catalogue.products(collection=value["collection"])[:4]
        except (saleor.Unreachable, saleor.Refused):
            products = []
        context["cards"] = loyalty.cards((parent_context or {}).get("request"), products)
        return context


class StoryBlock(blocks.StructBlock):
    title = blocks.CharBlock(max_length=120)
    text = blocks.RichTextBlock(features=["bold", "italic", "link"])
    picture = ImageBlock()
    picture_first = blocks.BooleanBlock(required=False, label=_("Picture on the left"))

    class Meta:
        icon = "doc-full"
        label = _("Story with a picture")
        template = "shop/blocks/story.html"


class MembershipBlock(blocks.StructBlock):
    """Invites a guest to join and greets a member."""

    title = blocks.CharBlock(max_length=120)
    text = blocks.TextBlock(max_length=300)
    points = blocks.ListBlock(blocks.CharBlock(max_length=120), label=_("What members get"))
    picture = ImageBlock()

    class Meta:
        icon = "user"
        label = _("Membership")
        template = "shop/blocks/membership.html"


def home() -> list[tuple[str, blocks.Block]]:
    return [
        ("hero", HeroBlock()),
        ("categories", CategoriesBlock()),
        ("products", ProductRowBlock()),
        ("story", StoryBlock()),
        ("membership", MembershipBlock()),
    ]
