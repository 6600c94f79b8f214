"""Attacks on a promised price, each played against the stand-in in each mode: what docs/modes.md says becomes of them."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import pytest

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.models.incidents import Incident
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.registry import ports
from loyalty_plugin.saleor.executors import deliver_outbox
from loyalty_plugin.services import members, programmes, realms, requoting, tiers
from loyalty_plugin.services.benefits import IDLE, apply_benefits
from tests import factories
from tests.saleor.standinkit import ADDRESS, CHANNEL, Caller
from tests.saleor.threadkit import API, Thread, bare, now
from tests.scale import scaled

__all__ = ["bare"]

DETACH = "mutation($i:ID!){checkoutCustomerDetach(id:$i){errors{code}}}"
ATTACH = "mutation($i:ID!){checkoutCustomerAttach(id:$i){errors{code}}}"
EMAIL = "mutation($i:ID!,$e:String!){checkoutEmailUpdate(id:$i,email:$e){errors{code}}}"
ADD = "mutation($i:ID!,$l:[CheckoutLineInput!]!){checkoutLinesAdd(id:$i,lines:$l){errors{code}}}"
SET = "mutation($i:ID!,$l:[CheckoutLineUpdateInput!]!){checkoutLinesUpdate(id:$i,lines:$l){errors{code}}}"
VOUCHER = "mutation($i:ID!,$p:String!){checkoutAddPromoCode(id:$i,promoCode:$p){errors{code}}}"
DROP = "mutation($i:ID!,$l:[ID!]!){checkoutLinesDelete(id:$i,linesIds:$l){errors{code}}}"
NOTE = 'mutation($i:ID!,$v:String!){updateMetadata(id:$i,input:[{key:"loyalty",value:$v}]){errors{code}}}'
MOVE = (
    "mutation($i:ID!,$a:AddressInput!){checkoutShippingAddressUpdate(id:$i,shippingAddress:$a){errors{code}}}"
)
CHECKOUT = "query($i:ID!){checkout(id:$i){totalPrice{gross{amount}} lines{id quantity priceOverrideReason}}}"


@dataclass
class Cart:
    """A member's checkout with one tea at a tenth off (9.00 instead of 10.00), ready to be paid."""

    thread: Thread
    caller: Caller
    member: Member
    id: str
    line: str

    def anybody(self, mutation: str, **variables: Any) -> None:
        """As somebody without a name who knows the checkout's id."""
        self.thread.shop.anonymous.data(mutation, i=self.id, **variables)

    def read(self) -> dict[str, Any]:
        found: dict[str, Any] = self.thread.shop.owner.data(CHECKOUT, i=self.id)["checkout"]
        return found


def honest(cart: Cart) -> None:
    """Nothing: what is as promised must not be stopped."""


def switch(cart: Cart) -> None:
    _email, other = cart.thread.shop.customer()
    cart.caller.data(DETACH, i=cart.id)
    other.data(ATTACH, i=cart.id)
    cart.caller = other


def as_guest(cart: Cart) -> None:
    cart.caller.data(DETACH, i=cart.id)
    cart.anybody(EMAIL, e="guest@mail.example")
    cart.caller = cart.thread.shop.anonymous


def raise_quantity(cart: Cart) -> None:
    cart.anybody(SET, l=[{"lineId": cart.line, "quantity": 50}])


def merge(cart: Cart) -> None:
    cart.anybody(ADD, l=[{"variantId": cart.thread.shop.variant("S-100"), "quantity": 3}])


def split(cart: Cart) -> None:
    """A second line of the same goods carries no price of ours: it costs what it costs everybody."""
    variant = cart.thread.shop.variant("S-100")
    cart.anybody(ADD, l=[{"variantId": variant, "quantity": 3, "forceNewLine": True}])


def add_again(cart: Cart) -> None:
    """Who takes the line out and puts the goods back lost the price by that, where nothing looks before payment."""
    cart.anybody(DROP, l=[cart.line])
    cart.anybody(ADD, l=[{"variantId": cart.thread.shop.variant("S-100"), "quantity": 1}])


def write_metadata(cart: Cart) -> None:
    """Anybody may write a checkout's public metadata; nothing of ours is read from there."""
    cart.anybody(NOTE, v=f"loyalty:{uuid.uuid4()}")


