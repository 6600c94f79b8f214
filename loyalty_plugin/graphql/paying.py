"""How customers pay with points at the GraphQL door: reserve for one's checkout, take it off; one service each."""

from __future__ import annotations

from typing import Annotated

import strawberry

from loyalty_plugin.domain.values import Money
from loyalty_plugin.errors import InvalidInput
from loyalty_plugin.graphql.context import Asked, OptionalChannel
from loyalty_plugin.graphql.errors import ErrorType, told
from loyalty_plugin.graphql.scalars import Whole
from loyalty_plugin.graphql.types.payments import PaymentOfferType, PaymentType
from loyalty_plugin.queries.programmes import version_at
from loyalty_plugin.services import paying

_REFUSED = "Why it was not done; empty when it was."
#: A client's own name for one attempt.
_LONGEST_KEY = 64
_NONE = Whole(0)

CheckoutId = Annotated[strawberry.ID, strawberry.argument(description="The checkout's id at the shop.")]


@strawberry.type(name="LoyaltyReservePayment", description="Points and stored value, reserved.")
class ReservePaymentPayload:
    payment: PaymentType | None = strawberry.field(default=None, description="What is reserved now.")
    errors: list[ErrorType] = strawberry.field(default_factory=list, description=_REFUSED)


@strawberry.type(name="LoyaltyRemovePayment", description="A payment taken off a checkout.")
class RemovePaymentPayload:
    released: bool | None = strawberry.field(
        default=None,
        description="False: the shop could not be told yet. It is tried again, and the value is free then.",
    )
    errors: list[ErrorType] = strawberry.field(default_factory=list, description=_REFUSED)


def payment_offer(info: Asked, checkout_id: str, channel: str | None) -> PaymentOfferType:
    """What the customer's own checkout may be paid with. Raises NotFound and what else `offer` raises."""
    caller = info.context
    member = caller.require_member(channel)
    found = paying.offer(
        caller.actor(member),
        realm_url=caller.require_customer().realm,
        checkout_id=checkout_id,
        now=caller.now,
    )
    return PaymentOfferType(offer=found)


@strawberry.type
class PayingMutations:
    """What a customer may do about paying; a part of the root."""

    @strawberry.mutation(
        description="Reserve points and stored value for one's own checkout. What was reserved for it and not yet begun "
        "at the shop is replaced."
    )
    def loyalty_reserve_payment(
        self,
        info: Asked,
        checkout_id: CheckoutId,
        points: Annotated[Whole, strawberry.argument(description="So many points at most.")] = _NONE,
        stored_value: Annotated[
            str, strawberry.argument(description='So much stored value, for example "12.50".')
        ] = "0",
        key: Annotated[
            str,
            strawberry.argument(description="A name for this attempt: repeated with it, it is the same one."),
        ] = "",
        channel: OptionalChannel = None,
    ) -> ReservePaymentPayload:
        caller = info.context

        def reserve() -> ReservePaymentPayload:
            customer = caller.confirm_customer()
            member = caller.require_member(channel)
            if len(key) > _LONGEST_KEY:
                raise InvalidInput(key="too_long")
            currency = version_at(member.programme_id, caller.now).currency
            made = paying.reserve(
                caller.actor(member),
                realm_url=customer.realm,
                checkout_id=checkout_id,
                points=points,
                stored=Money.parse(stored_value, currency).amount,
                key=key,
                now=caller.now,
            )
            caller.forget()
            return ReservePaymentPayload(payment=PaymentType(row=made.payment))

        return told(reserve, lambda errors: ReservePaymentPayload(errors=errors))

    @strawberry.mutation(description="Take what one reserved for a checkout off it again.")
    def loyalty_remove_payment(
        self, info: Asked, checkout_id: CheckoutId, channel: OptionalChannel = None
    ) -> RemovePaymentPayload:
        caller = info.context

        def remove() -> RemovePaymentPayload:
            customer = caller.confirm_customer()
            member = caller.require_member(channel)
            off = paying.remove(
                caller.actor(member), realm_url=customer.realm, checkout_id=checkout_id, now=caller.now
            )
            caller.forget()
            return RemovePaymentPayload(released=off)

        return told(remove, lambda errors: RemovePaymentPayload(errors=errors))
