"""Our multipliers: by tier, on the member day, near the birthday, in a campaign; none combines anything."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from django.utils.translation import gettext_lazy as _
from pydantic import Field

from loyalty_plugin import registry
from loyalty_plugin.domain import extensions
from loyalty_plugin.domain.earning.days import (
    Leap,
    MemberDay,
    Span,
    in_birthday,
    is_member_day,
    next_member_day,
)
from loyalty_plugin.domain.extensions import DraftContext, Hint, Occasion
from loyalty_plugin.domain.fields import Code, PositiveRate, exact_text


@registry.multipliers.register
class TierMultiplier:
    """A rate for each tier; tiers not named earn as they are."""

    code = "tier"
    label = _("By tier")

    class Params(extensions.Params):
        """`rates` by tier code."""

        rates: dict[Code, PositiveRate] = Field(min_length=1)

        def problems(self, context: DraftContext) -> Sequence[tuple[str, str]]:
            return [(f"rates.{code}", "unknown_tier") for code in self.rates if code not in context.tiers]

    def factor(self, params: Params, occasion: Occasion) -> Fraction | None:
        return params.rates.get(occasion.member.tier)


@registry.multipliers.register
class MemberDayMultiplier:
    """A rate on the programme's member day."""

    code = "member_day"
    label = _("Member day")
    looks_at_tier = False

    class Params(extensions.Params):
        """`day`: a day of the month, a weekday, or the nth weekday of the month."""

        day: MemberDay
        rate: PositiveRate = Fraction(2)

    def factor(self, params: Params, occasion: Occasion) -> Fraction | None:
        return params.rate if is_member_day(params.day, occasion.day) else None

    def hints(self, params: Params, occasion: Occasion) -> Sequence[Hint]:
        if is_member_day(params.day, occasion.day):
            return []
        upcoming = next_member_day(params.day, occasion.day)
        return [Hint("member_day", {"day": upcoming.isoformat(), "rate": exact_text(params.rate)})]


@registry.multipliers.register
class BirthdayMultiplier:
    """A rate on the birthday, in its week or in its month."""

    code = "birthday"
    label = _("Birthday")
    looks_at_tier = False

    class Params(extensions.Params):
        """`leap`: where 29 February is kept in common years."""

        rate: PositiveRate = Fraction(2)
        span: Span = "month"
        leap: Leap = "feb28"

    def factor(self, params: Params, occasion: Occasion) -> Fraction | None:
        birthday = occasion.member.birthday
        if birthday is None or not in_birthday(birthday, occasion.day, params.span, params.leap):
            return None
        return params.rate


@registry.multipliers.register
class CampaignMultiplier:
    """A rate for as long as its campaign runs, where its `when` holds."""

    code = "campaign"
    label = _("Campaign")
    looks_at_tier = False

    class Params(extensions.Params):
        """Days and channels are the campaign's and the `when`'s."""

        rate: PositiveRate = Fraction(2)

    def factor(self, params: Params, occasion: Occasion) -> Fraction | None:
        return params.rate
