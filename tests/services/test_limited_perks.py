"""Perks with limits: every one a price is made of counts, and of many who ask at once exactly the allowed number has it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from loyalty_plugin import registry
from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind
from loyalty_plugin.domain.facts import CheckoutFact, CheckoutLineFact
from loyalty_plugin.domain.perks import Thresholds
from loyalty_plugin.models.incidents import Incident
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import PerkUse, PricePromise
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.services import requoting
from loyalty_plugin.services.benefits import apply_benefits
from loyalty_plugin.services.orders.apply import apply_orders
from tests.factories import CHANNEL, NOW, REALM, document, line, member, order, programme

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
TENTH = {"id": "tenth", "perk": "percent_off", "params": {"off": 1_000}}


def sale(**limits: int) -> dict[str, Any]:
    return {"id": "friday", "perk": "member_sale", "params": {"off": 2_000, **limits}}


class Shop:
    """As many checkouts as wanted; an override is charged as it is."""

    def __init__(self) -> None:
        self.checkouts: dict[str, CheckoutFact] = {}
        #: What those who read a checkout wait for.
        self.gate: threading.Barrier | None = None

    def open(self, of: Member, name: str, quantity: int = 1) -> str:
        lines = (CheckoutLineFact(f"Line:{name}", "Variant:1", "Product:1", quantity, 1_000, 1_000, 1_000),)
        self.checkouts[name] = CheckoutFact(
            REALM, name, CHANNEL, "EUR", of.external_id, of.email, 1_000 * quantity, lines
        )
        return name

    def checkout(self, realm: str, checkout_id: str) -> CheckoutFact | None:
        found = self.checkouts.get(checkout_id)
        if self.gate is not None:
            self.gate.wait(60)
        return found

    def thresholds(self, checkout: CheckoutFact, *, now: Any) -> Thresholds:
        return Thresholds()

    def deliver(self, item_ids: Sequence[int], *, now: Any) -> Mapping[str, int]:
        for item in OutboxItem.objects.filter(pk__in=item_ids):
            fact = self.checkouts[item.desired["checkout"]]
            [one] = fact.lines
            want = item.desired["lines"][one.line_id]
            charged = one.list_price if want["price"] is None else want["price"]
            one = replace(one, unit_price=charged, override_reason=want["reason"])
            self.checkouts[fact.checkout_id] = replace(fact, lines=(one,))
        return {"done": len(item_ids)}

    def price(self, name: str) -> int:
        return self.checkouts[name].lines[0].unit_price

    def buy(self, of: Member, name: str, quantity: int = 0, now: Any = NOW) -> None:
        [one] = self.checkouts[name].lines
        quantity = quantity or one.quantity
        charged = line(one.unit_price * quantity, quantity=quantity, mark=one.override_reason)
        apply_orders([order(of, lines=[charged], checkout_id=name)], now=now)


@pytest.fixture
def shop() -> Iterator[Shop]:
    made = Shop()
    before = registry.ports._storefront, registry.ports._delivery
    registry.bind(storefront=made, delivery=made)  # type: ignore[arg-type]
    yield made
    registry.ports._storefront, registry.ports._delivery = before


def ask(name: str, now: Any = NOW, actor: Actor = SYSTEM) -> None:
    apply_benefits(actor, realm_url=REALM, checkout_id=name, now=now)


def people(count: int, *perks: dict[str, Any], **prices: Any) -> list[Member]:
    of = programme(document(perks=list(perks), **({"prices": prices} if prices else {})))
    return [member(of) for _ in range(count)]


def differences() -> list[tuple[str, int]]:
    return [(one["code"], one["lost"]) for found in Incident.objects.all() for one in found.differences]


@pytest.mark.parametrize(("limits", "carts", "winners"), [({"pieces": 3}, 8, 3), ({"each_member": 2}, 6, 2)])
def test_of_many_at_once_exactly_the_allowed_number_has_it(
    fresh_db: None, shop: Shop, limits: dict[str, int], carts: int, winners: int
):
    """Several people for the pieces of a sale, and one person with many carts: all have read before anybody writes."""
    alone = "each_member" in limits
    who = people(1 if alone else carts, sale(**limits))
    names = [shop.open(who[0 if alone else n], f"Checkout:{n}") for n in range(carts)]
    shop.gate = threading.Barrier(carts)

    def work(name: str) -> None:
        try:
            ask(name)
        finally:
            connection.close()

    with ThreadPoolExecutor(carts) as pool:
        list(pool.map(work, names))
    assert sorted(shop.price(name) for name in names) == [800] * winners + [1_000] * (carts - winners)
    assert PerkUse.objects.count() == winners


def test_every_perk_of_a_price_counts_not_only_the_first(shop: Shop):
    one, two = people(2, TENTH, sale(pieces=1), combine="chain")
    ask(shop.open(one, "A"))
    ask(shop.open(two, "B"))
    assert (shop.price("A"), shop.price("B")) == (720, 900)
    assert list(PerkUse.objects.values_list("perk", "pieces")) == [("friday", 1)]


def test_only_the_pieces_the_sale_priced_are_taken(shop: Shop):
    one, two = people(2, sale(pieces=3, each_order=2))
    ask(shop.open(one, "A", 5))
    assert list(PerkUse.objects.values_list("pieces", flat=True)) == [2]
    ask(shop.open(two, "B", 2))
    assert shop.price("B") == 900


def test_what_lapses_gives_its_pieces_back_and_the_echo_of_that_does_not_take_them_again(shop: Shop):
    one, two = people(2, sale(pieces=1))
    ask(shop.open(one, "A"))
    ask(shop.open(two, "B"))
    assert (shop.price("A"), shop.price("B")) == (800, 1_000)
    assert requoting.quote_due(now=NOW + HOUR) == 1
    ask("A", NOW + HOUR)
    assert shop.price("A") == 1_000
    ask("B", NOW + HOUR)
    assert shop.price("B") == 800
    # Whoever comes back and asks has it again, where there is some left.
    ask("A", NOW + HOUR, Actor(ActorKind.MEMBER, "m", member_id=one.pk))
    assert shop.price("A") == 1_000


def test_who_comes_back_to_a_cart_has_it_again_at_once_by_asking(shop: Shop):
    [one] = people(1, sale(pieces=1))
    ask(shop.open(one, "A"))
    requoting.quote_due(now=NOW + HOUR)
    ask("A", NOW + HOUR, Actor(ActorKind.MEMBER, "m", member_id=one.pk))
    assert shop.price("A") == 800


def test_a_checkout_that_is_gone_gives_its_pieces_back(shop: Shop):
    one, two = people(2, sale(pieces=1))
    ask(shop.open(one, "A"))
    del shop.checkouts["A"]
    requoting.quote_due(now=NOW + HOUR)
    ask(shop.open(two, "B"), NOW + HOUR)
    assert shop.price("B") == 1_000
    ask("B", NOW + 3 * HOUR)
    assert shop.price("B") == 800


def test_what_was_bought_stays_taken(shop: Shop):
    [one] = people(1, sale(each_member=1))
    ask(shop.open(one, "A"))
    shop.buy(one, "A")
    ask(shop.open(one, "B"), NOW + 100 * HOUR)
    assert shop.price("B") == 1_000
    assert not Incident.objects.exists()


def test_a_cancelled_order_gives_its_pieces_back(shop: Shop):
    of = member(programme(document(perks=[sale(each_member=1)])))
    ask(shop.open(of, "one"))
    [one] = shop.checkouts["one"].lines
    fact = order(of, lines=[line(800, mark=one.override_reason)], checkout_id="one")
    apply_orders([fact], now=NOW)
    ask(shop.open(of, "two"))
    assert shop.price("two") == 1_000
    apply_orders([replace(fact, status="CANCELED", cancelled=True, updated_at=NOW + HOUR)], now=NOW + HOUR)
    ask("two")
    assert shop.price("two") == 800


def test_more_units_of_a_limited_price_are_an_incident_of_their_own_and_count(shop: Shop):
    one, two = people(2, sale(pieces=4))
    ask(shop.open(one, "A"))
    shop.buy(one, "A", 3)
    assert differences() == [("over_limit", 400)]
    ask(shop.open(two, "B", 2))
    assert shop.price("B") == 900


@pytest.mark.parametrize(("late", "expected"), [(False, []), (True, [("over_limit", 200)])])
def test_a_late_order_is_over_the_limit_only_where_nothing_is_left(shop: Shop, late: bool, expected: list):
    """The shop could not be asked for hours, so the pieces went to somebody else meanwhile, or they did not."""
    one, two = people(2, sale(pieces=1))
    ask(shop.open(one, "A"))
    at = NOW + 3 * HOUR
    if late:
        ask(shop.open(two, "B"), at)
        assert shop.price("B") == 800
    shop.buy(one, "A", now=at)
    assert differences() == expected
    if not late:
        ask(shop.open(two, "B"), at)
        assert shop.price("B") == 1_000


def test_two_late_orders_of_one_batch_are_counted_together(shop: Shop):
    one, two, three = people(3, sale(pieces=2))
    for who, name in ((one, "A"), (two, "B")):
        ask(shop.open(who, name))
    ask(shop.open(three, "C"), NOW + 3 * HOUR)
    facts = []
    for who, name in ((one, "A"), (two, "B")):
        [each] = shop.checkouts[name].lines
        facts.append(order(who, lines=[line(800, mark=each.override_reason)], checkout_id=name))
    apply_orders(facts, now=NOW + 3 * HOUR)
    assert differences() == [("over_limit", 200)]


def test_a_price_whose_perks_changed_is_promised_anew_though_it_is_the_same(shop: Shop):
    [one] = people(1, sale(each_member=1), {"id": "fifth", "perk": "percent_off", "params": {"off": 2_000}})
    ask(shop.open(one, "A"))
    first = PricePromise.objects.get()
    assert first.reason["limited"] == {"friday": 1}
    shop.buy(one, "A")
    ask(shop.open(one, "B"))
    assert shop.price("B") == 800
    assert "limited" not in PricePromise.objects.get(checkout_id="B").reason