def forge(cart: Cart) -> None:
    forged = f"loyalty:{uuid.uuid4()}"
    ports.storefront.set_line_prices(API, cart.id, [(cart.line, 100, forged)])


def promotion(cart: Cart) -> None:
    seed = {"name": "Teas", "percentage": "50", "products": ["sencha"]}
    cart.thread.shop.anonymous.control("seed", promotions=[{**seed, "active": True}])
    cart.caller.data(MOVE, i=cart.id, a=ADDRESS)


def voucher(cart: Cart) -> None:
    cart.caller.data(VOUCHER, i=cart.id, p="FIVE")


def leave(cart: Cart) -> None:
    members.leave(SYSTEM, member_ids=[cart.member.pk], now=now())


def leave_and_be_quoted(cart: Cart) -> None:
    leave(cart)
    assert requoting.quote_due(now=now()) == 1
    assert cart.read()["lines"][0]["priceOverrideReason"] is None


def move_tier(cart: Cart) -> None:
    """Into a tier to which the programme gives no such price."""
    at = now()
    tiers.grant(
        SYSTEM,
        member_id=cart.member.pk,
        tier="premium",
        from_day=at.date(),
        until_day=None,
        source="gift",
        now=at,
    )


def move_tier_and_be_quoted(cart: Cart) -> None:
    move_tier(cart)
    assert requoting.quote_due(now=now()) == 1
    assert cart.read()["lines"][0]["priceOverrideReason"] is None


def come_back_after_months(cart: Cart) -> None:
    assert requoting.quote_due(now=now() + 3 * IDLE) == 1
    assert cart.read()["lines"][0]["priceOverrideReason"] is None


#: What is found when the order comes; nothing for what is honest, allowed, or was corrected before payment.
ATTACKS: list[tuple[Callable[[Cart], None], list[str]]] = [
    (honest, []),
    (switch, ["another_customer"]),
    (as_guest, ["another_customer"]),
    (raise_quantity, ["more_units"]),
    (merge, ["more_units"]),
    (forge, ["unknown_promise"]),
    (promotion, ["charged_less"]),
    (voucher, []),
    (leave_and_be_quoted, []),
    (split, []),
    (add_again, ["charged_more"]),
    (write_metadata, []),
    (move_tier_and_be_quoted, []),
    # A promise holds until it is taken back, which is within a minute: it was theirs when it was made.
    (move_tier, []),
    (leave, []),
    (come_back_after_months, []),
]


def channel(thread: Thread, *, confirms: bool) -> None:
    seed = {"slug": CHANNEL, "currency": "USD", "country": "US", "automaticallyConfirmAllNewOrders": confirms}
    thread.shop.anonymous.control("seed", channels=[seed])


@pytest.fixture(params=["assisted", "confirmed"])
def world(bare: Thread, request: pytest.FixtureRequest) -> Iterator[tuple[Thread, str]]:
    bare.install()
    perk = {"id": "tenth", "perk": "tier_discount", "params": {"rates": {"basic": 1_000}}}
    of = factories.programme(factories.document(perks=[perk]), currency="USD")
    realm = Realm.objects.get(api_url=API)
    programmes.serve_channels(
        factories.SYSTEM, programme_id=of.pk, realm_id=realm.pk, slugs=[CHANNEL], now=now()
    )
    realms.set_mode(SYSTEM, realm_id=realm.pk, mode=request.param, now=now())
    channel(bare, confirms=request.param == "assisted")
    yield bare, request.param
    channel(bare, confirms=True)


def cart_of(thread: Thread) -> Cart:
    email, caller = thread.shop.customer()
    thread.settle()
    checkout = thread.shop.ready(caller, [("S-100", 1)])
    member = Member.objects.get(email=email)
    apply_benefits(SYSTEM, realm_url=API, checkout_id=checkout["id"], now=now())
    # What Saleor told so far is worked off; what the attack causes comes too late.
    thread.settle()
    return Cart(thread, caller, member, checkout["id"], checkout["lines"][0]["id"])


