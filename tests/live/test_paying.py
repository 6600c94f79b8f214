"""Points as a part of the payment on a Saleor: our App as its payment gateway, from reservation to refund."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from sandbox.seed.laying import ERRORS
from tests.live.people import Customer, booked, charge, joined, read_checkout, read_order, refused, total
from tests.live.world import OURS, World

INITIALIZE = (
    "mutation($i:ID!,$a:PositiveDecimal,$k:String,$g:PaymentGatewayToInitialize!){transactionInitialize(id:$i,"
    "amount:$a,idempotencyKey:$k,paymentGateway:$g){transaction{id} transactionEvent{type message pspReference"
    " amount{amount}}" + ERRORS
)
RESERVE = """mutation($c:ID!,$p:LoyaltyInteger!){loyaltyReservePayment(checkoutId:$c,points:$p){payment{amount{amount}
token gateway} errors{code}}}"""
REMOVE = "mutation($c:ID!){loyaltyRemovePayment(checkoutId:$c){released errors{code}}}"
ACTION = (
    "mutation($i:ID!,$t:TransactionActionEnum!,$a:PositiveDecimal){transactionRequestAction(id:$i,actionType:$t,"
    "amount:$a){transaction{id}" + ERRORS
)
#: Run in the shop's own process: points out of a version's goodwill, available at once.
_GIVE = """
from datetime import datetime, UTC
from loyalty_plugin.domain.intents import Award, Plan
from loyalty_plugin.domain.ledger import POINTS, Kind, input_digest
from loyalty_plugin.models.members import Member
from loyalty_plugin.queries.programmes import version_at
from loyalty_plugin.services.posting import post
now = datetime.now(UTC)
member = Member.objects.get(email={email!r})
version = version_at(member.programme_id, now)
post([Plan(key="live|" + member.email, digest=input_digest({{}}), kind=Kind.BONUS, programme_id=member.programme_id,
    version_id=version.id, member_id=member.pk, occurred_at=now, intents=(Award(POINTS, {points}),),
    source="version:%s" % version.id)], recorded_at=now)
