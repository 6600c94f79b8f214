"""Drafts whose tiers contradict themselves, each with where and why; and terms that are no terms at all."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import ValidationError

from loyalty_plugin.domain.tiers import problems as module
from loyalty_plugin.domain.tiers.problems import problems
from loyalty_plugin.domain.tiers.terms import (
    Anniversary,
    Calendar,
    Condition,
    LastsForever,
    LastsWithWindow,
    Lifetime,
    Metric,
    Rolling,
    TiersSettings,
    TierTerms,
)
from tests.domain.tierkit import any_of, ladder

TEA = Condition(metric=Metric.PRODUCT, at_least=1, products=("tea",))
NO_TEA = Condition(metric=Metric.PRODUCT, at_least=1)
ORDERS_OF_TEA = Condition(metric=Metric.ORDERS, at_least=1, products=("tea",))


def lowest(**told: Any) -> TierTerms:
    return TierTerms(code="basic", name={"en": "Basic"}, rank=0, **told)


def premium(**told: Any) -> list[TierTerms]:
    return ladder(premium=told)


CASES: list[tuple[list[TierTerms], str, str]] = [
    ([], "tiers", "no_tiers"),
    ([*ladder(), ladder()[2].model_copy(update={"rank": 3})], "tiers.3.code", "duplicate_code"),
    ([*ladder(), ladder()[2].model_copy(update={"code": "more"})], "tiers.3.rank", "duplicate_rank"),
    (ladder()[1:], "tiers", "lowest_rank_not_zero"),
    ([lowest(entry=any_of({"spend": 1})), *ladder()[1:]], "tiers.0.entry", "lowest_has_entry"),
    ([lowest(keep=any_of({"spend": 1})), *ladder()[1:]], "tiers.0.keep", "lowest_has_keep"),
    (premium(entry=((),)), "tiers.1.entry.0", "no_conditions"),
    (premium(keep=()), "tiers.1.keep", "no_conditions"),
    (premium(keep=((),)), "tiers.1.keep.0", "no_conditions"),
    (premium(entry=((NO_TEA,),)), "tiers.1.entry.0.0.products", "products_missing"),
    (premium(entry=((ORDERS_OF_TEA,),)), "tiers.1.entry.0.0.products", "products_not_counted"),
    (premium(entry=((TEA, TEA),)), "tiers.1.entry.0.1", "condition_repeated"),
    (
        premium(entry=any_of({"orders": 3001}), window=Rolling(days=30)),
        "tiers.1.entry.0.0.at_least",
        "too_many",
    ),
    (
        premium(keep=any_of({"topup_count": 40_000}), keep_window=Calendar(period="year")),
        "tiers.1.keep.0.0.at_least",
        "too_many",
    ),
    (premium(entry=any_of({"spend": 1000})), "tiers.2.entry", "not_above_lower_tier"),
    (premium(entry=any_of({"spend": 2000})), "tiers.2.entry", "not_above_lower_tier"),
    (premium(entry=any_of({"spend": 1000, "orders": 3})), "tiers.2.entry", "not_above_lower_tier"),
    (premium(lasts=LastsForever(), keep=any_of({"spend": 9})), "tiers.1.keep", "keep_without_end"),
    (premium(lasts=LastsForever(), grace_days=9), "tiers.1.grace_days", "grace_without_end"),
    (
        premium(window=Lifetime(), lasts=LastsWithWindow(), grace_days=9),
        "tiers.1.grace_days",
        "grace_without_end",
    ),
    (premium(window=Lifetime()), "tiers.1.keep_window", "keep_always_met"),
    (premium(lasts=LastsWithWindow(after=1)), "tiers.1.lasts.after", "after_without_end"),
    (
        premium(lasts=LastsWithWindow(), keep=any_of({"spend": 501})),
        "tiers.1.keep",
        "keep_not_met_at_entry",
    ),
]


@pytest.mark.parametrize(("tiers", "path", "problem"), CASES)
def test_a_contradiction_is_found_where_it_is(tiers: list[TierTerms], path: str, problem: str) -> None:
    assert {"path": path, "problem": problem} in problems(tiers)


def test_top_ups_never_count_where_stored_value_counts_when_spent() -> None:
    tiers = premium(entry=any_of({"topup": 100}))
    assert problems(tiers) == []
    assert problems(tiers, TiersSettings(stored_value_counts="spend")) == [
        {"path": "tiers.1.entry.0.0.metric", "problem": "topup_never_counts"}
    ]


@pytest.mark.parametrize(
    "tiers",
    [
        ladder(),
        premium(entry=()),
        premium(entry=any_of({"spend": 2000}), window=Calendar(period="year")),
        premium(entry=any_of({"orders": 3000}), window=Rolling(days=30)),
        premium(window=Anniversary(), lasts=LastsWithWindow(after=1), grace_days=30),
        premium(lasts=LastsWithWindow(), keep=any_of({"spend": 400}), grace_days=30),
        premium(window=Lifetime(), keep=any_of({"orders": 2}), keep_window=Rolling(months=12)),
        premium(entry=((TEA, *any_of({"spend": 1})[0]),)),
    ],
)
def test_terms_that_agree(tiers: list[TierTerms]) -> None:
    assert problems(tiers) == []


def test_every_code_that_is_documented_is_found_by_a_case() -> None:
    documented = set(re.findall(r"[a-z]+(?:_[a-z]+)+", (module.__doc__ or "").split("The codes:")[1]))
    assert documented == {problem for _, _, problem in CASES} | {"topup_never_counts"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "Premium"},
        {"code": ""},
        {"name": {}},
        {"rank": -1},
        {"rank": 1.0},
        {"grace_days": -1},
        {"grace_days": "many"},
        {"colour": "red"},
        {"step_down": "two"},
        {"window": {"kind": "rolling"}},
        {"window": {"kind": "rolling", "months": 0, "days": 0}},
        {"window": {"kind": "rolling", "months": -1}},
        {"window": {"kind": "moon"}},
        {"lasts": {"kind": "for"}},
        {"lasts": {"kind": "for", "months": 10**9}},
        {"entry": [[{"metric": "spend", "at_least": 0}]]},
        {"entry": [[{"metric": "spend", "at_least": -5}]]},
        {"entry": [[{"metric": "spend", "at_least": 10.0}]]},
        {"entry": [[{"metric": "spend", "at_least": "10"}]]},
        {"entry": [[{"metric": "spend", "at_least": True}]]},
        {"entry": [[{"metric": "spend", "at_least": float("nan")}]]},
        {"entry": [[{"metric": "spend", "at_least": 10**30}]]},
        {"entry": [[{"metric": "likes", "at_least": 1}]]},
        {"entry": [[{"metric": "spend", "at_least": 1, "currency": "EUR"}]]},
        {"surprise": 1},
    ],
)
def test_terms_that_are_none(wrong: dict[str, Any]) -> None:
    right = {"code": "premium", "name": {"en": "Premium"}, "rank": 1, "entry": []}
    TierTerms.model_validate(right)
    with pytest.raises(ValidationError):
        TierTerms.model_validate({**right, **wrong})


def test_terms_survive_json() -> None:
    for tier in premium(window=Anniversary(), lasts=LastsWithWindow(after=1), benefits={"en": ("Tea",)}):
        assert TierTerms.model_validate_json(tier.model_dump_json()) == tier
