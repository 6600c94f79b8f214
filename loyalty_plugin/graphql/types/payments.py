"""What a checkout may be paid with, and what is reserved for it, as customers see it; reserves nothing."""

from __future__ import annotations

from datetime import datetime

import strawberry

from loyalty_plugin.domain.paying.terms import GATEWAY
from loyalty_plugin.graphql.scalars import MoneyType, Whole, money
from loyalty_plugin.models.payments import Payment
from loyalty_plugin.services.paying import Offer
from loyalty_plugin.services.paying.tokens import token_of


@strawberry.type(name="LoyaltyPayment", description="Points and stored value reserved for an open checkout.")
class PaymentType:
    row: strawberry.Private[Payment]

    @strawberry.field(description="What it pays in all: begin a payment of exactly this amount.")
    def amount(self) -> MoneyType:
        return money(self.row.amount, self.row.currency)

    @strawberry.field(description="The points of it.")
    def points(self) -> Whole:
        return Whole(self.row.points)

    @strawberry.field(description="What the points of it pay.")
    def points_pay(self) -> MoneyType:
        return money(self.row.points_money, self.row.currency)

    @strawberry.field(description="The stored value of it.")
    def stored_value(self) -> MoneyType:
        return money(self.row.principal + self.row.bonus, self.row.currency)

    @strawberry.field(description="The payment gateway to begin it with at the shop.")
    def gateway(self) -> str:
        return GATEWAY

    @strawberry.field(description='What the gateway wants as its data: `{"token": …}`, once.')
    def token(self) -> str:
        return token_of(self.row)

    @strawberry.field(description="Until when it is reserved.")
    def until(self) -> datetime:
        return self.row.hold.until

    @strawberry.field(description="Whether the shop counts on it already.")
    def begun(self) -> bool:
        return bool(self.row.transaction_id)


@strawberry.type(name="LoyaltyPaymentOffer", description="What a checkout may be paid with.")
class PaymentOfferType:
    offer: strawberry.Private[Offer]

    @strawberry.field(description="What nobody has paid yet.")
    def due(self) -> MoneyType:
        return money(self.offer.due, self.offer.currency)

    @strawberry.field(description="Points the member may spend now.")
    def available(self) -> Whole:
        return Whole(self.offer.wallet.points)

    @strawberry.field(description="The most points that are of use here; 0 where none are taken.")
    def points(self) -> Whole:
        return Whole(self.offer.points)

    @strawberry.field(description="What points may pay of this cart at most.")
    def points_pay(self) -> MoneyType:
        return money(self.offer.room.points, self.offer.currency)

    @strawberry.field(description="Fewer points at once are not taken.")
    def least(self) -> Whole:
        return Whole(self.offer.least)

    @strawberry.field(description="Stored value there is, and how much of this cart it may pay at most.")
    def stored_value(self) -> MoneyType:
        there = self.offer.wallet.principal + self.offer.wallet.bonus
        return money(min(there, self.offer.room.stored), self.offer.currency)

    @strawberry.field(description="What is reserved for it already.")
    def reserved(self) -> PaymentType | None:
        return PaymentType(row=self.offer.reserved) if self.offer.reserved is not None else None
