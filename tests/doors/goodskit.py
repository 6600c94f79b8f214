"""A shop's goods without a shop: a catalogue that answers from a few goods, or is silent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from django.core.cache import cache

from loyalty_plugin.domain.facts import ShelfFact
from loyalty_plugin.domain.goods import Found, Goods, GoodsKind
from loyalty_plugin.errors import SaleorUnreachable
from loyalty_plugin.registry import bind, ports

SENCHA = Goods(
    GoodsKind.VARIANTS, "v-sencha", "Sencha 玉露", "100 g · S-100", "http://shop.example/s.png", "S-100"
)
POT = Goods(GoodsKind.VARIANTS, "v-pot", "Pot", "POT", "", "POT")
GOODS = (
    SENCHA,
    POT,
    Goods(GoodsKind.PRODUCTS, "p-sencha", "Sencha 玉露", "Tea", "http://shop.example/s.png"),
    Goods(GoodsKind.PRODUCTS, "p-pot", "Pot", "Teaware"),
    Goods(GoodsKind.COLLECTIONS, "c-spring", "Spring"),
)
PRICES = {
    "v-sencha": ShelfFact("v-sencha", "p-sencha", price=2000, list_price=2000, currency="EUR"),
    "v-pot": ShelfFact("v-pot", "p-pot", price=3000, list_price=5000, currency="EUR"),
}


class FewGoods:
    """The bound catalogue of these tests; `questions` counts what it was asked."""

    def __init__(self) -> None:
        self.silent, self.questions = False, 0

    def _asked(self) -> None:
        self.questions += 1
        if self.silent:
            raise SaleorUnreachable

    def search(self, realm: str, kind: GoodsKind, text: str, *, channel: str) -> Found:
        self._asked()
        return Found(tuple(one for one in GOODS if one.kind is kind and text.lower() in one.name.lower()))

    def named(self, realm: str, kind: GoodsKind, ids: Sequence[str]) -> Mapping[str, Goods]:
        self._asked()
        return {one.id: one for one in GOODS if one.kind is kind and one.id in ids}

    def priced(
        self, realm: str, channel: str, variant_ids: Sequence[str] | None
    ) -> Sequence[tuple[Goods, ShelfFact]]:
        self._asked()
        wanted = PRICES if variant_ids is None else variant_ids
        return [(one, PRICES[one.id]) for one in (SENCHA, POT) if one.id in wanted]

    def variants_of(self, realm: str, skus: Sequence[str]) -> Mapping[str, str]:
        self._asked()
        return {one.sku: one.id for one in GOODS if one.sku in skus}


@pytest.fixture
def goods() -> Iterator[FewGoods]:
    """The catalogue for one test; what others remembered of theirs is forgotten."""
    before: Any = ports.catalogue
    made = FewGoods()
    bind(catalogue=made)
    cache.clear()
    yield made
    bind(catalogue=before)
    cache.clear()
