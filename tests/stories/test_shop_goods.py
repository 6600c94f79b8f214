"""What the demo shop is made of: goods with pictures, people with a history, and questions a Saleor can answer."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from graphql import build_schema, parse, validate

from sandbox.seed import catalogue, history, pictures
from sandbox.seed.people import PEOPLE
from sandbox.shop import cart, saleor
from sandbox.shop.money import Money
from tests.recorded import FACTS

ROOT = Path(__file__).resolve().parents[2]


# -- data ------------------------------------------------------------------------------------------------
def test_every_product_has_a_picture_that_is_drawn_the_same_each_time() -> None:
    assert {goods.slug for goods in catalogue.GOODS} == set(pictures.PRODUCTS)
    for slug in pictures.PRODUCTS:
        first = pictures.product(slug)
        assert first == pictures.product(slug)
        assert "NaN" not in first
        assert "--" not in first


def test_the_catalogue_is_a_shop_and_not_a_table() -> None:
    departments = {slug for slug, _name, _text in catalogue.CATEGORIES}
    assert len(catalogue.GOODS) >= 30
    assert {goods.category for goods in catalogue.GOODS} == departments
    assert {c for goods in catalogue.GOODS for c in goods.collections} == {
        s for s, _name in catalogue.COLLECTIONS
    }
    skus = [goods.sku(i) for goods in catalogue.GOODS for i in range(len(goods.sizes))]
    assert len(skus) == len(set(skus))
    assert all(cents > 0 for goods in catalogue.GOODS for _name, cents in goods.sizes)


def test_forty_people_and_the_same_half_year_each_time() -> None:
    assert len(PEOPLE) == len({person.email for person in PEOPLE}) == 40
    today = date(2026, 11, 23)
    first, second = list(history.fortnights(today)), list(history.fortnights(today))
    assert first == second
    skus = {goods.sku(i) for goods in catalogue.GOODS for i in range(len(goods.sizes))}
    bought = [purchase for part in first for purchase in part.purchases]
    assert {purchase.person for purchase in bought} == set(PEOPLE)
    for purchase in bought:
        assert purchase.lines
        assert history.joined(purchase.person, today) < purchase.at.date() < today
        assert {sku for sku, _quantity in purchase.lines} <= skus


# -- Saleor ----------------------------------------------------------------------------------------------
SCHEMAS = [ROOT / "sandbox" / "saleor" / "schema.graphql"]
if FACTS is not None:
    SCHEMAS.append(FACTS / "schema.graphql")


@pytest.mark.parametrize("file", SCHEMAS, ids=lambda file: file.parent.name)
def test_what_the_shop_asks_saleor_is_valid(file: Path) -> None:
    schema = build_schema(file.read_text())
    for name, text in saleor.documents().items():
        assert not validate(schema, parse(text)), name


@pytest.mark.parametrize("nonsense", [{}, {"id": 5, "lines": None}, [], "ok", None, {"lines": [{}]}])
def test_an_answer_that_is_no_checkout_shows_no_price(nonsense: Any) -> None:
    with pytest.raises(saleor.Unreachable):
        cart.parse(nonsense)


@pytest.mark.parametrize(
    ("money", "shown"),
    [
        (Money(123456, "EUR"), "€1,234.56"),
        (Money(-500, "EUR"), "\N{MINUS SIGN}€5.00"),
        (Money(1200, "JPY"), "¥1,200"),
        (Money(1, "KWD"), "0.001\N{NO-BREAK SPACE}KWD"),
    ],
)
def test_money_is_shown_with_its_currency(money: Money, shown: str) -> None:
    assert str(money) == shown
