"""A customer's way from account to order on a Saleor, what it answers on the way, and what our ledger says of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from decimal import Decimal

import pytest

from sandbox.seed.laying import ERRORS, lay_promotion
from tests.live.parcels.loyalty_extension import NAME as PARCEL
from tests.live.people import (
    ADDRESS,
    Customer,
    booked,
    charge,
    joined,
    read_checkout,
    read_order,
    record_payment,
    refused,
    register,
    report,
    total,
    unit,
    ways,
)
from tests.live.world import CHANNEL, World

LINES = (
    "mutation($c:ID!,$l:[CheckoutLineUpdateInput!]!){checkoutLinesUpdate(id:$c,lines:$l){checkout{id}"
    + ERRORS
)
MEMBER_PRICE = Decimal("9.00")
#: Seconds after which Saleor has worked out what a promotion changes: two jobs of every half minute, if it is not busy.
SHELF = 240


@pytest.fixture
def member(connected: World) -> Customer:
    """A customer whom the plugin knows by now."""
    return joined(connected)


@pytest.fixture
def promotion(connected: World) -> Iterator[list[str]]:
    """Promotions that end with the scenario: their ids are to be put in."""
    ids: list[str] = []
    yield ids
    for one in ids:
        connected.staff.change("mutation($i:ID!){promotionDelete(id:$i){" + ERRORS, i=one)
        connected.laid.made.remove(["promotionDelete", one])
    _shelf(connected, "tea", Decimal("10.00"))


def _shelf(world: World, what: str, price: Decimal) -> None:
    """Wait until the shelf shows this price: Saleor works it out after a promotion has changed."""
    query = "query($i:ID!,$c:String!){productVariant(id:$i,channel:$c){pricing{price{gross{amount}}}}}"

    def shown() -> bool:
        found = world.staff.ask(query, i=world.variant(what), c=CHANNEL)["productVariant"]["pricing"]
        return bool(found["price"]["gross"]["amount"] == price)

    world.until(f"the shelf shows {price}", shown, SHELF)


def _member_priced(member: Customer, checkout_id: str, price: Decimal = MEMBER_PRICE) -> None:
    member.world.until(f"the line costs {price}", lambda: unit(member.account, checkout_id) == price)


def test_who_registers_is_a_member(connected: World) -> None:
    somebody = register(connected)
    me = connected.until(
        "a customer is a member", lambda: somebody.membership("number name verified tier{code}")
    )
    assert (me["name"], me["tier"]["code"]) == ("Ada Ödön", "basic")
    connected.until("the e-mail is verified", lambda: somebody.membership("verified")["verified"])
    query = "SELECT external_id, status FROM loyalty_plugin_member WHERE email = %s"
    assert connected.rows(query, somebody.email) == [(somebody.id, "active")]


def test_a_member_price_is_laid_and_only_by_the_app(member: Customer) -> None:
    """Saleor's surprises: the price counts as the list price, survives more pieces and goes with its owner alone."""
    world = member.world
    made = member.checkout(("tea", 1))["id"]
    _member_priced(member, made)
    [line] = read_checkout(member.account, made)["lines"]
    assert line["undiscountedUnitPrice"]["amount"] == MEMBER_PRICE
    reason = "query($i:ID!){checkout(id:$i){lines{priceOverrideReason}}}"
    [told] = world.staff.ask(reason, i=made)["checkout"]["lines"]
    assert told["priceOverrideReason"].startswith("loyalty:")

    own = [{"lineId": line["id"], "quantity": 1, "price": "1"}]
    for who in (member.account, world.staff):
        assert "allowed only for apps" in refused(who, LINES, c=made, l=own)
    member.account.change(LINES, c=made, l=[{"lineId": line["id"], "quantity": 3}])
    assert unit(member.account, made) == MEMBER_PRICE

    detach = "mutation($i:ID!){checkoutCustomerDetach(id:$i){checkout{id}" + ERRORS
    member.account.change(detach, i=made)
    world.until(
        "a stranger's checkout has no member price", lambda: unit(world.staff, made) == Decimal("10.00")
    )


def test_a_shop_can_ask_for_the_prices(member: Customer) -> None:
    made = member.checkout(("tea", 2))["id"]
    member.ask_for_prices(made)
    assert unit(member.account, made) == MEMBER_PRICE


def test_a_promotion_comes_on_top_and_the_price_is_the_quoted_one(
    member: Customer, promotion: list[str]
) -> None:
    """Saleor takes its promotion off what we lay: what we lay is made for that, so 9.00 is charged after its 5 %."""
    world = member.world
    name = f"{world.name}-{secrets.token_hex(2)}"
    promotion.append(lay_promotion(world.staff, world.laid, name, Decimal(5), ["tea"]))
    _shelf(world, "tea", Decimal("9.50"))
    made = member.checkout(("tea", 1))["id"]
    _member_priced(member, made)
    [line] = read_checkout(member.account, made)["lines"]
    assert line["undiscountedUnitPrice"]["amount"] > MEMBER_PRICE


