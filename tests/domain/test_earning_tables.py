"""Dated examples of what orders earn, small enough to check by hand; the laws are in test_earning_laws."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from loyalty_plugin.domain.earning.basis import count_order
from loyalty_plugin.domain.earning.terms import Basis
from loyalty_plugin.domain.facts import RemainingCaps
from loyalty_plugin.errors import CurrencyMismatch, InvalidInput
from loyalty_plugin.queries.explanations.sentences import explain, explain_more
from tests.domain.earning_cases import AT, ONE_PER_EURO, a_member, an_order, decided, line

SHIRT = line("shirt", 8000, product_id="shirt", category_id="clothes", undiscounted_gross=10000)
COFFEE = line("coffee", 1250, product_id="coffee", category_id="food", collection_ids=frozenset({"new"}))
CARD = line("card", 5000, net=5000, gift_card=True)
MEMBER_PRICED = line("sale", 2000, member_priced=True)
ORDER = an_order(SHIRT, COFFEE, shipping_gross=500)


@pytest.mark.parametrize(
    ("basis", "order", "total", "left_out"),
    [
        ({}, ORDER, 9250, {"shipping": 500}),
        ({"shipping": True}, ORDER, 9750, {}),
        ({"tax": "excluded"}, ORDER, 7400, {"shipping": 400}),
        ({"tax": "excluded", "shipping": True}, ORDER, 7800, {}),
        ({"discounts": "before"}, ORDER, 11250, {"shipping": 500}),
        ({"discounts": "before", "tax": "excluded"}, ORDER, 9000, {"shipping": 400}),
        ({}, an_order(SHIRT, CARD), 8000, {"gift_card_lines": 5000}),
        ({"gift_card_lines": True}, an_order(SHIRT, CARD), 13000, {}),
        ({}, an_order(SHIRT, MEMBER_PRICED), 10000, {}),
        ({"member_priced": False}, an_order(SHIRT, MEMBER_PRICED), 8000, {"member_priced": 2000}),
        ({}, an_order(SHIRT, COFFEE, gift_card_paid=925), 8325, {"gift_card_paid": 925}),
        ({"gift_card_paid": True}, an_order(SHIRT, COFFEE, gift_card_paid=925), 9250, {}),
        ({}, an_order(SHIRT, gift_card_paid=99999), 0, {"gift_card_paid": 8000}),
        ({}, an_order(line("free", 0)), 0, {}),
    ],
)
def test_what_counts(basis: dict[str, Any], order: Any, total: int, left_out: dict[str, int]) -> None:
    counted = count_order(order, Basis(**basis))
    assert (counted.total, dict(counted.left_out)) == (total, left_out)
    assert sum(amount for _, amount in counted.lines) == total


def _rules(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"rules": [{"id": f"r{place}", **rule} for place, rule in enumerate(rules)], **more}


AMOUNT = {"rule": "amount"}
DOUBLE_FOOD = {"rule": "category", "params": {"categories": ["food"], "points": 3, "per": 1}}
FIFTY = {"rule": "channel", "params": {"channels": ["web"], "points": 50}}
TWO_BANDS = {
    "rule": "bands",
    "params": {"bands": [{"from_amount": 50, "points": 20}, {"from_amount": 100, "points": 60}]},
}
RISING = [{"from_amount": 0, "points": 1, "per": 1}, {"from_amount": 50, "points": 2, "per": 1}]


@pytest.mark.parametrize(
    ("terms", "points"),
    [
        (_rules(AMOUNT), 92),
        (_rules({"rule": "amount", "params": {"points": "0.1", "per": "0.50"}}), 18),
        (_rules({"rule": "amount", "params": {"points": 5, "per": 10, "whole": True}}), 45),
        (_rules({"rule": "amount", "params": {"least": "92.50"}}), 92),
        (_rules({"rule": "amount", "params": {"least": "92.51"}}), 0),
        (_rules(AMOUNT, DOUBLE_FOOD), 130),
        (_rules(AMOUNT, DOUBLE_FOOD, combine="best"), 117),
        (_rules(AMOUNT, DOUBLE_FOOD, combine="chain"), 92),
        (_rules(DOUBLE_FOOD, AMOUNT, combine="chain"), 117),
        (_rules(AMOUNT, FIFTY, combine="best"), 92),
        (_rules(FIFTY, AMOUNT, combine="chain"), 50),
        (_rules(AMOUNT, {**FIFTY, "on_top": True}, combine="best"), 142),
        (_rules(TWO_BANDS), 20),
        (_rules({"rule": "bands", "params": {"bands": RISING}}), 185),
        (_rules({"rule": "bands", "params": {"bands": RISING, "slices": True}}), 135),
        (_rules({"rule": "product", "params": {"products": ["coffee"], "points": 7}}), 7),
        (_rules({"rule": "collection", "params": {"collections": ["new"], "points": 2, "per": 1}}), 25),
        (_rules({**AMOUNT, "when": {"products": ["coffee"]}}), 12),
        (_rules({**AMOUNT, "when": {"categories": ["clothes"], "collections": ["new"]}}), 92),
        (_rules({**AMOUNT, "when": {"channels": ["shop"]}}), 0),
        (_rules({**AMOUNT, "when": {"weekdays": ["mon"]}}), 92),
        (_rules({**AMOUNT, "when": {"weekdays": ["tue", "sun"]}}), 0),
        (_rules({**AMOUNT, "when": {"from_day": "2026-06-15", "until_day": "2026-06-15"}}), 92),
        (_rules({**AMOUNT, "when": {"from_day": "2026-06-16"}}), 0),
        (_rules({**AMOUNT, "when": {"until_day": "2026-06-14"}}), 0),
        (_rules({**AMOUNT, "when": {"tiers": ["vip"]}}), 0),
        (_rules({**AMOUNT, "when": {"labels": ["press"]}}), 0),
        (_rules(AMOUNT, caps={"order": 80}), 80),
    ],
)
def test_what_an_order_earns(terms: dict[str, Any], points: int) -> None:
    assert decided(terms, an_order(SHIRT, COFFEE)).points == points


def _times(code: str, **params: Any) -> dict[str, Any]:
    return {"multiplier": code, "params": params}


def _factors(*multipliers: dict[str, Any], **more: Any) -> dict[str, Any]:
    listed = [{"id": f"m{place}", **entry} for place, entry in enumerate(multipliers)]
    return _rules(AMOUNT, multipliers=listed, **more)


TIER = _times("tier", rates={"premium": "1.2", "vip": "1.5"})
THE_15TH = _times("member_day", day={"kind": "day_of_month", "day": 15})
NEAR_BIRTHDAY = _times("birthday", span="week", rate=3)


@pytest.mark.parametrize(
    ("terms", "member", "points"),
    [
        (_factors(TIER), {}, 92),
        (_factors(TIER), {"tier": "premium"}, 111),
        (_factors(TIER, THE_15TH), {"tier": "vip"}, 185),
        (_factors(TIER, THE_15TH, combine_multipliers="sum"), {"tier": "vip"}, 231),
        (_factors(TIER, THE_15TH, combine_multipliers="chain"), {"tier": "vip"}, 277),
        (_factors(NEAR_BIRTHDAY), {}, 92),
        (_factors(NEAR_BIRTHDAY), {"birthday": date(1990, 6, 21)}, 277),
        (_factors(NEAR_BIRTHDAY), {"birthday": date(1990, 6, 22)}, 92),
        (_factors({**_times("campaign", rate=2), "when": {"products": ["coffee"]}}), {}, 105),
    ],
)
def test_multipliers(terms: dict[str, Any], member: dict[str, Any], points: int) -> None:
    assert decided(terms, an_order(SHIRT, COFFEE), a_member(**member)).points == points


def test_free_points_are_not_multiplied_and_told_apart() -> None:
    welcome = {"rule": "welcome", "params": {"points": 50, "at": "first_order"}}
    factors = [{"id": "m", **THE_15TH}]
    decision = decided(_rules(AMOUNT, welcome, multipliers=factors), an_order(SHIRT))
    assert (decision.points, decision.free_points, decision.free) == (210, 50, False)
    again = decided(_rules(AMOUNT, welcome, multipliers=factors), an_order(SHIRT), a_member(orders_before=1))
    assert (again.points, again.free_points) == (160, 0)


SPRING = [{"code": "spring", "name": {"en": "Spring"}, "budget": 1000}]
TRIPLE = {"id": "m", **_times("campaign", rate=3), "campaign": "spring"}


@pytest.mark.parametrize(
    ("left", "caps", "points", "used"),
    [
        (1000, {}, 240, {"spring": 160}),
        (160, {}, 240, {"spring": 160}),
        (159, {}, 239, {"spring": 159}),
        (1, {}, 81, {"spring": 1}),
        (0, {}, 80, {}),
        (-5, {}, 80, {}),
        # A cap takes what the campaign caused first: the member would have had the rest anyway.
        (1000, {"order": 100}, 100, {"spring": 20}),
        (1000, {"order": 70}, 70, {}),
    ],
)
def test_a_campaign_stops_exactly_at_its_budget(
    left: int, caps: dict[str, int], points: int, used: dict[str, int]
) -> None:
    terms = _rules(AMOUNT, multipliers=[TRIPLE], campaigns=SPRING, caps=caps)
    decision = decided(terms, an_order(SHIRT), remaining=RemainingCaps(budgets={"spring": left}))
    assert (decision.points, decision.used_budgets) == (points, used)


def test_a_budget_that_nobody_read_is_refused() -> None:
    terms = _rules(AMOUNT, multipliers=[TRIPLE], campaigns=SPRING)
    with pytest.raises(InvalidInput):
        decided(terms, an_order(SHIRT), remaining=RemainingCaps())


@pytest.mark.parametrize(
    ("first", "last", "points"),
    [
        (None, None, 240),
        ("2026-06-15", "2026-06-15", 240),
        ("2026-06-16", None, 80),
        (None, "2026-06-14", 80),
    ],
)
def test_a_campaign_runs_on_its_days(first: str | None, last: str | None, points: int) -> None:
    campaigns = [{**SPRING[0], "from_day": first, "until_day": last}]
    assert (
        decided(_rules(AMOUNT, multipliers=[TRIPLE], campaigns=campaigns), an_order(SHIRT)).points == points
    )


@pytest.mark.parametrize(
    ("at", "points"),
    [
        (datetime(2026, 6, 14, 21, 59, 59, tzinfo=UTC), 80),
        (datetime(2026, 6, 14, 22, 0, tzinfo=UTC), 160),
        (datetime(2026, 6, 15, 21, 59, 59, tzinfo=UTC), 160),
        (datetime(2026, 6, 15, 22, 0, tzinfo=UTC), 80),
        (datetime(2026, 12, 14, 22, 30, tzinfo=UTC), 80),
        (datetime(2026, 12, 14, 23, 0, tzinfo=UTC), 160),
    ],
)
def test_a_member_day_is_a_day_of_the_programme(at: datetime, points: int) -> None:
    assert decided(_factors(THE_15TH), an_order(SHIRT), at=at).points == points


@pytest.mark.parametrize(
    ("before", "amount", "points"),
    [
        (0, 4999, 0),
        (0, 5000, 20),
        (4999, 1, 20),
        (4999, 5001, 80),
        (5000, 1, 0),
        (9999, 1, 60),
        (20000, 1, 0),
    ],
)
def test_bands_of_all_spending_are_each_given_once(before: int, amount: int, points: int) -> None:
    rule = {"rule": "bands", "params": {**TWO_BANDS["params"], "counts": "spend"}}
    order = an_order(line("a", amount))
    assert decided(_rules(rule), order, a_member(spend_before=before)).points == points


@pytest.mark.parametrize(
    ("qualifying", "expected"),
    [
        ({}, 0),
        ({"source": "points"}, 160),
        ({"source": "base_points"}, 80),
        ({"source": "amount", "per": 10}, 8),
    ],
)
def test_points_that_count_for_tiers(qualifying: dict[str, Any], expected: int) -> None:
    decision = decided(_factors(THE_15TH, qualifying=qualifying), an_order(SHIRT))
    assert decision.qualifying == expected
    assert sum(points for _, points in decision.qualifying_by_line) == expected


@pytest.mark.parametrize(
    ("currency", "amount", "points"), [("JPY", 1234, 1234), ("EUR", 1234, 12), ("KWD", 1234, 1)]
)
def test_currencies_with_other_decimals(currency: str, amount: int, points: int) -> None:
    order = an_order(line("a", amount), currency=currency)
    assert decided(_rules(AMOUNT), order, currency=currency).points == points


def test_an_order_in_another_currency_is_refused() -> None:
    with pytest.raises(CurrencyMismatch):
        decided(_rules(AMOUNT), an_order(SHIRT, currency="USD"))


def test_why_and_why_not_more() -> None:
    terms = _rules(
        AMOUNT,
        {"rule": "bands", "params": TWO_BANDS["params"]},
        multipliers=[
            {"id": "t", **TIER},
            {"id": "d", **_times("member_day", day={"kind": "day_of_month", "day": 8})},
        ],
    )
    decision = decided(terms, ORDER, a_member(tier="premium"))
    assert explain(decision.explanation) == (
        "135 points: 92.5 for 92.50 EUR at 1 point per 1.00 EUR + 20 for an order from 50.00 EUR, "
        "×1.2 as Premium."
    )
    assert explain_more(decision.explanation) == [
        "Shipping does not count: 5.00 EUR.",
        "As VIP this would have been 168 points.",
        "7.50 EUR more reaches the next band: 60 points from 100.00 EUR on.",
        "The next member day is July 8, 2026: ×2.",
    ]


def test_a_cut_is_told_instead_of_hints() -> None:
    terms = _rules(AMOUNT, multipliers=[TRIPLE], campaigns=SPRING, caps={"day": 100})
    decision = decided(
        terms, an_order(SHIRT, COFFEE), remaining=RemainingCaps(day=150, budgets={"spring": 70})
    )
    assert explain(decision.explanation) == (
        "150 points: 92.5 for 92.50 EUR at 1 point per 1.00 EUR, ×3 in “Spring”, 115 less as “Spring” is used "
        "up, 12 less by the limit for one day, rounded down."
    )
    assert decision.explanation["hints"] == []


def test_nothing_earned_says_so() -> None:
    decision = decided(_rules({**AMOUNT, "when": {"channels": ["shop"]}}), ORDER)
    assert explain(decision.explanation) == "No points: nothing here earns."
    assert "Points by amount: not where this was bought." in explain_more(decision.explanation)


def test_an_explanation_of_a_later_version_still_tells_the_total() -> None:
    data = {**decided({"rules": [ONE_PER_EURO]}, ORDER).explanation, "schema": 99}
    assert explain(data) == "92 points."
    assert explain_more(data) == []


def test_the_instant_is_noon_of_a_monday() -> None:
    """The tables above rest on it."""
    assert AT.weekday() == 0
