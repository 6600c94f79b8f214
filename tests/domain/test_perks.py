"""Member prices: the best one, never above the promotion, and a base on which Saleor's promotion lands on it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from loyalty_plugin import registry
from loyalty_plugin.domain.facts import CheckoutLineFact
from loyalty_plugin.domain.perks import Setting, barred_lines, base_for, corrected_base, quote, resolve_perks
from loyalty_plugin.domain.perks.terms import PerkTerms, PriceTerms
from loyalty_plugin.testing.occasions import checkout_lines
from tests.domain.earning_cases import a_member
from tests.scale import scaled

DAY = date(2026, 6, 15)
VIP = a_member(tier="vip")


def _line(list_price: int, promotion: int | None = None, **more: Any) -> CheckoutLineFact:
    price = list_price if promotion is None else promotion
    values: dict[str, Any] = {"product_id": "shirt", "variant_id": "v", "quantity": 1, "unit_price": price}
    return CheckoutLineFact("line", list_price=list_price, promotion_price=price, **{**values, **more})


def _perks(*entries: dict[str, Any]) -> Any:
    terms = [
        PerkTerms.model_validate({"id": f"p{n}", "perk": "tier_discount", **entry})
        for n, entry in enumerate(entries)
    ]
    return resolve_perks(terms, registry.perks.get)


def _off(points: int, **more: Any) -> dict[str, Any]:
    return {"params": {"rates": {"vip": points}, **more}}


def saleor(base: int, percent: int) -> int:
    """What Saleor charges for a base price under a percentage promotion: half a minor unit rounds up."""
    return (base * (100 - percent) * 2 + 100) // 200


@pytest.mark.parametrize(
    ("line", "perks", "price", "base", "perk"),
    [
        (_line(3500), [_off(2000)], 2800, 2800, "p0"),
        (_line(3500), [_off(1000), _off(2000)], 2800, 2800, "p1"),
        (_line(3500), [_off(2000), _off(2000)], 2800, 2800, "p0"),
        (_line(5000, 3000), [_off(5000)], 2500, 4167, "p0"),
        (_line(5000, 3000), [_off(4000)], 3000, None, ""),
        (_line(5000, 3000), [_off(2000)], 3000, None, ""),
        (_line(999), [_off(1000)], 899, 899, "p0"),
        (_line(999), [_off(1000, rounding="half_up")], 899, 899, "p0"),
        (_line(999), [_off(1000, rounding="up")], 900, 900, "p0"),
        (_line(999), [_off(1000, step=5)], 895, 895, "p0"),
        (_line(999), [_off(1000, step=50, rounding="half_up")], 900, 900, "p0"),
        (_line(3500), [_off(2000, products=["shirt"])], 2800, 2800, "p0"),
        (_line(3500), [_off(2000, products=["shoe"])], 3500, None, ""),
        (_line(3500, category_id="c"), [_off(2000, categories=["c"])], 2800, 2800, "p0"),
        (_line(3500, collection_ids=frozenset("ab")), [_off(2000, collections=["b"])], 2800, 2800, "p0"),
        (_line(3500), [{**_off(2000), "tiers": ["premium"]}], 3500, None, ""),
        (_line(3500), [{**_off(2000), "when": {"weekdays": ["mon"]}}], 2800, 2800, "p0"),
        (_line(3500), [{**_off(2000), "when": {"weekdays": ["tue"]}}], 3500, None, ""),
        (_line(3500), [{**_off(2000), "when": {"channels": ["shop"]}}], 3500, None, ""),
        (_line(3500), [{**_off(2000), "when": {"until_day": "2026-06-14"}}], 3500, None, ""),
        (_line(3500, gift_card=True), [_off(2000)], 3500, None, ""),
        (_line(3500, 0, is_gift=True), [_off(2000)], 0, None, ""),
        # A price of nothing is no member price: the quantity of a free line can be raised by anybody.
        (_line(1), [_off(9000)], 1, None, ""),
        (_line(3500), [{"perk": "gone"}], 3500, None, ""),
        (_line(3500), [], 3500, None, ""),
    ],
)
def test_quotes(
    line: CheckoutLineFact, perks: list[dict[str, Any]], price: int, base: int | None, perk: str
) -> None:
    (quoted,) = quote([line], _perks(*perks), VIP, Setting(DAY, "web"))
    assert (quoted.unit_price, quoted.base, quoted.perk_id) == (price, base, perk)


def test_other_tiers_and_guests_pay_saleors_price() -> None:
    for member in (a_member(), None):
        (quoted,) = quote([_line(5000, 4000)], _perks(_off(5000)), member, Setting(DAY))
        assert (quoted.unit_price, quoted.base, quoted.reason) == (4000, None, "")


def test_a_perk_that_is_gone_or_refuses_its_settings_is_kept_and_marked() -> None:
    gone, refused = _perks({"perk": "gone"}, {"params": {"rates": {}}})
    assert (gone.trouble, refused.trouble) == ("missing_extension", "params_refused")


@given(st.integers(1, 1_000_000), st.integers(1, 95), st.integers(1, 9_999))
def test_saleors_own_percentage_lands_on_the_price(list_price: int, percent: int, off: int) -> None:
    promotion = saleor(list_price, percent)
    (quoted,) = quote([_line(list_price, promotion)], _perks(_off(off)), VIP, Setting(DAY))
    if quoted.base is None:
        assert quoted.unit_price == promotion
        return
    assert quoted.unit_price < promotion
    charged = saleor(quoted.base, percent)
    assert charged <= quoted.unit_price
    if list_price >= 200:  # the percentage shows in the two prices
        assert charged == quoted.unit_price


@given(checkout_lines(), st.integers(1, 9_999), st.integers(1, 9_999))
# The greater discount would make it free, which is no member price: so the lesser one holds.
@example(_line(2), 1, 5_001)
def test_perks_do_not_add_up_and_their_order_is_irrelevant(
    line: CheckoutLineFact, one: int, two: int
) -> None:
    def price(*off: int) -> int:
        return quote([line], _perks(*map(_off, off)), VIP, Setting(DAY))[0].unit_price

    assert price(one, two) == price(two, one) == min(price(one), price(two))


@given(checkout_lines(), st.integers(1, 9_999), st.integers(1, 100))
def test_the_quantity_is_irrelevant(line: CheckoutLineFact, off: int, quantity: int) -> None:
    perks = _perks(_off(off))
    assert quote([line], perks, VIP, Setting(DAY)) == quote(
        [replace(line, quantity=quantity)], perks, VIP, Setting(DAY)
    )


def test_a_promotion_of_four_per_cent_comes_back_to_the_cent() -> None:
    assert (
        base_for(3325, 3500, 3360) == 3464
    )  # seen at a real Saleor: 34.63 was charged as 33.24, 34.64 as 33.25


def test_a_fixed_reduction_is_mended_from_the_answer() -> None:
    sent = base_for(2500, 5000, 3000)
    charged = sent - 2000  # Saleor took 20.00 off, not 40 %
    corrected = corrected_base(2500, sent, charged, 5000, 3000)
    assert corrected == 4500
    assert corrected - 2000 == 2500


@pytest.mark.parametrize(
    ("target", "sent", "charged", "expected"),
    [(2500, 4166, 2500, None), (2500, 4166, 2499, None), (2500, 4166, 2501, 4165), (2500, 4166, 2400, 4266)],
)
def test_the_answer_is_compared_with_the_promise(
    target: int, sent: int, charged: int, expected: int | None
) -> None:
    assert corrected_base(target, sent, charged, 5000, 3000) == expected


def _priced(line: CheckoutLineFact, perks: Any, **rule: Any) -> tuple[int, str, tuple[str, ...]]:
    (quoted,) = quote(
        [line], perks, VIP, Setting(DAY, "web", currency="EUR"), PriceTerms.model_validate(rule)
    )
    return quoted.unit_price, quoted.why_not, tuple(part.perk_id for part in quoted.parts)


TEN, TWENTY = _off(1000), _off(2000)
FIVE_LESS: dict[str, Any] = {"perk": "amount_off", "params": {"amount": "5.00"}}


@pytest.mark.parametrize(
    ("rule", "line", "perks", "expected"),
    [
        ({}, _line(10_000), [TEN, TWENTY], (8000, "", ("p1",))),
        ({"combine": "chain"}, _line(10_000), [TEN, TWENTY], (7200, "", ("p0", "p1"))),
        ({"combine": "sum"}, _line(10_000), [TEN, TWENTY], (7000, "", ("p0", "p1"))),
        # The order matters in a chain only.
        ({"combine": "chain"}, _line(10_000), [FIVE_LESS, TEN], (8550, "", ("p0", "p1"))),
        ({"combine": "chain"}, _line(10_000), [TEN, FIVE_LESS], (8500, "", ("p0", "p1"))),
        ({"combine": "sum"}, _line(10_000), [TEN, FIVE_LESS], (8500, "", ("p0", "p1"))),
        # What would be free together is not: the best single one holds.
        ({"combine": "sum"}, _line(1000), [_off(6000), _off(5000)], (400, "", ("p0",))),
        ({}, _line(400), [FIVE_LESS], (400, "free", ())),
        # A member day's own prices stand alone, whatever the others give.
        ({}, _line(10_000), [TWENTY, {**TEN, "alone": True}], (9000, "", ("p1",))),
        ({"combine": "chain"}, _line(10_000), [TWENTY, {**TEN, "alone": True}], (9000, "", ("p1",))),
        # The shop's own sales.
        ({}, _line(10_000, 8500), [TWENTY], (8000, "", ("p0",))),
        ({}, _line(10_000, 7000), [TWENTY], (7000, "promotion_better", ())),
        ({"promotions": "on_top"}, _line(10_000, 7000), [TWENTY], (5600, "", ("p0",))),
        ({"promotions": "apart"}, _line(10_000, 8500), [TWENTY], (8500, "promotion_apart", ())),
        ({"promotions": "apart"}, _line(10_000), [TWENTY], (8000, "", ("p0",))),
        # Floors: the nearest counts, the sale may be below, and it says so.
        ({"floors": [{"share": 9000}]}, _line(10_000), [TWENTY], (9000, "", ("p0",))),
        ({"floors": [{"share": 5000}]}, _line(10_000), [TWENTY], (8000, "", ("p0",))),
        ({"floors": [{"share": 10_000}]}, _line(10_000), [TWENTY], (10_000, "floor", ())),
        ({"floors": [{"amount": 99_999}]}, _line(10_000), [TWENTY], (10_000, "below_floor", ())),
        ({"floors": [{"share": 9000}]}, _line(10_000, 8500), [TWENTY], (8500, "below_floor", ())),
        (
            {"floors": [{"share": 9000}, {"share": 8500, "products": ["shirt"]}]},
            _line(10_000), [TWENTY], (8500, "", ("p0",)),
        ),
        (
            {"floors": [{"share": 9500, "categories": ["c"]}, {"share": 100, "products": ["shirt"]}]},
            _line(10_000, category_id="c"), [TWENTY], (8000, "", ("p0",)),
        ),
        ({"floors": [{"share": 5000, "amount": 9100}]}, _line(10_000), [TWENTY], (9100, "", ("p0",))),
        # Rounded once, by the programme's rule.
        ({}, _line(999), [TEN], (899, "", ("p0",))),
        ({"rounding": "up"}, _line(999), [TEN], (900, "", ("p0",))),
        ({"rounding": "half_up", "step": 50}, _line(999), [TEN], (900, "", ("p0",))),
        ({"floors": [{"share": 9001}], "step": 5}, _line(999), [TEN], (900, "", ("p0",))),
    ],
)  # fmt: skip
def test_one_rule_for_all_perks(
    rule: dict[str, Any], line: CheckoutLineFact, perks: list[dict[str, Any]], expected: Any
) -> None:
    assert _priced(line, _perks(*perks), **rule) == expected


@pytest.mark.parametrize(
    ("line", "perks", "voucher", "why"),
    [
        (_line(1000, gift_card=True), [TEN], "", "gift_card"),
        (_line(1000, is_gift=True), [TEN], "", "gift_line"),
        (_line(1000), [], "", "no_perk"),
        (_line(1000), [{**TEN, "tiers": ["premium"]}], "", "other_tier"),
        (_line(1000), [{"params": {"rates": {"premium": 5}}}], "", "other_tier"),
        (_line(1000), [{**TEN, "members": [77]}], "", "other_tier"),
        (_line(1000), [{**TEN, "when": {"weekdays": ["tue"]}}], "", "not_now"),
        (_line(1000), [{**TEN, "when": {"weekdays": ["tue"], "products": ["shoe"]}}], "", "no_perk"),
        (_line(1000), [{"perk": "gone"}], "", "perk_unavailable"),
        # What stands in the way is told before what is merely not for this member.
        (_line(1000), [{**TEN, "tiers": ["premium"]}, {**TEN, "when": {"weekdays": ["tue"]}}], "", "not_now"),
        (_line(1000), [TEN], "SPRING", "voucher_apart"),
        (_line(1000), [{"perk": "members_only", "params": {"products": ["shirt"]}, "tiers": ["premium"]}], "",
         "members_only"),
    ],
)  # fmt: skip
def test_a_line_without_a_member_price_says_why(
    line: CheckoutLineFact, perks: list[dict[str, Any]], voucher: str, why: str
) -> None:
    setting = Setting(DAY, "web", voucher=voucher)
    (quoted,) = quote([line], _perks(*perks), VIP, setting, PriceTerms(vouchers="apart"))
    assert (quoted.base, quoted.why_not, quoted.barred) == (None, why, why == "members_only")


def test_a_kept_product_is_sold_to_those_who_have_the_perk() -> None:
    gate = {"perk": "members_only", "params": {"products": ["shirt"]}, "tiers": ["vip"]}
    line = _line(1000)
    assert barred_lines([line], _perks(gate), None, Setting(DAY)) == {"line"}
    assert barred_lines([line], _perks(gate), a_member(), Setting(DAY)) == {"line"}
    assert not barred_lines([line], _perks(gate), VIP, Setting(DAY))
    assert not barred_lines(
        [line], _perks(gate | {"when": {"channels": ["shop"]}}), None, Setting(DAY, "web")
    )


@settings(max_examples=scaled(60, 2000))
@given(checkout_lines(), st.lists(st.integers(1, 9_999), min_size=1, max_size=3), st.sampled_from(["best", "sum", "chain"]),
       st.integers(1, 10_000), st.sampled_from(["down", "half_up", "up"]), st.sampled_from([1, 5, 100]))  # fmt: skip
def test_no_rule_goes_below_the_floor_or_above_the_shops_price(
    line: CheckoutLineFact, off: list[int], combine: Any, share: int, rounding: Any, step: int
) -> None:
    terms = PriceTerms.model_validate(
        {"combine": combine, "floors": [{"share": share}], "rounding": rounding, "step": step}
    )
    (quoted,) = quote([line], _perks(*map(_off, off)), VIP, Setting(DAY), terms)
    if quoted.base is None:
        assert quoted.unit_price == line.promotion_price
        assert quoted.why_not
    else:
        assert terms.floor(line) <= quoted.unit_price < line.promotion_price
        assert not quoted.why_not
        assert quoted.parts
        assert quoted.unit_price % step == 0