"""


@pytest.fixture
def member(connected: World) -> Customer:
    """A member with a thousand points to spend."""
    made = joined(connected)
    connected.manage("shell", "-c", _GIVE.format(email=made.email, points=1_000))
    assert states(made) == (1_000, 0)
    return made


def states(member: Customer) -> tuple[int, int]:
    """Available and reserved."""
    points = member.membership("points{available reserved}")["points"]
    return points["available"], points["reserved"]


def reserve(member: Customer, checkout_id: str, points: int) -> dict[str, Any]:
    made = member.world.ours(member.account, RESERVE, c=checkout_id, p=points)["loyaltyReservePayment"]
    assert made["errors"] == []
    return dict(made["payment"])


def authorise(
    member: Customer, checkout_id: str, token: str, amount: str, key: str | None = None
) -> dict[str, Any]:
    gateway = {"id": OURS, "data": {"token": token}}
    return dict(member.account.change(INITIALIZE, i=checkout_id, a=amount, k=key, g=gateway))


def prepared(member: Customer) -> str:
    checkout_id = str(member.checkout(("tea", 2))["id"])
    member.ask_for_prices(checkout_id)
    member.choose_delivery(checkout_id)
    return checkout_id


def ours(order: dict[str, Any]) -> dict[str, Any]:
    [found] = [
        one
        for one in order["transactions"]
        if any((event["createdBy"] or {}).get("identifier") == OURS for event in one["events"])
    ]
    return dict(found)


def kinds(world: World, order_id: str) -> set[str]:
    return {event["type"] for event in ours(read_order(world, order_id))["events"]}


def test_points_pay_a_part_of_an_order_and_come_back(member: Customer) -> None:
    world = member.world
    checkout_id = prepared(member)
    whole = total(member.account, checkout_id)
    made = reserve(member, checkout_id, 600)
    assert (made["amount"]["amount"], made["gateway"]) == ("6.00", OURS)
    assert states(member) == (400, 600)
    first = authorise(member, checkout_id, made["token"], "6.00", key=f"{world.name}-{checkout_id[-6:]}")
    event = first["transactionEvent"]
    assert (event["type"], event["amount"]["amount"]) == ("AUTHORIZATION_SUCCESS", 6), event
    again = authorise(member, checkout_id, made["token"], "6.00", key=f"{world.name}-{checkout_id[-6:]}")
    assert again["transaction"] == first["transaction"]
    assert again["transactionEvent"]["pspReference"] == event["pspReference"]
    charge(world, checkout_id, whole - 6)
    order_id = member.complete(checkout_id)
    world.until("our part is charged", lambda: "CHARGE_SUCCESS" in kinds(world, order_id))
    order = read_order(world, order_id)
    assert order["totalCharged"]["amount"] == whole
    world.until("it is fully charged", lambda: read_order(world, order_id)["chargeStatus"] == "FULL")
    assert states(member) == (400, 0)
    # What points paid earns nothing: of two teas for 9.00 each their share is left out.
    counts = 1_800 - 1_800 * 600 // int(whole * 100)
    world.until("it earned", lambda: booked(world, order_id)[1] == counts // 100)

    transaction = ours(order)["id"]
    world.staff.change(ACTION, i=transaction, t="REFUND", a="2.50")
    world.until("a part came back", lambda: states(member)[0] == 650)
    world.until("Saleor knows", lambda: "REFUND_SUCCESS" in kinds(world, order_id))
    # More than is left: Saleor clamps to what it believes, our ledger to what there was.
    world.staff.change(ACTION, i=transaction, t="REFUND", a="9.00")
    world.until("the rest came back", lambda: states(member)[0] == 1_000)
    # Saleor asks us from a job of its own, and writes down what we said after that.
    world.until(
        "Saleor knows of the rest", lambda: read_order(world, order_id)["totalCharged"]["amount"] == whole - 6
    )
    assert world.manage("loyalty_verify").count("is whole") == 1


def test_a_wrong_token_amount_or_gateway_pays_nothing(member: Customer) -> None:
    checkout_id = prepared(member)
    made = reserve(member, checkout_id, 600)
    for token, amount in (("forged", "6.00"), (made["token"], "6.01"), (made["token"], "20.00")):
        event = authorise(member, checkout_id, token, amount)["transactionEvent"]
        assert event["type"] == "AUTHORIZATION_FAILURE", event
        assert event["message"], "the customer is told why"
    assert states(member) == (400, 600)
    complete = "mutation($i:ID!){checkoutComplete(id:$i){order{id}" + ERRORS
    assert refused(member.account, complete, i=checkout_id) == "CHECKOUT_NOT_FULLY_PAID"
    off = member.world.ours(member.account, REMOVE, c=checkout_id)["loyaltyRemovePayment"]
    assert off == {"released": True, "errors": []}
    assert states(member) == (1_000, 0)


def test_what_is_authorised_is_taken_off_again(member: Customer) -> None:
    checkout_id = prepared(member)
    made = reserve(member, checkout_id, 1_000)
    assert authorise(member, checkout_id, made["token"], "10.00")["transactionEvent"]["type"].endswith(
        "_SUCCESS"
    )
    assert read_checkout(member.account, checkout_id)["authorizeStatus"] == "PARTIAL"
    off = member.world.ours(member.account, REMOVE, c=checkout_id)["loyaltyRemovePayment"]
    assert off == {"released": True, "errors": []}
    assert read_checkout(member.account, checkout_id)["authorizeStatus"] == "NONE"
    assert states(member) == (1_000, 0)


def test_an_order_cancelled_at_once_is_never_charged(member: Customer) -> None:
    world = member.world
    checkout_id = prepared(member)
    made = reserve(member, checkout_id, 600)
    authorise(member, checkout_id, made["token"], "6.00")
    charge(world, checkout_id, total(member.account, checkout_id) - 6)
    order_id = member.complete(checkout_id)
    world.staff.change("mutation($i:ID!){orderCancel(id:$i){order{id}" + ERRORS, i=order_id)
    world.until(
        "it is settled one way or the other",
        lambda: kinds(world, order_id) & {"CHARGE_SUCCESS", "CANCEL_SUCCESS"},
    )
    # Cancelled between our look and our report, Saleor brings it back to life for a moment.
    world.until(
        "no money keeps a cancelled order alive", lambda: read_order(world, order_id)["status"] == "CANCELED"
    )
    order = read_order(world, order_id)
    if kinds(world, order_id) & {"CANCEL_SUCCESS", "REFUND_SUCCESS"}:
        world.until("the points are free", lambda: states(member) == (1_000, 0))
    else:
        # The charge was quicker than whoever cancelled: it stays until staff refund it.
        world.staff.change(ACTION, i=ours(order)["id"], t="REFUND", a="6.00")
        world.until("the points came back", lambda: states(member)[0] == 1_000)


def test_another_customer_pays_nothing_with_it(member: Customer) -> None:
    world = member.world
    thief = joined(world)
    checkout_id = prepared(member)
    whole = total(member.account, checkout_id)
    made = reserve(member, checkout_id, 600)
    authorise(member, checkout_id, made["token"], "6.00")
    charge(world, checkout_id, whole - Decimal(6))
    member.account.change(
        "mutation($i:ID!){checkoutCustomerDetach(id:$i){checkout{id}" + ERRORS, i=checkout_id
    )
    thief.account.change(
        "mutation($i:ID!){checkoutCustomerAttach(id:$i){checkout{id}" + ERRORS, i=checkout_id
    )
    order_id = thief.complete(checkout_id)
    world.until("it is released", lambda: "CANCEL_SUCCESS" in kinds(world, order_id))
    assert states(member) == (1_000, 0)
    assert read_order(world, order_id)["totalCharged"]["amount"] == whole - 6
    query = "SELECT differences FROM loyalty_plugin_incident WHERE order_id = %s"
    found = world.until("an incident", lambda: world.rows(query, order_id))
    assert "paid_by_another" in {one["code"] for one in found[0][0]}
