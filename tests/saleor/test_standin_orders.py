"""Orders of the stand-in Saleor: totals that fall, refunds by line, who paid, pages, cancellation."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from sandbox.saleor.transactions import amounts_of
from tests.saleor.standinkit import Caller, Receiver, Shop
from tests.saleor.test_standin_webhooks import events_of
from tests.scale import PATIENCE

GRANT = """mutation($o:ID!,$i:OrderGrantRefundCreateInput!){orderGrantRefundCreate(id:$o,input:$i){
grantedRefund{id status amount{amount}} order{chargeStatus} errors{code field}}}"""
REFUND = """mutation($t:ID!,$a:PositiveDecimal){transactionRequestAction(id:$t,actionType:REFUND,amount:$a){
transaction{chargedAmount{amount}} errors{code}}}"""
BY_GRANT = """mutation($t:ID!,$g:ID!){transactionRequestRefundForGrantedRefund(id:$t,grantedRefundId:$g){
transaction{id} errors{code}}}"""
MONEY_EVENTS = ("OrderPaid", "OrderFullyPaid", "OrderRefunded", "OrderFullyRefunded", "OrderUpdated")


def place(shop: Shop, quantity: int = 3, **extra: Any) -> dict[str, Any]:
    email, _ = shop.customer()
    placed = shop.placed(customer=email, lines=[{"sku": "S-100", "quantity": quantity}], **extra)
    return shop.order(placed["id"])


def state(shop: Shop, order: dict[str, Any]) -> tuple[float, float, str]:
    found = shop.order(order["id"])
    return found["totalCharged"]["amount"], found["totalRefunded"]["amount"], found["chargeStatus"]


@pytest.mark.parametrize(
    ("steps", "charged", "refunded", "status", "events"),
    [
        ([("REFUND_SUCCESS", 10)], 20, 10, "PARTIAL", ["OrderRefunded", "OrderUpdated"]),
        ([("REFUND_SUCCESS", 10), ("REFUND_REVERSE", 10)], 30, 0, "FULL",
         ["OrderFullyPaid", "OrderPaid", "OrderUpdated"]),
        ([("CHARGE_BACK", 12)], 18, 0, "PARTIAL", ["OrderUpdated"]),
        ([("CHARGE_BACK", 12), ("CHARGE_BACK", 18)], 0, 0, "NONE", ["OrderUpdated"]),
        ([("REFUND_REQUEST", 5)], 25, 0, "PARTIAL", ["OrderUpdated"]),
        ([("REFUND_REQUEST", 5), ("REFUND_FAILURE", 5)], 30, 0, "FULL",
         ["OrderFullyPaid", "OrderPaid", "OrderUpdated"]),
        ([("REFUND_SUCCESS", 30)], 0, 30, "NONE", ["OrderFullyRefunded", "OrderRefunded", "OrderUpdated"]),
        ([("CHARGE_BACK", 56)], -26, 0, "NONE", ["OrderUpdated"]),
        ([("CHARGE_SUCCESS", 1)], 31, 0, "OVERCHARGED", ["OrderFullyPaid", "OrderPaid", "OrderUpdated"]),
    ],
)  # fmt: skip
def test_totals_fall_and_rise_as_measured(
    shop: Shop, receiver: Receiver, steps: Any, charged: int, refunded: int, status: str, events: list[str]
) -> None:
    """The table j7, with the events of its last step."""
    order = place(shop)
    shop.settled()
    events_of(shop, receiver, *MONEY_EVENTS)
    for i, (kind, amount) in enumerate(steps):
        receiver.received.clear()
        # A failure names the request it answers.
        reference = "r0" if kind.endswith("FAILURE") else f"r{i}"
        shop.anonymous.control("psp", order=order["id"], type=kind, amount=str(amount), reference=reference)
        shop.settled()
    assert state(shop, order) == (charged, refunded, status)
    assert sorted(receiver.types()) == events


def test_a_report_is_idempotent_by_reference(shop: Shop) -> None:
    order = place(shop)
    given = {"order": order["id"], "type": "REFUND_SUCCESS", "reference": "same"}
    assert shop.anonymous.control("psp", **given, amount="10")["alreadyProcessed"] is False
    assert shop.anonymous.control("psp", **given, amount="10")["alreadyProcessed"] is True
    answer = shop.anonymous.client.post("/_standin/psp", json={**given, "amount": "11"})
    assert (answer.status_code, answer.json()["code"]) == (400, "INCORRECT_DETAILS")
    assert state(shop, order) == (20, 10, "PARTIAL")


def test_refunds_by_grant_name_their_lines(shop: Shop, receiver: Receiver) -> None:
    order = place(shop)
    shop.settled()
    events_of(shop, receiver, *MONEY_EVENTS)
    transaction = order["transactions"][0]["id"]
    given = {"lines": [{"id": order["lines"][0]["id"], "quantity": 1}], "transactionId": transaction}
    answer = shop.owner.data(GRANT, o=order["id"], i=given)["orderGrantRefundCreate"]
    assert answer["grantedRefund"]["amount"] == {"amount": 10.0}
    # Measured: the mere promise makes the order overcharged, and no event tells.
    assert answer["order"]["chargeStatus"] == "OVERCHARGED"
    shop.settled()
    assert receiver.types() == []
    grant = answer["grantedRefund"]["id"]
    shop.owner.data(BY_GRANT, t=transaction, g=grant)
    again = shop.owner.errors(BY_GRANT, t=transaction, g=grant)
    assert [e["code"] for e in again] == ["REFUND_ALREADY_PROCESSED"]
    shop.settled()
    assert sorted(receiver.types()) == ["OrderRefunded", "OrderUpdated"]
    found = shop.order(order["id"])
    assert (found["totalRefunded"]["amount"], found["chargeStatus"], found["isPaid"]) == (10.0, "FULL", False)
    [granted] = found["grantedRefunds"]
    assert (granted["status"], granted["shippingCostsIncluded"]) == ("SUCCESS", False)
    assert granted["lines"] == [{"quantity": 1, "orderLine": {"id": order["lines"][0]["id"]}}]
    assert {e["type"] for e in granted["transactionEvents"]} == {"REFUND_REQUEST", "REFUND_SUCCESS"}
    too_many = {"lines": [{"id": order["lines"][0]["id"], "quantity": 3}], "transactionId": transaction}
    assert shop.owner.errors(GRANT, o=order["id"], i=too_many)[0]["code"] == "INVALID"


def test_two_refunds_at_once_are_not_held_back(shop: Shop) -> None:
    """k: no lock between looking and refunding; both see the whole amount."""
    from sandbox.saleor.pace import Pace

    order = place(shop)
    transaction = order["transactions"][0]["id"]
    both = threading.Barrier(2, timeout=PATIENCE)
    until = Pace.until

    def meet(self: Pace, share: float) -> None:
        if share == 0.6:
            both.wait()
        until(self, share)

    Pace.until = meet  # type: ignore[method-assign]
    try:
        threads = [
            threading.Thread(target=lambda: shop.owner.data(REFUND, t=transaction, a="20")) for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        Pace.until = until  # type: ignore[method-assign]
    assert state(shop, order) == (-10, 40, "NONE")


def test_a_refund_is_clamped_to_what_is_charged(shop: Shop) -> None:
    order = place(shop)
    answer = shop.owner.data(REFUND, t=order["transactions"][0]["id"], a="500")
    assert answer["transactionRequestAction"]["transaction"] == {"chargedAmount": {"amount": 0.0}}
    assert state(shop, order) == (0, 30, "NONE")


def test_marked_as_paid_is_not_money_that_came_in(shop: Shop) -> None:
    shop.anonymous.control(
        "seed",
        channels=[{"slug": "open", "currency": "USD", "allowUnpaidOrders": True}],
        products=[{"slug": "mug", "name": "Mug", "variants": [{"sku": "MUG", "prices": {"open": "12"}}]}],
        shippingMethods=[{"name": "Open", "price": {"open": "0"}}],
    )
    email, _ = shop.customer()
    order = shop.order(shop.placed(customer=email, lines=[{"sku": "MUG"}], channel="open", paid=False)["id"])
    assert (order["chargeStatus"], order["isPaid"], order["transactions"]) == ("NONE", False, [])
    shop.owner.data("mutation($i:ID!){orderMarkAsPaid(id:$i){errors{code}}}", i=order["id"])
    order = shop.order(order["id"])
    [transaction] = order["transactions"]
    assert transaction["name"] == "Mark-as-paid transaction"
    assert transaction["createdBy"] == {"__typename": "User", "email": "owner@shop.example"}
    assert (order["chargeStatus"], order["isPaid"]) == ("FULL", True)
    assert "ORDER_MARKED_AS_PAID" in [e["type"] for e in order["events"]]


def test_cancelling_refunds_nothing_and_money_revives(shop: Shop, receiver: Receiver) -> None:
    order = place(shop)
    shop.settled()
    events_of(shop, receiver, "OrderCancelled", *MONEY_EVENTS)
    shop.owner.data("mutation($i:ID!){orderCancel(id:$i){errors{code}}}", i=order["id"])
    shop.settled()
    assert sorted(receiver.types()) == ["OrderCancelled", "OrderUpdated"]
    found = shop.order(order["id"])
    assert (found["status"], found["totalCharged"]["amount"]) == ("CANCELED", 30.0)
    shop.anonymous.control("psp", order=order["id"], type="CHARGE_SUCCESS", amount="1")
    assert shop.order(order["id"])["status"] == "UNFULFILLED"


def test_returns_leave_the_lines_as_they_were(shop: Shop) -> None:
    order = place(shop, fulfilled=True)
    assert order["status"] == "FULFILLED"
    line = order["fulfillments"][0]["lines"][0]["id"]
    back = """mutation($o:ID!,$i:OrderReturnProductsInput!){orderFulfillmentReturnProducts(order:$o,input:$i){
        order{status} errors{code}}}"""
    given = {"fulfillmentLines": [{"fulfillmentLineId": line, "quantity": 1}]}
    assert shop.owner.errors(back, o=order["id"], i={**given, "refund": True})[0]["code"] == "CANNOT_REFUND"
    shop.owner.data(back, o=order["id"], i=given)
    found = shop.order(order["id"])
    assert found["status"] == "PARTIALLY_RETURNED"
    assert found["lines"][0]["quantity"] == 3
    assert [(f["status"], [x["quantity"] for x in f["lines"]]) for f in found["fulfillments"]] == [
        ("FULFILLED", [2]),
        ("RETURNED", [1]),
    ]


def test_cancelling_a_fulfilment_opens_the_order_again(shop: Shop) -> None:
    order = place(shop, fulfilled=True)
    cancel = "mutation($i:ID!){orderFulfillmentCancel(id:$i){order{status} errors{code}}}"
    shop.owner.data(cancel, i=order["fulfillments"][0]["id"])
    found = shop.order(order["id"])
    assert (found["status"], found["lines"][0]["quantityFulfilled"]) == ("UNFULFILLED", 0)


def test_orders_are_read_by_id_and_walked_by_change(shop: Shop) -> None:
    first = place(shop, at="2020-01-01T10:00:00+00:00")
    later = [place(shop, at=f"2020-01-0{day}T10:00:00+00:00") for day in (2, 3, 4)]
    assert first["created"] == "2020-01-01T10:00:00.000000+00:00"
    app = shop.app("MANAGE_ORDERS")
    ids = [order["id"] for order in later] + ["T3JkZXI6bm9uZQ=="]
    found = app.data("query($i:[ID!]){orders(first:100,where:{ids:$i}){edges{node{id lines{id}}}}}", i=ids)
    assert {e["node"]["id"] for e in found["orders"]["edges"]} == {order["id"] for order in later}
    walk = """query($a:String){orders(first:2,after:$a,sortBy:{field:LAST_MODIFIED_AT,direction:ASC},
        where:{updatedAt:{gte:"2020-01-02T00:00:00Z",lte:"2020-02-01T00:00:00Z"}}){totalCount
        pageInfo{hasNextPage endCursor} edges{node{id}}}}"""
    page = app.data(walk)["orders"]
    assert (page["totalCount"], page["pageInfo"]["hasNextPage"]) == (3, True)
    rest = app.data(walk, a=page["pageInfo"]["endCursor"])["orders"]
    assert [e["node"]["id"] for e in page["edges"] + rest["edges"]] == [order["id"] for order in later]
    assert rest["pageInfo"]["hasNextPage"] is False
    assert shop.anonymous.post("{orders(first:1){edges{node{id}}}}").json()["errors"]


def test_who_paid_is_told_live(shop: Shop) -> None:
    order = place(shop)
    [psp] = shop.owner.data('{apps(first:10,filter:{search:"Sandbox payments"}){edges{node{id}}}}')["apps"][
        "edges"
    ]
    who = psp["node"]["id"]
    switch = "mutation($i:ID!){%s(id:$i){errors{code}}}"
    shop.owner.data(switch % "appDeactivate", i=who)
    try:
        assert shop.order(order["id"])["transactions"][0]["createdBy"] is None
    finally:
        shop.owner.data(switch % "appActivate", i=who)
    assert shop.order(order["id"])["transactions"][0]["createdBy"]["identifier"] == "sandbox.psp"


def test_another_app_cannot_report_on_the_providers_transaction(shop: Shop) -> None:
    order = place(shop)
    report = """mutation($t:ID!){transactionEventReport(id:$t,type:REFUND_SUCCESS,amount:1,pspReference:"x"){
        errors{code}}}"""
    callers: list[Caller] = [shop.app("HANDLE_PAYMENTS"), shop.owner]
    for caller in callers:
        [error] = caller.post(report, t=order["transactions"][0]["id"]).json()["errors"]
        assert error["extensions"]["exception"]["code"] == "PermissionDenied"


def test_amounts_of_authorisations() -> None:
    def event(kind: str, amount: int, psp: str) -> dict[str, Any]:
        return {"type": kind, "amount": amount, "pspReference": psp}

    found = amounts_of([event("AUTHORIZATION_SUCCESS", 30, "a"), event("CHARGE_SUCCESS", 20, "b")])
    assert (found["authorized"], found["charged"]) == (10, 20)
    found = amounts_of([event("AUTHORIZATION_SUCCESS", 30, "a"), event("CANCEL_SUCCESS", 30, "c")])
    assert (found["authorized"], found["canceled"]) == (0, 30)
