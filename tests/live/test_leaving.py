"""Two ways an account ends at a Saleor, each with an event of its own, and what becomes of the membership."""

from __future__ import annotations

from decimal import Decimal

import pytest

from sandbox.seed.laying import ERRORS
from tests.live.people import Customer, booked, mailed_token, read_order, refused, register, report
from tests.live.world import CHANNEL, World

STATUS = "SELECT status FROM loyalty_plugin_member WHERE email = %s"


@pytest.fixture
def buyer(connected: World) -> tuple[Customer, str]:
    """A member with an order that earned."""
    made = register(connected)
    connected.until("a customer is a member", lambda: made.membership("number"))
    order_id = made.buys(("pot", 1))
    connected.until("the order is booked", lambda: booked(connected, order_id)[1] > 0)
    return made, order_id


def _heard(world: World, event: str, before: int) -> bool:
    query = "SELECT count(*) FROM loyalty_plugin_inboxitem WHERE event = %s AND id > %s"
    return world.rows(query, event, before)[0][0] > 0


def _newest(world: World) -> int:
    return int(world.rows("SELECT coalesce(max(id), 0) FROM loyalty_plugin_inboxitem")[0][0])


def _left(world: World, member: Customer, order_id: str) -> None:
    """The membership is frozen, the order is nobody's, and a later refund still takes its share."""
    world.until("the membership is frozen", lambda: world.rows(STATUS, member.email) == [("frozen",)])
    order = read_order(world, order_id)
    assert (order["user"], order["userEmail"]) == (None, member.email)
    before = booked(world, order_id)[1]
    [transaction] = order["transactions"]
    report(world, transaction["id"], "REFUND_SUCCESS", Decimal("20.00"))
    world.until("the refund is booked", lambda: 0 < booked(world, order_id)[1] < before)
    assert world.staff.ask("query($e:String!){user(email:$e){id}}", e=member.email)["user"] is None


def test_deleted_by_staff(buyer: tuple[Customer, str]) -> None:
    member, order_id = buyer
    world, before = member.world, _newest(member.world)
    world.staff.change("mutation($i:ID!){customerDelete(id:$i){user{id}" + ERRORS, i=member.id)
    world.until("we are told", lambda: _heard(world, "CustomerDeleted", before))
    _left(world, member, order_id)
    assert not _heard(world, "AccountDeleted", before)


def test_deleted_by_themselves(buyer: tuple[Customer, str]) -> None:
    member, order_id = buyer
    world, before = member.world, _newest(member.world)
    ask = "mutation($r:String!,$c:String!){accountRequestDeletion(redirectUrl:$r,channel:$c){" + ERRORS
    member.account.change(ask, r=world.redirect_url, c=CHANNEL)
    delete = "mutation($t:String!){accountDelete(token:$t){user{id}" + ERRORS
    assert refused(member.account, delete, t="not-it")
    token = mailed_token(world, "AccountDeleteRequested", member.email)
    member.account.change(delete, t=token)
    world.until("we are told", lambda: _heard(world, "AccountDeleted", before))
    _left(world, member, order_id)
    assert not _heard(world, "CustomerDeleted", before)
    # Their token has some minutes to live, and nobody it could speak for.
    assert member.account.answer("{me{id}}")["data"] in (None, {"me": None})
