"""Laws of every award, on random versions and orders: nothing lost, nothing overshot, one rounding, explained."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from loyalty_plugin import registry
from loyalty_plugin.domain.earning.asking import ask
from loyalty_plugin.domain.earning.decide import Decision
from loyalty_plugin.domain.earning.occasions import member_occasion, order_occasion
from loyalty_plugin.domain.earning.resolved import resolve
from loyalty_plugin.domain.extensions import OccasionKind
from loyalty_plugin.domain.facts import OrderFact, RemainingCaps
from loyalty_plugin.queries.explanations.sentences import explain, explain_more
from loyalty_plugin.testing.occasions import CATEGORIES, PRODUCTS, members, orders
from tests.domain.earning_cases import AT, a_member, decided_on, version_of

CURRENCIES = {"JPY": 0, "EUR": 2, "KWD": 3}
rates = st.sampled_from(["0.5", "1", "1.2", "1.5", "2", "1/3", "2.75"])
campaigns = st.sampled_from([None, None, "spring", "summer"])
narrowing = st.one_of(
    st.just({}),
    st.builds(lambda p: {"products": [p]}, st.sampled_from(PRODUCTS)),
    st.builds(lambda c: {"categories": [c]}, st.sampled_from(CATEGORIES)),
)
rule_bodies = st.one_of(
    st.builds(lambda r: {"rule": "amount", "params": {"points": r, "per": 1}}, rates),
    st.builds(
        lambda n: {"rule": "amount", "params": {"points": n, "per": 10, "whole": True}}, st.integers(1, 9)
    ),
    st.builds(lambda n: {"rule": "product", "params": {"products": list(PRODUCTS[:2]), "points": n}}, rates),
    st.builds(
        lambda n: {"rule": "category", "params": {"categories": [CATEGORIES[0]], "points": n, "per": 3}},
        rates,
    ),
    st.builds(
        lambda n: {"rule": "bands", "params": {"bands": [{"from_amount": 20, "points": n}]}},
        st.integers(1, 99),
    ),
    st.builds(
        lambda n: {"rule": "welcome", "params": {"points": n, "at": "first_order"}}, st.integers(1, 50)
    ),
)
combining = st.sampled_from(["sum", "best", "chain"])
limits = st.one_of(st.none(), st.integers(0, 500))


@st.composite
def terms(draw: st.DrawFn) -> dict[str, Any]:
    """Earning terms of all sorts."""
    rules = [
        {
            "id": f"r{place}",
            **draw(rule_bodies),
            "when": draw(narrowing),
            "campaign": draw(campaigns),
            "on_top": draw(st.booleans()),
            "multiplied": draw(st.booleans()),
        }
        for place in range(draw(st.integers(1, 4)))
    ]
    for rule in rules:
        if rule["rule"] == "welcome":
            rule["when"] = {}
    multipliers = [
        {
            "id": f"m{place}",
            "multiplier": "campaign",
            "params": {"rate": draw(rates.filter(lambda r: r != "0"))},
            "when": draw(narrowing),
            "campaign": draw(campaigns),
        }
        for place in range(draw(st.integers(0, 3)))
    ]
    return {
        "basis": {
            "tax": draw(st.sampled_from(["included", "excluded"])),
            "shipping": draw(st.booleans()),
            "discounts": draw(st.sampled_from(["after", "before"])),
            "gift_card_paid": draw(st.booleans()),
            "member_priced": draw(st.booleans()),
            "gift_card_lines": draw(st.booleans()),
        },
        "rules": rules,
        "combine": draw(combining),
        "multipliers": multipliers,
        "combine_multipliers": draw(combining),
        "campaigns": [
            {
                "code": "spring",
                "name": {"en": "Spring"},
                "budget": draw(st.one_of(st.none(), st.just(10**6))),
            },
            {"code": "summer", "name": {"en": "Summer"}, "budget": 10**6},
        ],
        "caps": {"order": draw(limits)},
        "qualifying": {
            "source": draw(st.sampled_from(["none", "points", "base_points", "amount"])),
            "per": "1",
        },
    }


remainders = st.builds(
    RemainingCaps,
    day=limits,
    member=limits,
    budgets=st.fixed_dictionaries({"spring": st.integers(0, 400), "summer": st.integers(0, 400)}),
)
PLENTY = RemainingCaps(budgets={"spring": 10**9, "summer": 10**9})


@st.composite
def cases(draw: st.DrawFn) -> tuple[dict[str, Any], OrderFact, Any, str]:
    currency = draw(st.sampled_from(sorted(CURRENCIES)))
    return draw(terms()), draw(orders(currency)), draw(members()), currency


def award(case: tuple[dict[str, Any], OrderFact, Any, str], remaining: RemainingCaps = PLENTY) -> Decision:
    stated, order, member, currency = case
    version = version_of(stated, currency=currency)
    return decided_on(version, order_occasion(version, order, member, at=order.created_at), remaining)


@given(cases(), remainders)
def test_nothing_is_lost_and_nothing_overshot(case: Any, remaining: RemainingCaps) -> None:
    decision = award(case, remaining)
    stated = case[0]
    assert sum(points for _, points in decision.by_line) == (decision.points if decision.by_line else 0)
    assert all(points >= 0 for _, points in decision.by_line)
    assert 0 <= decision.free_points <= decision.points
    if decision.qualifying_by_line:
        assert sum(points for _, points in decision.qualifying_by_line) == decision.qualifying
    for cap in (remaining.day, remaining.member, stated["caps"]["order"]):
        assert cap is None or decision.points <= cap
    budgets = {c["code"]: c["budget"] for c in stated["campaigns"]}
    for code, used in decision.used_budgets.items():
        assert used > 0
        assert budgets[code] is None or used <= remaining.budgets[code]
    assert sum(decision.used_budgets.values()) <= decision.points
    assert all(isinstance(points, int) for points in (decision.points, decision.qualifying))


@given(cases(), remainders)
def test_without_campaigns_budgets_change_nothing_else(case: Any, remaining: RemainingCaps) -> None:
    """What a campaign's budget can't pay is what would be given without it: the used points are the difference."""
    stated, *rest = case
    assume(stated["combine"] == "sum")
    bare = {
        **stated,
        "rules": [r for r in stated["rules"] if not r["campaign"]],
        "multipliers": [],
        "caps": {},
    }
    with_campaigns = {**stated, "multipliers": [], "caps": {}}
    open_ended = replace(remaining, day=None, member=None)
    base = award((bare, *rest), open_ended).points
    decision = award((with_campaigns, *rest), open_ended)
    assert decision.points == base + sum(decision.used_budgets.values())


@given(cases())
def test_it_is_rounded_down_once(case: Any) -> None:
    stated, *rest = case
    decision = award(({**stated, "caps": {}}, *rest))
    exact = Fraction(decision.explanation["exact"])
    assert decision.points == exact.numerator // exact.denominator
    assert Fraction(decision.explanation["rounded_off"]) == exact - decision.points


@given(cases())
def test_best_and_chain_never_give_more_than_the_sum(case: Any) -> None:
    stated, *rest = case
    points = {
        how: award(({**stated, "combine": how, "caps": {}}, *rest)).points for how in ("sum", "best", "chain")
    }
    assert points["best"] <= points["sum"]
    assert points["chain"] <= points["sum"]
    if all(not rule["on_top"] and rule["rule"] != "welcome" for rule in stated["rules"]):
        assert points["chain"] <= points["best"]


@given(cases(), st.randoms())
def test_the_order_of_lines_is_irrelevant(case: Any, random: Any) -> None:
    stated, order, *rest = case
    shuffled = list(order.lines)
    random.shuffle(shuffled)
    assert award(case) == award((stated, replace(order, lines=tuple(shuffled)), *rest))


@given(cases(), remainders, st.randoms())
def test_the_order_of_rules_is_irrelevant_to_sum_and_best(case: Any, remaining: Any, random: Any) -> None:
    stated, *rest = case
    assume(stated["combine"] != "chain")
    shuffled = list(stated["rules"])
    random.shuffle(shuffled)
    assert award(case, remaining).points == award(({**stated, "rules": shuffled}, *rest), remaining).points


@given(cases(), remainders)
def test_the_same_arguments_give_the_same_decision(case: Any, remaining: RemainingCaps) -> None:
    assert award(case, remaining) == award(case, remaining)


@given(cases(), remainders)
def test_the_explanation_tells_what_was_given_from_its_data_alone(
    case: Any, remaining: RemainingCaps
) -> None:
    decision = award(case, remaining)
    stored = json.loads(json.dumps(decision.explanation))
    assert stored == decision.explanation
    assert stored["total"] == decision.points
    assert stored["free"] == decision.free_points
    taken = sum((Fraction(note["taken"]) for note in stored["rules"]), Fraction(0))
    assert taken == Fraction(stored["exact"])
    floor = taken.numerator // taken.denominator
    cuts = sum(note["cut"] for note in (*stored["campaigns"], *stored["caps"]))
    if len(stored["campaigns"]) < 2:
        assert floor - cuts == decision.points
    sentence = explain(stored)
    assert sentence.endswith(".")
    assert all(line.endswith(".") for line in explain_more(stored))
    assert {
        note["code"]: note["used"] for note in stored["campaigns"] if note["used"]
    } == decision.used_budgets


@given(cases(), narrowing, st.sampled_from(["basic", "premium", "vip"]))
def test_asking_only_who_looks_at_the_tier_gives_the_answers_of_asking_all(
    case: Any, when: dict[str, Any], tier: str
) -> None:
    stated, order, member, currency = case
    by_tier = {
        "id": "t",
        "multiplier": "tier",
        "params": {"rates": {"premium": "2", "vip": "3"}},
        "when": when,
    }
    only = {**stated["rules"][0], "id": "only", "when": {"tiers": ["vip"]}}
    stated = {**stated, "multipliers": [by_tier, *stated["multipliers"]], "rules": [only, *stated["rules"]]}
    version = version_of(stated, currency=currency)
    resolved = resolve(version.document.earning, registry.rules.get, registry.multipliers.get)
    occasion = order_occasion(version, order, member, at=order.created_at)
    other = replace(occasion, member=replace(occasion.member, tier=tier))
    again, anew = ask(other, resolved, ask(occasion, resolved)), ask(other, resolved)
    assert (again.given, again.applying) == (anew.given, anew.applying)


@given(cases())
def test_more_money_never_means_fewer_points_by_amount(case: Any) -> None:
    _, order, member, currency = case
    stated = {"rules": [{"id": "a", "rule": "amount", "params": {"points": "1.5", "per": 7}}]}
    dearer = replace(
        order,
        lines=tuple(replace(line, gross=line.gross + 1) for line in order.lines),
        total_gross=order.total_gross + len(order.lines),
    )
    assert award((stated, order, member, currency)).points <= award((stated, dearer, member, currency)).points


@given(orders(), members(), st.sampled_from(sorted(CURRENCIES.items())), st.integers(1, 9), st.integers(1, 9))
def test_the_rate_is_exact_in_every_currency(
    order: OrderFact, member: Any, currency: tuple[str, int], points: int, per: int
) -> None:
    code, exponent = currency
    stated = {"rules": [{"id": "a", "rule": "amount", "params": {"points": points, "per": per}}]}
    version = version_of(stated, currency=code)
    occasion = order_occasion(version, replace(order, currency=code), member, at=AT)
    assert decided_on(version, occasion).points == occasion.basis * points // (per * 10**exponent)


@given(st.integers(1, 200), st.integers(1, 50), st.integers(0, 50), st.integers(2, 30))
def test_a_check_in_gives_what_was_announced_the_day_before(
    streak: int, first: int, step: int, cycle: int
) -> None:
    params = {"first": first, "step": step, "most": first + 3 * step + 1, "cycle": cycle, "bonus": 9}
    version = version_of({"rules": [{"id": "c", "rule": "check_in", "params": params}]})

    def day(number: int) -> Decision:
        return decided_on(
            version, member_occasion(version, OccasionKind.CHECK_IN, a_member(), at=AT, streak=number)
        )

    today, tomorrow = day(streak), day(streak + 1)
    assert today.explanation["rules"][0]["data"]["tomorrow"] == tomorrow.points
    assert today.points == today.free_points
    assert today.free
    assert day(streak + cycle).points == today.points
