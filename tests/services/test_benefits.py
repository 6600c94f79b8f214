"""Member prices on a checkout: promised once, carried at once, taken back with the member, silent on our own echo."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import connection

from loyalty_plugin import registry
from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind
from loyalty_plugin.domain.facts import CheckoutFact, CheckoutLineFact
from loyalty_plugin.domain.perks import Thresholds
from loyalty_plugin.errors import NotFound, PermissionDenied, UnknownChannel
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import PricePromise
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.services.benefits import apply_benefits
from loyalty_plugin.services.orders.apply import apply_orders
from tests.factories import CHANNEL, NOW, REALM, document, line, member, order, programme
from tests.scale import PATIENCE

pytestmark = pytest.mark.django_db

PERKS = [{"id": "members", "perk": "tier_discount", "params": {"rates": {"basic": 1000, "premium": 2000}}}]


class Shop:
    """A stand-in storefront and delivery for one checkout: an override is a new base price, as at Saleor."""

    def __init__(self, checkout: CheckoutFact) -> None:
        self.fact: CheckoutFact | None = checkout

    def checkout(self, realm: str, checkout_id: str) -> CheckoutFact | None:
        return self.fact if self.fact and self.fact.checkout_id == checkout_id else None

    def thresholds(self, checkout: CheckoutFact, *, now: datetime) -> Thresholds:
        return Thresholds()

    def deliver(self, item_ids: Sequence[int], *, now) -> Mapping[str, int]:
        assert self.fact is not None
        [item] = OutboxItem.objects.filter(pk__in=item_ids)
        lines = []
        for one in self.fact.lines:
            want = item.desired["lines"].get(one.line_id)
            if want is not None:
                base = want["price"] if want["price"] is not None else one.list_price
                charged = base * one.promotion_price // one.list_price
                one = replace(one, unit_price=charged, override_reason=want["reason"])
            lines.append(one)
        self.fact = replace(self.fact, lines=tuple(lines))
        return {"done": 1}


@pytest.fixture
def of() -> Member:
    return member(programme(document(perks=PERKS)))


@pytest.fixture
def shop(of: Member) -> Iterator[Shop]:
    made = Shop(
        CheckoutFact(
            realm=REALM,
            checkout_id="Checkout:1",
            channel=CHANNEL,
            currency="EUR",
            user_id=of.external_id,
            email=of.email,
            total_gross=9_000,
            lines=(
                CheckoutLineFact("Line:1", "Variant:1", "Product:1", 2, 4_000, 4_000, 4_000),
                CheckoutLineFact("Line:2", "Variant:2", "Product:2", 1, 1_000, 500, 500),
            ),
        )
    )
    before = registry.ports._storefront, registry.ports._delivery
    registry.bind(storefront=made, delivery=made)  # type: ignore[arg-type]
    yield made
    registry.ports._storefront, registry.ports._delivery = before


def promise(now=NOW, actor: Actor = SYSTEM):
    return apply_benefits(actor, realm_url=REALM, checkout_id="Checkout:1", now=now)


def test_the_member_price_is_promised_and_charged(shop: Shop):
    promised = promise()
    assert [(p.line_id, p.unit_price) for p in promised.lines] == [("Line:1", 3_600)]
    assert shop.fact.lines[0].unit_price == 3_600
    assert PricePromise.objects.get().status == PricePromise.Status.APPLIED


def test_a_better_sale_price_stays(shop: Shop):
    promise()
    assert shop.fact.lines[1].unit_price == 500
    assert shop.fact.lines[1].override_reason == ""


def test_our_own_echo_writes_nothing(shop: Shop):
    promise()
    assert not promise().changed
    assert OutboxItem.objects.count() == 1


def test_a_changed_quantity_is_promised_anew(shop: Shop):
    promise()
    shop.fact = replace(shop.fact, lines=(replace(shop.fact.lines[0], quantity=3), shop.fact.lines[1]))
    promise()
    assert sorted(PricePromise.objects.values_list("quantity", "status")) == [
        (2, "withdrawn"),
        (3, "applied"),
    ]


def test_a_promise_that_ran_out_and_still_holds_is_renewed_without_a_word_to_the_shop(shop: Shop):
    promise()
    assert not promise(NOW + timedelta(hours=2)).changed
    renewed = PricePromise.objects.get()
    assert renewed.valid_until == renewed.quote_due == NOW + timedelta(hours=4)
    assert renewed.renewals == 2


def test_the_price_goes_with_the_member(shop: Shop, of: Member):
    promise()
    shop.fact = replace(shop.fact, user_id="")
    assert promise().changed
    assert shop.fact.lines[0].override_reason == ""
    assert shop.fact.lines[0].unit_price == 4_000
    assert PricePromise.objects.get().status == PricePromise.Status.WITHDRAWN


def test_only_the_member_whose_checkout_it_is_may_ask(shop: Shop, of: Member):
    mine = Actor(ActorKind.MEMBER, "m", member_id=of.pk)
    assert promise(actor=mine).lines
    with pytest.raises(PermissionDenied):
        promise(actor=replace(mine, member_id=of.pk + 1))


def test_two_at_once_make_one_promise(fresh_db: None, shop: Shop, monkeypatch: pytest.MonkeyPatch):
    """The shop and a worker, both with a reading of the checkout from before either wrote."""
    fact, both = shop.fact, threading.Barrier(2)

    def read(realm: str, checkout_id: str) -> CheckoutFact | None:
        both.wait(PATIENCE)
        return fact

    monkeypatch.setattr(shop, "checkout", read)

    def work(_: int) -> None:
        try:
            promise()
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    assert [(p.line_id, p.status) for p in PricePromise.objects.all()] == [("Line:1", "applied")]


def test_unknown_checkouts_and_channels_are_refused(shop: Shop):
    with pytest.raises(NotFound):
        apply_benefits(SYSTEM, realm_url=REALM, checkout_id="Checkout:2", now=NOW)
    shop.fact = replace(shop.fact, channel="elsewhere")
    with pytest.raises(UnknownChannel):
        promise()


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, "kept"),
        ({"gross": 7_199}, "kept"),
        ({"gross": 7_000}, "broken"),
        ({"gross": 7_201}, "broken"),
        ({"quantity": 9, "gross": 7_200}, "broken"),
    ],
)
def test_what_is_charged_is_compared_with_the_promise(shop: Shop, of: Member, change: dict, status: str):
    promise()
    mark = shop.fact.lines[0].override_reason
    charged = line(**{"gross": 7_200, "quantity": 2, "mark": mark, **change})
    apply_orders([order(of, lines=[charged])], now=NOW)
    assert PricePromise.objects.get().status == status


def test_an_order_by_another_customer_breaks_the_promise(shop: Shop, of: Member):
    promise()
    charged = line(7_200, quantity=2, mark=shop.fact.lines[0].override_reason)
    apply_orders([replace(order(of, lines=[charged]), user_id="User:other")], now=NOW)
    assert PricePromise.objects.get().status == "broken"
