"""Prices of a shelf, read from the stand-in with what our App asks for and no more."""

from __future__ import annotations

from loyalty_plugin.saleor.storefront import SaleorStorefront
from tests.saleor.standinkit import CHANNEL
from tests.saleor.threadkit import API, Thread, bare

__all__ = ["bare"]

DRAWER = {
    "slug": "drawer",
    "name": "Not shown yet",
    "category": "tea",
    "published": False,
    "variants": [{"sku": "DRAWER", "name": "", "prices": {CHANNEL: "7.00"}}],
}


def test_what_a_channel_shows_has_a_price_and_what_it_does_not_show_has_none(bare: Thread):
    bare.install()
    seeded = bare.shop.anonymous.control("seed", products=[DRAWER])
    drawer, its_product = seeded["variants"]["DRAWER"], seeded["products"]["drawer"]
    pot, sencha = bare.shop.variant("POT"), bare.shop.variant("S-250")
    saleor = SaleorStorefront()

    shelf = saleor.shelf(API, CHANNEL, [drawer, pot, sencha])
    assert {one.variant_id: (one.list_price, one.price, one.currency) for one in shelf.values()} == {
        pot: (5_000, 3_000, "USD"),
        sencha: (3_500, 3_500, "USD"),
    }
    products = saleor.shelf_of_products(API, CHANNEL, [its_product, shelf[pot].product_id])
    assert {key: [one.variant_id for one in of] for key, of in products.items()} == {
        shelf[pot].product_id: [pot]
    }
    # Whoever holds it in a checkout already may know what it costs.
    assert saleor.variant_prices(API, CHANNEL, [drawer])[drawer].price == 700
    assert saleor.shelf(API, CHANNEL, [drawer]) == {}
