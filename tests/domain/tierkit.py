"""Makes tiers, facts and grants for dated cases from short lines of text; judges nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from loyalty_plugin.domain.tiers.history import Grant, QualifyingFact, undo
from loyalty_plugin.domain.tiers.terms import (
    Anniversary,
    Calendar,
    Condition,
    LastsFor,
    LastsToEndOf,
    LastsWithWindow,
    Metric,
    Rolling,
    TierTerms,
)
from loyalty_plugin.domain.tiers.versions import TierVersion


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