def test_what_becomes_of_each_attack(world: tuple[Thread, str]):
    thread, mode = world
    for attack, expected in ATTACKS:
        cart = cart_of(thread)
        assert float(cart.read()["totalPrice"]["gross"]["amount"]) == 9.0, attack.__name__
        attack(cart)
        thread.shop.pay(cart.caller, cart.id)
        order = thread.shop.complete(cart.caller, cart.id)
        # Replayed, it is the same order.
        assert thread.shop.complete(cart.caller, cart.id) == order, attack.__name__
        thread.shop.anonymous.control(
            "seed",
            promotions=[{"name": "Teas", "percentage": "50", "products": ["sencha"], "active": False}],
        )
        thread.settle()
        deliver_outbox(20, now())
        incident = Incident.objects.filter(order_id=order).first()
        found = [one["code"] for one in incident.differences] if incident else []
        assert found == expected, attack.__name__
        waits = thread.shop.order(order)["status"] == "UNCONFIRMED"
        assert waits == (mode == "confirmed" and bool(expected)), attack.__name__


def race(cart: Cart, change: Callable[[Cart], None], pause: float) -> str:
    """The checkout is changed by one call while another completes it; the order's id, empty where none came."""
    answers: list[Any] = []

    def complete() -> None:
        answers.append(
            cart.thread.shop.anonymous.post(
                "mutation($i:ID!){checkoutComplete(id:$i){order{id} errors{code}}}", i=cart.id
            ).json()
        )

    both = [threading.Thread(target=complete), threading.Thread(target=change, args=(cart,))]
    both[0].start()
    time.sleep(pause)
    both[1].start()
    for one in both:
        one.join()
    [answer] = answers
    order = ((answer.get("data") or {}).get("checkoutComplete") or {}).get("order")
    # Refused before it began, or broken off: then the shop has no order, and nobody got anything.
    return str(order["id"]) if order else ""


def detach(cart: Cart) -> None:
    cart.thread.shop.anonymous.post(DETACH, i=cart.id)
    cart.thread.shop.anonymous.post(EMAIL, i=cart.id, e="guest@mail.example")


def nine(cart: Cart) -> None:
    cart.thread.shop.anonymous.post(SET, i=cart.id, l=[{"lineId": cart.line, "quantity": 9}])


def leaks(order: dict[str, Any], cart: Cart) -> bool:
    """Whether somebody got a price that was not theirs, reckoned from the order alone."""
    [line] = order["lines"]
    marked = (line["priceOverrideReason"] or "").startswith("loyalty:")
    stranger = (order["user"] or {}).get("id") != cart.member.external_id
    total = float(line["totalPrice"]["gross"]["amount"])
    return marked and (stranger or line["quantity"] > 1 or total < 9.0 * line["quantity"])


def test_races_of_completing_leak_and_every_leak_is_found(
    world: tuple[Thread, str], capsys: pytest.CaptureFixture[str]
):
    """Neither mode prevents them: Saleor takes no lock. None may stay unseen, and confirmed mode lets none go."""
    thread, mode = world
    count, rng = scaled(4, 200), random.Random(1)
    standin = thread.shop.standin
    before = standin.options
    # Hundreds take longer than a token lives.
    standin.options = replace(before, access_seconds=36_000)
    thread.shop.owner = thread.shop.anonymous.login("owner@shop.example")
    carts = [cart_of(thread) for _ in range(count)]
    for cart in carts:
        thread.shop.pay(cart.caller, cart.id)
    standin.options = replace(standin.options, instant=False)
    try:
        with ThreadPoolExecutor(4) as pool:
            chances = [(detach if n % 2 else nine, rng.uniform(0, 0.2)) for n in range(count)]
            placed = list(pool.map(lambda pair: race(pair[0], *pair[1]), zip(carts, chances, strict=True)))
    finally:
        standin.options = before
    thread.settle()
    deliver_outbox(2 * count, now())
    found = set(Incident.objects.values_list("order_id", flat=True))
    leaked = set()
    for order_id, cart in zip(placed, carts, strict=True):
        order = thread.shop.order(order_id) if order_id else None
        if order and leaks(order, cart):
            leaked.add(order_id)
            assert mode == "assisted" or order["status"] == "UNCONFIRMED"
    with capsys.disabled():
        made = len(list(filter(None, placed)))
        print(f"\n{mode}: {count} races, {made} orders, {len(leaked)} leaked, {len(leaked - found)} unseen")
    assert leaked <= found
