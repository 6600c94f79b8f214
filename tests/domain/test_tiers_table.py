"""Dated cases of tiers, to be read: what happened, and where the member stood on which days because of it."""

from __future__ import annotations

from datetime import date

import pytest

from loyalty_plugin.domain.tiers.history import QualifyingFact, purchase, topup, undo
from loyalty_plugin.domain.tiers.standing import standing
from loyalty_plugin.domain.tiers.terms import (
    Metric,
)
from loyalty_plugin.domain.tiers.versions import TierVersion
from loyalty_plugin.errors import DateOutOfRange, InvalidAmount, InvalidDraft, UnknownProgramme
from tests.domain.tier_cases import CASES
from tests.domain.tierkit import Case, bought, ladder


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_dated_case(case: Case) -> None:
    facts = [*(fact for line in case.bought for fact in bought(line)), *case.more]
    versions = [TierVersion(date(2024, 1, 1), case.tiers), *case.later]
    for line in case.expected:
        day, tier, *rest = line.split()
        on = date.fromisoformat(day)
        one = standing(facts, case.grants, versions, date.fromisoformat(case.joined), on)
        assert one.tier == tier, line
        if rest:
            end = one.until if rest[0] == "until" else one.grace_until
            assert end == date.fromisoformat(rest[1]), line


def told(case: str, on: date) -> list[str]:
    one = next(one for one in CASES if one.name == case)
    facts = [*(fact for line in one.bought for fact in bought(line)), *one.more]
    versions = [TierVersion(date(2024, 1, 1), one.tiers), *one.later]
    events = standing(facts, one.grants, versions, date.fromisoformat(one.joined), on).events
    return [f"{e.day} {e.kind} {e.tier} {e.reason}" for e in events]


def test_events_of_a_life_with_grace() -> None:
    assert told("grace: held thirty days more, then lost", date(2026, 4, 15)) == [
        "2025-01-10 entered basic joined",
        "2025-03-15 left basic earned",
        "2025-03-15 entered premium earned",
        "2026-04-15 left premium not_kept",
        "2026-04-15 entered basic not_kept",
    ]


def test_a_loss_is_told_beforehand_once_by_its_day() -> None:
    case = "grace: held thirty days more, then lost"
    assert told(case, date(2026, 3, 15))[-1] == "2025-03-15 entered premium earned"
    for on in (date(2026, 3, 16), date(2026, 4, 14)):
        assert told(case, on)[-1] == "2026-04-15 will_leave premium not_kept"


def test_a_refund_is_told_as_what_it_is() -> None:
    assert told("a refund takes the tier with it, from the day it is known", date(2025, 4, 1)) == [
        "2025-01-10 entered basic joined",
        "2025-03-15 left basic earned",
        "2025-03-15 entered vip earned",
        "2025-03-20 left vip undone",
        "2025-03-20 entered basic undone",
    ]


def test_a_grant_is_told_as_what_it_is() -> None:
    assert told("a grant, on its first day and after its last", date(2025, 8, 1)) == [
        "2025-01-10 entered basic joined",
        "2025-05-01 left basic granted",
        "2025-05-01 entered vip granted",
        "2025-08-01 left vip grant_ended",
        "2025-08-01 entered basic grant_ended",
    ]


def test_what_is_refused() -> None:
    versions, day = [TierVersion(date(2024, 1, 1), ladder())], date(2025, 1, 10)
    with pytest.raises(DateOutOfRange):
        standing((), (), versions, day, date(2025, 1, 9))
    with pytest.raises(UnknownProgramme):
        standing((), (), (), day, day)
    with pytest.raises(InvalidDraft):
        TierVersion(day, [*ladder(), *ladder()])
    with pytest.raises(InvalidDraft):
        TierVersion(day, [])
    with pytest.raises(InvalidAmount):
        purchase(day, "O1", spend=100, from_stored_value=101)
    with pytest.raises(InvalidAmount):
        purchase(day, "O1", spend=-1)
    with pytest.raises(InvalidAmount):
        topup(day, "T1", 0)
    fact = QualifyingFact(day, Metric.SPEND, 100)
    for amount in (0, -1, 101):
        with pytest.raises(InvalidAmount):
            undo(fact, day, amount)
