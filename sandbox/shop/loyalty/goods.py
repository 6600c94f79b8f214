"""The shop's goods and carts in the plugin's terms; it computes no price."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import HttpRequest
from django.utils.translation import gettext as _

from loyalty_plugin.storefront import stake
from loyalty_plugin.storefront.prices import Offer, PriceBlock
from loyalty_plugin.storefront.prices import price_blocks as quoted
from sandbox.shop import catalogue
from sandbox.shop.catalogue import Product, Variant
from sandbox.shop.loyalty.people import member_for

if TYPE_CHECKING:
    from sandbox.shop.cart import Cart, Line


@dataclass(frozen=True)
class ProductCard:
    """A product on the shelf with the price block of the variant its card shows."""

    product: Product
    price: PriceBlock


def offers(wanted: Iterable[tuple[Product, Variant]]) -> list[Offer]:
    """Variants as the plugin quotes them."""
    return [
        Offer(
            variant_id=variant.id,
            product_id=product.id,
            price=variant.price.minor,
            list_price=variant.undiscounted.minor,
            currency=variant.price.currency,
            category_id=product.category.id,
            collection_ids=product.collection_ids,
        )
        for product, variant in wanted
    ]


def price_blocks(
    request: HttpRequest | None, wanted: Iterable[tuple[Product, Variant]]
) -> dict[str, PriceBlock]:
    """The price block of every variant by id."""
    asked = offers(wanted)
    return {offer.variant_id: block for offer, block in zip(asked, quoted(request, asked), strict=True)}


def cards(request: HttpRequest | None, products: Sequence[Product]) -> list[ProductCard]:
    """Products with the price block of the variant a card shows."""
    priced = price_blocks(request, [(p, p.first) for p in products])
    return [ProductCard(p, priced[p.first.id]) for p in products]


def line_notes(request: HttpRequest, cart: Cart) -> dict[str, str]:
    """Why lines of a member's cart have no member price, in sentences, by the line's id."""
    if member_for(request) is None:
        return {}
    products = {p.slug: p for p in catalogue.products()}
    plain = [line for line in cart.lines if not line.is_member_price and line.slug in products]
    asked = [
        Offer(
            variant_id=line.variant_id,
            product_id=products[line.slug].id,
            price=line.shelf.minor,
            list_price=line.list_price.minor,
            currency=line.shelf.currency,
            category_id=products[line.slug].category.id,
            collection_ids=products[line.slug].collection_ids,
        )
        for line in plain
    ]
    return {
        line.id: block.why or (_("The member price could not be laid on just now. You pay what is shown."))
        for line, block in zip(plain, quoted(request, asked), strict=True)
    }


def cart_at_stake(cart: Cart | None, given: int = 0) -> stake.Cart | None:
    """The cart, to be asked what points it would bring; `given` is what points pay of it, minor units."""
    if cart is None or not cart.lines:
        return None
    products = {p.slug: p for p in catalogue.products()}
    return stake.Cart(
        currency=cart.total.currency,
        total=cart.total.minor,
        shipping=cart.delivery.minor,
        lines=tuple(_line(line, products.get(line.slug)) for line in cart.lines),
        given=given,
    )


def _line(line: Line, product: Product | None) -> stake.CartLine:
    return stake.CartLine(
        line_id=line.id,
        quantity=line.quantity,
        total=line.total.minor,
        list_total=line.list_price.times(line.quantity).minor,
        product_id=product.id if product else "",
        variant_id=line.variant_id,
        category_id=product.category.id if product else "",
        collection_ids=product.collection_ids if product else frozenset(),
        member_priced=line.is_member_price,
    )
