"""Whether an act fits a person's limits; compares numbers, never looks one up."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """What may be done alone: at once and in a day, in points or minor units; None is no limit."""

    once: int | None = 0
    daily: int | None = 0
    may_request: bool = True


@dataclass(frozen=True, slots=True)
class Excess:
    """Which limit an act goes above: `which` is once or daily, `used` what the day has seen already."""

    which: str
    limit: int
    used: int
    asked: int


def widest(limits: list[Limit]) -> Limit:
    """What a person with several roles may do: the widest of each."""
    if not limits:
        return Limit(0, 0, may_request=False)
    once = [limit.once for limit in limits]
    daily = [limit.daily for limit in limits]
    return Limit(
        None if None in once else max(value for value in once if value is not None),
        None if None in daily else max(value for value in daily if value is not None),
        any(limit.may_request for limit in limits),
    )


def excess(limit: Limit, used_today: int, asked: int) -> Excess | None:
    """None if the act fits; else the limit it breaks. Amounts count by size, whatever their sign."""
    size = abs(asked)
    if limit.once is not None and size > limit.once:
        return Excess("once", limit.once, used_today, size)
    if limit.daily is not None and used_today + size > limit.daily:
        return Excess("daily", limit.daily, used_today, size)
    return None
