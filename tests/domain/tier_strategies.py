"""Random terms, histories, grants and versions of tiers; judges nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from loyalty_plugin.domain.tiers.history import Grant, QualifyingFact
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
    TierTerms,
)
from loyalty_plugin.domain.tiers.versions import TierVersion

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
