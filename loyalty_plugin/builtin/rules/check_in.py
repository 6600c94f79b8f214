"""Points for coming back day after day; counts no days itself: the streak comes in with the occasion."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Self

from django.utils.translation import gettext_lazy as _
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from loyalty_plugin import registry
from loyalty_plugin.builtin.shares import above_caps
from loyalty_plugin.domain import extensions
from loyalty_plugin.domain.extensions import DraftContext, Hint, Occasion, OccasionKind, Offer
from loyalty_plugin.domain.fields import PointCount, PositivePoints


class CheckInParams(extensions.Params):
    """`first` points on the first day, `step` more each day up to `most`. After `cycle` days in a row, the
    last of which brings `bonus` besides, it begins again; without a cycle it stays at `most`."""

    first: PositivePoints = 1
    step: PointCount = 1
    most: PositivePoints = 7
    cycle: int | None = Field(None, ge=2, le=366)
    bonus: PointCount = 0

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if self.most < self.first or (self.bonus and self.cycle is None):
            raise PydanticCustomError("params_contradict", "most is below first, or a bonus without a cycle")
        return self

    def problems(self, context: DraftContext) -> Sequence[tuple[str, str]]:
        return above_caps(context, self.first, "first", OccasionKind.CHECK_IN)


def reward(params: CheckInParams, streak: int) -> int:
    """Points on the `streak`-th day in a row (from 1)."""
    place = (streak - 1) % params.cycle + 1 if params.cycle else streak
    points = min(params.first + params.step * (place - 1), params.most)
    return points + (params.bonus if place == params.cycle else 0)


def tomorrow(params: CheckInParams, streak: int) -> int:
    """Points for coming again tomorrow, after `streak` days in a row (0: not yet)."""
    return reward(params, streak + 1)


def collected(params: CheckInParams, streak: int) -> int:
    """Points the whole streak has brought so far."""
    return sum(reward(params, day) for day in range(1, streak + 1))


@registry.rules.register
class CheckInRule:
    """Points for a check-in that grow with every day in a row."""

    code = "check_in"
    label = _("Daily check-in")
    occasions = frozenset({OccasionKind.CHECK_IN})
    looks_at_tier = False
    Params = CheckInParams

    def award(self, params: CheckInParams, occasion: Occasion) -> Offer | None:
        if occasion.streak < 1:
            return None
        points = reward(params, occasion.streak)
        data = {"streak": occasion.streak, "points": points, "tomorrow": tomorrow(params, occasion.streak)}
        return Offer(Fraction(points), "check_in", data, free=True)

    def hints(self, params: CheckInParams, occasion: Occasion) -> Sequence[Hint]:
        return [Hint("tomorrow", {"points": tomorrow(params, occasion.streak)})]
