"""A shop whose members pay with points: our gateway installed at the stand-in, asked over real HTTP by signed questions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.domain.intents import Award
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.models.ledger import Balance
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.payments import Payment
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.queries.verifying import books
from loyalty_plugin.saleor.executors import deliver_outbox
from loyalty_plugin.saleor.manifest import PAYING, PERMISSIONS
from loyalty_plugin.services import paying, posting, programmes
from tests import factories
from tests.saleor.standinkit import CHANNEL, Caller
from tests.saleor.threadkit import API, Thread, bare, now
from tests.services.books import make_plan

__all__ = ["bare", "paid_shop"]

INITIALIZE = """mutation($i:ID!,$a:PositiveDecimal,$k:String,$g:PaymentGatewayToInitialize!){transactionInitialize(
id:$i,amount:$a,idempotencyKey:$k,paymentGateway:$g){transaction{id} transactionEvent{type message amount{amount}
pspReference} errors{field code message}}}"""
ACTION = """mutation($i:ID!,$t:TransactionActionEnum!,$a:PositiveDecimal){transactionRequestAction(id:$i,actionType:$t,
amount:$a){transaction{id chargedAmount{amount} refundedAmount{amount} authorizedAmount{amount}
events{type message pspReference amount{amount}}} errors{code}}}"""


@dataclass
class Buyer:
    """A member with points, at the shop."""

    of: PaidShop
    member: Member
    caller: Caller

    @property
    def actor(self) -> Actor:
        return Actor(ActorKind.MEMBER, "m", member_id=self.member.pk)

    def balance(self) -> tuple[int, int]:
        """Available, held."""
        row = Balance.objects.get(member=self.member, unit=POINTS)
        return row.available, row.held

    def cart(self, *lines: tuple[str, int]) -> str:
        made = self.of.thread.shop.ready(self.caller, list(lines))
        attach = "mutation($i:ID!){checkoutCustomerAttach(id:$i){errors{code}}}"
        self.caller.data(attach, i=made["id"])
        return str(made["id"])

    def reserve(self, checkout_id: str, points: int, **more: Any) -> paying.Reserved:
        return paying.reserve(
            self.actor, realm_url=API, checkout_id=checkout_id, points=points, now=now(), **more
        )

    def authorise(
        self, checkout_id: str, token: object, amount: str, by: Caller | None = None, key: str | None = None
    ) -> dict[str, Any]:
        gateway = {"id": "loyalty_plugin", "data": {"token": token}}
        answer = (by or self.caller).data(INITIALIZE, i=checkout_id, a=amount, k=key, g=gateway)
        told: dict[str, Any] = answer["transactionInitialize"]
        return told

    def reserved(self, points: int, *lines: tuple[str, int]) -> tuple[str, Payment]:
        """A checkout with points authorised on it."""
        checkout_id = self.cart(*lines)
        made = self.reserve(checkout_id, points)
        told = self.authorise(checkout_id, made.token, f"{made.payment.amount / 100:.2f}")
        assert told["transactionEvent"]["type"] == "AUTHORIZATION_SUCCESS", told
        made.payment.refresh_from_db()
        return checkout_id, made.payment

    def bought(self, points: int, *lines: tuple[str, int]) -> tuple[str, Payment]:
        """An order that points pay a part of and the shop's provider the rest."""
        checkout_id, payment = self.reserved(points, *lines)
        return self.complete(checkout_id), payment

    def complete(self, checkout_id: str, *, settled: bool = True) -> str:
        shop = self.of.thread.shop
        balance = self.caller.data("query($i:ID!){checkout(id:$i){totalPrice{gross{amount}}}}", i=checkout_id)
        found = shop.owner.data(
            "query($i:ID!){checkout(id:$i){transactions{authorizedAmount{amount}}}}", i=checkout_id
        )
        covered = sum(one["authorizedAmount"]["amount"] for one in found["checkout"]["transactions"])
        left = balance["checkout"]["totalPrice"]["gross"]["amount"] - covered
        if left > 0:
            shop.pay(self.caller, checkout_id, str(round(left, 2)))
        order_id = shop.complete(self.caller, checkout_id)
        if settled:
            self.of.run()
        return order_id


@dataclass
class PaidShop:
    """The shop, its programme, and ways to be a member there."""

    thread: Thread
    realm: Realm
    version: ProgrammeVersion

    def buyer(self, points: int = 1_000) -> Buyer:
        email, caller = self.thread.shop.customer()
        self.thread.settle()
        member = Member.objects.get(email=email)
        if points:
            posting.post([make_plan(self.version, member, Award(POINTS, points))], recorded_at=now())
        return Buyer(self, member, caller)

    def run(self) -> None:
        """Everything told on both sides is done."""
        for _round in range(4):
            self.thread.settle()
            if not sum(deliver_outbox(50, now()).values()):
                return
        raise AssertionError("the two never come to rest")

    def order(self, order_id: str) -> dict[str, Any]:
        return self.thread.shop.order(order_id)

    def ask(self, transaction_id: str, action: str, amount: str | None = None) -> dict[str, Any]:
        """What staff ask for of a transaction."""
        answer = self.thread.shop.owner.data(ACTION, i=transaction_id, t=action, a=amount)
        told: dict[str, Any] = answer["transactionRequestAction"]["transaction"]
        return told

    def whole(self) -> bool:
        assert posting.rebuild().equal
        found = [one for _, _, several in books.check(0) for one in several]
        assert not found, found
        return True


TERMS = {"points": {"points": 1, "money": 1}, "minutes": 30}


@pytest.fixture
def paid_shop(bare: Thread, settings: Any) -> PaidShop:
    settings.LOYALTY = {**settings.LOYALTY, "PAYMENTS": True, "GRAPHQL_MEMBER_RATE": ""}
    bare.install([*PERMISSIONS, *PAYING])
    of = factories.programme(factories.document(paying=TERMS), currency="USD")
    realm = Realm.objects.get(api_url=API)
    programmes.serve_channels(
        factories.SYSTEM, programme_id=of.pk, realm_id=realm.pk, slugs=[CHANNEL], now=now()
    )
    version = ProgrammeVersion.objects.get(programme=of, status="published")
    return PaidShop(bare, realm, version)
