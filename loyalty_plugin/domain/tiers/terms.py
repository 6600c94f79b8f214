"""The terms of a programme's tiers as its version document states them: their shape only; it decides nothing.

A tier is entered, kept and lost on its own, and a member is in the highest tier held. `entry` and `keep` are
lists of ways: any one way is enough, and all conditions of a way must be met. Contradictions between terms
that are each well formed are found by `problems`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from loyalty_plugin.domain.values import MAX_AMOUNT


class _Terms(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Whole = Annotated[int, Field(strict=True)]
Period = Literal["month", "quarter", "year"]


class Metric(StrEnum):
    """What counts towards a tier. Money is in minor units of the programme's currency."""

    SPEND = "spend"
    QUALIFYING = "qualifying"
    ORDERS = "orders"
    TOPUP = "topup"
    TOPUP_COUNT = "topup_count"
    PRODUCT = "product"


class Condition(_Terms):
    """At least so much of one metric in the window; for `product`, so many pieces of any of `products`."""

    metric: Metric
    at_least: Whole = Field(ge=1, le=MAX_AMOUNT)
    products: tuple[str, ...] = ()


Way = tuple[Condition, ...]


class _Stretch(_Terms):
    months: Whole = Field(default=0, ge=0, le=1200)
    days: Whole = Field(default=0, ge=0, le=36500)

    @model_validator(mode="after")
    def _is_some_time(self) -> Self:
        if not self.months and not self.days:
            raise PydanticCustomError("no_time", "months and days are both zero")
        return self


class Rolling(_Stretch):
    """The last so many months and days with today: 12 months on 5 March begin on 6 March a year before."""

    kind: Literal["rolling"] = "rolling"


class Calendar(_Terms):
    """The calendar month, quarter or year of today, from its first day."""

    kind: Literal["calendar"] = "calendar"
    period: Period = "year"


class Anniversary(_Terms):
    """The year of membership, from the last anniversary of joining (29 February: 28 in common years)."""

    kind: Literal["anniversary"] = "anniversary"


class Lifetime(_Terms):
    """Everything that ever counted."""

    kind: Literal["lifetime"] = "lifetime"


Window = Annotated[Rolling | Calendar | Anniversary | Lifetime, Field(discriminator="kind")]


class LastsFor(_Stretch):
    """Lasts so long from the day it was earned, its last day included; renewals count from that day too."""

    kind: Literal["for"] = "for"


class LastsToEndOf(_Terms):
    """Lasts to the end of the calendar month, quarter or year, or of the one `after` of them later."""

    kind: Literal["end_of"] = "end_of"
    period: Period = "year"
    after: Whole = Field(default=0, ge=0, le=100)


class LastsWithWindow(_Terms):
    """Lasts to the end of the keep window, or of the one `after` later.

    A rolling window has no end: there the tier lasts as long as the keep rule is met, day by day. A lifetime
    never ends.
    """

    kind: Literal["window"] = "window"
    after: Whole = Field(default=0, ge=0, le=100)


class LastsForever(_Terms):
    """Once earned, never lost."""

    kind: Literal["forever"] = "forever"


Lasts = Annotated[LastsFor | LastsToEndOf | LastsWithWindow | LastsForever, Field(discriminator="kind")]


class TierTerms(_Terms):
    """One tier. Everybody is in the lowest (rank 0, no entry); others without an entry are by grant only."""

    code: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")
    #: Language code to text.
    name: dict[str, str] = Field(min_length=1)
    rank: Whole = Field(ge=0, le=1000)
    entry: tuple[Way, ...] = ()
    #: None: the entry rule is the keep rule too.
    keep: tuple[Way, ...] | None = None
    window: Window = Rolling(months=12)
    #: None: the keep rule looks at the same window as the entry rule.
    keep_window: Window | None = None
    lasts: Lasts = LastsFor(months=12)
    #: Days after the period's end in which the keep rule may still be met, the tier being held meanwhile.
    grace_days: Whole = Field(default=0, ge=0, le=366)
    #: Where its loss leads: to the next tier below, for that one's own period, or to what else was earned.
    step_down: Literal["one", "earned"] = "earned"
    colour: str | None = Field(default=None, pattern=r"^#[0-9a-fA-F]{6}$")
    #: Language code to lines of text, shown to members.
    benefits: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class TiersSettings(_Terms):
    """What a version settles for all its tiers."""

    #: When the version starts, tiers held by its members are judged at once by its rules, instead of lasting
    #: until their periods end.
    re_evaluate: bool = False
    #: How many days before a tier is lost its holder is warned.
    warn_days: Whole = Field(default=30, ge=0, le=366)
    #: Money that went through stored value qualifies once: as top-up when paid in, or as spend when spent.
    stored_value_counts: Literal["topup", "spend"] = "topup"
