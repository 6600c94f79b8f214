"""The root of what can be asked at the GraphQL door, of memberships, programmes and prices; decides nothing."""

from __future__ import annotations

from typing import Annotated

import strawberry

from loyalty_plugin.errors import NotFound
from loyalty_plugin.graphql.context import Asked, OptionalChannel
from loyalty_plugin.graphql.nodes import node
from loyalty_plugin.graphql.paying import payment_offer
from loyalty_plugin.graphql.types.members import MemberType, own
from loyalty_plugin.graphql.types.nodes import Node
from loyalty_plugin.graphql.types.payments import PaymentOfferType
from loyalty_plugin.graphql.types.prices import PriceInput, PriceType, prices
from loyalty_plugin.graphql.types.tiers import ProgrammeType

Channel = Annotated[str, strawberry.argument(description="The slug of a channel of the shop.")]


@strawberry.type(name="LoyaltyQueries", description="What can be asked about memberships.")
class LoyaltyQueries:
    @strawberry.field(
        description="The membership of the customer whose token this is; none for who is no member."
    )
    def me(self, info: Asked, channel: OptionalChannel = None) -> MemberType | None:
        info.context.require_customer()
        return own(info, channel)

    @strawberry.field(description="The programme of a channel, for everybody.")
    def programme(self, info: Asked, channel: Channel) -> ProgrammeType | None:
        try:
            return ProgrammeType(version=info.context.version(channel))
        except NotFound:
            return None

    @strawberry.field(
        description="What variants cost the asker as a member, or would cost by joining; at most a hundred."
    )
    def member_prices(
        self,
        info: Asked,
        channel: Channel,
        lines: Annotated[list[PriceInput], strawberry.argument(description="The variants.")],
        segment: Annotated[
            str | None,
            strawberry.argument(
                description="A member's `segment`: then it is what their tier pays, whoever asks, and the answer to "
                "a GET without a token may be kept for all of them."
            ),
        ] = None,
    ) -> list[PriceType]:
        return prices(info.context, channel, lines, segment)

    @strawberry.field(
        description="What one's own open checkout may be paid with: points, stored value. Reads the checkout at the shop."
    )
    def payment_offer(
        self,
        info: Asked,
        checkout_id: Annotated[
            strawberry.ID, strawberry.argument(description="The checkout's id at the shop.")
        ],
        channel: OptionalChannel = None,
    ) -> PaymentOfferType:
        return payment_offer(info, checkout_id, channel)


@strawberry.type
class Query:
    """Without a description: older releases of strawberry lose it on the root of a federated schema."""

    @strawberry.field(description="Memberships: tiers, points, member prices.")
    def loyalty(self) -> LoyaltyQueries:
        return LoyaltyQueries()

    @strawberry.field(
        description="What an id of this schema stands for: a membership, a movement, an award with something left. "
        "None for what is not the asker's; the shop's own things are found by the shop."
    )
    def node(
        self, info: Asked, id: Annotated[strawberry.ID, strawberry.argument(description="The id.")]
    ) -> Node | None:
        return node(info.context, id)