def test_a_better_promotion_is_left_alone(member: Customer, promotion: list[str]) -> None:
    world = member.world
    name = f"{world.name}-{secrets.token_hex(2)}"
    promotion.append(lay_promotion(world.staff, world.laid, name, Decimal(40), ["tea"]))
    _shelf(world, "tea", Decimal("6.00"))
    made = member.checkout(("tea", 1))["id"]
    member.ask_for_prices(made)
    assert unit(member.account, made) == Decimal("6.00")
    reason = "query($i:ID!){checkout(id:$i){lines{priceOverrideReason}}}"
    assert world.staff.ask(reason, i=made)["checkout"]["lines"] == [{"priceOverrideReason": None}]


def test_paid_through_an_app_it_earns(member: Customer) -> None:
    world = member.world
    made = member.checkout(("tea", 2))["id"]
    _member_priced(member, made)
    assert [one.name for one in ways(member.account, made)] == [f"{world.name} standard"]
    member.choose_delivery(made)
    due = total(member.account, made)
    assert due == Decimal("22.90")
    complete = "mutation($i:ID!){checkoutComplete(id:$i){order{id}" + ERRORS
    assert refused(member.account, complete, i=made) == "CHECKOUT_NOT_FULLY_PAID"
    charge(world, made, due)
    order_id = member.complete(made)
    assert member.complete(made) == order_id  # safe to repeat

    order = read_order(world, order_id)
    assert (order["user"]["id"], order["userEmail"]) == (member.id, member.email)
    assert (order["chargeStatus"], order["totalCharged"]["amount"], order["origin"]) == (
        "FULL",
        due,
        "CHECKOUT",
    )
    [line] = order["lines"]
    assert line["isPriceOverridden"] is True
    assert line["priceOverrideReason"].startswith("loyalty:")
    assert (
        line["unitPrice"]["gross"]["amount"]
        == line["undiscountedUnitPrice"]["gross"]["amount"]
        == MEMBER_PRICE
    )
    [transaction] = order["transactions"]
    [charged] = [one for one in transaction["events"] if one["type"] == "CHARGE_SUCCESS"]
    assert charged["createdBy"] == {"__typename": "App", "identifier": world.name}

    world.until(
        "the order is booked", lambda: booked(world, order_id) == ("", 18)
    )  # of goods, not of sending
    assert member.points() == 18


def test_money_that_staff_writes_down_earns_nothing(member: Customer) -> None:
    world = member.world
    made = member.checkout(("tea", 1))["id"]
    _member_priced(member, made)
    member.choose_delivery(made)
    record_payment(world, made, total(member.account, made))
    order_id = member.complete(made)
    order = read_order(world, order_id)
    assert order["chargeStatus"] == "FULL"
    [event] = order["transactions"][0]["events"]
    assert event["createdBy"] == {"__typename": "User", "email": world.staff.email}
    assert (event["pspReference"], event["message"]) == ("", "Manual adjustment of the transaction.")
    world.until("the money is told apart", lambda: booked(world, order_id)[0] == "paid_by_hand")
    assert member.points() == 0


def test_refunds_and_a_charge_back_take_their_share(member: Customer) -> None:
    """Totals fall and rise: a refund that is taken back is no refund, and a charge-back is none to Saleor either."""
    world = member.world
    order_id = member.buys(("pot", 2))
    world.until("the order is booked", lambda: booked(world, order_id)[1] == 90)
    [transaction] = read_order(world, order_id)["transactions"]
    reference = f"{world.name}-back"
    assert report(world, transaction["id"], "REFUND_SUCCESS", Decimal("47.45"), reference) is False
    assert report(world, transaction["id"], "REFUND_SUCCESS", Decimal("47.45"), reference) is True
    order = read_order(world, order_id)
    assert (order["totalCharged"]["amount"], order["totalRefunded"]["amount"]) == (
        Decimal("47.45"),
        Decimal("47.45"),
    )
    world.until("the refund is booked", lambda: booked(world, order_id)[1] == 45)
    report(world, transaction["id"], "REFUND_REVERSE", Decimal("47.45"))
    world.until("the refund is taken back", lambda: booked(world, order_id)[1] == 90)
    report(world, transaction["id"], "CHARGE_BACK", Decimal("47.45"))
    order = read_order(world, order_id)
    assert (order["totalCharged"]["amount"], order["totalRefunded"]["amount"]) == (
        Decimal("47.45"),
        Decimal(0),
    )
    world.until("the charge-back is booked", lambda: booked(world, order_id)[1] == 45)
    assert member.points() == 45


def test_a_cancelled_order_keeps_no_points_and_its_money(member: Customer) -> None:
    world = member.world
    order_id = member.buys(("tea", 1))
    world.until("the order is booked", lambda: booked(world, order_id)[1] > 0)
    cancel = "mutation($i:ID!){orderCancel(id:$i){order{status}" + ERRORS
    assert world.staff.change(cancel, i=order_id)["order"]["status"] == "CANCELED"
    order = read_order(world, order_id)
    assert (order["chargeStatus"], order["totalRefunded"]["amount"]) == ("FULL", Decimal(0))
    world.until("nothing stands", lambda: booked(world, order_id) == ("cancelled", 0))
    assert member.points() == 0


