"""Dated cases of what is told ahead: what is lacking for the next tier, what keeps the present one, and drafts."""

from __future__ import annotations

from datetime import date
from typing import Any

from loyalty_plugin.domain.tiers.forecast import Need, forecast
from loyalty_plugin.domain.tiers.preview import compare
from loyalty_plugin.domain.tiers.standing import standing
from loyalty_plugin.domain.tiers.terms import (
    Anniversary,
    Calendar,
    Condition,
    LastsForever,
    LastsToEndOf,
    LastsWithWindow,
    Lifetime,
    Metric,
    Rolling,
    TierTerms,
)
from loyalty_plugin.domain.tiers.versions import TierVersion
from tests.domain.tierkit import CALENDAR, any_of, both, bought, granted, ladder

JOINED = date(2025, 1, 10)
BEGIN = date(2024, 1, 1)


def ahead(on: date, lines: list[str], tiers: list[TierTerms] | None = None, **told: Any) -> Any:
    facts = [fact for line in lines for fact in bought(line)]
    versions = [TierVersion(BEGIN, tiers or ladder()), *told.get("later", ())]
    return forecast(standing(facts, told.get("grants", ()), versions, JOINED, on))


def test_so_much_more_by_a_day_for_vip() -> None:
    one = ahead(date(2025, 9, 1), ["2025-04-01 spend 500", "2025-06-01 spend 375"])
    assert (one.tier, one.next_tier) == ("premium", "vip")
    # On 1 April the first purchase leaves the twelve months.
    assert one.needs == (Need(Metric.SPEND, 125, 1000, by=date(2026, 3, 31)),)


def test_drops_on_a_day_and_lacks_orders() -> None:
    tiers = ladder(
        premium={"entry": any_of({"spend": 500})}, vip={"keep": any_of({"orders": 4}), "step_down": "one"}
    )
    one = ahead(date(2026, 4, 1), ["2025-04-30 spend 1000, orders 1", "2025-11-01 orders 2"], tiers)
    assert (one.keeps_until, one.drops_on, one.drops_to) == (date(2026, 4, 30), date(2026, 5, 1), "premium")
    assert one.lacks == (Need(Metric.ORDERS, 2, 4, by=date(2026, 4, 30)),)
    assert one.drop_reason == "not_kept"
    assert one.next_tier is None


def test_the_lowest_tier_is_never_lost() -> None:
    one = ahead(date(2025, 3, 1), [])
    assert one.drops_on is None
    assert one.keeps_until is None
    assert one.lacks == ()
    assert one.needs == (Need(Metric.SPEND, 500, 500, by=None),)


def test_kept_already_is_kept_for_the_next_period_too() -> None:
    one = ahead(date(2026, 3, 1), ["2025-03-15 spend 500", "2025-10-01 spend 500"], ladder(vip={"entry": ()}))
    assert one.drops_on == date(2027, 3, 16)


def test_what_is_bought_now_may_not_count_yet() -> None:
    one = ahead(date(2025, 7, 1), ["2025-06-01 spend 500"], both(**CALENDAR))
    assert one.drops_on == date(2027, 1, 1)
    assert one.lacks == (Need(Metric.SPEND, 500, 500, by=date(2026, 12, 31), counts_from=date(2026, 1, 1)),)


def test_by_the_end_of_the_calendar_year_or_of_the_year_of_membership() -> None:
    assert ahead(date(2025, 7, 1), [], both(**CALENDAR)).needs[0].by == date(2025, 12, 31)
    anniversary = both(window=Anniversary(), lasts=LastsWithWindow(after=1))
    assert ahead(date(2025, 7, 1), [], anniversary).needs[0].by == date(2026, 1, 9)
    for_life = both(window=Lifetime(), lasts=LastsForever())
    assert ahead(date(2025, 7, 1), ["2025-03-01 spend 100"], for_life).needs[0].by is None


def test_the_way_of_which_most_is_done_comes_first() -> None:
    tiers = ladder(premium={"entry": any_of({"spend": 500, "orders": 4}, {"topup": 200})})
    one = ahead(date(2025, 7, 1), ["2025-03-01 spend 400, orders 3"], tiers)
    assert [need.missing for need in one.needs] == [100, 1]
    assert [[need.missing for need in way] for way in one.other_needs] == [[200]]
    one = ahead(date(2025, 7, 1), ["2025-03-01 spend 400, orders 1, topup 150"], tiers)
    assert [need.missing for need in one.needs] == [50]


def test_products_are_named() -> None:
    way = (Condition(metric=Metric.PRODUCT, at_least=2, products=("tea", "mug")),)
    one = ahead(date(2025, 7, 1), ["2025-06-01 mug 1"], ladder(premium={"entry": (way,)}))
    assert one.needs == (Need(Metric.PRODUCT, 1, 2, ("tea", "mug"), by=date(2026, 5, 31)),)


def test_within_grace_it_can_be_made_good() -> None:
    one = ahead(date(2026, 3, 20), ["2025-03-15 spend 500", "2026-01-01 spend 300"], both(grace_days=30))
    assert one.drops_on == date(2026, 4, 15)
    assert one.lacks == (Need(Metric.SPEND, 200, 500, by=date(2026, 4, 14)),)


