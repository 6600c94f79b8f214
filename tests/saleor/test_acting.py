"""What a person decides about an order reaches Saleor once, however often it is sent; what it refuses is kept in words."""

from __future__ import annotations

from typing import Any

from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.saleor.executors import deliver_outbox
from loyalty_plugin.services import incidents
from tests.saleor.threadkit import API, Thread, bare, now

__all__ = ["bare"]


def send(kind: str, order: str, **desired: Any) -> OutboxItem:
    row = incidents.send(kind, Realm.objects.get(api_url=API), order, now=now(), **desired)
    deliver_outbox(10, now())
    row.refresh_from_db()
    return row


def test_each_act_is_done_once(bare: Thread):
    bare.install()
    shop = bare.shop
    email, _caller = shop.customer()
    order = shop.placed(customer=email, lines=[{"sku": "S-250", "quantity": 2}])["id"]
    mark = "loyalty:incident:1"
    for _ in range(2):
        assert send("order_note", order, mark=mark).status == "done"
        assert send("order_grant", order, mark=mark, amount=500, currency="USD").status == "done"
    # What was granted by this mark is not granted again, nor said to be done where it was another amount.
    more = send("order_grant", order, mark=mark, amount=700, currency="USD")
    assert (more.status, more.error) == ("failed", "granted_otherwise")
    read = shop.owner.data(
        "query($i:ID!){order(id:$i){events{type message} grantedRefunds{reason amount{amount}}}}", i=order
    )["order"]
    assert [mark in e["message"] for e in read["events"] if e["type"] == "NOTE_ADDED"] == [True]
    assert [float(grant["amount"]["amount"]) for grant in read["grantedRefunds"]] == [5.0]

    assert send("order_confirm", order).status == "done"
    assert send("order_cancel", order).status == "done"
    assert shop.order(order)["status"] == "CANCELED"
    assert send("order_cancel", order).status == "done"
    assert send("order_note", "T3JkZXI6MQ==", mark=mark).error == "order_gone"

    sent = shop.placed(customer=email, lines=[{"sku": "S-250", "quantity": 1}], fulfilled=True)["id"]
    refused = send("order_cancel", sent)
    assert (refused.status, refused.error) == ("failed", "saleor_error")
    assert "CANNOT_CANCEL" in refused.detail
    assert OrderRecord.objects.count() == 0  # nothing was told yet
