"""Orders that no customer's checkout made: imported, reissued, given to somebody else, left unpaid until they expire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from sandbox.seed.laying import ERRORS
from tests.live.importing import imported
from tests.live.people import ADDRESS, Customer, booked, joined, read_order, report
from tests.live.world import IMPORTED_DAYS, World

COMPLETE = "mutation($i:ID!){draftOrderComplete(id:$i){order{status}" + ERRORS
SENDING = "mutation($o:ID!,$m:ID!){draftOrderUpdate(id:$o,input:{shippingMethod:$m}){order{id}" + ERRORS
#: Seconds within which Saleor has looked for orders that nobody paid: every five minutes, after a minute at least.
EXPIRY = 480


@pytest.fixture
def member(connected: World) -> Customer:
    return joined(connected)


@pytest.fixture
def strict(connected: World) -> Iterator[World]:
    """A channel that confirms no order by itself, and lets those that nobody pays expire after a minute."""
    update = "mutation($c:ID!,$s:OrderSettingsInput!){channelUpdate(id:$c,input:{orderSettings:$s}){" + ERRORS
    channel, staff = connected.laid.channel, connected.staff
    staff.change(update, c=channel, s={"automaticallyConfirmAllNewOrders": False, "expireOrdersAfter": 1})
    yield connected
    staff.change(update, c=channel, s={"automaticallyConfirmAllNewOrders": True, "expireOrdersAfter": 0})


def heard(world: World, event: str, after: int) -> bool:
    """Whether an event of this kind came since an inbox row."""
    query = "SELECT count(*) FROM loyalty_plugin_inboxitem WHERE event = %s AND id > %s"
    return bool(world.rows(query, event, after)[0][0])


def newest(world: World) -> int:
    return int(world.rows("SELECT coalesce(max(id), 0) FROM loyalty_plugin_inboxitem")[0][0])


def test_imported_orders_come_in_one_event_and_the_past_is_paid_for_by_who_accepts_it(
    member: Customer,
) -> None:
    """Saleor keeps neither who imported nor when it was paid: the version's day says whether it is believed."""
    world = member.world
    now = datetime.now(UTC)
    before = newest(world)
    old, past, new = imported(
        member, Decimal("50.00"), now - timedelta(days=IMPORTED_DAYS + 10), now - timedelta(days=5), now
    )
    assert {(one["origin"], one["status"], one["chargeStatus"]) for one in (old, past, new)} == {
        ("BULK_CREATE", "UNFULFILLED", "FULL")
    }
    [transaction] = read_order(world, new["id"])["transactions"]
    [event] = transaction["events"]
    assert event["createdBy"] is None
    assert (event["pspReference"], event["message"]) == ("", "Manual adjustment of the transaction.")
    world.until("the order is booked", lambda: booked(world, new["id"]) == ("", 50))
    assert heard(world, "OrderBulkCreated", before)
    assert not heard(world, "OrderCreated", before)
    world.until("the one before the day is told", lambda: booked(world, old["id"]) == ("imported", 0))
    world.until("the past one counts", lambda: booked(world, past["id"]) == ("past_order", 0))
    assert member.points() == 50

    cost = json.loads(
        world.manage("loyalty_backfill", world.api_url, "--points", "--json").split("\nNothing")[0]
    )
    assert (cost["points"], cost["orders"]) == (50, 1)
    said = world.manage(
        "loyalty_backfill", world.api_url, "--points", "--accept", "49", "--as", "owner", code=1
    )
    assert said == ""
    assert member.points() == 50
    said = world.manage("loyalty_backfill", world.api_url, "--points", "--accept", "50", "--as", "owner")
    assert "50 points were posted." in said
    assert booked(world, past["id"]) == ("", 50)
    assert member.points() == 100
    # A refund of what was paid elsewhere takes its share all the same.
    record_refund(world, past["id"], Decimal("25.00"))
    world.until("the refund is booked", lambda: booked(world, past["id"]) == ("", 25))


def record_refund(world: World, order_id: str, amount: Decimal) -> None:
    """Our payment App takes over: it charges nothing, and reports what went back."""
    text = (
        "mutation($i:ID!,$t:TransactionCreateInput!){transactionCreate(id:$i,transaction:$t){transaction{id}"
    )
    made = world.witness.change(text + ERRORS, i=order_id, t={"name": world.name})["transaction"]["id"]
    report(world, made, "REFUND_SUCCESS", amount)


def test_goods_sent_again_bring_nothing_and_take_nothing(member: Customer) -> None:
    world = member.world
    order_id = member.buys(("pot", 2))
    world.until("the order is booked", lambda: booked(world, order_id)[1] == 90)
    [line] = read_order(world, order_id)["lines"]
    again = (
        "mutation($o:ID!,$i:OrderReturnProductsInput!){orderFulfillmentReturnProducts(order:$o,input:$i)"
        "{order{status} replaceOrder{id status origin}" + ERRORS
    )
    given = {"orderLines": [{"orderLineId": line["id"], "quantity": 1, "replace": True}]}
    made = world.staff.change(again, o=order_id, i=given)["replaceOrder"]
    assert (made["status"], made["origin"]) == ("DRAFT", "REISSUE")
    [method] = world.laid.methods.values()
    world.staff.change(SENDING, o=made["id"], m=method)
    world.staff.change(COMPLETE, i=made["id"])
    paid = "mutation($i:ID!){orderMarkAsPaid(id:$i){order{id}" + ERRORS
    world.staff.change(paid, i=made["id"])
    world.until("money by hand brings nothing", lambda: booked(world, made["id"]) == ("paid_by_hand", 0))
    assert booked(world, order_id) == ("", 90)
    assert member.points() == 90


def test_an_order_given_to_somebody_else_keeps_its_points_where_they_are(member: Customer) -> None:
    world = member.world
    other = joined(world)
    order_id = member.buys(("tea", 1))
    world.until("the order is booked", lambda: booked(world, order_id) == ("", 9))
    before = newest(world)
    move = "mutation($i:ID!,$o:OrderUpdateInput!){orderUpdate(id:$i,input:$o){order{userEmail}" + ERRORS
    world.staff.change(move, i=order_id, o={"userEmail": other.email})
    assert read_order(world, order_id)["user"]["id"] == other.id
    world.until("we are told", lambda: heard(world, "OrderUpdated", before))
    world.until("we have looked", lambda: world.idle())
    assert booked(world, order_id) == ("", 9)
    assert (member.points(), other.points()) == (9, 0)


def test_an_order_that_nobody_pays_expires(strict: World) -> None:
    member = joined(strict)
    create = "mutation($i:DraftOrderCreateInput!){draftOrderCreate(input:$i){order{id}" + ERRORS
    [method] = strict.laid.methods.values()
    given: dict[str, Any] = {
        "channelId": strict.laid.channel, "user": member.id, "billingAddress": ADDRESS, "shippingAddress": ADDRESS,
        "shippingMethod": method, "lines": [{"variantId": strict.variant("tea"), "quantity": 1}],
    }  # fmt: skip
    made = strict.staff.change(create, i=given)["order"]["id"]
    assert strict.staff.change(COMPLETE, i=made)["order"]["status"] == "UNCONFIRMED"
    strict.until("it is known", lambda: booked(strict, made)[0] == "not_confirmed")
    before = newest(strict)
    strict.until(
        "Saleor lets it expire", lambda: read_order(strict, made)["status"] == "EXPIRED", seconds=EXPIRY
    )
    strict.until("we are told", lambda: heard(strict, "OrderExpired", before))
    strict.until("it is over", lambda: booked(strict, made) == ("cancelled", 0))
