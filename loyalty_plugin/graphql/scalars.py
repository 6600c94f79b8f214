"""Exact scalars and values of the GraphQL door: whole numbers beyond 32 bits, and money; never a float."""

from __future__ import annotations

from typing import Any, Final, NewType

import strawberry
from graphql import GraphQLError

from loyalty_plugin.domain.values import MAX_AMOUNT, Money

Whole = NewType("Whole", int)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MAX_AMOUNT:
        raise GraphQLError("a whole number of at most 16 digits is needed")
    return value


SCALARS: Final[dict[object, Any]] = {
    Whole: strawberry.scalar(
        name="LoyaltyInteger",
        description="A whole number of at most 16 digits, as a JSON number. GraphQL's Int ends at 32 bits.",
        serialize=_whole,
        parse_value=_whole,
    )
}


@strawberry.type(name="LoyaltyMoney", description="An exact amount of money.")
class MoneyType:
    minor: Whole = strawberry.field(
        description="The amount in minor units of the currency (1250 for 12.50 EUR)."
    )
    amount: str = strawberry.field(description='The amount as an exact decimal, for example "12.50".')
    currency: str = strawberry.field(description="ISO 4217 code.")


def money(amount: int, currency: str) -> MoneyType:
    """Minor units as the door shows them."""
    return MoneyType(minor=Whole(amount), amount=str(Money(amount, currency)).split()[0], currency=currency)
