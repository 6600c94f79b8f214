"""A Saleor's goods as staff choose them, read with our own App's token from the stand-in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from loyalty_plugin.domain.goods import GoodsKind
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.queries.goods import Place, named, priced, search, variants_of
from tests.saleor.standinkit import CHANNEL
from tests.saleor.threadkit import API, Thread, bare

__all__ = ["bare"]


@pytest.fixture
def shop(bare: Thread) -> Iterator[Thread]:
    cache.clear()
    bare.install()
    yield bare
    cache.clear()


def test_goods_are_found_named_priced_and_known_by_their_skus(shop: Thread):
    place = Place("1", Realm.objects.get(api_url=API).api_url, CHANNEL)
    products = search(place, GoodsKind.PRODUCTS, "sencha")
    assert products is not None
    (sencha,) = products.goods
    assert (sencha.name, sencha.detail, sencha.image) == (
        "Sencha",
        "Green tea",
        "http://shop.example/sencha.png",
    )
    by_sku = search(place, GoodsKind.VARIANTS, "S-250")
    assert by_sku is not None
    assert [one.detail for one in by_sku.goods if one.sku.startswith("S-")] == [
        "100 g · S-100",
        "250 g · S-250",
    ]
    for kind, text, name, detail in (
        (GoodsKind.CATEGORIES, "green", "Green tea", "Tea"),
        (GoodsKind.COLLECTIONS, "spring", "Spring", ""),
    ):
        found = search(place, kind, text)
        assert found is not None
        assert [(one.name, one.detail) for one in found.goods] == [(name, detail)]
        known = named(API, [(kind, found.goods[0].id), (kind, "not an id")])
        assert list(known.goods.values()) == list(found.goods)
        assert not known.silent
    ids = variants_of(API, ["POT", "S-100", "NO-SUCH"])
    assert set(ids) == {"POT", "S-100"}
    known = named(API, [(GoodsKind.VARIANTS, ids["POT"]), (GoodsKind.PRODUCTS, sencha.id)])
    assert {one.name for one in known.goods.values()} == {"Pot", "Sencha"}
    told = priced(place, [ids["POT"]])
    assert told is not None
    ((pot, fact),) = told
    assert (pot.name, pot.detail, fact.list_price, fact.price) == ("Pot", "POT", 5000, 3000)
    some = priced(place)
    assert some is not None
    assert {"S-100", "S-250", "POT"} <= {one.sku for one, _fact in some}


@pytest.mark.django_db
def test_where_we_are_not_installed_nobody_answers():
    place = Place("1", "http://nowhere.example/graphql/", CHANNEL)
    assert search(place, GoodsKind.PRODUCTS, "") is None
    assert priced(place) is None
    assert named(place.realm, [(GoodsKind.PRODUCTS, "UHJvZHVjdDox")]).silent
