"""Perks as forms: each parameter has a field, what is saved is what the form says, and goods are chosen from the shop."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_plugin import registry
from loyalty_plugin.admin.perks.shapes import Json, shapes_of
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.goods import GoodsKind
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.services import price_lists, programmes
from tests.doors.goodskit import FewGoods, goods
from tests.doors.test_admin import BASE, _frozen_clock, staff, text_of
from tests.factories import NOW, document, programme

__all__ = ["_frozen_clock", "goods"]

pytestmark = pytest.mark.django_db

TIERS = ("basic", "premium")
WHOSE = {"whose_tiers": [], "whose_from_day": "", "whose_until_day": ""}

#: What is typed for a new perk of each kind, and the parameters it makes.
TYPED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    (
        "tier_discount",
        {"rates_premium": "12.5", "goods": ["products:p-pot", "collections:c-spring"]},
        {"rates": {"premium": 1250}, "products": ["p-pot"], "collections": ["c-spring"]},
    ),
    ("percent_off", {"off": "5"}, {"off": 500}),
    ("amount_off", {"amount": "2.50", "goods": ["variants:v-pot"]}, {"amount": "2.5", "variants": ["v-pot"]}),
    (
        "member_day_prices",
        {"rates_basic": "5", "day_kind": "nth_weekday", "day_nth": "-1", "day_weekday": "fri"},
        {"rates": {"basic": 500}, "day": {"kind": "nth_weekday", "nth": -1, "weekday": "fri"}},
    ),
    (
        "member_sale",
        {
            "prices": "S-100 15\nv-pot 25.00\n",
            "from_at": "2026-11-27 10:00",
            "until_at": "",
            "each_member": "2",
        },
        {"prices": {"v-sencha": "15", "v-pot": "25"}, "from_at": "2026-11-27T10:00", "each_member": 2},
    ),
    ("price_list", {"list": "gold"}, {"list": "gold"}),
    (
        "bundle",
        {
            "price": "60",
            "parts-count": "2",
            "part0_goods": ["products:p-pot"],
            "part0_pieces": "1",
            "part1_goods": ["variants:v-sencha"],
            "part1_pieces": "2",
        },
        {
            "price": "60",
            "parts": [{"products": ["p-pot"], "pieces": 1}, {"variants": ["v-sencha"], "pieces": 2}],
        },
    ),
    ("members_only", {"goods": ["products:p-pot"]}, {"products": ["p-pot"]}),
    (
        "birthday_gift",
        {"title": "A pot of tea", "days": "14", "goods": ["products:p-pot"]},
        {"title": "A pot of tea", "days": 14, "products": ["p-pot"]},
    ),
    (
        "member_shipping",
        {"name": "Members' parcel", "amounts_premium": "0", "max_days": "3"},
        {"name": "Members' parcel", "amounts": {"premium": 0}, "max_days": 3},
    ),
]


def draft(**terms: Any) -> ProgrammeVersion:
    of = programme()
    price_lists.create(SYSTEM, programme_id=of.pk, code="gold", name="Gold", now=NOW)
    return programmes.save_draft(SYSTEM, programme_id=of.pk, document=document(**terms), now=NOW)


def perks_in(of: ProgrammeVersion) -> list[dict[str, Any]]:
    of.refresh_from_db()
    return list(of.document["perks"])


def test_every_parameter_of_our_perks_has_a_field_of_its_own():
    ours = {code for code, _typed, _made in TYPED}
    assert ours == {one.code for one in registry.perks if type(one).__module__.startswith("loyalty_plugin.")}
    for code in ours:
        for name, (shape, _needed) in shapes_of(registry.perks.get(code).Params).items():
            special = name in set(GoodsKind) or (code, name) == ("bundle", "parts")
            assert special or not isinstance(shape, Json), (code, name)


@pytest.mark.parametrize(("code", "typed", "made"), TYPED, ids=[code for code, _t, _m in TYPED])
def test_a_perk_is_added_shown_as_it_was_typed_and_saved_again_the_same(
    goods: FewGoods, code: str, typed: dict[str, Any], made: dict[str, Any]
):
    of, owner = draft(), staff("owner")
    answer = owner.post(f"{BASE}/programme/{of.pk}/perks/add/{code}/", WHOSE | typed)
    assert answer.status_code == 302, text_of(answer)
    (entry,) = perks_in(of)
    stated = registry.perks.get(code).Params
    assert stated.model_validate(entry["params"]) == stated.model_validate(made)
    assert programmes.draft_problems(of, NOW) == []
    page = owner.get(f"{BASE}/programme/{of.pk}/perks/{entry['id']}/")
    form = page.context["form"]
    again = {name: field.value() for name, field in ((one, form[one]) for one in form.fields)}
    sent = {name: value for name, value in again.items() if value not in (None, False)}
    if "from_at" in sent:
        sent["from_at"] = sent["from_at"].strftime("%Y-%m-%d %H:%M")
    if code == "bundle":
        sent["parts-count"] = "2"
    assert owner.post(f"{BASE}/programme/{of.pk}/perks/{entry['id']}/", sent).status_code == 302
    assert perks_in(of) == [entry]


def test_what_the_form_cant_say_stays_and_a_perk_is_taken_out(goods: FewGoods):
    entry = {
        "id": "friday",
        "perk": "percent_off",
        "params": {"off": 500},
        "when": {"weekdays": ["fri"], "labels": ["press"]},
    }
    of, owner = draft(perks=[entry]), staff("owner")
    address = f"{BASE}/programme/{of.pk}/perks/friday/"
    assert "It is also limited by: weekdays, labels" in text_of(owner.get(address))
    owner.post(address, {"off": "7.25", "whose_tiers": ["premium"], "whose_until_day": "2027-01-31"})
    (changed,) = perks_in(of)
    assert (changed["params"]["off"], changed["tiers"]) == (725, ["premium"])
    assert changed["when"]["weekdays"] == ["fri"]
    assert (changed["when"]["labels"], changed["when"]["until_day"]) == (["press"], "2027-01-31")
    assert "7.25 % off" in text_of(owner.get(f"{BASE}/programme/{of.pk}/"))
    owner.post(address, {"remove": "1"})
    assert perks_in(of) == []


@pytest.mark.parametrize(
    ("code", "typed", "words"),
    [
        ("percent_off", {"off": "100"}, "above 0 and below 100"),
        ("percent_off", {"off": ""}, "This field is required"),
        ("percent_off", {"off": "5", "goods": ["members:1"]}, ""),
        ("tier_discount", {}, "too small, too large, too short"),
        ("amount_off", {"amount": "1.234"}, "Enter an amount in EUR"),
        ("member_sale", {"off": "5", "prices": "S-100 15"}, "contradict"),
        ("member_sale", {"prices": "NO-SUCH 15"}, "no variant “NO-SUCH”"),
        ("member_sale", {"prices": "S-100"}, "no SKU or variant id"),
        (
            "member_sale",
            {"off": "5", "from_at": "2026-11-28 10:00", "until_at": "2026-11-27 10:00"},
            "ends before",
        ),
        ("members_only", {}, "A value is needed"),
        ("bundle", {"price": "5", "parts-count": "2"}, "too small, too large, too short"),
        (
            "percent_off",
            {"off": "5", "whose_from_day": "2027-02-01", "whose_until_day": "2027-01-01"},
            "ends before",
        ),
    ],
)
def test_what_is_wrong_is_said_and_nothing_saved(goods: FewGoods, code: str, typed: Any, words: str):
    of = draft()
    answer = staff("owner").post(f"{BASE}/programme/{of.pk}/perks/add/{code}/", WHOSE | typed)
    if words:
        assert words in text_of(answer)
        assert perks_in(of) == []
    else:
        assert [one["params"] for one in perks_in(of)] == [{"off": 500}]


def test_goods_are_searched_in_the_form_and_nothing_typed_is_lost(goods: FewGoods):
    of, owner = draft(), staff("owner")
    address = f"{BASE}/programme/{of.pk}/perks/add/percent_off/"
    typed = {
        "off": "5",
        "goods": ["products:p-pot"],
        "goods-kind": "products",
        "goods-q": "玉露",
        "goods-asked": "",
    }
    for way in ({"search": "goods"}, {}):  # its button, or Enter in its field
        page = owner.post(address, WHOSE | typed | way)
        shown = page.content.decode()
        assert 'value="products:p-sencha"' in shown
        assert "Sencha 玉露" in shown
        assert 'value="products:p-pot" checked' in shown
        assert page.context["form"]["off"].value() == "5"
        assert perks_in(of) == []
    asked = goods.questions
    owner.post(address, WHOSE | typed)
    assert goods.questions == asked, "what was found a moment ago is remembered"
    ticked = {**typed, "goods": ["products:p-pot", "products:p-sencha"], "goods-asked": "玉露"}
    assert owner.post(address, WHOSE | ticked).status_code == 302
    assert perks_in(of)[0]["params"]["products"] == ["p-pot", "p-sencha"]


def test_a_silent_shop_is_told_and_hides_nothing(goods: FewGoods):
    goods.silent = True
    entry = {"id": "pots", "perk": "percent_off", "params": {"off": 500, "products": ["p-pot"]}}
    of, owner = draft(perks=[entry]), staff("owner")
    address = f"{BASE}/programme/{of.pk}/perks/pots/"
    page = text_of(owner.get(address))
    assert "shown by its ids" in page
    assert "p-pot" in page
    sent = {"off": "6", "goods": ["products:p-pot"], "goods-q": "tea", "search": "goods"}
    assert "The shop does not answer at the moment" in text_of(owner.post(address, WHOSE | sent))
    assert owner.post(address, WHOSE | {"off": "6", "goods": ["products:p-pot"]}).status_code == 302
    assert perks_in(of)[0]["params"] == {"off": 600, "products": ["p-pot"]}


def test_a_published_perk_is_read_only_and_strangers_are_kept_out(goods: FewGoods):
    entry = {"id": "pots", "perk": "percent_off", "params": {"off": 500}}
    of = programme(document(perks=[entry])).versions.get()
    owner = staff("owner")
    page = owner.get(f"{BASE}/programme/{of.pk}/perks/pots/")
    assert "Save draft" not in text_of(page)
    owner.post(f"{BASE}/programme/{of.pk}/perks/pots/", {"remove": "1"})
    assert len(perks_in(of)) == 1
    assert owner.get(f"{BASE}/programme/{of.pk}/perks/add/percent_off/").status_code == 404
    assert owner.get(f"{BASE}/programme/{of.pk}/perks/nothing/").status_code == 404
    assert staff("clerk").get(f"{BASE}/programme/{of.pk}/perks/pots/").status_code in (302, 403)
