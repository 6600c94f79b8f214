"""Dated cases of tiers, to be read: what happened, and where the member stood on which days because of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pytest

from loyalty_plugin.domain.tiers.history import Grant, QualifyingFact, purchase, topup, undo
from loyalty_plugin.domain.tiers.standing import standing
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
from loyalty_plugin.errors import DateOutOfRange, InvalidAmount, InvalidDraft, UnknownProgramme


def any_of(*ways: dict[str, int] | tuple[Condition, ...]) -> tuple[tuple[Condition, ...], ...]:
    """Each way as metric to threshold, or as conditions."""
    return tuple(
        way
        if isinstance(way, tuple)
        else tuple(Condition(metric=Metric(metric), at_least=n) for metric, n in way.items())
        for way in ways
    )


def ladder(premium: dict[str, Any] | None = None, vip: dict[str, Any] | None = None) -> list[TierTerms]:
    """Basic, premium (500) and VIP (1000), spend in the last twelve months; changed as told."""
    changes = {"premium": premium or {}, "vip": vip or {}}
    terms = [TierTerms(code="basic", name={"en": "Basic"}, rank=0)]
    for rank, (code, spend) in enumerate({"premium": 500, "vip": 1000}.items(), start=1):
        told = {"entry": any_of({"spend": spend}), **changes[code]}
        terms.append(TierTerms(code=code, name={"en": code}, rank=rank, **told))
    return terms


def both(**told: Any) -> list[TierTerms]:
    return ladder(told, told)


def bought(line: str) -> list[QualifyingFact]:
    """ "2025-03-15 spend 500, orders 1, tea 2" as facts; what is no metric is a product."""
    day, _, rest = line.partition(" ")
    facts = []
    for one in rest.split(", "):
        name, amount = one.split(" ")
        metric = Metric(name) if name in set(Metric) else Metric.PRODUCT
        product = name if metric is Metric.PRODUCT else ""
        facts.append(QualifyingFact(date.fromisoformat(day), metric, int(amount), product))
    return facts


def refunded(line: str, known_on: str) -> list[QualifyingFact]:
    return [undo(fact, date.fromisoformat(known_on)) for fact in bought(line)]


def granted(tier: str, first: str, last: str | None = None) -> Grant:
    return Grant(tier, date.fromisoformat(first), date.fromisoformat(last) if last else None, "staff")


@dataclass
class Case:
    name: str
    #: "day tier", or "day tier until day", or "day tier grace day".
    expected: list[str]
    bought: list[str] = field(default_factory=list)
    tiers: list[TierTerms] = field(default_factory=ladder)
    joined: str = "2025-01-10"
    grants: list[Grant] = field(default_factory=list)
    more: list[QualifyingFact] = field(default_factory=list)
    later: list[TierVersion] = field(default_factory=list)


YEAR = LastsFor(months=12)
CALENDAR = {"window": Calendar(period="year"), "lasts": LastsToEndOf(period="year", after=1)}
ANNIVERSARY = {"window": Anniversary(), "lasts": LastsWithWindow(after=1)}
SLIDING = {"window": Rolling(months=12), "lasts": LastsWithWindow()}

CASES = [
    # windows
    Case("nothing bought: the lowest tier, for ever", ["2025-01-10 basic", "2031-01-01 basic"]),
    Case(
        "rolling: the threshold is met on its day, not the day before",
        ["2025-03-14 basic", "2025-03-15 premium until 2026-03-15"],
        ["2025-02-01 spend 200", "2025-03-15 spend 300"],
    ),
    Case(
        "rolling: one unit short is short",
        ["2025-12-31 basic"],
        ["2025-02-01 spend 200", "2025-03-15 spend 299"],
    ),
    Case(
        "rolling: what is twelve months old today is out",
        ["2026-02-01 basic"],
        ["2025-02-01 spend 200", "2026-02-01 spend 300"],
    ),
    Case(
        "rolling: the day before it is in",
        ["2026-01-31 premium"],
        ["2025-02-01 spend 200", "2026-01-31 spend 300"],
    ),
    Case(
        "rolling days: thirty days with today",
        ["2025-03-30 premium", "2025-03-29 basic"],
        ["2025-03-01 spend 200", "2025-03-30 spend 300"],
        both(window=Rolling(days=30)),
    ),
    Case(
        "rolling days: the thirty-first is out",
        ["2025-03-31 basic"],
        ["2025-03-01 spend 200", "2025-03-31 spend 300"],
        both(window=Rolling(days=30)),
    ),
    Case(
        "both thresholds at once: straight to VIP",
        ["2025-03-15 vip until 2026-03-15"],
        ["2025-03-15 spend 1500"],
    ),
    Case(
        "calendar year: December does not help January",
        ["2026-01-05 basic", "2025-12-31 basic"],
        ["2025-12-30 spend 400", "2026-01-05 spend 400"],
        both(**CALENDAR),
    ),
    Case(
        "calendar year: earned to the end of the next",
        ["2025-06-01 premium until 2026-12-31", "2026-12-31 premium", "2027-01-01 basic"],
        ["2025-06-01 spend 500"],
        both(**CALENDAR),
    ),
    Case(
        "calendar year: earned again within the next, kept for one more",
        ["2027-01-01 premium until 2027-12-31", "2028-01-01 basic"],
        ["2025-06-01 spend 500", "2026-11-30 spend 500"],
        both(**CALENDAR),
    ),
    Case(
        "calendar month",
        ["2025-02-28 premium until 2025-02-28", "2025-03-01 basic"],
        ["2025-02-01 spend 250", "2025-02-20 spend 250"],
        both(window=Calendar(period="month"), lasts=LastsToEndOf(period="month")),
    ),
    Case(
        "what earned a tier in a calendar window does not keep it too",
        ["2025-12-31 premium until 2025-12-31", "2026-01-01 basic"],
        ["2025-06-01 spend 900"],
        both(window=Calendar(period="year"), lasts=LastsToEndOf(period="year")),
    ),
    Case(
        "calendar quarter to the end of the year",
        ["2025-05-20 premium until 2025-12-31", "2026-01-01 basic"],
        ["2025-04-01 spend 250", "2025-05-20 spend 250"],
        both(window=Calendar(period="quarter"), lasts=LastsToEndOf(period="year")),
    ),
    Case(
        "calendar quarter: March does not help April",
        ["2025-04-02 basic"],
        ["2025-03-31 spend 400", "2025-04-02 spend 400"],
        both(window=Calendar(period="quarter"), lasts=LastsToEndOf(period="year")),
    ),
    Case(
        "anniversary: the year of membership, kept to the end of the next",
        ["2025-12-01 premium until 2027-01-09", "2027-01-09 premium", "2027-01-10 basic"],
        ["2025-12-01 spend 500"],
        both(**ANNIVERSARY),
    ),
    Case(
        "anniversary: the day before and the day do not add up",
        ["2026-01-10 basic"],
        ["2026-01-09 spend 400", "2026-01-10 spend 400"],
        both(**ANNIVERSARY),
    ),
    Case(
        "joined on 29 February: the year begins on the 28th, in a leap year on the 29th",
        ["2025-02-27 basic", "2025-03-01 premium until 2027-02-27", "2027-02-28 basic"],
        ["2025-02-27 spend 400", "2025-02-28 spend 400", "2025-03-01 spend 100"],
        both(**ANNIVERSARY),
        joined="2024-02-29",
    ),
    Case(
        "joined on 29 February: the fourth year ends on 28 February 2028",
        ["2026-06-01 premium until 2028-02-28", "2028-02-28 premium", "2028-02-29 basic"],
        ["2026-06-01 spend 500"],
        both(**ANNIVERSARY),
        joined="2024-02-29",
    ),
    Case(
        "earned on 29 February: until 28 February, and in 2028 until the 29th again",
        [
            "2024-02-29 premium until 2025-02-28",
            "2025-03-01 premium until 2026-02-28",
            "2027-03-01 premium until 2028-02-29",
        ],
        ["2024-02-29 spend 500", "2025-01-01 spend 500", "2026-01-01 spend 500", "2027-01-01 spend 500"],
        ladder(vip={"entry": any_of({"spend": 5000})}),
        joined="2024-01-01",
    ),
    Case(
        "lifetime: years apart add up, and it is for ever",
        ["2029-06-01 premium", "2049-06-01 premium"],
        ["2025-06-01 spend 400", "2029-06-01 spend 100"],
        both(window=Lifetime(), lasts=LastsForever()),
    ),
    Case(
        "bought before joining: counts from the day of joining",
        ["2025-01-10 premium until 2026-01-10"],
        ["2024-11-01 spend 500"],
    ),
    # what counts
    Case(
        "qualifying points",
        ["2025-03-15 premium"],
        ["2025-03-15 spend 10, qualifying 70"],
        ladder(premium={"entry": any_of({"qualifying": 70})}),
    ),
    Case(
        "number of orders",
        ["2025-03-02 basic", "2025-03-03 premium"],
        ["2025-03-01 orders 1", "2025-03-02 orders 1", "2025-03-03 orders 1"],
        ladder(premium={"entry": any_of({"orders": 3})}),
    ),
    Case(
        "amount of top-ups",
        ["2025-03-01 premium"],
        tiers=ladder(premium={"entry": any_of({"topup": 300})}),
        more=[*topup(date(2025, 3, 1), "T1", 300)],
    ),
    Case(
        "frequency of top-ups",
        ["2025-03-02 basic", "2025-04-01 premium"],
        tiers=ladder(premium={"entry": any_of({"topup_count": 2})}),
        more=[*topup(date(2025, 3, 1), "T1", 5), *topup(date(2025, 4, 1), "T2", 5)],
    ),
    Case(
        "one of two products bought",
        ["2025-03-01 basic", "2025-03-02 premium"],
        ["2025-03-01 cup 1", "2025-03-02 gold-card 1"],
        ladder(
            premium={
                "entry": any_of(
                    (Condition(metric=Metric.PRODUCT, at_least=1, products=("gold-card", "gold-box")),)
                )
            }
        ),
    ),
    Case(
        "all of: spend alone is not enough, the third order makes it",
        ["2025-03-01 basic", "2025-03-03 premium"],
        ["2025-03-01 spend 500, orders 1", "2025-03-02 orders 1", "2025-03-03 orders 1"],
        ladder(premium={"entry": any_of({"spend": 500, "orders": 3})}),
    ),
    Case(
        "any of: either way leads in",
        ["2025-03-01 premium"],
        ["2025-03-01 topup 100"],
        ladder(premium={"entry": any_of({"spend": 500}, {"topup": 100})}),
    ),
    Case(
        "money qualifies once: paid from stored value, it counted when it was topped up",
        ["2025-03-01 basic", "2025-04-01 basic"],
        more=[
            *topup(date(2025, 3, 1), "T1", 400),
            *purchase(date(2025, 4, 1), "O1", spend=500, from_stored_value=400),
        ],
    ),
    Case(
        "or when it is spent, by setting",
        ["2025-03-01 basic", "2025-04-01 premium"],
        tiers=ladder(premium={"entry": any_of({"spend": 500}, {"topup": 100})}),
        more=[
            *topup(date(2025, 3, 1), "T1", 400, TiersSettings(stored_value_counts="spend")),
            *purchase(
                date(2025, 4, 1),
                "O1",
                spend=500,
                from_stored_value=400,
                settings=TiersSettings(stored_value_counts="spend"),
            ),
        ],
    ),
    # keep, apart from entry
    Case(
        "kept by the entry rule where there is no other",
        ["2026-03-16 premium until 2027-03-15", "2027-03-16 basic"],
        ["2025-03-15 spend 500", "2025-09-01 spend 500"],
        ladder(vip={"entry": any_of({"spend": 5000})}),
    ),
    Case(
        "an easier keep rule",
        ["2026-03-15 premium", "2026-03-16 premium until 2027-03-15", "2027-03-16 basic"],
        ["2025-03-15 spend 500", "2025-09-01 spend 200"],
        ladder(premium={"keep": any_of({"spend": 200})}),
    ),
    Case(
        "the keep rule does not let in",
        ["2025-12-31 basic"],
        ["2025-03-15 spend 400"],
        ladder(premium={"keep": any_of({"spend": 200})}),
    ),
    Case(
        "a keep rule of its own kind and window",
        ["2026-03-16 premium until 2027-03-15", "2027-03-16 basic"],
        ["2025-03-15 spend 500", "2026-02-01 orders 1", "2026-03-01 orders 1"],
        ladder(premium={"keep": any_of({"orders": 2}), "keep_window": Rolling(months=3)}),
    ),
    Case(
        "a lifetime's entry, lost by its own keep rule, is not entered by the same money again",
        ["2026-03-15 premium", "2026-03-16 basic", "2026-06-01 basic", "2026-07-01 premium"],
        ["2025-03-15 spend 500", "2026-06-01 spend 100", "2026-07-01 spend 400"],
        ladder(
            premium={
                "window": Lifetime(),
                "keep": any_of({"spend": 200}),
                "keep_window": Rolling(months=12),
                "lasts": YEAR,
            },
            vip={"entry": any_of({"spend": 5000})},
        ),
    ),
    Case(
        "held day by day while the rolling window holds enough",
        ["2025-05-01 premium until 2026-03-14", "2026-03-14 premium", "2026-03-15 basic"],
        ["2025-03-15 spend 100", "2025-05-01 spend 400"],
        both(**SLIDING),
    ),
    Case(
        "a purchase in time lets the window slide on",
        ["2026-03-15 premium until 2026-04-30", "2026-05-01 basic"],
        ["2025-03-15 spend 100", "2025-05-01 spend 400", "2026-03-01 spend 100"],
        both(**SLIDING),
    ),
    # lasting
    Case(
        "lasts six months while twelve are looked at: still enough, so six more",
        ["2025-09-15 premium", "2025-09-16 premium until 2026-03-15", "2026-03-16 basic"],
        ["2025-03-15 spend 500"],
        both(lasts=LastsFor(months=6)),
    ),
    Case(
        "31 August and six months is 28 February",
        ["2025-08-31 premium until 2026-02-28", "2026-03-01 basic"],
        ["2025-08-31 spend 500"],
        both(window=Rolling(months=1), lasts=LastsFor(months=6)),
    ),
    Case(
        "each tier ends by itself: VIP for a month, premium meanwhile goes on",
        ["2025-03-20 vip until 2025-04-20", "2025-04-21 premium until 2026-03-15"],
        ["2025-03-15 spend 500", "2025-03-20 spend 500"],
        ladder(vip={"window": Rolling(months=1), "lasts": LastsFor(months=1)}),
    ),
    # grace
    Case(
        "grace: held thirty days more, then lost",
        [
            "2026-03-15 premium until 2026-03-15",
            "2026-03-16 premium grace 2026-04-14",
            "2026-04-14 premium grace 2026-04-14",
            "2026-04-15 basic",
        ],
        ["2025-03-15 spend 500"],
        both(grace_days=30),
    ),
    Case(
        "grace: made good in it, and the periods follow on as if never broken",
        ["2026-04-10 premium until 2027-03-15"],
        ["2025-03-15 spend 500", "2026-03-01 spend 300", "2026-04-10 spend 200"],
        both(grace_days=30),
    ),
    Case(
        "grace: the calendar window stays open",
        ["2027-01-31 premium grace 2027-01-31", "2027-02-01 basic"],
        ["2025-06-01 spend 500", "2026-12-01 spend 300", "2027-02-01 spend 200"],
        both(**CALENDAR, grace_days=31),
    ),
    Case(
        "grace: what saved the last year does not count for the next",
        ["2027-01-20 premium until 2027-12-31", "2028-02-01 basic"],
        ["2025-06-01 spend 500", "2026-12-01 spend 300", "2027-01-20 spend 250", "2027-06-01 spend 300"],
        both(**CALENDAR, grace_days=31),
    ),
    # stepping down
    Case(
        "down to what is earned: nothing of it is left",
        ["2026-03-15 vip", "2026-03-16 basic"],
        ["2025-03-15 spend 1000"],
    ),
    Case(
        "down to what is earned: enough for premium",
        ["2026-03-16 premium until 2027-03-15"],
        ["2025-03-15 spend 1000", "2025-08-01 spend 600"],
    ),
    Case(
        "down by one, for a period of its own",
        ["2026-03-16 premium until 2027-03-16", "2027-03-17 basic"],
        ["2025-03-15 spend 1000"],
        ladder(vip={"step_down": "one"}),
    ),
    Case(
        "down by one, over a tier that has no period and is not kept",
        ["2026-03-15 vip", "2026-03-16 basic"],
        ["2025-03-15 spend 1000"],
        ladder(premium=SLIDING, vip={"step_down": "one"}),
    ),
    # grants
    Case(
        "a grant, on its first day and after its last",
        ["2025-04-30 basic", "2025-05-01 vip until 2025-07-31", "2025-07-31 vip", "2025-08-01 basic"],
        grants=[granted("vip", "2025-05-01", "2025-07-31")],
    ),
    Case(
        "grants are stacked: the highest that runs",
        ["2025-06-01 vip until 2025-06-30", "2025-07-01 premium until 2025-12-31", "2026-01-01 basic"],
        grants=[granted("premium", "2025-05-01", "2025-12-31"), granted("vip", "2025-06-01", "2025-06-30")],
    ),
    Case(
        "a grant below what is earned changes nothing, and carries on after it",
        ["2025-06-01 vip until 2026-03-15", "2026-03-16 premium"],
        ["2025-03-15 spend 1000"],
        grants=[granted("premium", "2025-05-01")],
    ),
    Case(
        "a grant for ever is never wiped",
        ["2035-01-01 vip"],
        ["2025-03-15 spend 500"],
        grants=[granted("vip", "2025-05-01")],
    ),
    Case(
        "earned and granted: until the later of both",
        ["2025-06-01 vip until 2026-12-31", "2027-01-01 basic"],
        ["2025-03-15 spend 1000"],
        grants=[granted("vip", "2025-05-01", "2026-12-31")],
    ),
    Case(
        "a grant of a tier that is gone is silent",
        ["2025-06-01 basic"],
        grants=[granted("platinum", "2025-05-01")],
    ),
    # refunds
    Case(
        "a refund takes the tier with it, from the day it is known",
        ["2025-03-15 vip", "2025-03-19 vip", "2025-03-20 basic"],
        ["2025-03-15 spend 1000"],
        more=refunded("2025-03-15 spend 1000", "2025-03-20"),
    ),
    Case(
        "a refund in part leaves what the rest earned",
        ["2025-03-19 vip", "2025-03-20 premium until 2026-03-15"],
        ["2025-03-15 spend 1000"],
        more=refunded("2025-03-15 spend 400", "2025-03-20"),
    ),
    Case(
        "a refund of what was not needed changes nothing",
        ["2025-03-20 vip until 2026-03-15"],
        ["2025-03-15 spend 1000", "2025-03-16 spend 100"],
        more=refunded("2025-03-16 spend 100", "2025-03-20"),
    ),
    Case(
        "a refund moves the day of earning to the purchase that then made it",
        ["2025-05-01 premium until 2026-03-15", "2025-05-10 premium until 2026-04-20"],
        ["2025-03-15 spend 500", "2025-04-20 spend 600"],
        ladder(vip={"entry": any_of({"spend": 5000})}),
        more=refunded("2025-03-15 spend 500", "2025-05-10"),
    ),
    Case(
        "points taken off by staff count from their own day: the earned period stays",
        ["2025-03-21 premium until 2026-03-15"],
        ["2025-03-15 spend 500", "2025-03-20 spend -400"],
    ),
    # versions
    Case(
        "a harder version leaves what is earned until its period ends",
        ["2025-07-01 premium until 2026-03-15", "2026-03-16 basic"],
        ["2025-03-15 spend 500", "2025-06-01 spend 500"],
        ladder(vip={"entry": any_of({"spend": 5000})}),
        later=[TierVersion(date(2025, 7, 1), both(entry=any_of({"spend": 9000}))[:2])],
    ),
    Case(
        "unless it re-evaluates",
        ["2025-06-30 premium", "2025-07-01 basic"],
        ["2025-03-15 spend 500"],
        later=[TierVersion(date(2025, 7, 1), both(entry=any_of({"spend": 9000}))[:2], re_evaluate=True)],
    ),
    Case(
        "an easier version lets in on its first day",
        ["2025-06-30 basic", "2025-07-01 premium until 2026-07-01"],
        ["2025-03-15 spend 400"],
        later=[TierVersion(date(2025, 7, 1), ladder(premium={"entry": any_of({"spend": 300})}))],
    ),
    Case(
        "a period that ends on the old version's last day is judged by the old version",
        ["2025-12-31 premium", "2026-01-01 premium until 2026-12-31"],
        ["2024-06-01 spend 500", "2025-06-01 spend 500"],
        both(**CALENDAR),
        joined="2024-01-10",
        later=[TierVersion(date(2026, 1, 1), both(**CALENDAR, entry=any_of({"spend": 9000}))[:2])],
    ),
    Case(
        "a tier that is gone hands its period to the next below",
        ["2025-06-30 vip", "2025-07-01 premium until 2026-03-15", "2026-03-16 basic"],
        ["2025-03-15 spend 1000"],
        ladder(premium={"entry": any_of({"orders": 9})}),
        later=[TierVersion(date(2025, 7, 1), ladder(premium={"entry": any_of({"orders": 9})})[:2])],
    ),
    Case(
        "held day by day becomes a period that was assured",
        ["2025-07-01 premium until 2026-03-14", "2026-03-15 basic"],
        ["2025-03-15 spend 500"],
        both(**SLIDING),
        later=[TierVersion(date(2025, 7, 1), both(entry=any_of({"spend": 9000}))[:2])],
    ),
    # days are the programme's own, so a night with a changed clock is a night
    Case(
        "the days around a change of clocks are days",
        ["2025-03-29 basic", "2025-03-30 premium until 2025-10-26", "2025-10-27 basic"],
        ["2025-03-30 spend 500"],
        both(window=Rolling(days=1), lasts=LastsFor(days=210)),
    ),
]


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
