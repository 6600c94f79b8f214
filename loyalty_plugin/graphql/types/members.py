"""A member and their card as the GraphQL door shows them: each part is read only when it is asked for."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import Annotated

import strawberry

from loyalty_plugin.cards import rendering
from loyalty_plugin.cards.codes import qr_svg
from loyalty_plugin.domain.cards.numbers import grouped
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.programmes.document import CheckInWay
from loyalty_plugin.graphql.context import Asked, Caller
from loyalty_plugin.graphql.scalars import MoneyType, Whole, money
from loyalty_plugin.graphql.segments import segment
from loyalty_plugin.graphql.types.consents import ConsentType, consent
from loyalty_plugin.graphql.types.gifts import GiftType, gift
from loyalty_plugin.graphql.types.nodes import Node, global_id
from loyalty_plugin.graphql.types.points import (
    MOST,
    ExpiryType,
    LotType,
    MovementConnectionType,
    PointsType,
    expiry,
    lot,
    movements,
    points_by_state,
)
from loyalty_plugin.graphql.types.tiers import ForecastType, ProgrammeType, TierType
from loyalty_plugin.models.members import Member
from loyalty_plugin.queries import cards
from loyalty_plugin.queries.balances import lots_of
from loyalty_plugin.queries.checkins import check_in_state
from loyalty_plugin.queries.consents import consents_of
from loyalty_plugin.queries.gifts import gifts_of
from loyalty_plugin.queries.savings import saved_by


@strawberry.enum(name="LoyaltyMemberStatus", description="Whether a membership can be used.")
class MemberStatusType(Enum):
    ACTIVE = strawberry.enum_value("active", description="It can.")
    FROZEN = strawberry.enum_value(
        "frozen", description="Nothing is earned or spent; points keep their dates."
    )


@strawberry.enum(name="LoyaltyCardSide", description="A side of a card.")
class CardSideType(Enum):
    FRONT = strawberry.enum_value("front", description="With the brand and the name.")
    BACK = strawberry.enum_value("back", description="With the code and the shop's contact.")


@strawberry.type(name="LoyaltyCard", description="A member's card.")
class CardType:
    view: strawberry.Private[cards.CardView]

    @strawberry.field(description="Its number.")
    def number(self) -> str:
        return self.view.number

    @strawberry.field(description="Its number as it is printed, in fours.")
    def number_grouped(self) -> str:
        return grouped(self.view.number)

    @strawberry.field(description="The text of its QR code; signed, and names no person.")
    def code(self) -> str:
        return self.view.token

    @strawberry.field(description="Its QR code as an SVG with its quiet zone, on white.")
    def qr_svg(self) -> str:
        return qr_svg(self.view.token)

    @strawberry.field(
        description="One side as HTML that is as wide as what holds it; safe to put into a page."
    )
    def html(
        self,
        side: Annotated[CardSideType, strawberry.argument(description="Which side.")] = CardSideType.FRONT,
    ) -> str:
        return str(rendering.render_html(self.view, side="back" if side is CardSideType.BACK else "front"))

    @strawberry.field(description="The day it was issued.")
    def issued_on(self) -> date:
        return self.view.issued_on


CheckInWayType = strawberry.enum(
    CheckInWay, name="LoyaltyCheckInWay", description="How a day's visit is counted: a button, or logging in."
)


@strawberry.type(name="LoyaltyCheckIn", description="Where the daily check-in stands.")
class CheckInType:
    streak: int = strawberry.field(
        description="Days in a row up to the last check-in; 0 when the row is broken."
    )
    done_today: bool = strawberry.field(description="Whether today is counted.")
    today: Whole = strawberry.field(description="Points for today.")
    tomorrow: Whole = strawberry.field(description="Points for coming again tomorrow.")
    by: list[CheckInWayType] = strawberry.field(  # type: ignore[valid-type]
        description="The ways that count; show a button where a visit is among them."
    )


@strawberry.type(name="LoyaltyMember", description="One membership, seen by the member.")
class MemberType(Node):
    row: strawberry.Private[Member]
    caller: strawberry.Private[Caller]

    @classmethod
    def of(cls, row: Member, caller: Caller) -> MemberType:
        """The membership, to whoever may see it."""
        return cls(id=global_id("LoyaltyMember", row.public_id), row=row, caller=caller)

    @strawberry.field(description="The member number.")
    def number(self) -> str:
        return self.row.number

    @strawberry.field(description="The member's name.")
    def name(self) -> str:
        return self.row.name

    @strawberry.field(description="Whether it can be used.")
    def status(self) -> MemberStatusType:
        return MemberStatusType(self.row.status)

    @strawberry.field(description="When the member joined.")
    def joined_at(self) -> datetime:
        return self.row.joined_at

    @strawberry.field(description="Whether the e-mail address is confirmed; gifts can't be spent before.")
    def verified(self) -> bool:
        return self.row.verified_at is not None

    @strawberry.field(description="The member's birthday.")
    def birthday(self) -> date | None:
        return self.row.birthday

    @strawberry.field(
        description="Whether only staff can change the birthday, since it has brought something."
    )
    def birthday_locked(self) -> bool:
        return self.row.birthday_locked_at is not None

    @strawberry.field(description="By which staff may find the membership; empty where none was given.")
    def phone(self) -> str:
        return self.row.phone

    @strawberry.field(description="The e-mail address, as the account at the shop has it.")
    def email(self) -> str:
        return self.row.email

    @strawberry.field(description="The language wished, a tag such as zh-hans; empty where none was said.")
    def language(self) -> str:
        return self.row.language

    @strawberry.field(description="The programme.")
    def programme(self) -> ProgrammeType:
        return ProgrammeType(version=self.caller.view(self.row).version)

    @strawberry.field(description="The tier held now.")
    def tier(self) -> TierType:
        view = self.caller.view(self.row)
        return TierType(terms=view.tier, version=view.version)

    @strawberry.field(description="The day since which this tier is held without a break.")
    def tier_since(self) -> date:
        return self.caller.view(self.row).standing.since

    @strawberry.field(description="The last day of this tier's period; none: no end.")
    def tier_until(self) -> date | None:
        return self.caller.view(self.row).standing.until

    @strawberry.field(description="What lies ahead.")
    def forecast(self) -> ForecastType:
        view = self.caller.view(self.row)
        return ForecastType(ahead=view.forecast, version=view.version)

    @strawberry.field(description="Points by state.")
    def points(self) -> PointsType:
        return points_by_state(self.caller.view(self.row).points)

    @strawberry.field(description="The points that go next, none where none go.")
    def next_expiry(self) -> ExpiryType | None:
        return expiry(self.caller.view(self.row).points)

    @strawberry.field(
        description="Awards with something left, in the order they are spent; at most a hundred."
    )
    def lots(self) -> list[LotType]:
        view = self.caller.view(self.row)
        return [lot(one) for one in lots_of(self.row.pk, view.version, limit=MOST)]

    @strawberry.field(description="The statement, newest first.")
    def statement(
        self,
        first: Annotated[int, strawberry.argument(description="How many, from 1 to 100.")] = 20,
        after: Annotated[
            str | None, strawberry.argument(description="The cursor behind which the page begins.")
        ] = None,
    ) -> MovementConnectionType:
        return movements(self.row.pk, first, after)

    @strawberry.field(description="The daily check-in, none where the programme has none.")
    def check_in(self) -> CheckInType | None:
        view = self.caller.view(self.row)
        state = check_in_state(self.row, view.version, self.caller.now)
        if state is None:
            return None
        return CheckInType(
            streak=state.streak,
            done_today=state.done_today,
            today=Whole(state.today),
            tomorrow=Whole(state.tomorrow),
            by=list(state.by),
        )

    @strawberry.field(description="Gifts, newest first; at most twenty.")
    def gifts(self) -> list[GiftType]:
        today = local_day(self.caller.now, self.caller.view(self.row).version.zone)
        return [
            gift(one) for one in gifts_of(self.caller.actor(self.row), member_id=self.row.pk, today=today)
        ]

    @strawberry.field(description="What was agreed to, by channel; what was never answered is missing.")
    def consents(self) -> list[ConsentType]:
        return [consent(one) for one in consents_of(self.caller.actor(self.row), self.row.pk)]

    @strawberry.field(description="What member prices saved on the orders placed so far.")
    def saved(self) -> MoneyType:
        return money(saved_by(self.row.pk), self.caller.view(self.row).version.currency)

    @strawberry.field(
        description="A signed name of the tier, today the same for all its members: give it to memberPrices where "
        "answers are kept. None for who has no member prices now."
    )
    def segment(self) -> str | None:
        if self.row.status != Member.Status.ACTIVE:
            return None
        view = self.caller.view(self.row)
        return segment(view.version, self.row.tier, local_day(self.caller.now, view.version.zone))

    @strawberry.field(description="The card in use, none where none was issued.")
    def card(self) -> CardType | None:
        actor = self.caller.actor(self.row)
        view = cards.active_card(actor, member_id=self.row.pk, now=self.caller.now)
        return CardType(view=view) if view is not None else None


def own(info: Asked, channel: str | None = None) -> MemberType | None:
    """The asker's membership."""
    member = info.context.member(channel)
    return MemberType.of(member, info.context) if member is not None else None
