"""Points for moments in a membership: welcome, birthday, milestone; no purchase stands behind any of them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Literal

from django.utils.translation import gettext_lazy as _

from loyalty_plugin import registry
from loyalty_plugin.builtin.shares import above_caps
from loyalty_plugin.domain import extensions
from loyalty_plugin.domain.earning.days import Leap, in_birthday
from loyalty_plugin.domain.extensions import DraftContext, Occasion, OccasionKind, Offer
from loyalty_plugin.domain.fields import PointCount, PositivePoints, Text

_MOMENTS = {
    "joined": OccasionKind.JOINED,
    "verified": OccasionKind.VERIFIED,
    "first_order": OccasionKind.ORDER,
}


@registry.rules.register
class WelcomeRule:
    """Points for a new member: at joining, once a contact is verified, or with the first paid order."""

    code = "welcome"
    label = _("Welcome points")
    occasions = frozenset(_MOMENTS.values())
    looks_at_tier = False

    class Params(extensions.Params):
        """`at`: the moment they are given."""

        points: PositivePoints
        at: Literal["joined", "verified", "first_order"] = "verified"

        def problems(self, context: DraftContext) -> Sequence[tuple[str, str]]:
            return above_caps(context, self.points, "points", _MOMENTS[self.at])

    def award(self, params: Params, occasion: Occasion) -> Offer | None:
        if occasion.kind is not _MOMENTS[params.at]:
            return None
        if params.at == "first_order" and (occasion.member.orders_before or not occasion.basis):
            return None
        data = {"at": params.at, "points": params.points}
        # Of joining and verifying the service knows by the occasion that a contact has it once.
        once = "first_order" if params.at == "first_order" else ""
        return Offer(Fraction(params.points), "welcome", data, free=True, once=once)


@registry.rules.register
class BirthdayRule:
    """Points on the birthday."""

    code = "birthday"
    label = _("Birthday points")
    occasions = frozenset({OccasionKind.BIRTHDAY})
    looks_at_tier = False

    class Params(extensions.Params):
        """`leap`: where 29 February is kept in common years."""

        points: PositivePoints
        leap: Leap = "feb28"

        def problems(self, context: DraftContext) -> Sequence[tuple[str, str]]:
            return above_caps(context, self.points, "points", OccasionKind.BIRTHDAY)

    def award(self, params: Params, occasion: Occasion) -> Offer | None:
        birthday = occasion.member.birthday
        if birthday is None or not in_birthday(birthday, occasion.day, "day", params.leap):
            return None
        return Offer(Fraction(params.points), "birthday", {"points": params.points}, free=True)


@registry.rules.register
class MilestoneRule:
    """Reached when points ever earned, spent or not, pass a mark: points, a benefit that is told, or both."""

    code = "milestone"
    label = _("Milestone")
    occasions = frozenset({OccasionKind.MILESTONE})
    looks_at_tier = False

    class Params(extensions.Params):
        """`mark` in points ever earned."""

        mark: PositivePoints
        points: PointCount = 0
        benefit: Text | None = None

        def problems(self, context: DraftContext) -> Sequence[tuple[str, str]]:
            if not self.points and self.benefit is None:
                return [("points", "params_contradict")]
            return above_caps(context, self.points, "points", OccasionKind.MILESTONE)

    def award(self, params: Params, occasion: Occasion) -> Offer | None:
        if not occasion.member.earned_before < params.mark <= occasion.earned_after:
            return None
        data: dict[str, Any] = {"mark": params.mark, "points": params.points}
        if params.benefit is not None:
            data["benefit"] = dict(params.benefit)
        return Offer(Fraction(params.points), "milestone", data, free=True)
