"""The demo shop's own cart and checkout in enforced mode: Saleor lets no storefront in, and everybody buys all the same."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import RequestFactory

from sandbox.shop import cart as carts
from sandbox.shop import checkout, door, saleor, session
from tests.saleor.enforcedkit import EnforcedShop, Visitor, bare, enforced
from tests.saleor.standinkit import ADDRESS, PASSWORD

__all__ = ["bare", "enforced"]


@pytest.fixture
def demo(enforced: EnforcedShop, settings: Any, monkeypatch: pytest.MonkeyPatch) -> EnforcedShop:
    settings.SANDBOX_SALEOR_URL = "http://saleor.example"
    settings.SANDBOX_SHOP_URL = "http://shop.example"
    settings.SANDBOX_STANDIN = True
    settings.SANDBOX_ENFORCED = True
    # An App of the shop's that has no permission at all.
    settings.SANDBOX_STOREFRONT_TOKEN = enforced.thread.shop.app().token
    monkeypatch.setattr(saleor, "_http", lambda: enforced.thread.shop.anonymous.client)
    return enforced


def somebody() -> Any:
    request = RequestFactory().get("/")
    request.session = _Session()
    return request


class _Session(dict[str, Any]):
    def cycle_key(self) -> None:
        """Nobody looks at the key here."""


def test_the_demo_shop_sells_to_a_guest_who_becomes_a_member(demo: EnforcedShop):
    member = demo.member()
    visitor = somebody()
    cart = carts.add(visitor, demo.variant("S-100"), 2)
    assert (cart.total.minor, cart.customer_id) == (2000, None)
    session.sign_in(visitor, member.email, PASSWORD)
    carts.hand_over(visitor)
    shown = carts.read(visitor)
    assert shown is not None
    assert (shown.total.minor, shown.saved.minor) == (1800, 200)
    cart = carts.set_quantity(visitor, shown.lines[0].id, 3)
    assert cart.total.minor == 2700
    checkout.set_contact(visitor, cart, member.email, ADDRESS)
    [way] = checkout.deliveries(visitor, cart)
    checkout.set_delivery(visitor, cart, way.id)
    order = demo.order(checkout.place(visitor, cart))
    assert float(order["total"]["gross"]["amount"]) == 27.0
    assert order["user"]["email"] == member.email
    [mine] = next(iter(door.call(visitor, "MyOrders", {"after": None}).values()))["orders"]["edges"]
    assert mine["node"]["id"] == order["id"]
    # Their cart and order are nobody's else, also at the demo shop.
    stranger = somebody()
    carts.add(stranger, demo.variant("S-100"), 1)
    assert door.call(stranger, "OneOrder", {"id": order["id"]})["order"] is None
    with pytest.raises(saleor.Refused):
        door.mutate(stranger, "CartComplete", {"id": cart.id})


def test_saleor_itself_lets_no_storefront_in(demo: EnforcedShop):
    guest: Visitor = demo.guest()
    made = guest.cart(("S-100", 1))
    asked = demo.thread.shop.anonymous.post("query($i:ID!){checkout(id:$i){id}}", i=made["id"])
    assert asked.status_code == 401
    named = demo.thread.shop.anonymous.as_app(demo.customer().token)
    assert named.post("{me{id}}").status_code == 401