def test_a_window_that_slides() -> None:
    tiers = both(window=Rolling(months=12), lasts=LastsWithWindow())
    one = ahead(date(2025, 7, 1), ["2025-03-15 spend 100", "2025-05-01 spend 450"], tiers)
    # From 15 March the first 100 are out: 450 are left.
    assert one.drops_on == date(2026, 3, 15)
    assert one.lacks == (Need(Metric.SPEND, 50, 500, by=date(2026, 3, 14)),)


def test_a_grant_that_ends_can_be_earned_instead() -> None:
    one = ahead(
        date(2025, 7, 1),
        ["2025-06-01 spend 300"],
        grants=[granted("premium", "2025-05-01", "2025-12-31")],
    )
    assert (one.drops_on, one.drop_reason) == (date(2026, 1, 1), "grant_ended")
    assert one.lacks == (Need(Metric.SPEND, 200, 500, by=date(2025, 12, 31)),)


def test_a_version_to_come_that_re_evaluates() -> None:
    harder = ladder(premium={"entry": any_of({"spend": 800})})
    later = [TierVersion(date(2025, 9, 1), harder, re_evaluate=True)]
    one = ahead(date(2025, 7, 1), ["2025-06-01 spend 500"], later=later)
    assert (one.drops_on, one.drop_reason) == (date(2025, 9, 1), "new_terms")
    assert one.lacks == (Need(Metric.SPEND, 300, 800, by=date(2025, 8, 31)),)


# before publishing

OLD = [TierVersion(BEGIN, ladder())]
FACTS = [fact for line in ("2025-03-15 spend 500", "2025-06-01 spend 100") for fact in bought(line)]
HARDER = ladder(premium={"entry": any_of({"spend": 800})})


def test_who_loses_at_once() -> None:
    [effect] = compare(FACTS, (), OLD, [TierVersion(date(2025, 7, 1), HARDER, re_evaluate=True)], JOINED)
    assert effect.changes
    assert effect.loses
    assert (effect.before.tier, effect.after.tier) == ("premium", "basic")
    assert effect.on == date(2025, 7, 1)


def test_who_loses_sooner_than_before() -> None:
    half = ladder(premium={"keep": any_of({"spend": 100}), "keep_window": Rolling(months=12)})
    facts = [*FACTS, *bought("2025-09-01 spend 200")]
    [effect] = compare(facts, (), [TierVersion(BEGIN, half)], [TierVersion(date(2025, 7, 1), HARDER)], JOINED)
    assert effect.changes
    assert not effect.loses
    assert effect.drops_sooner
    # Until 15 March in either case, but no longer kept with 200 a year.
    assert (effect.before.drops_on, effect.after.drops_on) == (date(2027, 3, 16), date(2026, 3, 16))


def test_who_gains() -> None:
    easier = ladder(vip={"entry": any_of({"spend": 600})})
    [effect] = compare(FACTS, (), OLD, [TierVersion(date(2025, 7, 1), easier)], JOINED)
    assert effect.changes
    assert effect.gains
    assert effect.after.tier == "vip"


def test_who_loses_a_tier_that_is_gone() -> None:
    [effect] = compare(FACTS, (), OLD, [TierVersion(date(2025, 7, 1), ladder()[:1])], JOINED)
    assert effect.changes
    assert effect.loses


def test_a_member_whom_a_draft_does_not_touch() -> None:
    [effect] = compare(FACTS, (), OLD, [TierVersion(date(2025, 7, 1), ladder())], JOINED)
    assert not effect.changes
    [effect] = compare((), (), OLD, [TierVersion(date(2025, 7, 1), HARDER, re_evaluate=True)], JOINED)
    assert not effect.changes


def test_a_draft_for_days_before_the_member_joined() -> None:
    [effect] = compare(FACTS, (), OLD, [TierVersion(date(2024, 7, 1), HARDER)], JOINED)
    assert not effect.changes


def test_two_drafts_of_one_day_are_told_apart() -> None:
    day = date(2025, 7, 1)
    kept, at_once = (TierVersion(day, HARDER, re_evaluate=anew) for anew in (False, True))
    effects = compare(FACTS, (), OLD, [kept, at_once], JOINED)
    assert [one.after.tier for one in effects] == ["premium", "basic"]
    assert [one.loses for one in effects] == [False, True]


def test_a_draft_that_begins_on_the_day_of_the_version_it_replaces() -> None:
    day = date(2025, 7, 1)
    [effect] = compare(FACTS, (), [TierVersion(day, ladder())], [TierVersion(day, HARDER)], JOINED)
    assert (effect.before.tier, effect.after.tier) == ("premium", "basic")


def test_calendar_periods_end_together() -> None:
    tiers = both(window=Calendar(period="quarter"), lasts=LastsToEndOf(period="quarter", after=1))
    assert ahead(date(2025, 5, 1), ["2025-04-10 spend 500"], tiers).keeps_until == date(2025, 9, 30)
