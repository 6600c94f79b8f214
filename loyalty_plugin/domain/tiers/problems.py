"""Contradictions in the tiers of a draft: terms that are well formed, yet can't be met or never matter.

A problem is {"path": where, "problem": a stable code}; the wording belongs to the doors. The codes:

- no_tiers, duplicate_code, duplicate_rank, lowest_rank_not_zero
- lowest_has_entry, lowest_has_keep: everybody is in the lowest tier, so nothing is asked for it
- no_conditions: a way without conditions, or a keep rule without ways
- products_missing, products_not_counted: a product condition names its products, no other does
- condition_repeated: the same thing asked twice in one way
- topup_never_counts: stored value counts when it is spent, so no top-up amount qualifies
- too_many: more orders or top-ups than anybody can make in the window
- not_above_lower_tier: who enters a lower tier enters this one too, so the lower one is never anybody's
- keep_without_end, grace_without_end: the tier never ends, so it is never asked
- keep_always_met: the tier has periods, but its keep rule looks at a lifetime that only grows
- keep_not_met_at_entry: held only while its keep rule is met, which entering does not bring
- after_without_end: so many windows later, of a window that has no end
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

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
    Way,
    Window,
)

#: More orders or top-ups a day than a person makes.
MOST_A_DAY = 100
_PERIOD_DAYS = {"month": 31, "quarter": 92, "year": 366}
_Found = Iterator[tuple[str, str]]


def problems(tiers: Sequence[TierTerms], settings: TiersSettings | None = None) -> list[dict[str, str]]:
    """Everything that contradicts itself, in the order of the tiers; empty where they can be published."""
    found = [*_among(tiers), *_steps(tiers)]
    for index, tier in enumerate(tiers):
        lowest = tier.rank == min(one.rank for one in tiers)
        for path, problem in [*_of_tier(tier, lowest), *_of_ways(tier, settings or TiersSettings())]:
            found.append((f"tiers.{index}.{path}", problem))
    return [{"path": path, "problem": problem} for path, problem in found]


def _among(tiers: Sequence[TierTerms]) -> _Found:
    if not tiers:
        yield "tiers", "no_tiers"
        return
    codes: set[str] = set()
    ranks: set[int] = set()
    for index, tier in enumerate(tiers):
        if tier.code in codes:
            yield f"tiers.{index}.code", "duplicate_code"
        if tier.rank in ranks:
            yield f"tiers.{index}.rank", "duplicate_rank"
        codes.add(tier.code)
        ranks.add(tier.rank)
    if min(ranks) != 0:
        yield "tiers", "lowest_rank_not_zero"


def _steps(tiers: Sequence[TierTerms]) -> _Found:
    """Tiers that swallow a lower one."""
    for index, tier in enumerate(tiers):
        for lower in tiers:
            if not (0 < lower.rank < tier.rank and lower.entry and tier.window == lower.window):
                continue
            if all(any(_implies(way, other) for other in tier.entry) for way in lower.entry):
                yield f"tiers.{index}.entry", "not_above_lower_tier"
                break


def _implies(way: Way, other: Way) -> bool:
    """Whether meeting `way` meets `other` too, over the same window."""
    return all(any(_covers(one, wanted) for one in way) for wanted in other)


def _covers(one: Condition, wanted: Condition) -> bool:
    return (
        one.metric is wanted.metric
        and one.at_least >= wanted.at_least
        and set(one.products) <= set(wanted.products)
    )


def _of_tier(tier: TierTerms, lowest: bool) -> _Found:
    if lowest:
        if tier.entry:
            yield "entry", "lowest_has_entry"
        if tier.keep is not None or tier.keep_window is not None:
            yield "keep", "lowest_has_keep"
        return
    judged: Window = tier.keep_window or tier.window
    lasts = tier.lasts
    with_window = isinstance(lasts, LastsWithWindow)
    if isinstance(lasts, LastsForever) or (with_window and isinstance(judged, Lifetime)):
        if tier.keep is not None or tier.keep_window is not None:
            yield "keep", "keep_without_end"
        if tier.grace_days:
            yield "grace_days", "grace_without_end"
    elif isinstance(judged, Lifetime) and tier.entry:
        yield "keep_window", "keep_always_met"
    if isinstance(lasts, LastsWithWindow) and lasts.after and not isinstance(judged, Calendar | Anniversary):
        yield "lasts.after", "after_without_end"
    if with_window and isinstance(judged, Rolling) and tier.keep is not None and judged == tier.window:
        for way in tier.entry:
            if not any(_implies(way, kept) for kept in tier.keep):
                yield "keep", "keep_not_met_at_entry"
                break


def _of_ways(tier: TierTerms, settings: TiersSettings) -> _Found:
    if tier.keep is not None and not tier.keep:
        yield "keep", "no_conditions"
    rules = (("entry", tier.entry, tier.window), ("keep", tier.keep or (), tier.keep_window or tier.window))
    for name, ways, window in rules:
        for position, way in enumerate(ways):
            if not way:
                yield f"{name}.{position}", "no_conditions"
            asked: set[tuple[Metric, frozenset[str]]] = set()
            for place, condition in enumerate(way):
                for field, problem in _of_condition(condition, window, settings):
                    yield f"{name}.{position}.{place}.{field}", problem
                what = (condition.metric, frozenset(condition.products))
                if what in asked:
                    yield f"{name}.{position}.{place}", "condition_repeated"
                asked.add(what)


def _of_condition(condition: Condition, window: Window, settings: TiersSettings) -> _Found:
    metric = condition.metric
    if metric is Metric.PRODUCT and not all(condition.products or ("",)):
        yield "products", "products_missing"
    if metric is not Metric.PRODUCT and condition.products:
        yield "products", "products_not_counted"
    if metric is Metric.TOPUP and settings.stored_value_counts == "spend":
        yield "metric", "topup_never_counts"
    longest = _longest(window)
    if (
        metric in (Metric.ORDERS, Metric.TOPUP_COUNT)
        and longest is not None
        and condition.at_least > longest * MOST_A_DAY
    ):
        yield "at_least", "too_many"


def _longest(window: Window) -> int | None:
    """Days of the window at its longest; None for a lifetime."""
    match window:
        case Rolling(months=months, days=days):
            return months * 31 + days
        case Calendar(period=period):
            return _PERIOD_DAYS[period]
        case Anniversary():
            return 366
        case _:
            return None
