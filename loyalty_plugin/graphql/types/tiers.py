"""Programmes, tiers and the way between them, as the GraphQL door shows them; decides nothing."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry

from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.texts import text_in
from loyalty_plugin.domain.tiers.forecast import Forecast, Need, Needs
from loyalty_plugin.domain.tiers.terms import Metric, TierTerms, Way
from loyalty_plugin.graphql import words
from loyalty_plugin.graphql.scalars import MoneyType, Whole, money

MetricType = strawberry.enum(
    Metric, name="LoyaltyMetric", description="What counts towards a tier; money in minor units."
)
Language = Annotated[
    str | None,
    strawberry.argument(
        description="A language tag such as zh-hans; without one, the language of the request."
    ),
]


@strawberry.type(
    name="LoyaltyCondition", description="At least so much of one thing within the tier's window."
)
class ConditionType:
    metric: MetricType = strawberry.field(description="What counts.")  # type: ignore[valid-type]
    at_least: Whole = strawberry.field(
        description="Minor units, points, or a number of orders, top-ups, pieces."
    )
    products: list[str] = strawberry.field(description="For PRODUCT: any of these, by the shop's ids.")


@strawberry.type(name="LoyaltyWay", description="One way into a tier: all of its conditions.")
class WayType:
    conditions: list[ConditionType] = strawberry.field(description="What must all be met.")


@strawberry.type(name="LoyaltyTier", description="A tier of a programme.")
class TierType:
    terms: strawberry.Private[TierTerms]
    version: strawberry.Private[ProgrammeVersion]

    @strawberry.field(description="Its code, stable, never shown to customers.")
    def code(self) -> str:
        return self.terms.code

    @strawberry.field(description="Its name.")
    def name(self, language: Language = None) -> str:
        return words.tier_name(self.terms, self.terms.code, language)

    @strawberry.field(description="Its place, 0 for the lowest.")
    def rank(self) -> int:
        return self.version.document.tier_codes.index(self.terms.code)

    @strawberry.field(description='Its colour as "#rrggbb", where the shop chose one.')
    def colour(self) -> str | None:
        return self.terms.colour

    @strawberry.field(
        description="Ways into it; any one is enough. None for the lowest and those given by hand."
    )
    def entry(self) -> list[WayType]:
        return [_way(way) for way in self.terms.entry]

    @strawberry.field(description="What it brings, a line each.")
    def benefits(self, language: Language = None) -> list[str]:
        tag = words.language_of(language)
        lines = {known: "\n".join(texts) for known, texts in self.terms.benefits.items()}
        told = text_in(lines, tag).splitlines()
        for benefit in self.version.document.benefits:
            if not benefit.tiers or self.terms.code in benefit.tiers:
                told.append(text_in(benefit.text, tag))
        return told


def _way(way: Way) -> WayType:
    return WayType(
        conditions=[
            ConditionType(metric=one.metric, at_least=Whole(one.at_least), products=list(one.products))
            for one in way
        ]
    )


@strawberry.type(name="LoyaltyProgramme", description="A membership programme, by the rules in force now.")
class ProgrammeType:
    version: strawberry.Private[ProgrammeVersion]

    @strawberry.field(description="Its code.")
    def code(self) -> str:
        return self.version.code

    @strawberry.field(description="Its name.")
    def name(self) -> str:
        return self.version.name

    @strawberry.field(description="Its one currency, an ISO 4217 code.")
    def currency(self) -> str:
        return self.version.currency

    @strawberry.field(description="The time zone its days are counted in, an IANA name.")
    def time_zone(self) -> str:
        return self.version.zone.key

    @strawberry.field(description="The number of the version in force.")
    def version_number(self) -> int:
        return self.version.number

    @strawberry.field(description="Its tiers, lowest first.")
    def tiers(self) -> list[TierType]:
        return [TierType(terms=tier, version=self.version) for tier in self.version.document.ladder]


@strawberry.type(name="LoyaltyNeed", description="So much is missing.")
class NeedType:
    one: strawberry.Private[Need]
    currency: strawberry.Private[str]

    @strawberry.field(description="Of what.")
    def metric(self) -> MetricType:  # type: ignore[valid-type]
        return self.one.metric

    @strawberry.field(description="Minor units, points, or a number of orders, top-ups, pieces.")
    def missing(self) -> Whole:
        return Whole(self.one.missing)

    @strawberry.field(description="Of how much in all.")
    def at_least(self) -> Whole:
        return Whole(self.one.at_least)

    @strawberry.field(description="What is missing as money, where it is money.")
    def money(self) -> MoneyType | None:
        is_money = self.one.metric in (Metric.SPEND, Metric.TOPUP)
        return money(self.one.missing, self.currency) if is_money else None

    @strawberry.field(description="The last day on which no more than this is missing; none: no end.")
    def by(self) -> date | None:
        return self.one.by

    @strawberry.field(description="The first day that counts; none: from now on.")
    def counts_from(self) -> date | None:
        return self.one.counts_from

    @strawberry.field(description='In words: "12.50 EUR", "2 orders".')
    def text(self) -> str:
        return words.need(self.one, self.currency)


@strawberry.type(name="LoyaltyOtherWay", description="Another way to the same end.")
class OtherWayType:
    needs: list[NeedType] = strawberry.field(description="What is missing that way.")


@strawberry.type(
    name="LoyaltyForecast", description="What lies ahead if nothing happens, and what would change it."
)
class ForecastType:
    ahead: strawberry.Private[Forecast]
    version: strawberry.Private[ProgrammeVersion]

    def _tier(self, code: str | None) -> TierType | None:
        terms = self.version.document.tier(code) if code is not None else None
        return TierType(terms=terms, version=self.version) if terms is not None else None

    def _needs(self, needs: Needs) -> list[NeedType]:
        return [NeedType(one=one, currency=self.version.currency) for one in needs]

    @strawberry.field(description="The tier above that can be earned; none: there is none.")
    def next_tier(self) -> TierType | None:
        return self._tier(self.ahead.next_tier)

    @strawberry.field(description="What is missing for the next tier, by the way of which most is done.")
    def needs(self) -> list[NeedType]:
        return self._needs(self.ahead.needs)

    @strawberry.field(description="Other ways to the next tier.")
    def other_ways(self) -> list[OtherWayType]:
        return [OtherWayType(needs=self._needs(needs)) for needs in self.ahead.other_needs]

    @strawberry.field(
        description="How much of the way to the next tier is done, in whole per cent; for a bar."
    )
    def percent(self) -> int | None:
        if self.ahead.next_tier is None or not self.ahead.needs:
            return None
        return min(100 * (one.at_least - one.missing) // one.at_least for one in self.ahead.needs)

    @strawberry.field(description="The last day of the present tier; none: it does not end.")
    def keeps_until(self) -> date | None:
        return self.ahead.keeps_until

    @strawberry.field(description="The day on which the present tier is lost; none: it is not.")
    def drops_on(self) -> date | None:
        return self.ahead.drops_on

    @strawberry.field(description="The tier then.")
    def drops_to(self) -> TierType | None:
        return self._tier(self.ahead.drops_to)

    @strawberry.field(description="What would keep the present tier.")
    def lacks(self) -> list[NeedType]:
        return self._needs(self.ahead.lacks)

    @strawberry.field(description="All of this in sentences, none where nothing lies ahead.")
    def sentences(self) -> list[str]:
        return words.outlook(self.ahead, self.version)
