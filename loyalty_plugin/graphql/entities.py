"""Our part of the shop's own types, as a subgraph beside it; an entity of somebody else's tells nothing of ours.

The ids are the shop's. Which shop is meant, the token says, or for guests the one shop that has such a channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import strawberry

from loyalty_plugin.errors import InvalidInput, NotFound
from loyalty_plugin.graphql import shelves
from loyalty_plugin.graphql.batches import Batch
from loyalty_plugin.graphql.context import Asked, Caller, OptionalChannel
from loyalty_plugin.graphql.scalars import Whole
from loyalty_plugin.graphql.types.members import MemberType, own
from loyalty_plugin.graphql.types.points import MOST, WhyType
from loyalty_plugin.graphql.types.prices import PriceType
from loyalty_plugin.queries.ordered import OrderPoints, points_of_orders

_LONGEST: Final = 200


@strawberry.federation.type(keys=["id"], description="A customer's account at the shop.")
class User:
    id: strawberry.ID = strawberry.field(description="Its id at the shop.")

    @strawberry.field(description="The account's membership; only for the customer themselves.")
    def loyalty_membership(self, info: Asked, channel: OptionalChannel = None) -> MemberType | None:
        customer = info.context.customer
        if customer is None or customer.user_id != self.id:
            return None
        return own(info, channel)

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> User:
        return cls(id=id)


@strawberry.federation.type(keys=["id channel"], description="A product of the shop, seen from a channel.")
class Product:
    id: strawberry.ID = strawberry.field(description="Its id at the shop.")
    channel: str | None = strawberry.field(description="The slug of the channel it is seen from.")

    @strawberry.field(
        description="What it costs who asks, as a member or by joining: of its variants the one that costs least. "
        "None where the channel does not sell it or has no programme."
    )
    def member_price(self, info: Asked) -> PriceType | None:
        return _price(info.context, self.channel, self.id, shelves.products)

    @classmethod
    def resolve_reference(cls, info: Asked, id: strawberry.ID, channel: str | None = None) -> Product:
        _name(info.context, channel, id, shelves.products)
        return cls(id=id, channel=channel)


@strawberry.federation.type(keys=["id channel"], description="A variant of a product, seen from a channel.")
class ProductVariant:
    id: strawberry.ID = strawberry.field(description="Its id at the shop.")
    channel: str | None = strawberry.field(description="The slug of the channel it is seen from.")

    @strawberry.field(
        description="What it costs who asks, as a member or by joining. None where the channel does not sell it or "
        "has no programme."
    )
    def member_price(self, info: Asked) -> PriceType | None:
        return _price(info.context, self.channel, self.id, shelves.variants)

    @classmethod
    def resolve_reference(cls, info: Asked, id: strawberry.ID, channel: str | None = None) -> ProductVariant:
        _name(info.context, channel, id, shelves.variants)
        return cls(id=id, channel=channel)


def _name(caller: Caller, channel: str | None, id: str, shelf: Any) -> None:
    if channel is not None:
        shelf(caller, channel).name(id)


def _price(caller: Caller, channel: str | None, id: str, shelf: Any) -> PriceType | None:
    if channel is None:
        return None
    try:
        found: PriceType | None = shelf(caller, channel).get(id)
    except NotFound:  # no programme serves this channel
        return None
    return found


@strawberry.type(name="LoyaltyOrderPoints", description="What an order brought its customer.")
class OrderPointsType:
    view: strawberry.Private[OrderPoints]

    @strawberry.field(description="Points that stand, after returns.")
    def points(self) -> Whole:
        return Whole(self.view.stands)

    @strawberry.field(description="Points as they were first awarded.")
    def awarded(self) -> Whole:
        return Whole(self.view.first)

    @strawberry.field(description="Why as many; none where nothing was awarded.")
    def why(self) -> WhyType | None:
        return WhyType(row=self.view) if self.view.explanation is not None else None

    @strawberry.field(description="A stable code of why it brought none, or of what it waits for.")
    def outcome(self) -> str | None:
        return self.view.outcome or None


@strawberry.federation.type(keys=["id"], description="An order at the shop.")
class Order:
    id: strawberry.ID = strawberry.field(description="Its id at the shop.")

    @strawberry.field(description="The points it brought; only for the customer who placed it as a member.")
    def loyalty_points(self, info: Asked) -> OrderPointsType | None:
        if info.context.customer is None:
            return None
        found = _orders(info.context).get(self.id)
        return OrderPointsType(view=found) if found is not None else None

    @classmethod
    def resolve_reference(cls, info: Asked, id: strawberry.ID) -> Order:
        _orders(info.context).name(id)
        return cls(id=id)


def _orders(caller: Caller) -> Batch[str, OrderPoints]:
    def load(ids: list[str]) -> dict[str, OrderPoints]:
        customer = caller.require_customer()
        return points_of_orders(customer.realm, customer.user_id, ids)

    return caller.batch("orders", load)


ENTITIES: Final[dict[str, frozenset[str]]] = {
    "User": frozenset({"id"}),
    "Order": frozenset({"id"}),
    "Product": frozenset({"id", "channel"}),
    "ProductVariant": frozenset({"id", "channel"}),
}


def checked(representations: Sequence[Any]) -> list[dict[str, Any]]:
    """What a gateway says of entities, with nothing but their keys.

    Raises InvalidInput for more than a hundred, for a type that is none of ours, and for keys that are no names.
    """
    if len(representations) > MOST:
        raise InvalidInput(representations=len(representations))
    return [_checked(one) for one in representations]


def _checked(one: Any) -> dict[str, Any]:
    keys = ENTITIES.get(one["__typename"]) if _has_name(one, "__typename") else None
    if keys is None or not _has_name(one, "id"):
        raise InvalidInput(representations="unknown")
    if one.get("channel") is not None and not _has_name(one, "channel"):
        raise InvalidInput(representations="channel")
    return {name: one[name] for name in ("__typename", *sorted(keys)) if name in one}


def _has_name(one: Any, key: str) -> bool:
    return isinstance(one, dict) and isinstance(one.get(key), str) and 0 < len(one[key]) <= _LONGEST
