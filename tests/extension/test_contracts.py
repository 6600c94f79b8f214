"""The contract tests we ship: our own extensions and the example pass, broken ones fail in the right words."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from pydantic import BaseModel

from loyalty_plugin import registry
from loyalty_plugin.domain import extensions
from loyalty_plugin.domain.extensions import Occasion, OccasionKind, Offer, PriceOffer
from loyalty_plugin.errors import DuplicateExtension, UnknownExtension
from loyalty_plugin.testing import ContractBroken, check_earning_rule, check_multiplier, check_perk
from sandbox.stamp_card.loyalty_extension import StampCard
from tests.scale import FULL

EXAMPLES = 1000 if FULL else 40

RULES: list[tuple[str, dict[str, Any]]] = [
    ("amount", {"points": "1.5", "per": "2.00"}),
    ("amount", {"points": 5, "per": 10, "whole": True, "least": "20.00"}),
    ("bands", {"bands": [{"from_amount": 50, "points": 20}, {"from_amount": 100, "points": 60}]}),
    ("bands", {"bands": [{"from_amount": 1000, "points": 500}], "counts": "spend"}),
    (
        "bands",
        {
            "bands": [
                {"from_amount": 0, "points": 1, "per": 1},
                {"from_amount": "500.00", "points": "1.25", "per": 1},
            ],
            "counts": "spend",
            "slices": True,
        },
    ),
    ("product", {"products": ["product-1"], "points": 10}),
    ("product", {"products": ["product-1", "product-2"], "points": "1/3", "per": "1.00"}),
    ("category", {"categories": ["category-1"], "points": 2, "per": 1}),
    ("collection", {"collections": ["collection-2"], "points": 3}),
    ("channel", {"channels": ["shop"], "points": 10}),
    ("channel", {"channels": ["shop"], "points": 2, "per": 1}),
    ("welcome", {"points": 100, "at": "joined"}),
    ("welcome", {"points": 100, "at": "first_order"}),
    ("check_in", {"first": 1, "step": 1, "most": 7, "cycle": 7, "bonus": 20}),
    ("birthday", {"points": 200}),
    ("milestone", {"mark": 5000, "points": 100, "benefit": {"en": "a cup"}}),
]


@pytest.mark.parametrize(("code", "params"), RULES)
def test_our_rules_keep_the_contract(code: str, params: dict[str, Any]) -> None:
    check_earning_rule(type(registry.rules.get(code)), params, examples=EXAMPLES)


@pytest.mark.parametrize(
    ("code", "params"),
    [
        ("tier", {"rates": {"premium": "1.2", "vip": "1.5"}}),
        ("member_day", {"day": {"kind": "day_of_month", "day": 8}, "rate": 2}),
        ("member_day", {"day": {"kind": "weekday", "weekday": "wed"}}),
        ("member_day", {"day": {"kind": "nth_weekday", "nth": -1, "weekday": "fri"}}),
        ("birthday", {"span": "month", "rate": 3}),
        ("campaign", {"rate": "2.5"}),
    ],
)
def test_our_multipliers_keep_the_contract(code: str, params: dict[str, Any]) -> None:
    check_multiplier(type(registry.multipliers.get(code)), params, examples=EXAMPLES)


@pytest.mark.parametrize(
    ("code", "params"),
    [
        ("tier_discount", {"rates": {"vip": 1500}, "products": ["product-1"]}),
        ("percent_off", {"off": 1234, "categories": ["category-1"]}),
        ("amount_off", {"amount": "0.05"}),
        ("member_day_prices", {"rates": {"vip": 500, "basic": 1}, "day": {"kind": "day_of_month", "day": 8}}),
        ("member_sale", {"off": 5000, "each_order": 2, "each_member": 3, "pieces": 20}),
        ("member_sale", {"prices": {"variant-line-1": "0.05"}}),
        (
            "bundle",
            {"parts": [{"products": ["product-1"], "pieces": 2}, {"products": ["product-2"]}], "price": 1},
        ),
        ("price_list", {"list": "gold"}),
        ("members_only", {"collections": ["collection-1"]}),
        ("birthday_gift", {"title": "A pot of tea", "products": ["product-1"]}),
        ("member_shipping", {"name": "Members' post", "amounts": {"vip": 0, "premium": 200}}),
    ],
)
def test_our_perks_keep_the_contract(code: str, params: dict[str, Any]) -> None:
    read = st.just({"variant-line-1": 500, "variant-line-0": 1}) if code == "price_list" else None
    check_perk(type(registry.perks.get(code)), params, examples=EXAMPLES, read=read)


def test_the_stamp_card_keeps_the_contract() -> None:
    check_earning_rule(StampCard, {"products": ["product-1"], "points": 35}, examples=EXAMPLES)


def test_every_rule_of_ours_is_checked_above() -> None:
    assert {code for code, _ in RULES} | {"stamp_card"} >= set(registry.rules.codes())


class Good:
    """A rule without fault; the broken ones below each differ from it in one thing."""

    code = "good"
    label = "Good"
    occasions = frozenset({OccasionKind.ORDER})

    class Params(extensions.Params):
        points: int = 1

    def award(self, params: Any, occasion: Occasion) -> Offer | None:
        return Offer(Fraction(params.points), "good")


class LooseParams(BaseModel):
    points: int = 1


class FloatParams(extensions.Params):
    points: float = 1.5


class ForgetfulParams(extensions.Params):
    """Writes something else than it read."""

    points: Decimal = Decimal(1)

    def model_dump(self, **options: Any) -> dict[str, Any]:
        return {"points": "2"}


def _rule(**members: Any) -> type:
    return type("Broken", (Good,), {"code": "broken", **members})


def _answers(offer: Any) -> Any:
    return lambda self, params, occasion: offer


def _line(occasion: Occasion) -> str:
    return occasion.lines[0][0].line_id if occasion.lines else "none"


class Counter(Good):
    code = "broken"
    calls = 0

    def award(self, params: Any, occasion: Occasion) -> Offer | None:
        Counter.calls += 1
        return Offer(Fraction(Counter.calls), "counting")


class Stateful(Good):
    code = "broken"

    def __init__(self) -> None:
        self.seen: list[str] = []


BROKEN = [
    (_rule(code="Not A Code"), "code must be lower-case text"),
    (_rule(code="amount"), "the code 'amount' belongs to"),
    (_rule(label=""), "label must say what it is"),
    (_rule(Params=dict), "Params must be a pydantic model"),
    (_rule(award=None), "needs a method 'award'"),
    (_rule(occasions=frozenset()), "occasions must be a frozenset"),
    (_rule(occasions=["order"]), "occasions must be a frozenset"),
    (_rule(Params=LooseParams), "takes parameters it does not know"),
    (_rule(Params=FloatParams), "stores floats"),
    (_rule(Params=ForgetfulParams), "reads other parameters back"),
    (_rule(award=_answers(5)), "must answer with an Offer or None, not int"),
    (_rule(award=_answers(Offer(1.5, "x"))), "a float; use a Fraction"),
    (_rule(award=_answers(Offer(True, "x"))), "a Fraction or whole number is needed"),
    (_rule(award=_answers(Offer(Fraction(-1), "x"))), "never takes points away"),
    (_rule(award=_answers(Offer(Fraction(1), ""))), "without a reason"),
    (_rule(award=_answers(Offer(Fraction(1), "x", {"n": 0.5}))), "gives floats as data"),
    (_rule(award=_answers(Offer(Fraction(1), "x", {"n": object()}))), "not JSON"),
    (_rule(award=_answers(Offer(Fraction(1), "x", {}, (("strange", Fraction(1)),)))), "does not count"),
    (
        _rule(looks_at_tier=False, award=lambda s, p, o: Offer(Fraction(len(o.member.tier) + 1), "x")),
        "says that it looks at no tier, but answers differently",
    ),
    (_rule(award=_answers(None)), "gave nothing on 20 occasions"),
    (
        _rule(award=lambda s, p, o: Offer(Fraction(1), "x", {}, ((_line(o), Fraction(2)),))),
        "shares 2 points out to lines, but gives only 1",
    ),
    (
        _rule(award=lambda s, p, o: Offer(Fraction(1), "x", {}, ((_line(o), Fraction(0)),) * 2)),
        "names a line twice",
    ),
    (
        _rule(award=lambda s, p, o: Offer(Fraction(9), "x", {}, ((_line(o), Fraction(-1)),))),
        "a negative part",
    ),
    (_rule(award=lambda s, p, o: Offer(Fraction(datetime.now().year), "x")), "uses the clock"),  # noqa: DTZ005
    (_rule(award=lambda s, p, o: Offer(Fraction(random.randint(1, 6)), "x")), "uses chance"),
    (_rule(award=lambda s, p, o: Offer(Fraction(len(Path(__file__).read_text())), "x")), "uses a file"),
    (Counter, "answers differently when asked the same thing twice"),
    (Stateful, "keeps state in its instance"),
]


@pytest.mark.parametrize(("rule", "words"), BROKEN, ids=[words for _, words in BROKEN])
def test_a_broken_rule_fails_in_words(rule: type, words: str) -> None:
    with pytest.raises(ContractBroken) as failed:
        check_earning_rule(rule, {}, examples=20)
    assert words in str(failed.value)


def test_a_rule_that_asks_the_database_fails_in_words(db: None) -> None:
    from django.contrib.auth import get_user_model

    def award(self: Any, params: Any, occasion: Occasion) -> Offer:
        return Offer(Fraction(get_user_model()._default_manager.count()), "x")

    with pytest.raises(ContractBroken, match=r"uses .*the database"):
        check_earning_rule(_rule(award=award), {})


def test_example_parameters_that_are_refused_fail_in_words() -> None:
    with pytest.raises(ContractBroken, match="refuses the example parameters"):
        check_earning_rule(Good, {"points": "many"})


def test_a_multiplier_that_looks_at_the_tier_in_secret_fails_in_words() -> None:
    members = {
        "code": "broken",
        "label": "Broken",
        "Params": Good.Params,
        "looks_at_tier": False,
        "factor": lambda self, params, occasion: Fraction(len(occasion.member.tier) + 1),
    }
    with pytest.raises(ContractBroken, match="looks at no tier"):
        check_multiplier(type("Broken", (), members), {}, examples=20)


def test_a_good_rule_passes() -> None:
    check_earning_rule(Good, {"points": 3}, examples=EXAMPLES)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (1.5, "a float; use a Fraction"),
        ("2", "a Fraction or None is needed"),
        (Fraction(-1), "never below zero"),
        (None, "applied to none of 20 orders"),
    ],
)
def test_a_broken_multiplier_fails_in_words(answer: Any, words: str) -> None:
    members = {
        "code": "broken",
        "label": "Broken",
        "Params": Good.Params,
        "factor": lambda self, params, occasion: answer,
    }
    with pytest.raises(ContractBroken, match=words):
        check_multiplier(type("Broken", (), members), {}, examples=20)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (12, "PriceOffer, a Declined or None"),
        (PriceOffer(1.5, "x"), "exact minor units"),  # type: ignore[arg-type]
        (PriceOffer(-1, "x"), "below zero"),
        (PriceOffer(10**9, "x"), "above the list price"),
        (PriceOffer(1, ""), "without a reason"),
        (None, "applied to none of 20 lines"),
    ],
)
def test_a_broken_perk_fails_in_words(answer: Any, words: str) -> None:
    members = {
        "code": "broken",
        "label": "Broken",
        "Params": Good.Params,
        "price": lambda self, params, line, member, day: answer,
    }
    with pytest.raises(ContractBroken, match=words):
        check_perk(type("Broken", (), members), {}, examples=20)


@pytest.fixture
def good() -> Iterator[None]:
    registry.rules.register(Good)
    yield
    registry.rules.withdraw("good")


@pytest.mark.usefixtures("good")
def test_a_code_belongs_to_one_app() -> None:
    with pytest.raises(DuplicateExtension, match="'good' is registered by"):
        registry.rules.register(_rule(code="good"))


def test_a_code_that_no_app_registers_is_refused_by_name() -> None:
    with pytest.raises(UnknownExtension, match="no earning rule 'gone' is installed"):
        registry.rules.get("gone")


def test_something_that_is_no_rule_is_not_registered() -> None:
    with pytest.raises(TypeError, match="is not a earning rule"):
        registry.rules.register(object)
