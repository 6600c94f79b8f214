"""Orders of the stand-in that no checkout made, as measured: imported, sent again, expired, and a closed storefront."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.saleor.expiring import expire
from tests.saleor.standinkit import ADDRESS, CHANNEL, Receiver, Shop
from tests.saleor.test_standin_webhooks import events_of

IMPORT = """mutation($o:[OrderBulkCreateInput!]!){orderBulkCreate(orders:$o,stockUpdatePolicy:SKIP){count
results{order{id origin status created chargeStatus total{gross{amount}} totalCharged{amount}} errors{code path}}
errors{code}}}"""
WHO = """query($i:ID!){order(id:$i){transactions{createdBy{__typename} events{type message pspReference createdAt
createdBy{__typename}}}}}"""
TAXED = """mutation{taxClassCreate(input:{name:"None"}){taxClass{id} errors{code}}}"""
AGAIN = """mutation($o:ID!,$i:OrderReturnProductsInput!){orderFulfillmentReturnProducts(order:$o,input:$i){
returnFulfillment{id} replaceOrder{id status origin total{gross{amount}} lines{quantity}} errors{code}}}"""
ORDERS = ("OrderBulkCreated", "OrderCreated", "OrderPaid", "OrderFullyPaid", "OrderUpdated", "OrderExpired")


def entry(shop: Shop, email: str, at: str, price: str = "10", **more: Any) -> dict[str, Any]:
    worth = {"gross": price, "net": price}
    taxed = shop.owner.data(TAXED)["taxClassCreate"]["taxClass"]["id"]
    line = {"variantId": shop.variant("S-100"), "createdAt": at, "quantity": 1, "isShippingRequired": False,
            "isGiftCard": False, "taxClassId": taxed, "warehouse": "V2FyZWhvdXNlOjE=", "totalPrice": worth,
            "undiscountedTotalPrice": worth}  # fmt: skip
    return {"channel": CHANNEL, "createdAt": at, "status": "UNFULFILLED", "user": {"email": email}, "currency": "USD",
            "billingAddress": ADDRESS, "languageCode": "EN", "lines": [line],
            "transactions": [{"amountCharged": {"currency": "USD", "amount": price}}], **more}  # fmt: skip


def test_an_import_is_one_event_and_nobody_paid(shop: Shop, receiver: Receiver) -> None:
    email, _ = shop.customer()
    shop.settled()
    long_ago = "2021-05-06T07:08:09+00:00"
    events_of(shop, receiver, *ORDERS)
    done = shop.owner.data(IMPORT, o=[entry(shop, email, long_ago), entry(shop, email, long_ago)])
    made = done["orderBulkCreate"]
    assert (made["count"], made["errors"]) == (2, [])
    first = made["results"][0]["order"]
    assert (first["origin"], first["status"]) == ("BULK_CREATE", "UNFULFILLED")
    assert datetime.fromisoformat(first["created"]) == datetime.fromisoformat(long_ago)
    assert (first["chargeStatus"], first["totalCharged"]["amount"]) == ("FULL", 10)
    [transaction] = shop.owner.data(WHO, i=first["id"])["order"]["transactions"]
    [event] = transaction["events"]
    assert (transaction["createdBy"], event["createdBy"], event["pspReference"]) == (None, None, "")
    assert event["message"] == "Manual adjustment of the transaction."
    assert datetime.fromisoformat(event["createdAt"]) > datetime.now(UTC) - timedelta(minutes=5)
    shop.settled()
    assert receiver.types() == ["OrderBulkCreated"]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [({"currency": "EUR"}, "INCORRECT_CURRENCY"), ({"channel": "nowhere"}, "NOT_FOUND"),
     ({"user": {}}, "REQUIRED"), ({"status": "FULFILLED"}, "INVALID"), ({"user": {"id": "VXNlcjo5OTk5OTk="}}, "NOT_FOUND")],
)  # fmt: skip
def test_one_wrong_order_keeps_out_all(shop: Shop, wrong: dict[str, Any], code: str) -> None:
    email, _ = shop.customer()
    at = datetime.now(UTC).isoformat()
    done = shop.owner.data(IMPORT, o=[entry(shop, email, at), entry(shop, email, at, **wrong)])
    made = done["orderBulkCreate"]
    assert made["count"] == 0
    assert [one["code"] for one in made["results"][0]["errors"]] == [code]


def test_a_line_without_a_class_of_taxes_is_refused_though_the_schema_asks_for_none(shop: Shop) -> None:
    email, _ = shop.customer()
    given = entry(shop, email, datetime.now(UTC).isoformat())
    del given["lines"][0]["taxClassId"]
    [done] = shop.owner.data(IMPORT, o=[given])["orderBulkCreate"]["results"]
    assert done["errors"] == [{"code": "NOT_FOUND", "path": "lines.0"}]


def test_goods_sent_again_are_a_draft_of_their_own(shop: Shop, receiver: Receiver) -> None:
    email, _ = shop.customer()
    placed = shop.placed(customer=email, lines=[{"sku": "S-100", "quantity": 3}])
    shop.settled()
    events_of(shop, receiver, "OrderUpdated", "DraftOrderCreated")
    given = {"orderLines": [{"orderLineId": placed["lines"][0], "quantity": 2, "replace": True}]}
    made = shop.owner.data(AGAIN, o=placed["id"], i=given)["orderFulfillmentReturnProducts"]
    again = made["replaceOrder"]
    assert made["returnFulfillment"] is None
    assert (again["status"], again["origin"], again["total"]["gross"]["amount"]) == ("DRAFT", "REISSUE", 20)
    shop.settled()
    assert sorted(receiver.types()) == ["DraftOrderCreated", "OrderUpdated"]
    assert shop.order(placed["id"])["totalCharged"]["amount"] == 30


def test_what_nobody_pays_expires(shop: Shop, receiver: Receiver) -> None:
    update = (
        "mutation($c:ID!,$s:OrderSettingsInput!){channelUpdate(id:$c,input:{orderSettings:$s}){errors{code}}}"
    )
    channel = shop.owner.data("query($s:String!){channel(slug:$s){id}}", s=CHANNEL)["channel"]["id"]
    email, _ = shop.customer()
    at = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    waiting = [
        entry(shop, email, at, status="UNCONFIRMED", transactions=[]),
        entry(shop, email, at, status="UNCONFIRMED"),  # has a transaction
        entry(shop, email, datetime.now(UTC).isoformat(), status="UNCONFIRMED", transactions=[]),
    ]
    made = shop.owner.data(IMPORT, o=waiting)["orderBulkCreate"]["results"]
    ids = [one["order"]["id"] for one in made]
    before = shop.order(ids[0])["updatedAt"]
    shop.settled()
    events_of(shop, receiver, *ORDERS)
    assert expire(shop.standin) == []  # the channel lets nothing expire
    shop.owner.data(update, c=channel, s={"expireOrdersAfter": 60})
    try:
        assert len(expire(shop.standin)) == 1
    finally:
        shop.owner.data(update, c=channel, s={"expireOrdersAfter": 0})
    assert [shop.order(one)["status"] for one in ids] == ["EXPIRED", "UNCONFIRMED", "UNCONFIRMED"]
    assert shop.order(ids[0])["updatedAt"] == before  # so no list of what changed has it
    shop.settled()
    assert sorted(receiver.types()) == ["OrderExpired", "OrderUpdated"]


def test_the_storefront_is_closed_by_staff(shop: Shop) -> None:
    close = "mutation($a:Boolean!){shopSettingsUpdate(input:{allowStorefrontTraffic:$a}){shop{name} errors{code}}}"
    _, caller = shop.customer()
    shop.owner.data(close, a=False)
    try:
        answer = caller.post("{me{id}}")
        assert answer.status_code == 401
        assert answer.json()["errors"][0]["extensions"] == {"code": "STOREFRONT_TRAFFIC_NOT_ALLOWED"}
    finally:
        shop.owner.data(close, a=True)
    assert caller.data("{me{id}}")["me"]["id"]
