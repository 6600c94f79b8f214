"""Enforced mode with real threads: whatever is done to a checkout while it is completed, nobody has another's price."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connections

from loyalty_plugin.models.incidents import Incident
from tests.saleor.enforcedkit import EnforcedShop, Visitor, bare, enforced
from tests.scale import scaled

__all__ = ["bare", "enforced"]

Change = Callable[[Visitor, dict[str, Any]], None]


def detach(member: Visitor, cart: dict[str, Any]) -> None:
    member.ask("CheckoutCustomerDetach", id=cart["id"])
    # The session that was given it goes on as a guest, under another e-mail.
    guest = Visitor(member.shop, session=member.session)
    guest.ask("CheckoutEmailUpdate", id=cart["id"], email="guest@mail.example")


def nine(member: Visitor, cart: dict[str, Any]) -> None:
    line = cart["lines"][0]["id"]
    member.ask("CheckoutLinesUpdate", id=cart["id"], lines=[{"lineId": line, "quantity": 9}])


def steal(member: Visitor, cart: dict[str, Any]) -> None:
    """Handed to another customer, by way of the session."""
    member.ask("CheckoutCustomerDetach", id=cart["id"])
    other = member.shop.customer()
    other.session = member.session
    other.ask("CheckoutCustomerAttach", id=cart["id"])


def again(member: Visitor, cart: dict[str, Any]) -> None:
    member.ask("CheckoutComplete", id=cart["id"])


def race(member: Visitor, cart: dict[str, Any], change: Change) -> str:
    """Complete while something else is done; the order's id, empty where none came of it."""
    start = threading.Barrier(2)
    answers: list[dict[str, Any]] = []
    faults: list[BaseException] = []

    def run(act: Callable[[], None]) -> None:
        try:
            start.wait(timeout=60)
            act()
        except BaseException as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    def complete() -> None:
        answers.append(Visitor(member.shop, token=member.token).ask("CheckoutComplete", id=cart["id"]))

    both = [
        threading.Thread(target=run, args=(complete,)),
        threading.Thread(target=run, args=(lambda: change(member, cart),)),
    ]
    random.Random(cart["id"]).shuffle(both)
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert not faults, faults
    [answer] = answers
    order = ((answer["data"] or {}).get("checkoutComplete") or {}).get("order")
    return str(order["id"]) if order else ""


def leaks(order: dict[str, Any], owner: str) -> bool:
    """Whether somebody got a price that was not theirs, reckoned from the order alone."""
    [line] = order["lines"]
    total, units = float(line["totalPrice"]["gross"]["amount"]), line["quantity"]
    theirs = (order["user"] or {}).get("email") == owner
    charged = float(order["total"]["gross"]["amount"])
    paid = sum(float(one["chargedAmount"]["amount"]) for one in order["transactions"])
    return total < (9.0 if theirs else 10.0) * units or paid < charged


def test_races_of_completing_leak_nothing(enforced: EnforcedShop, capsys: pytest.CaptureFixture[str]):
    count = scaled(4, 200)
    changes: list[Change] = [detach, nine, steal, again]
    members = [enforced.member() for _ in range(count)]
    carts = [member.ready(("S-100", 1)) for member in members]
    standin = enforced.thread.shop.standin
    before = standin.options
    standin.options = replace(before, instant=False)
    try:
        placed = [
            race(member, cart, changes[n % len(changes)])
            for n, (member, cart) in enumerate(zip(members, carts, strict=True))
        ]
    finally:
        standin.options = before
    orders = {
        order_id: (enforced.order(order_id), member.email)
        for order_id, member in zip(placed, members, strict=True)
        if order_id
    }
    leaked = [order_id for order_id, (order, owner) in orders.items() if leaks(order, owner)]
    enforced.thread.settle()
    with capsys.disabled():
        print(f"\nenforced: {count} races, {len(orders)} orders, {len(leaked)} leaked")
    assert not leaked
    assert not Incident.objects.exists()


def test_of_many_who_complete_at_once_all_have_the_one_order(enforced: EnforcedShop):
    member = enforced.member()
    cart = member.ready(("S-100", 1))
    first, second = race(member, cart, again), member.done("CheckoutComplete", id=cart["id"])["order"]["id"]
    assert first == second
    # Whoever else replays it has nothing.
    assert enforced.member().refused("CheckoutComplete", id=cart["id"]) == "not_found"
    assert enforced.guest().refused("CheckoutComplete", id=cart["id"]) == "not_found"
