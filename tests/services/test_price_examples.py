"""Worked examples before publishing: what members of each tier pay now and then, on sale, and with a voucher."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.core.cache import cache

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.programmes.parse import parse_document
from loyalty_plugin.queries.comparisons.own_prices import own_examples
from loyalty_plugin.queries.comparisons.prices import price_examples
from loyalty_plugin.queries.programmes import version_at
from loyalty_plugin.services import price_lists
from tests import factories
from tests.doors.goodskit import FewGoods, goods
from tests.factories import NOW

__all__ = ["goods"]


@pytest.mark.django_db
def test_a_draft_says_what_members_will_pay() -> None:
    plain = version_at(factories.programme().pk, NOW)
    tier = plain.document.tier_codes[-1]

    def version(number: int, off: int, **prices: Any) -> Any:
        perk = {"id": "p", "perk": "tier_discount", "params": {"rates": {tier: off}, "products": ["shirt"]}}
        every = {"id": "q", "perk": "tier_discount", "params": {"rates": {tier: off}}}
        document = factories.document(perks=[every, perk], prices=prices)
        return replace(plain, id=-number, document=parse_document(document))

    day = NOW.date()
    assert price_examples(plain, plain, day) == []
    old, new = version(1, 1000), version(2, 2000, vouchers="apart")
    found = [one for one in price_examples(old, new, day) if one.differs]
    assert [(one.everybody, one.before, one.after, one.with_voucher) for one in found] == [
        ("100.00 EUR", "90.00 EUR", "80.00 EUR", "90.00 EUR"),
        ("100.00 EUR", "90.00 EUR", "80.00 EUR", "90.00 EUR"),
    ]
    assert "on sale at 75.00 EUR" in price_examples(None, new, day)[len(new.document.ladder)].what
    assert {one.before for one in price_examples(None, new, day)} == {""}


@pytest.mark.django_db
def test_the_shops_own_products_are_examples_with_what_is_left_to_the_shop(goods: FewGoods) -> None:
    of = factories.programme()
    plain = version_at(of.pk, NOW)
    tier = plain.document.tier_codes[-1]
    made = price_lists.create(SYSTEM, programme_id=of.pk, code="gold", name="Gold", now=NOW)
    made.prices.create(variant_id="v-sencha", amount=1500)
    perks = [
        {"id": "p", "perk": "tier_discount", "params": {"rates": {tier: 5000}}},
        {"id": "g", "perk": "price_list", "params": {"list": "gold"}},
    ]
    new = replace(plain, id=-3, document=parse_document(factories.document(perks=perks)))
    assert own_examples(None, plain, NOW) == ([], False)
    found, silent = own_examples(plain, new, NOW)
    assert not silent
    told = {one.goods.id: one for one in found}
    assert (told["v-pot"].list_price, told["v-pot"].sale) == ("50.00 EUR", "30.00 EUR")
    pot, sencha = told["v-pot"].prices[-1], told["v-sencha"].prices
    assert (pot.before, pot.after, pot.with_voucher, pot.left) == (
        "30.00 EUR",
        "25.00 EUR",
        "22.50 EUR",
        "45",
    )
    assert [(one.after, one.left) for one in (sencha[0], sencha[-1])] == [
        ("15.00 EUR", "67.5"),
        ("10.00 EUR", "45"),
    ]
    goods.silent = True
    cache.clear()
    assert own_examples(plain, new, NOW) == ([], True)
