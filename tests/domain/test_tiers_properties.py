"""Laws of tiers over random terms and histories: the fast way against a slow one, and against itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from loyalty_plugin.domain.tiers.history import Grant, QualifyingFact, undo
from loyalty_plugin.domain.tiers.standing import Standing, advance, standing
from loyalty_plugin.domain.tiers.terms import TierTerms
from loyalty_plugin.domain.tiers.versions import TierVersion
from tests.domain.tier_strategies import BEGIN, days, facts, grants, histories, ladders, versions_of
from tests.domain.tiers_oracle import Oracle


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