def test_an_order_by_phone_earns_once_it_is_an_order(member: Customer) -> None:
    world = member.world
    create = "mutation($i:DraftOrderCreateInput!){draftOrderCreate(input:$i){order{id status origin}" + ERRORS
    given = {"channelId": world.laid.channel, "user": member.id, "billingAddress": ADDRESS, "shippingAddress": ADDRESS,
             "lines": [{"variantId": world.variant("tea"), "quantity": 1}]}  # fmt: skip
    made = world.staff.change(create, i=given)["order"]
    assert (made["status"], made["origin"]) == ("DRAFT", "DRAFT")
    add = (
        "mutation($o:ID!,$l:[OrderLineCreateInput!]!){orderLinesCreate(id:$o,input:$l){orderLines{id}"
        + ERRORS
    )
    pot = {"variantId": world.variant("pot"), "quantity": 2}
    [line] = world.staff.change(add, o=made["id"], l=[pot])["orderLines"]
    update = "mutation($l:ID!){orderLineUpdate(id:$l,input:{quantity:1}){order{id}" + ERRORS
    world.staff.change(update, l=line["id"])
    complete = "mutation($i:ID!){draftOrderComplete(id:$i){order{status}" + ERRORS
    assert refused(world.staff, complete, i=made["id"]) == "SHIPPING_METHOD_REQUIRED"
    [method] = world.laid.methods.values()
    sending = "mutation($o:ID!,$m:ID!){draftOrderUpdate(id:$o,input:{shippingMethod:$m}){order{id}" + ERRORS
    world.staff.change(sending, o=made["id"], m=method)
    order = read_order(world, made["id"])
    assert order["total"]["gross"]["amount"] == Decimal("64.90")
    assert world.staff.change(complete, i=made["id"])["order"]["status"] == "UNFULFILLED"
    world.until("it waits for money", lambda: booked(world, made["id"])[0] == "not_paid")
    charge(world, made["id"], Decimal("64.90"))
    world.until("the order is booked", lambda: booked(world, made["id"]) == ("", 60))


def test_a_deleted_draft_leaves_nothing(member: Customer) -> None:
    world = member.world
    create = "mutation($i:DraftOrderCreateInput!){draftOrderCreate(input:$i){order{id}" + ERRORS
    given = {"channelId": world.laid.channel, "user": member.id,
             "lines": [{"variantId": world.variant("tea"), "quantity": 1}]}  # fmt: skip
    made = world.staff.change(create, i=given)["order"]["id"]
    told = "SELECT 1 FROM loyalty_plugin_inboxitem WHERE event = 'DraftOrderCreated' AND status <> 'new'"
    world.until("we were told of a draft", lambda: world.rows(told))
    world.staff.change("mutation($i:ID!){draftOrderDelete(id:$i){order{id}" + ERRORS, i=made)
    assert world.staff.ask("query($i:ID!){order(id:$i){id}}", i=made)["order"] is None
    assert booked(world, made)[1] <= 0
    assert member.points() == 0


def test_ways_of_sending_are_asked_of_us_and_the_shops_own_stay(member: Customer) -> None:
    """Granted what the question needs, we are asked while the customer waits: a perk's way for members alone."""
    world = member.world
    app = world.app()
    assert app
    codes = sorted({one["code"] for one in app["permissions"]} | {"MANAGE_SHIPPING"})
    grant = "mutation($i:ID!,$p:[PermissionEnum!]!){appUpdate(id:$i,input:{permissions:$p}){app{id}" + ERRORS
    world.staff.change(grant, i=app["id"], p=codes)
    own, ours = (f"{world.name} standard", Decimal("4.90")), (PARCEL, Decimal("1.00"))
    try:
        made = member.checkout(("tea", 1))["id"]
        member.ask_for_prices(made)
        assert {(one.name, one.price) for one in ways(member.account, made)} == {own, ours}
        detached = member.checkout(("tea", 1))["id"]
        detach = "mutation($i:ID!){checkoutCustomerDetach(id:$i){checkout{id}" + ERRORS
        member.account.change(detach, i=detached)
        assert {(one.name, one.price) for one in ways(world.staff, detached)} == {own}
        member.choose_delivery(made, PARCEL)
        due = total(member.account, made)
        assert due == Decimal("10.00")
        charge(world, made, due)
        order = read_order(world, member.complete(made))
    finally:
        world.staff.change(grant, i=app["id"], p=[one for one in codes if one != "MANAGE_SHIPPING"])
    assert (order["shippingMethodName"], order["total"]["gross"]["amount"]) == (PARCEL, due)
    world.until("the order is booked", lambda: booked(world, order["id"]) == ("", 9))
