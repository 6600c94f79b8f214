"""Enforced mode: what customers and guests do at our own door, at which prices, and what Saleor is told."""

from __future__ import annotations

from loyalty_plugin.models.incidents import Incident
from loyalty_plugin.models.orders import PricePromise
from tests.saleor.enforcedkit import EnforcedShop, bare, enforced

__all__ = ["bare", "enforced"]


def amount(money: dict) -> float:
    return float(money["gross"]["amount"])


def test_a_member_buys_at_their_price_and_a_guest_at_the_shops(enforced: EnforcedShop):
    member, guest = enforced.member(), enforced.guest()
    made = member.cart(("S-100", 1))
    assert (made["email"], amount(made["totalPrice"])) == (member.email, 9.0)
    more = member.done(
        "CheckoutLinesAdd", id=made["id"], lines=[{"variantId": enforced.variant("S-100"), "quantity": 2}]
    )["checkout"]
    assert [(line["quantity"], amount(line["totalPrice"])) for line in more["lines"]] == [(3, 27.0)]
    member.send(made["id"])
    member.pay(made["id"])
    order = member.done("CheckoutComplete", id=made["id"])["order"]
    assert amount(order["total"]) == 27.0
    assert [e["node"]["id"] for e in member.done("MyOrders")["orders"]["edges"]] == [order["id"]]
    theirs = guest.buy(("S-100", 2))
    assert amount(guest.done("Order", id=theirs)["total"]) == 20.0
    enforced.thread.settle()
    assert not Incident.objects.exists()
    assert set(PricePromise.objects.values_list("status", "quantity")) == {("kept", 3), ("withdrawn", 1)}
