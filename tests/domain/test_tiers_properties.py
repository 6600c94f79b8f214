"""Laws of tiers over random terms and histories: the fast way against a slow one, and against itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import assume, example, given
from hypothesis import strategies as st

from loyalty_plugin.domain.tiers.forecast import forecast
from loyalty_plugin.domain.tiers.history import Grant, QualifyingFact, undo
from loyalty_plugin.domain.tiers.standing import Standing, advance, standing
from loyalty_plugin.domain.tiers.terms import (
    Anniversary,
    Calendar,
    Condition,
    LastsFor,
    LastsForever,
    LastsToEndOf,
    LastsWithWindow,
    Lifetime,
    Metric,
    Rolling,
    TiersSettings,
    TierTerms,
)
from loyalty_plugin.domain.tiers.versions import TierVersion
from tests.domain.tiers_oracle import Oracle

BEGIN = date(2024, 1, 1)
CODES = ("basic", "silver", "gold", "vip")
PERIODS = st.sampled_from(["month", "quarter", "year"])

days = st.integers(0, 900).map(lambda n: BEGIN + timedelta(days=n))
windows = st.one_of(
    st.builds(Rolling, months=st.sampled_from([1, 3, 6, 12])),
    st.builds(Rolling, days=st.sampled_from([1, 7, 30, 90])),
    st.builds(Calendar, period=PERIODS),
    st.just(Anniversary()),
    st.just(Lifetime()),
)
lasts = st.one_of(
    st.builds(LastsFor, months=st.sampled_from([1, 3, 12])),
    st.builds(LastsFor, days=st.sampled_from([1, 20, 200])),
    st.builds(LastsToEndOf, period=PERIODS, after=st.integers(0, 1)),
    st.builds(LastsWithWindow, after=st.integers(0, 1)),
    st.just(LastsForever()),
)


@st.composite
def conditions(draw: Any) -> Condition:
    metric = draw(st.sampled_from([Metric.SPEND, Metric.SPEND, Metric.ORDERS, Metric.PRODUCT]))
    most = {Metric.SPEND: 300, Metric.ORDERS: 6, Metric.PRODUCT: 2}[metric]
    products = ("tea", "mug") if metric is Metric.PRODUCT else ()
    return Condition(metric=metric, at_least=draw(st.integers(1, most)), products=products)


ways = st.lists(st.lists(conditions(), min_size=1, max_size=2).map(tuple), min_size=1, max_size=2).map(tuple)


@st.composite
def ladders(draw: Any) -> list[TierTerms]:
    above = [
        TierTerms(
            code=CODES[rank],
            name={"en": CODES[rank]},
            rank=rank,
            entry=draw(ways),
            keep=draw(st.none() | ways),
            window=draw(windows),
            keep_window=draw(st.none() | windows),
            lasts=draw(lasts),
            grace_days=draw(st.sampled_from([0, 0, 5, 40])),
            step_down=draw(st.sampled_from(["one", "earned"])),
        )
        for rank in range(1, draw(st.integers(2, 4)))
    ]
    return [TierTerms(code="basic", name={"en": "Basic"}, rank=0), *above]


@st.composite
def facts(draw: Any) -> QualifyingFact:
    metric = draw(st.sampled_from([Metric.SPEND, Metric.SPEND, Metric.ORDERS, Metric.PRODUCT]))
    most = {Metric.SPEND: 200, Metric.ORDERS: 1, Metric.PRODUCT: 1}[metric]
    product = draw(st.sampled_from(["tea", "mug", "cup"])) if metric is Metric.PRODUCT else ""
    return QualifyingFact(draw(days), metric, draw(st.integers(1, most)), product)


histories = st.lists(facts(), max_size=14)


@st.composite
def grants(draw: Any) -> Grant:
    first = draw(days)
    until = draw(st.none() | st.integers(0, 300).map(lambda n: first + timedelta(days=n)))
    return Grant(draw(st.sampled_from(CODES)), first, until, "staff")


@st.composite
def versions_of(draw: Any) -> list[TierVersion]:
    found = [TierVersion(BEGIN, draw(ladders()))]
    if draw(st.booleans()):
        starts = draw(st.integers(1, 900).map(lambda n: BEGIN + timedelta(days=n)))
        found.append(TierVersion(starts, draw(ladders()), re_evaluate=draw(st.booleans())))
    return found


def held(one: Standing) -> tuple[object, ...]:
    return one.tier, one.earned_tier, one.by, one.since, one.until, one.grace_until


def tier_by_day(one: Standing, on: date) -> list[str]:
    entered = {event.day: event.tier for event in one.events if event.kind == "entered"}
    tiers: list[str] = []
    day = min(entered)
    while day <= on:
        tiers.append(entered.get(day, tiers[-1] if tiers else ""))
        day += timedelta(days=1)
    return tiers


@given(ladders(), histories, days, days)
def test_jumping_gives_what_living_day_by_day_gives(
    tiers: list[TierTerms], history: list[QualifyingFact], joined: date, on: date
) -> None:
    assume(joined <= on)
    oracle = Oracle([fact for fact in history if fact.day <= on], tiers, joined)
    expected = oracle.run(on)
    one = standing(history, (), [TierVersion(BEGIN, tiers)], joined, on)
    assert one.tier == expected
    assert tier_by_day(one, on) == oracle.daily
    here = oracle.held.get(expected)
    if here is not None:
        assert one.grace_until == here.grace
        if here.until is not None:
            assert one.until == here.until


@given(versions_of(), histories, st.lists(grants(), max_size=3), days, st.randoms(use_true_random=False))
def test_the_order_of_facts_is_irrelevant(
    versions: list[TierVersion], history: list[QualifyingFact], given_: list[Grant], on: date, rng: Any
) -> None:
    one = standing(history, given_, versions, BEGIN, on)
    rng.shuffle(history)
    rng.shuffle(given_)
    assert standing(history, given_, versions[::-1], BEGIN, on) == one


@given(
    versions_of(),
    histories,
    st.lists(grants(), max_size=2),
    days,
    st.lists(st.tuples(st.integers(0, 13), st.integers(0, 60)), max_size=3),
)
def test_facts_that_no_rule_counts_change_nothing(
    versions: list[TierVersion],
    history: list[QualifyingFact],
    given_: list[Grant],
    on: date,
    undone: list[tuple[int, int]],
) -> None:
    for index, later in undone:
        if index < len(history) and history[index].amount > 0:
            history.append(undo(history[index], history[index].day + timedelta(days=later)))
    counted = frozenset().union(*(version.metrics for version in versions))
    needed = [fact for fact in history if fact.metric in counted]
    assert standing(needed, given_, versions, BEGIN, on) == standing(history, given_, versions, BEGIN, on)


@given(
    versions_of(),
    histories,
    st.lists(grants(), max_size=2),
    st.lists(days, min_size=2, max_size=5).map(sorted),
    st.lists(st.tuples(st.integers(0, 13), st.integers(0, 60)), max_size=2),
)
def test_going_on_gives_what_recomputing_gives(
    versions: list[TierVersion],
    history: list[QualifyingFact],
    given_: list[Grant],
    stops: list[date],
    refunds: Sequence[tuple[int, int]],
) -> None:
    for index, later in refunds:
        if index < len(history) and history[index].amount > 0:
            fact = history[index]
            history.append(undo(fact, fact.day + timedelta(days=later)))
    one = standing([f for f in history if known(f) <= stops[0]], given_, versions, BEGIN, stops[0])
    for before, on in pairwise(stops):
        one = advance(one, [f for f in history if before < known(f) <= on], given_, versions, on)
        assert one == standing(history, given_, versions, BEGIN, on)


def known(fact: QualifyingFact) -> date:
    return fact.known_on or fact.day


@given(ladders(), ladders(), histories, days, days, days, st.booleans())
def test_going_on_follows_a_version_published_meanwhile(
    old: list[TierTerms],
    new: list[TierTerms],
    history: list[QualifyingFact],
    starts: date,
    before: date,
    on: date,
    re_evaluate: bool,
) -> None:
    assume(before <= on)
    first = TierVersion(BEGIN, old)
    second = TierVersion(starts, new, re_evaluate=re_evaluate)
    one = standing([f for f in history if f.day <= before], (), [first], BEGIN, before)
    one = advance(one, [f for f in history if f.day > before], (), [first, second], on)
    assert one == standing(history, (), [first, second], BEGIN, on)


@given(versions_of(), histories, st.lists(grants(), max_size=2), days, st.integers(1, 400))
def test_nothing_changes_before_it_is_due(
    versions: list[TierVersion],
    history: list[QualifyingFact],
    given_: list[Grant],
    on: date,
    ahead: int,
) -> None:
    history = [fact for fact in history if fact.day <= on]
    one = standing(history, given_, versions, BEGIN, on)
    then = on + timedelta(days=ahead)
    if one.next_due is not None:
        assert one.next_due > on
        then = min(then, one.next_due - timedelta(days=1))
    later = standing(history, given_, versions, BEGIN, then)
    assert held(later) == held(one)
    assert later.events == one.events
    assert later.next_due == one.next_due


@given(
    versions_of(),
    histories,
    st.lists(grants(), max_size=2),
    days,
    days,
    st.lists(st.tuples(st.integers(0, 13), st.integers(0, 60)), max_size=2),
)
def test_what_was_seen_stays_seen(
    versions: list[TierVersion],
    history: list[QualifyingFact],
    given_: list[Grant],
    on: date,
    later: date,
    refunds: Sequence[tuple[int, int]],
) -> None:
    assume(on < later)
    for index, days_later in refunds:
        if index < len(history) and history[index].amount > 0:
            history.append(undo(history[index], history[index].day + timedelta(days=days_later)))
    first = [e for e in standing(history, given_, versions, BEGIN, on).events if e.kind != "will_leave"]
    second = standing(history, given_, versions, BEGIN, later).events
    assert list(second[: len(first)]) == first


@given(
    versions_of(),
    st.lists(facts(), min_size=1, max_size=14),
    st.integers(0, 13),
    st.lists(grants(), max_size=2),
    st.integers(0, 90),
    st.integers(0, 400),
)
def test_an_undone_fact_leaves_no_standing(
    versions: list[TierVersion],
    history: list[QualifyingFact],
    index: int,
    given_: list[Grant],
    days_to_refund: int,
    days_after: int,
) -> None:
    index %= len(history)
    known_on = history[index].day + timedelta(days=days_to_refund)
    on = known_on + timedelta(days=days_after)
    undone = [*history, undo(history[index], known_on)]
    without = history[:index] + history[index + 1 :]
    now = standing(undone, given_, versions, BEGIN, on)
    never = standing(without, given_, versions, BEGIN, on)
    assert (now.tier, now.earned_tier, now.until, now.grace_until, now.next_due) == (
        never.tier,
        never.earned_tier,
        never.until,
        never.grace_until,
        never.next_due,
    )


@given(versions_of(), histories, st.lists(grants(), max_size=3), days)
def test_the_tier_is_the_highest_of_earned_and_granted(
    versions: list[TierVersion], history: list[QualifyingFact], given_: list[Grant], on: date
) -> None:
    version = max((v for v in versions if v.from_day <= on), key=lambda v: v.from_day)
    one = standing(history, given_, versions, BEGIN, on)
    without = standing(history, (), versions, BEGIN, on)
    assert one.earned_tier == without.tier
    active = [
        version.ranks[grant.tier]
        for grant in given_
        if grant.tier in version.ranks
        and grant.from_day <= on
        and (grant.until_day is None or on <= grant.until_day)
    ]
    assert version.ranks[one.tier] == max([version.ranks[without.tier], *active])


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
    tiers=[
        TierTerms(code="basic", name={"en": "Basic"}, rank=0),
        TierTerms(
            code="silver",
            name={"en": "Silver"},
            rank=1,
            entry=((Condition(metric=Metric.SPEND, at_least=2),),),
            keep=((Condition(metric=Metric.SPEND, at_least=1),),),
            window=Rolling(months=1),
            keep_window=Rolling(days=1),
            lasts=LastsWithWindow(),
            grace_days=5,
            step_down="one",
        ),
    ],
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
