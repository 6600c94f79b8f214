"""The shop's own pages in a small host: every example of the docs, prices and blocks."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import RequestFactory
from django.utils import translation

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.perks import WhyNot
from loyalty_plugin.errors import InvalidInput
from loyalty_plugin.queries.explanations.offers import why_no_member_price
from loyalty_plugin.services.cards import issue_card
from loyalty_plugin.services.orders.apply import apply_orders
from loyalty_plugin.storefront import words
from loyalty_plugin.storefront.blocks import storefront_blocks
from loyalty_plugin.storefront.prices import Offer, price_blocks, saleor_offer
from tests.doors.storefrontkit import CART, OFFER, OFFERS, RULES, plain, render, shop, sign_in
from tests.factories import NOW, gift, member, order, programme, reserve

__all__ = ["shop"]
pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]
EXAMPLES = re.findall(r"```django\n(.*?)```", (ROOT / "docs/storefront.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("text", EXAMPLES)
@pytest.mark.parametrize("who", ["guest", "member", "nobody's shop"])
def test_every_example_of_the_docs_works(text: str, who: str) -> None:
    if who != "nobody's shop":
        club = programme(RULES)
        if who == "member":
            of = member(club)
            apply_orders([order(of, 5_000)], now=NOW)
            issue_card(SYSTEM, member_id=of.pk, now=NOW)
            sign_in(of)
    shown = render(text, offer=OFFER, offers=OFFERS, cart=CART)
    assert "None" not in plain(shown)
    tags = r"(div|section|ul|form|p|span)\b"
    assert len(re.findall("<" + tags, shown)) == len(re.findall("</" + tags, shown))
    if who != "nobody's shop" and "badge" not in text and "check_in" not in text:
        assert shown.strip()


def test_the_docs_show_every_tag() -> None:
    source = (ROOT / "loyalty_plugin/templatetags/loyalty.py").read_text()
    ours = set(re.findall(r"def (loyalty_\w+)", source)) - {"loyalty_qr", "loyalty_css"}
    assert ours == set(re.findall(r"\{% (loyalty_\w+)", " ".join(EXAMPLES)))


def test_a_guest_sees_the_shops_price_and_what_members_pay() -> None:
    programme(RULES)
    assert (
        plain(render("{% load loyalty %}{% loyalty_price offer %}", offer=OFFER))
        == "€68.00 Members pay €64.60 — join free"
    )
    assert "<a " not in render("{% load loyalty %}{% loyalty_price offer False %}", offer=OFFER)


def test_a_member_sees_their_price_first_and_the_tier_it_is_from() -> None:
    sign_in(member(programme(RULES)))
    shown = plain(render("{% load loyalty %}{% loyalty_price offer %}", offer=OFFER))
    assert shown == "Your member price €64.60 List €68.00 Basic price"


def test_a_sale_that_is_as_good_stays() -> None:
    sign_in(member(programme(RULES)))
    shown = plain(render("{% load loyalty %}{% loyalty_price offer %}", offer=OFFERS[1]))
    assert shown == "Sale price €36.80 Before €46.00 The sale price is the better one, so you keep it."
    assert not price_blocks(None, OFFERS)[1].why


def test_every_reason_for_no_member_price_has_words() -> None:
    told = {why_no_member_price(code) for code in WhyNot if code is not WhyNot.GUEST}
    assert len(told) == len(WhyNot) - 1
    assert why_no_member_price("an_extensions_own") == "No member price on this one."
    assert why_no_member_price("guest") == ""


def test_a_hundred_prices_take_as_many_queries_as_one(django_assert_num_queries: Any) -> None:
    sign_in(member(programme(RULES)))
    many = [Offer(f"V:{n}", f"P:{n}", 1000 + n, 1000 + n, "EUR") for n in range(100)]
    for offers in (many[:1], many):
        with django_assert_num_queries(2):
            assert len(price_blocks(RequestFactory().get("/"), offers)) == len(offers)


def test_an_offer_is_made_of_saleors_answer() -> None:
    answer = json.loads(
        '{"id": "P:1", "category": {"id": "C:1"}, "collections": [{"id": "K:1"}], "productType": {"kind": "GIFT_CARD"},'
        ' "variants": [{"id": "V:1", "pricing": {"price": {"gross": {"amount": "12.50", "currency": "EUR"}}}},'
        ' {"id": "V:2", "pricing": null}]}'
    )
    first, second = (saleor_offer(answer, variant) for variant in answer["variants"])
    assert first == Offer("V:1", "P:1", 1250, 1250, "EUR", "C:1", frozenset({"K:1"}), gift_card=True)
    assert second is None
    answer["variants"][0]["pricing"]["price"]["gross"]["amount"] = 12.5
    with pytest.raises(InvalidInput):
        saleor_offer(answer, answer["variants"][0])


@pytest.mark.parametrize(
    ("language", "shown"), [("en", "€1,234.50"), ("de", "1.234,50\xa0€"), ("zh-hans", "€1234.50")]
)
def test_money_is_written_as_the_reader_does(language: str, shown: str) -> None:
    with translation.override(language):
        assert words.money(123450, "EUR") == shown
    assert words.money(-1200, "KWD") == "\N{MINUS SIGN}1.200\xa0KWD"


@pytest.mark.parametrize(("name", "block"), storefront_blocks())
def test_every_block_renders(name: str, block: Any) -> None:
    of = member(programme(RULES))
    for visit in range(2):
        value = block.to_python({"title": "A heading of ours"})
        shown = block.render(value, context={"request": RequestFactory().get("/"), "loyalty_cart": CART})
        assert "A heading of ours" in shown, name
        assert "<form" in shown or "lp-" in shown, visit
        sign_in(of)


def test_a_gift_is_shown_with_its_code_while_it_can_be_taken() -> None:
    of = member(programme(RULES))
    gift(of)
    gift(of, title="Used tea", code="GIFT-USED", occasion="birthday:2025", status="used")
    gift(
        of,
        title="Old tea",
        code="GIFT-OLD",
        occasion="birthday:2024",
        last_day=NOW.date() - timedelta(days=1),
    )
    sign_in(of)
    text = plain(render("{% load loyalty %}{% loyalty_membership %}"))
    assert "A gift for you House tea Put it into your cart and enter this code: GIFT-ABCD2345EFGH" in text
    assert "USED" not in text
    assert "OLD" not in text
    sign_in(member(of.programme))
    assert "GIFT-" not in render("{% load loyalty %}{% loyalty_membership %}")


def test_what_is_reserved_is_shown_with_its_end() -> None:
    of = member(programme(RULES))
    reserve(of, 40)
    sign_in(of)
    text = plain(render("{% load loyalty %}{% loyalty_membership %}"))
    assert "Reserved 40 until March 2, 2026, 2 p.m." in text, text


@pytest.mark.parametrize(
    ("whose", "guest", "basic"),
    [
        ({}, "Only for members. Join free", None),
        (
            {"tiers": ["premium"]},
            "Only for members of the tier Premium.",
            "Only for members of the tier Premium.",
        ),
        ({"members": [999_999]}, "Only for chosen members.", "Only for chosen members."),
    ],
)
def test_whom_goods_are_kept_for_is_told(whose: dict[str, Any], guest: str, basic: str | None) -> None:
    keeping = {"id": "kept", "perk": "members_only", "params": {"products": ["Product:1"]}, **whose}
    club = programme({**RULES, "perks": [*RULES["perks"], keeping]})
    tag = "{% load loyalty %}{% loyalty_price offer %}"
    assert plain(render(tag, offer=OFFER)) == f"€68.00 {guest}"
    assert "Only for" not in plain(render(tag, offer=OFFERS[1]))
    block = price_blocks(RequestFactory().get("/"), [OFFER])[0]
    assert (block.barred, block.joining) == (True, not whose)
    sign_in(member(club))
    shown = plain(render(tag, offer=OFFER))
    assert shown == (f"€68.00 {basic}" if basic else "Your member price €64.60 List €68.00 Basic price")
