"""Payments on many real connections at once: one transaction per token, one charge per order, no refund beyond it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from loyalty_plugin import registry
from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.domain.facts import LineFact, OrderFact, TransactionFact
from loyalty_plugin.errors import InsufficientPoints
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.payments import Payment, PaymentMovement
from loyalty_plugin.models.programmes import ProgrammeChannel
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.queries.programmes import forget_documents
from loyalty_plugin.queries.verifying import holds as verifying
from loyalty_plugin.services import paying
from loyalty_plugin.services.paying import Answer, Reserved
from tests.services.acts.a_payment import API, at_saleor
from tests.services.books import NOW, at_once, balance_of, give, make_members, make_version

pytestmark = pytest.mark.usefixtures("fresh_db")


@pytest.fixture
def member() -> Iterator[Member]:
    forget_documents()
    version = make_version(
        document={
            "tiers": [{"code": "basic", "name": {"en": "Basic"}, "rank": 0}],
            "paying": {"points": {"points": 1, "money": 1}},
        }
    )
    realm = Realm.objects.create(api_url=API)
    [made] = make_members(version, 1, realm=realm, external_id="u")
    ProgrammeChannel.objects.create(programme_id=version.programme_id, realm=realm, slug="web")
    give(version, made, 1_000)
    before = dict(vars(registry.ports))
    with at_saleor():
        yield made
    vars(registry.ports).update(before)
    assert not list(verifying.check(made.pk - 1, made.pk))


def reserve(member: Member, checkout_id: str, points: int) -> Reserved:
    actor = Actor(ActorKind.MEMBER, "m", member_id=member.pk)
    return paying.reserve(actor, realm_url=API, checkout_id=checkout_id, points=points, now=NOW)


def ask(what: str, transaction: str, amount: int, **more: Any) -> Answer:
    asked: dict[str, Any] = {"owner": "cart", "user_id": "u", **more}
    return paying.answer(paying.Asked(what, API, transaction, amount, "EUR", **asked), now=NOW)


def charged(member: Member) -> Payment:
    made = reserve(member, "cart", 500)
    assert ask("initialize", "t", 500, token=made.token).done
    paying.settle_orders([order()], now=NOW)
    made.payment.refresh_from_db()
    return made.payment


def order() -> OrderFact:
    line = LineFact("l", 1, "p", "v", gross=900, net=900)
    return OrderFact(
        API, "order", "1", "web", "EUR", "u", "e", NOW, NOW, "UNFULFILLED", (line,), 900, 900, 0, 0, 0, 0,
        transactions=(TransactionFact("t", 500, 0),),
    )  # fmt: skip


def test_two_checkouts_never_spend_one_balance(member: Member) -> None:
    results = at_once([partial(reserve, member, f"cart-{number}", 700) for number in range(12)])
    assert sum(isinstance(one, Reserved) for one in results) == 1, results
    assert sum(isinstance(one, InsufficientPoints) for one in results) == 11, results
    assert balance_of(member)[1:3] == (300, 700)


def test_copies_of_a_question_get_one_answer_and_another_transaction_none(member: Member) -> None:
    token = reserve(member, "cart", 500).token
    results = at_once(
        [partial(ask, "initialize", f"t-{number % 4}", 500, token=token) for number in range(20)]
    )
    assert all(isinstance(one, Answer) for one in results), results
    won = [one for one in results if isinstance(one, Answer) and one.done]
    assert len(won) == 5, results
    assert len({one.reference for one in won}) == 1
    assert {one.reason for one in results if isinstance(one, Answer) and not one.done} == {"already_used"}


def test_an_order_is_charged_once_however_many_read_it(member: Member) -> None:
    made = reserve(member, "cart", 500)
    assert ask("initialize", "t", 500, token=made.token).done
    results = at_once([partial(paying.settle_orders, [order()], now=NOW) for _ in range(10)])
    assert not [one for one in results if isinstance(one, BaseException)], results
    assert balance_of(member)[1:3] == (500, 0)
    assert OutboxItem.objects.count() == PaymentMovement.objects.count() == 1


def test_refunds_never_exceed_the_charge_and_copies_are_one(member: Member) -> None:
    payment = charged(member)
    asks = [
        partial(ask, "refund", "t", 100, key=f"event-{number % 10}", of_order=True) for number in range(20)
    ]
    results = at_once(asks)
    assert all(isinstance(one, Answer) for one in results), results
    done = [one for one in results if isinstance(one, Answer) and one.done]
    assert len({one.reference for one in done}) == 5
    payment.refresh_from_db()
    assert payment.refunded == 500
    assert balance_of(member)[1:3] == (1_000, 0)


def test_a_payment_is_released_or_charged_never_both(member: Member) -> None:
    made = reserve(member, "cart", 500)
    assert ask("initialize", "t", 500, token=made.token).done
    acts: list[Any] = [partial(ask, "cancel", "t", 500), partial(paying.settle_orders, [order()], now=NOW)]
    results = at_once(acts * 5)
    assert not [one for one in results if isinstance(one, BaseException)], results
    made.payment.refresh_from_db()
    assert (made.payment.state, balance_of(member)[1]) in (("charged", 500), ("released", 1_000))
    cancels = [one for one in results if isinstance(one, Answer)]
    assert all(one.done == (made.payment.state == "released") for one in cancels)
