"""A member's gift as the GraphQL door shows it; decides nothing."""

from __future__ import annotations

from datetime import date

import strawberry

from loyalty_plugin.queries.gifts import GiftState, GiftView

GiftStateType = strawberry.enum(
    GiftState,
    name="LoyaltyGiftState",
    description="Being made ready, to be taken, used by an order, or expired.",
)


@strawberry.type(name="LoyaltyGift", description="One piece of something, free, once.")
class GiftType:
    title: str = strawberry.field(description="What it is.")
    state: GiftStateType = strawberry.field(description="What may be done with it.")  # type: ignore[valid-type]
    code: str = strawberry.field(
        description="The promo code for the checkout; empty unless it can be taken now. For the member alone."
    )
    first_day: date = strawberry.field(description="From this day on.")
    last_day: date = strawberry.field(description="Until this day, that one included.")


def gift(view: GiftView) -> GiftType:
    """A view of a gift as a type."""
    return GiftType(
        title=view.title,
        state=view.state,
        code=view.code,
        first_day=view.first_day,
        last_day=view.last_day,
    )
