"""Facts out of JSON: orders, checkouts and customers as a real Saleor writes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from loyalty_plugin.errors import InvalidInput
from loyalty_plugin.saleor.payloads.checkouts import checkout_fact
from loyalty_plugin.saleor.payloads.customers import customer_fact
from loyalty_plugin.saleor.payloads.orders import order_fact
from loyalty_plugin.saleor.payloads.values import minor
from tests.recorded import facts, needs_facts
from tests.saleor.payloadkit import Json, charge, order
from tests.saleor.roomkit import API


@pytest.mark.parametrize(
    ("status", "fulfillments", "day"),
    [
        ("UNFULFILLED", [], None),
        ("PARTIALLY_FULFILLED", [("FULFILLED", 3)], None),
        ("FULFILLED", [("FULFILLED", 3), ("FULFILLED", 5), ("CANCELED", 9)], 5),
        ("PARTIALLY_RETURNED", [("FULFILLED", 3), ("RETURNED", 8)], 3),
        ("RETURNED", [("RETURNED", 8)], 8),
    ],
)
def test_fulfilled_when_the_last_goods_left(
    status: str, fulfillments: list[tuple[str, int]], day: int | None
):
    given = [{"status": s, "created": f"2026-03-{d:02}T10:00:00+00:00"} for s, d in fulfillments]
    found = order_fact(API, order(status=status, fulfillments=given)).fulfilled_at
    assert (found.day if found else None) == day


@pytest.mark.parametrize("status", ["CANCELED", "EXPIRED"])
def test_cancelled_and_expired_orders(status: str):
    assert order_fact(API, order(status=status)).cancelled


def test_an_instant_without_an_offset_is_refused():
    with pytest.raises(InvalidInput):
        order_fact(API, order(updatedAt="2026-03-02T12:00:00"))


def test_a_checkout_is_read_as_its_channel_enters_prices():
    def fact(with_tax: bool) -> Any:
        price = {"gross": {"amount": Decimal("11.90")}, "net": {"amount": Decimal("10.00")}}
        before = {"gross": {"amount": Decimal("23.80")}, "net": {"amount": Decimal("20.00")}}
        product = {"id": "p", "category": {"id": "c"}, "collections": [{"id": "k"}]}
        variant = {"id": "v", "pricing": {"price": price, "priceUndiscounted": before}, "product": product}
        line = {"id": "l", "quantity": 2, "isGift": False, "priceOverrideReason": None, "unitPrice": price}
        return checkout_fact(
            API,
            {
                "id": "x",
                "email": None,
                "voucherCode": None,
                "user": {"id": "u"},
                "channel": {"slug": "eu", "taxConfiguration": {"pricesEnteredWithTax": with_tax}},
                "totalPrice": {"currency": "EUR", **price},
                "lines": [{**line, "variant": variant}],
            },
        )

    [gross], [net] = fact(True).lines, fact(False).lines
    assert (gross.unit_price, gross.promotion_price, gross.list_price) == (1190, 1190, 2380)
    assert (net.unit_price, net.promotion_price, net.list_price) == (1000, 1000, 2000)
    assert fact(False).total_gross == 1190


def test_a_customers_metadata_is_not_read():
    user = {
        "id": "u", "email": "a@b.example", "firstName": "Ada", "lastName": "", "isActive": True,
        "isConfirmed": False, "languageCode": "ZH_HANS", "dateJoined": "2026-03-02T12:00:00+00:00",
        "updatedAt": "2026-03-02T12:00:00+00:00", "metadata": [{"key": "loyalty.tier", "value": "vip"}],
    }  # fmt: skip
    fact = customer_fact(API, user)
    assert (fact.name, fact.confirmed, fact.language) == ("Ada", False, "zh-hans")


@needs_facts
@pytest.mark.parametrize("name", ["order_paid", "order_refunded", "order_cancelled", "order_created"])
def test_orders_as_a_real_saleor_sent_them(name: str):
    path = facts() / "payloads" / f"{name}.json"
    sent = json.loads(path.read_text(), parse_float=Decimal)["order"]
    # Those subscriptions asked for less than our query does: what they left out is added, nothing is changed.
    fact = order_fact(API, {**sent, "payments": [], **_completed(sent)})
    assert fact.total_gross == minor(sent["total"]["gross"]["amount"], fact.currency)
    assert [line.gross for line in fact.lines] == [
        minor(line["totalPrice"]["gross"]["amount"], fact.currency) for line in sent["lines"]
    ]
    assert {line.mark for line in fact.lines if line.member_priced} == {
        line["priceOverrideReason"] for line in sent["lines"] if line["isPriceOverridden"]
    }
    assert fact.charged == minor(sent["totalCharged"]["amount"], fact.currency)
    assert fact.refunded == minor(sent["totalRefunded"]["amount"], fact.currency)


def _completed(sent: Mapping[str, Any]) -> Json:
    shipping = sent["shippingPrice"]["gross"]
    lines = [
        {
            **line,
            "undiscountedTotalPrice": {
                "gross": {"amount": line["undiscountedUnitPrice"]["gross"]["amount"] * line["quantity"]}
            },
        }
        for line in sent["lines"]
    ]
    transactions = []
    for given in sent["transactions"]:
        back = given["refundedAmount"]["amount"]
        came = given["chargedAmount"]["amount"] + back
        events = [charge("CHARGE_SUCCESS", str(came)), charge("REFUND_SUCCESS", str(back))]
        transactions.append({**given, "events": [e for e in events if e["amount"]["amount"]]})
    return {
        "lines": lines,
        "transactions": transactions,
        "fulfillments": [{"created": sent["updatedAt"], **given} for given in sent["fulfillments"]],
        "shippingPrice": {"gross": shipping, "net": shipping},
        "total": {**sent["total"], "currency": sent["total"]["gross"]["currency"]},
    }
