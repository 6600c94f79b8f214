"""How points are earned, as a version states it; the shapes only, never the arithmetic."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from loyalty_plugin.domain.fields import (
    Code,
    Day,
    Ids,
    PointCount,
    PositiveAmount,
    PositivePoints,
    Terms,
    Text,
)

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Combine = Literal["sum", "best", "chain"]


class Basis(Terms):
    """Which part of an order counts.

    `tax`: amounts with or without tax. `shipping`: whether it counts. `discounts`: prices after or before
    discounts. `gift_card_paid`: whether the part paid with gift cards counts. `member_priced`: whether lines
    sold at a member price count. `gift_card_lines`: whether buying a gift card counts.
    """

    tax: Literal["included", "excluded"] = "included"
    shipping: bool = False
    discounts: Literal["after", "before"] = "after"
    gift_card_paid: bool = False
    member_priced: bool = True
    gift_card_lines: bool = False


class When(Terms):
    """Where and when a rule or multiplier applies; what is left empty does not restrict.

    `from_day` and `until_day` are days of the programme, both included. `products`, `categories` and
    `collections` narrow it to the lines that are in any of them.
    """

    channels: Ids = frozenset()
    weekdays: tuple[Weekday, ...] = ()
    from_day: Day | None = None
    until_day: Day | None = None
    tiers: Ids = frozenset()
    labels: Ids = frozenset()
    products: Ids = frozenset()
    categories: Ids = frozenset()
    collections: Ids = frozenset()

    @cached_property
    def restricts(self) -> bool:
        """Anything is named at all; most rules name nothing."""
        return self != When()

    @cached_property
    def narrows(self) -> bool:
        """It applies to some lines only."""
        return bool(self.products or self.categories or self.collections)


class RuleTerms(Terms):
    """One earning rule: `rule` is the extension's code, `params` are its own.

    `campaign` charges the points it causes to that campaign's budget. `on_top` adds it whatever the others
    give, outside of `combine`. `multiplied` lets multipliers act on it.
    """

    id: Code
    rule: Code
    params: dict[str, Any] = Field(default_factory=dict)
    when: When = When()
    campaign: Code | None = None
    on_top: bool = False
    multiplied: bool = True


class MultiplierTerms(Terms):
    """One multiplier: `multiplier` is the extension's code, `params` are its own."""

    id: Code
    multiplier: Code
    params: dict[str, Any] = Field(default_factory=dict)
    when: When = When()
    campaign: Code | None = None


class CampaignTerms(Terms):
    """A named time with a budget in points (None: without limit); days of the programme, both included."""

    code: Code
    name: Text
    budget: PositivePoints | None = None
    from_day: Day | None = None
    until_day: Day | None = None


class Caps(Terms):
    """Most points that one order, one day of a member, or one member for ever may bring."""

    order: PointCount | None = None
    day: PointCount | None = None
    member: PointCount | None = None


class Qualifying(Terms):
    """How points that count for tiers arise from an order.

    `points`: as many as were earned by buying. `base_points`: as many as before multipliers and campaigns.
    `amount`: one for each `per` of the amount that counts. `none`: there are none.
    """

    source: Literal["none", "points", "base_points", "amount"] = "none"
    per: PositiveAmount | None = None


class EarningTerms(Terms):
    """All of earning.

    `combine` says what happens where several rules give for one order. `sum`: all of them. `best`: each line
    by the rule that gives most for it, or one rule for the whole order if that gives more. `chain`: each line
    by the first rule, in the order stated, that gives for it; a rule for the whole order, if first, alone.
    `combine_multipliers`. `best`: the largest. `sum`: the parts above one are added. `chain`: all multiplied.
    """

    basis: Basis = Basis()
    rules: tuple[RuleTerms, ...] = Field((), max_length=200)
    combine: Combine = "sum"
    multipliers: tuple[MultiplierTerms, ...] = Field((), max_length=200)
    combine_multipliers: Combine = "best"
    campaigns: tuple[CampaignTerms, ...] = Field((), max_length=200)
    caps: Caps = Caps()
    qualifying: Qualifying = Qualifying()
