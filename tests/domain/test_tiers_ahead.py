"""Laws of what is told ahead, over random terms and histories: doing what the forecast says brings what it says."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import assume, example, given
from hypothesis import strategies as st

from loyalty_plugin.domain.tiers.forecast import forecast
from loyalty_plugin.domain.tiers.history import QualifyingFact
from loyalty_plugin.domain.tiers.standing import standing
from loyalty_plugin.domain.tiers.terms import (
    Condition,
    LastsWithWindow,
    Metric,
    Rolling,
    TiersSettings,
    TierTerms,
)
from loyalty_plugin.domain.tiers.versions import TierVersion
from tests.domain.tier_strategies import BEGIN, days, histories, ladders, versions_of


def silver(**told: object) -> list[TierTerms]:
    """A tier above the lowest that is held day by day."""
    base = TierTerms(code="basic", name={"en": "Basic"}, rank=0)
    terms = {"lasts": LastsWithWindow(), "step_down": "one", **told}
    return [base, TierTerms.model_validate({"code": "silver", "name": {"en": "Silver"}, "rank": 1, **terms})]


# A tier held day by day, and lost: what came while it was held has kept it, and is missing for the next time.
@example(
    tiers=silver(
        entry=((Condition(metric=Metric.PRODUCT, at_least=1, products=("tea",)),),),
        keep=((Condition(metric=Metric.PRODUCT, at_least=1, products=("tea",)),),),
        window=Rolling(months=12),
        keep_window=Rolling(days=7),
    ),
    history=[QualifyingFact(date(2024, 3, day), Metric.PRODUCT, 1, "tea") for day in (15, 18)],
    on=date(2024, 5, 30),
)
# The same with a grace in which it is earned anew, though not kept.
@example(
    tiers=silver(
        entry=((Condition(metric=Metric.PRODUCT, at_least=1, products=("tea",)),),),
        keep=((Condition(metric=Metric.SPEND, at_least=100),),),
        window=Rolling(months=12),
        keep_window=Rolling(days=7),
        grace_days=40,
    ),
    history=[QualifyingFact(date(2024, 3, day), Metric.PRODUCT, 1, "tea") for day in (1, 15)],
    on=date(2024, 5, 30),
)
@given(ladders(), histories, days)
def test_meeting_the_forecast_brings_the_next_tier(
    tiers: list[TierTerms], history: list[QualifyingFact], on: date
) -> None:
    versions = [TierVersion(BEGIN, tiers)]
    history = [fact for fact in history if fact.day <= on]
    ahead = forecast(standing(history, (), versions, BEGIN, on))
    assume(ahead.next_tier is not None)
    bought = [
        QualifyingFact(on, need.metric, need.missing, need.products[0] if need.products else "")
        for need in ahead.needs
        if need.missing
    ]
    assert bought
    reached = standing(history + bought, (), versions, BEGIN, on).tier
    ranks = versions[0].ranks
    assert ranks[reached] >= ranks[ahead.next_tier]
    one_way = not ahead.other_needs and len(ahead.needs) == 1
    if one_way and ranks[ahead.next_tier] == max(ranks.values()):
        first = bought[0]
        less = QualifyingFact(on, first.metric, first.amount - 1, first.product_id)
        assert standing([*history, less], (), versions, BEGIN, on).tier != ahead.next_tier


def enough_for_any_tier(day: date) -> list[QualifyingFact]:
    return [
        QualifyingFact(day, Metric.SPEND, 300),
        QualifyingFact(day, Metric.ORDERS, 6),
        QualifyingFact(day, Metric.PRODUCT, 2, "tea"),
    ]


# A tier kept by each day's purchases and lost after a grace: what keeps it must come within that grace.
@example(
    tiers=silver(
        entry=((Condition(metric=Metric.SPEND, at_least=2),),),
        keep=((Condition(metric=Metric.SPEND, at_least=1),),),
        window=Rolling(months=1),
        keep_window=Rolling(days=1),
        grace_days=5,
    ),
    history=[],
    joined=BEGIN,
    later=0,
)
@given(ladders(), histories, days, st.integers(0, 300))
def test_meeting_what_is_lacking_keeps_the_tier(
    tiers: list[TierTerms], history: list[QualifyingFact], joined: date, later: int
) -> None:
    versions, on = [TierVersion(BEGIN, tiers)], joined + timedelta(days=later)
    history = [*(fact for fact in history if fact.day <= on), *enough_for_any_tier(joined)]
    ahead = forecast(standing(history, (), versions, BEGIN, on))
    assume(ahead.drops_on is not None)
    assert ahead.drops_on is not None
    assert ahead.keeps_until == ahead.drops_on - timedelta(days=1)
    dropped = standing(history, (), versions, BEGIN, ahead.drops_on)
    assert dropped.tier == ahead.drops_to
    assert standing(history, (), versions, BEGIN, max(on, ahead.keeps_until)).tier == ahead.tier
    bought = [
        QualifyingFact(
            max(need.counts_from or on, on),
            need.metric,
            need.missing,
            need.products[0] if need.products else "",
        )
        for need in ahead.lacks
        if need.missing
    ]
    assert bought
    ranks = versions[0].ranks
    kept = standing(history + bought, (), versions, BEGIN, ahead.drops_on)
    assert ranks[kept.tier] >= ranks[ahead.tier]


@given(versions_of(), histories, days)
def test_a_loss_is_announced_in_time(
    versions: list[TierVersion], history: list[QualifyingFact], on: date
) -> None:
    history = [fact for fact in history if fact.day <= on]
    one = standing(history, (), versions, BEGIN, on)
    ahead = forecast(one)
    announced = [event for event in one.events if event.kind == "will_leave"]
    version = max((v for v in versions if v.from_day <= on), key=lambda v: v.from_day)
    warn = timedelta(days=version.settings.warn_days)
    if ahead.drops_on is not None and ahead.drops_on - warn <= on:
        assert [(event.day, event.tier, event.other) for event in announced] == [
            (ahead.drops_on, ahead.tier, ahead.drops_to)
        ]
    else:
        assert not announced


def test_the_ordinary_settings_warn_a_month_before() -> None:
    assert TiersSettings().warn_days == 30
