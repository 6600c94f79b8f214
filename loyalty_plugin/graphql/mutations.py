"""What a customer may do at the GraphQL door: parse, build the actor, call one service, translate."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import strawberry

from loyalty_plugin.domain.consents import LONGEST_LANGUAGE
from loyalty_plugin.domain.programmes.document import CheckInWay
from loyalty_plugin.errors import InvalidInput
from loyalty_plugin.graphql.context import Asked, OptionalChannel
from loyalty_plugin.graphql.errors import ErrorType, told
from loyalty_plugin.graphql.paying import PayingMutations
from loyalty_plugin.graphql.scalars import MoneyType, Whole, money
from loyalty_plugin.graphql.types.consents import ConsentInput, ConsentType, answers, consent
from loyalty_plugin.graphql.types.members import CardType, CheckInWayType, MemberType
from loyalty_plugin.queries.cards import active_card
from loyalty_plugin.queries.consents import consents_of
from loyalty_plugin.services.benefits import apply_benefits
from loyalty_plugin.services.cards import issue_card
from loyalty_plugin.services.checkins import check_in
from loyalty_plugin.services.consents import record_consents
from loyalty_plugin.services.joining import join_customer
from loyalty_plugin.services.preferences import change_own

_REFUSED = "Why it was not done; empty when it was."


@strawberry.input(
    name="LoyaltyJoinInput", description="Name and e-mail are taken from the account at the shop."
)
class JoinInput:
    channel: str = strawberry.field(description="The slug of the channel whose programme is joined.")
    birthday: date | None = strawberry.field(default=None, description="For gifts on that day.")
    phone: str | None = strawberry.field(default=None, description="By which staff may find the membership.")
    language: str | None = strawberry.field(default=None, description="A language tag such as zh-hans.")
    consents: list[ConsentInput] = strawberry.field(
        default_factory=list, description="What the customer agreed to, each channel by itself."
    )


@strawberry.type(name="LoyaltyJoin", description="A membership, new or as it was.")
class JoinPayload:
    member: MemberType | None = strawberry.field(default=None, description="The membership.")
    errors: list[ErrorType] = strawberry.field(default_factory=list, description=_REFUSED)


@strawberry.type(name="LoyaltyCheckInPayload", description="A visit that was counted.")
class CheckInPayload:
    streak: int | None = strawberry.field(default=None, description="Days in a row with today.")
    points: Whole | None = strawberry.field(default=None, description="Points it brought.")
    first: bool | None = strawberry.field(default=None, description="False: today was counted before.")
    member: MemberType | None = strawberry.field(default=None, description="The membership afterwards.")
    errors: list[ErrorType] = strawberry.field(default_factory=list, description=_REFUSED)


@strawberry.type(name="LoyaltyPromise", description="A member price promised on one line of a checkout.")
class PromiseType:
    line_id: strawberry.ID = strawberry.field(description="The line's id at the shop.")
    variant_id: strawberry.ID = strawberry.field(description="The variant's id at the shop.")
    quantity: int = strawberry.field(description="For how many pieces.")
    unit_price: MoneyType = strawberry.field(description="What each costs.")
    valid_until: datetime = strawberry.field(description="Until when, unless the checkout changes.")


@strawberry.type(name="LoyaltyApplyBenefits", description="Member prices laid on a checkout.")
class ApplyBenefitsPayload:
    lines: list[PromiseType] = strawberry.field(default_factory=list, description="The lines that have one.")
    changed: bool | None = strawberry.field(
        default=None,
        description="Whether this call told the checkout something new. Read the checkout again in either case: "
        "a worker may have been quicker.",
    )
    delivered: bool | None = strawberry.field(
        default=None, description="False: the shop could not be reached; it is tried again."
    )
    errors: list[ErrorType] = strawberry.field(default_factory=list, description=_REFUSED)


@strawberry.type(name="LoyaltyRemoveBenefits", description="Member prices taken off a checkout.")
class RemoveBenefitsPayload:
    changed: bool | None = strawberry.field(
        default=None,
        description="Whether this call told the checkout something new. Read the checkout again in either case.",
    )
    delivered: bool | None = strawberry.field(
        default=None, description="False: the shop could not be reached; it is tried again."
    )
    errors: list[ErrorType] = strawberry.field(default_factory=list, description=_REFUSED)


@strawberry.input(
    name="LoyaltyMemberInput",
    description="What is to be changed; what is left out stays. The e-mail address is changed at the account.",
)
class MemberInput:
    name: str | None = strawberry.field(
        default=None, description="Up to 500 letters. A later change of the account's name replaces it."
    )
    phone: str | None = strawberry.field(
        default=None,
        description="By which staff may find the membership; empty to remove it. Of a member without an e-mail "
        "address it is the contact: a new one is not confirmed.",
    )
    language: str | None = strawberry.field(default=None, description="A language tag such as zh-hans.")
    birthday: date | None = strawberry.field(
        default=None, description="Can be corrected until it has brought something for the first time."
    )


@strawberry.type(name="LoyaltyUpdateMember", description="A member's record after a change.")
class UpdateMemberPayload:
    member: MemberType | None = strawberry.field(default=None, description="The membership.")
    errors: list[ErrorType] = strawberry.field(default_factory=list, description=_REFUSED)


@strawberry.type(name="LoyaltyIssueCard", description="A card, new or the one in use.")
class IssueCardPayload:
    card: CardType | None = strawberry.field(default=None, description="The card.")
    errors: list[ErrorType] = strawberry.field(default_factory=list, description=_REFUSED)


@strawberry.type(name="LoyaltySetConsents", description="Consents as they stand now.")
class SetConsentsPayload:
    consents: list[ConsentType] = strawberry.field(default_factory=list, description="All there are.")
    errors: list[ErrorType] = strawberry.field(default_factory=list, description=_REFUSED)


@strawberry.type(description="The root of all that can be done.")
class Mutation(PayingMutations):
    @strawberry.mutation(description="Join the programme of a channel. Joining again changes nothing.")
    def loyalty_join(
        self, info: Asked, input: Annotated[JoinInput, strawberry.argument(description="Who joins what.")]
    ) -> JoinPayload:
        caller = info.context

        def join() -> JoinPayload:
            customer = caller.require_customer()
            programme_id, realm_id = caller.serving(input.channel)
            if len(input.language or "") > LONGEST_LANGUAGE:
                raise InvalidInput(language="too_long")
            member = join_customer(
                caller.actor(),
                programme_id=programme_id,
                realm_id=realm_id,
                user_id=customer.user_id,
                now=caller.now,
                birthday=input.birthday,
                phone=input.phone or "",
                language=input.language or "",
                channel=input.channel,
                consents=answers(input.consents),
            )
            caller.forget()
            return JoinPayload(member=MemberType.of(member, caller))

        return told(join, lambda errors: JoinPayload(errors=errors))

    @strawberry.mutation(description="Count today's visit, once a day of the programme.")
    def loyalty_check_in(
        self,
        info: Asked,
        channel: OptionalChannel = None,
        by: Annotated[
            CheckInWayType,  # type: ignore[valid-type]
            strawberry.argument(description="What the customer did; the programme says which of them count."),
        ] = CheckInWay.VISIT,
    ) -> CheckInPayload:
        caller = info.context

        def count() -> CheckInPayload:
            member = caller.require_member(channel)
            visit = check_in(
                caller.actor(member), member_id=member.pk, now=caller.now, channel=channel or "", by=by
            )
            caller.forget()
            return CheckInPayload(
                streak=visit.streak,
                points=Whole(visit.points),
                first=visit.first,
                member=MemberType.of(member, caller),
            )

        return told(count, lambda errors: CheckInPayload(errors=errors))

    @strawberry.mutation(
        description="Lay the member's prices on their checkout and tell the shop. Safe to repeat after each change: "
        "where they were removed they stay off until asked for again."
    )
    def loyalty_apply_benefits(
        self,
        info: Asked,
        checkout_id: Annotated[
            strawberry.ID, strawberry.argument(description="The checkout's id at the shop.")
        ],
        channel: OptionalChannel = None,
        again: Annotated[
            bool,
            strawberry.argument(
                description="True: the member wants benefits here again, after loyaltyRemoveBenefits."
            ),
        ] = False,
    ) -> ApplyBenefitsPayload:
        caller = info.context

        def apply() -> ApplyBenefitsPayload:
            customer = caller.confirm_customer()
            member = caller.require_member(channel)
            promised = apply_benefits(
                caller.actor(member),
                realm_url=customer.realm,
                checkout_id=checkout_id,
                now=caller.now,
                wanted=True if again else None,
            )
            return ApplyBenefitsPayload(
                lines=[
                    PromiseType(
                        line_id=strawberry.ID(line.line_id),
                        variant_id=strawberry.ID(line.variant_id),
                        quantity=line.quantity,
                        unit_price=money(line.unit_price, line.currency),
                        valid_until=line.valid_until,
                    )
                    for line in promised.lines
                ],
                changed=promised.changed,
                delivered=promised.delivered,
            )

        return told(apply, lambda errors: ApplyBenefitsPayload(errors=errors))

    @strawberry.mutation(
        description="Take the member's prices off their checkout, and keep them off: the choice is remembered for "
        "this checkout. Ways of sending for members stay on offer."
    )
    def loyalty_remove_benefits(
        self,
        info: Asked,
        checkout_id: Annotated[
            strawberry.ID, strawberry.argument(description="The checkout's id at the shop.")
        ],
        channel: OptionalChannel = None,
    ) -> RemoveBenefitsPayload:
        caller = info.context

        def remove() -> RemoveBenefitsPayload:
            customer = caller.confirm_customer()
            member = caller.require_member(channel)
            left = apply_benefits(
                caller.actor(member),
                realm_url=customer.realm,
                checkout_id=checkout_id,
                now=caller.now,
                wanted=False,
            )
            return RemoveBenefitsPayload(changed=left.changed, delivered=left.delivered)

        return told(remove, lambda errors: RemoveBenefitsPayload(errors=errors))

    @strawberry.mutation(description="Change one's own record.")
    def loyalty_update_member(
        self,
        info: Asked,
        input: Annotated[MemberInput, strawberry.argument(description="What is to be changed.")],
        channel: OptionalChannel = None,
    ) -> UpdateMemberPayload:
        caller = info.context

        def change() -> UpdateMemberPayload:
            found = caller.require_member(channel)
            member = change_own(
                caller.actor(found),
                member_id=found.pk,
                now=caller.now,
                name=input.name,
                phone=input.phone,
                language=input.language,
                birthday=input.birthday,
            )
            caller.forget()
            return UpdateMemberPayload(member=MemberType.of(member, caller))

        return told(change, lambda errors: UpdateMemberPayload(errors=errors))

    @strawberry.mutation(description="Take one's card, if there is none in use yet.")
    def loyalty_issue_card(self, info: Asked, channel: OptionalChannel = None) -> IssueCardPayload:
        caller = info.context

        def issue() -> IssueCardPayload:
            member = caller.require_member(channel)
            actor = caller.actor(member)
            issue_card(actor, member_id=member.pk, now=caller.now)
            view = active_card(actor, member_id=member.pk, now=caller.now)
            return IssueCardPayload(card=CardType(view=view) if view is not None else None)

        return told(issue, lambda errors: IssueCardPayload(errors=errors))

    @strawberry.mutation(
        description="Agree to news by some channels, or take that back. Channels that are not named stay as they are."
    )
    def loyalty_set_consents(
        self,
        info: Asked,
        consents: Annotated[
            list[ConsentInput], strawberry.argument(description="An answer for each channel.")
        ],
        channel: OptionalChannel = None,
    ) -> SetConsentsPayload:
        caller = info.context

        def record() -> SetConsentsPayload:
            member = caller.require_member(channel)
            actor = caller.actor(member)
            record_consents(actor, member_id=member.pk, answers=answers(consents), now=caller.now)
            return SetConsentsPayload(consents=[consent(one) for one in consents_of(actor, member.pk)])

        return told(record, lambda errors: SetConsentsPayload(errors=errors))
