"""Price lists: a file is told row by row before it is done, wrong rows refuse the whole, a change is undone exactly."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.cache import cache
from django.db.models import ProtectedError

from loyalty_plugin.admin.price_lists import FAULTS as WORDS
from loyalty_plugin.admin.words import OPERATIONS
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.facts import CheckoutLineFact
from loyalty_plugin.domain.price_lists import FAULTS, MOST_ROWS, MOST_SKUS, plan
from loyalty_plugin.domain.programmes.parse import parse_document
from loyalty_plugin.errors import InvalidInput, PriceFileRefused, PriceListChanged, SaleorUnreachable
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.prices import PriceChange, PriceList
from loyalty_plugin.queries.offers import newcomer, quote_lines
from loyalty_plugin.queries.price_lists import whole_list
from loyalty_plugin.queries.programmes import version_at
from loyalty_plugin.services import price_lists, programmes
from tests import factories
from tests.doors.goodskit import FewGoods, goods
from tests.doors.test_admin import BASE, staff, text_of
from tests.factories import NOW

__all__ = ["goods"]


def _planned(text: str, currency: str = "EUR", **more: Any) -> Any:
    rows = [line.split("|") for line in text.splitlines()]
    given: dict[str, Any] = {"channels": ["web"], "known": {}, "replace": False, **more}
    return plan(rows, currency=currency, **given)


@pytest.mark.parametrize(
    ("row", "currency", "code"),
    [
        ("v1||", "EUR", "price_missing"),
        ("||5", "EUR", "variant_missing"),
        (f"{'v' * 65}||5", "EUR", "variant_too_long"),
        ("v1||cheap", "EUR", "not_a_price"),
        ("v1||0", "EUR", "not_a_price"),
        ("v1||-5", "EUR", "not_a_price"),
        ("v1||1e3", "EUR", "not_a_price"),
        ("v1||٣", "EUR", "not_a_price"),
        ("v1||99999999999999999999", "EUR", "not_a_price"),
        ("v1||1,250.00", "EUR", "thousands_separator"),
        ("v1||12,50", "EUR", "thousands_separator"),
        ("v1||1 250", "EUR", "thousands_separator"),
        ("v1||1.234", "EUR", "price_decimals"),
        ("v1||1.5", "JPY", "price_decimals"),
        ("v1||5 USD", "EUR", "other_currency"),
        ("v1|mars|5", "EUR", "foreign_channel"),
        ("v0||5", "EUR", "row_twice"),
    ],
)
def test_a_row_that_cant_be_right_is_refused_by_name(row: str, currency: str, code: str) -> None:
    found = _planned(f"Variant|Channel|Price\nv0||7\n{row}", currency)
    assert [(one.row, one.code) for one in found.faults] == [(3, code)]


def test_every_refusal_has_words_and_a_file_without_its_columns_is_refused() -> None:
    assert set(WORDS) == set(FAULTS)
    assert [one.code for one in _planned("name|colour").faults] == ["no_variant_column", "no_price_column"]
    assert [one.code for one in _planned("").faults] == ["no_variant_column", "no_price_column"]


def test_a_plan_says_what_is_new_other_as_it_is_and_gone() -> None:
    known = {("v1", ""): 500, ("v2", "web"): 700, ("v3", ""): 900}
    text = "会员价|规格编号|渠道\n5.00 EUR|v1|\n6.5|v2|web\n8|v4|\n||"
    kept = _planned(text, known=known)
    assert [(one.variant_id, one.before, one.after) for one in kept.effects] == [
        ("v2", 700, 650),
        ("v4", None, 800),
    ]
    assert (kept.unchanged, kept.faults) == (1, ())
    whole = _planned(text, known=known, replace=True)
    assert [(one.variant_id, one.after) for one in whole.effects][-1] == ("v3", None)


def test_fifty_thousand_rows_are_read_and_too_many_refused() -> None:
    rows: Any = (["variant", "price"] if not n else [f"v{n}", "1.00"] for n in range(50_001))
    assert len(plan(rows, currency="EUR", channels=(), known={}, replace=False).effects) == 50_000
    rows = (["variant", "price"] if not n else [f"v{n}", "1.00"] for n in range(MOST_ROWS + 5))
    (fault,) = plan(rows, currency="EUR", channels=(), known={}, replace=False).faults
    assert fault.code == "too_many_rows"


def a_list() -> PriceList:
    return price_lists.create(
        SYSTEM, programme_id=factories.programme().pk, code="gold", name="Gold", now=NOW
    )


def _change(of: PriceList, text: str, *, done: bool = True, replacing: bool = False) -> PriceChange:
    change = price_lists.propose(
        SYSTEM, list_id=of.pk, content=text.encode(), source="p.csv", replace=replacing, now=NOW
    )
    return price_lists.apply(SYSTEM, change_id=change.pk, now=NOW) if done else change


@pytest.mark.django_db
def test_a_change_is_shown_then_done_once_then_undone_exactly() -> None:
    of = a_list()
    _change(of, "variant,price\nv1,5.00\nv2,7.00\n")
    before = whole_list(of)
    second = _change(of, "variant;price\nv1;4.00\nv3;9.00\n", done=False, replacing=True)
    assert whole_list(of) == before
    price_lists.apply(SYSTEM, change_id=second.pk, now=NOW)
    assert whole_list(of) == {("v1", ""): 400, ("v3", ""): 900}
    price_lists.apply(SYSTEM, change_id=second.pk, now=NOW)
    price_lists.undo(SYSTEM, change_id=second.pk, now=NOW)
    assert whole_list(of) == before
    told = AuditRecord.objects.filter(target=f"price_list:{of.pk}").order_by("pk")
    assert [one.operation for one in told] == [
        "price_list.create", "price_list.propose", "price_list.change", "price_list.propose", "price_list.change",
        "price_list.undo",
    ]  # fmt: skip
    assert {one.operation for one in told} <= OPERATIONS.keys()
    with pytest.raises(ProtectedError):
        of.delete()


@pytest.mark.django_db
def test_what_moved_since_it_was_shown_is_neither_done_nor_undone() -> None:
    of = a_list()
    first = _change(of, "variant,price\nv1,5.00\n")
    late = _change(of, "variant,price\nv1,4.00\n", done=False)
    _change(of, "variant,price\nv1,6.00\n")
    for act, change in ((price_lists.apply, late), (price_lists.undo, first)):
        with pytest.raises(PriceListChanged):
            act(SYSTEM, change_id=change.pk, now=NOW)
    assert whole_list(of) == {("v1", ""): 600}


@pytest.mark.django_db
def test_files_that_are_no_tables_wrong_rows_and_taken_codes_are_refused() -> None:
    of = a_list()
    for content in (
        b"PK\x03\x04 not a zip",
        b"\xff\xfe\x00v",
        b"a\x00b",
        b"x" * (price_lists.MOST_BYTES + 1),
    ):
        with pytest.raises(PriceFileRefused):
            price_lists.propose(SYSTEM, list_id=of.pk, content=content, source="", replace=False, now=NOW)
    with pytest.raises(PriceFileRefused):
        _change(of, "variant,price\nv1,cheap\n")
    for code in ("gold", "no code", ""):
        with pytest.raises(InvalidInput):
            price_lists.create(SYSTEM, programme_id=of.programme_id, code=code, name="x", now=NOW)
    assert whole_list(of) == {}


@pytest.mark.django_db
def test_a_sheet_is_read_as_it_shows_its_numbers() -> None:
    of, book = a_list(), openpyxl.Workbook()
    assert book.active is not None
    for row in (["variant", "price"], ["v1", 19.99], ["v2", 5]):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    change = price_lists.propose(
        SYSTEM, list_id=of.pk, content=file.getvalue(), source="p.xlsx", replace=False, now=NOW
    )
    price_lists.apply(SYSTEM, change_id=change.pk, now=NOW)
    assert whole_list(of) == {("v1", ""): 1999, ("v2", ""): 500}


def _packed(**parts: bytes) -> bytes:
    """A sheet with some of its parts replaced, by the ends of their names."""
    book, whole, changed = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    book.save(whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, parts.get(Path(name).stem, old.read(name)))
    return changed.getvalue()


def test_a_broken_sheet_is_refused_whatever_is_broken_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for content in (_packed(sheet1=b"<broken"), _packed(styles=b""), b"PK"):
        with pytest.raises(PriceFileRefused) as refused:
            list(price_lists.table(content))
        assert refused.value.details["reason"] == "not_a_table"
    monkeypatch.setattr(price_lists, "MOST_UNPACKED", 10_000)
    with pytest.raises(PriceFileRefused) as refused:
        list(price_lists.table(_packed(theme1=bytes(10_001))))
    assert refused.value.details["reason"] == "too_large"


@pytest.mark.django_db
def test_the_perk_takes_the_channels_own_price_in_one_query(django_assert_num_queries: Any) -> None:
    perk = {"id": "gold", "perk": "price_list", "params": {"list": "gold"}}
    programme = factories.programme()
    of = price_lists.create(SYSTEM, programme_id=programme.pk, code="gold", name="Gold", now=NOW)
    slug = programme.channels.get().slug
    _change(of, f"variant,channel,price\nv1,,8.00\nv1,{slug},7.00\nv2,,99.00\n")
    document = parse_document(factories.document(perks=[perk]))
    version = replace(version_at(programme.pk, NOW), id=-1, document=document)
    lines = [CheckoutLineFact(v, v, "p", 1, 1000, 1000, 1000) for v in ("v1", "v2", "v3")]
    with django_assert_num_queries(1):
        found = quote_lines(version, newcomer(version, NOW), lines, now=NOW, channel=slug)
    assert [(one.unit_price, str(one.why_not)) for one in found] == [
        (700, ""), (1000, "promotion_better"), (1000, "no_perk"),
    ]  # fmt: skip
    other = quote_lines(version, newcomer(version, NOW), lines[:1], now=NOW, channel="other")
    assert other[0].unit_price == 800


@pytest.mark.django_db
def test_a_marketer_may_prepare_and_who_publishes_does_it() -> None:
    of = a_list()
    change = _change(of, "variant,price\nv1,5.00\n", done=False)
    address, marketer = f"{BASE}/programme/prices/changes/{change.pk}/", staff("marketer")
    assert "Somebody who may publish" in text_of(marketer.get(address))
    assert marketer.post(address, {"apply": ""}).status_code in (302, 403)
    assert whole_list(of) == {}
    assert staff("clerk").get(address).status_code in (302, 403)


@pytest.mark.django_db
def test_the_pages_show_a_list_a_file_and_its_undoing() -> None:
    of, client = a_list(), staff("owner")
    assert "Gold" in text_of(client.get(f"{BASE}/programme/prices/"))
    page = f"{BASE}/programme/prices/{of.pk}/"
    wrong = io.BytesIO(b"variant,price\nv1,cheap\n")
    wrong.name = "wrong.csv"
    shown = text_of(client.post(page, {"file": wrong}, follow=True))
    assert "This is no price above zero." in shown
    assert "Change these prices" not in shown
    file = io.BytesIO(b"variant,price\nv1,5.00\n")
    file.name = "right.csv"
    shown = text_of(client.post(page, {"file": file}, follow=True))
    assert "1 new price" in shown
    change = of.changes.latest("pk")
    address = f"{BASE}/programme/prices/changes/{change.pk}/"
    assert "Undo" in text_of(client.post(address, {"apply": ""}, follow=True))
    assert "5.00 EUR" in text_of(client.get(page))
    client.post(address, {"undo": ""})
    assert whole_list(of) == {}


@pytest.mark.django_db
def test_a_draft_that_names_no_list_of_the_programme_is_refused() -> None:
    of = a_list()
    terms = {
        "perks": [{"id": "p", "perk": "price_list", "params": {"list": name}} for name in ("gold", "silver")]
    }
    terms["perks"][1]["id"] = "q"
    draft = programmes.save_draft(
        SYSTEM, programme_id=of.programme_id, document=factories.document(**terms), now=NOW
    )
    assert programmes.draft_problems(draft, NOW) == [
        {"path": "perks.1.params.list", "problem": "unknown_price_list"}
    ]


@pytest.mark.django_db
def test_a_file_may_name_skus_and_a_strange_one_is_refused_by_name(goods: FewGoods) -> None:
    of = a_list()
    _change(of, "Artikelnummer,variant,price\nS-100,,5.00\n,v9,6.00\nS-100,v8,7.00\n")
    assert whole_list(of) == {("v-sencha", ""): 500, ("v9", ""): 600, ("v8", ""): 700}
    wrong = _change(of, "sku,price\nS-100,5.00\nNO-SUCH,1.00\nPOT,2.00\nPOT,3.00\n", done=False)
    assert [(row, code) for row, code, _text in wrong.faults] == [(3, "unknown_sku"), (5, "row_twice")]
    many = "sku,price\n" + "".join(f"s{number},1.00\n" for number in range(MOST_SKUS + 1))
    asked = goods.questions
    assert [code for _row, code, _text in _change(of, many, done=False).faults] == ["too_many_skus"]
    assert goods.questions == asked
    goods.silent = True
    with pytest.raises(SaleorUnreachable):
        _change(of, "sku,price\nS-100,5.00\n", done=False)


@pytest.mark.django_db
def test_one_price_is_set_by_hand_from_what_the_shop_has(goods: FewGoods) -> None:
    of, owner = a_list(), staff("owner")
    page = f"{BASE}/programme/prices/{of.pk}/"
    assert "No price yet" in text_of(owner.get(page))
    shown = owner.get(f"{page}choose/", {"q": "sen"}).content.decode()
    assert "Sencha 玉露" in shown
    assert "variant=v-sencha" in shown
    address = f"{page}price/?variant=v-sencha"
    assert "Enter an amount in EUR" in text_of(owner.post(address, {"price": "cheap", "channel": ""}))
    shown = text_of(owner.post(address, {"price": "4.50", "channel": ""}, follow=True))
    assert "1 new price" in shown
    assert whole_list(of) == {}
    change = of.changes.get()
    owner.post(f"{BASE}/programme/prices/changes/{change.pk}/", {"apply": ""})
    assert whole_list(of) == {("v-sencha", ""): 450}
    shown = text_of(owner.get(page, {"q": "sencha"}))
    assert "100 g · S-100" in shown
    assert "by hand" in shown
    owner.post(address, {"price": "", "channel": ""})
    taken = of.changes.latest("pk")
    assert taken.effects == [["v-sencha", "", 450, None]]
    price_lists.apply(SYSTEM, change_id=taken.pk, now=NOW)
    price_lists.undo(SYSTEM, change_id=taken.pk, now=NOW)
    assert whole_list(of) == {("v-sencha", ""): 450}
    for wrong in ({"variant_id": "", "channel": ""}, {"variant_id": "v", "channel": "mars"}):
        with pytest.raises(InvalidInput):
            price_lists.propose_price(SYSTEM, list_id=of.pk, amount=1, now=NOW, **wrong)
    for amount in (0, -1, 10**18):
        with pytest.raises(InvalidInput):
            price_lists.propose_price(
                SYSTEM, list_id=of.pk, variant_id="v", channel="", amount=amount, now=NOW
            )
    goods.silent = True
    cache.clear()
    assert "shown by their ids" in text_of(owner.get(page))
    assert "The shop does not answer" in text_of(owner.get(f"{page}choose/"))
