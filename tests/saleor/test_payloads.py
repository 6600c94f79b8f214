"""Facts out of JSON: what was charged is added up from who reported what, never read off a flag."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from loyalty_plugin.errors import InvalidInput
from loyalty_plugin.saleor.payloads.checkouts import checkout_fact
from loyalty_plugin.saleor.payloads.customers import customer_fact
from loyalty_plugin.saleor.payloads.orders import order_fact
from loyalty_plugin.saleor.payloads.payments import MANUAL_ADJUSTMENT, MARK_AS_PAID, paid
from loyalty_plugin.saleor.payloads.values import minor
from tests.recorded import facts, needs_facts
from tests.saleor.roomkit import API

APP = {"__typename": "App", "identifier": "psp"}
USER = {"__typename": "User", "id": "VXNlcjo3"}
_numbers = itertools.count(1)
Json = dict[str, Any]


def charge(kind: str, amount: str, **more: Any) -> Json:
    return {
        "id": f"event-{next(_numbers)}",
        "type": kind,
        "createdAt": "2026-03-02T12:00:00+00:00",
        "message": "",
        "pspReference": "ref",
        "amount": {"amount": Decimal(amount)},
        "createdBy": APP,
        **more,
    }


def transaction(*events: Json, **more: Any) -> Json:
    return {"name": "", "events": list(events), **more}


def payment(status: str, captured: str, **more: Any) -> Json:
    return {
        "id": "payment-1",
        "gateway": "psp",
        "isActive": True,
        "created": "2026-03-02T12:00:00+00:00",
        "chargeStatus": status,
        "total": {"amount": Decimal("30")},
        "capturedAmount": {"amount": Decimal(captured)},
        **more,
    }


def order(*transactions: Json, **more: Any) -> Json:
    both = lambda amount: {"gross": {"amount": Decimal(amount)}, "net": {"amount": Decimal(amount)}}  # noqa: E731
    return {
        "id": "T3JkZXI6MQ==",
        "number": "1",
        "status": "UNFULFILLED",
        "origin": "CHECKOUT",
        "created": "2026-03-02T11:59:00+00:00",
        "updatedAt": "2026-03-02T12:00:01+00:00",
        "checkoutId": None,
        "userEmail": "ada@mail.example",
        "user": None,
        "channel": {"slug": "default-channel"},
        "total": {"currency": "USD", **both("30.00")},
        "shippingPrice": both("0"),
        "lines": [],
        "transactions": list(transactions),
        "payments": [],
        "fulfillments": [],
        **more,
    }


def test_what_came_with_an_imported_order_is_paid_when_it_was_placed():
    """Saleor keeps neither who imported it nor when it was paid; what is added later has an author and a moment."""
    came = charge("CHARGE_SUCCESS", "20", createdBy=None, pspReference="", message=MANUAL_ADJUSTMENT)
    later = charge("CHARGE_SUCCESS", "10", createdBy=USER, pspReference="", message=MANUAL_ADJUSTMENT)
    imported = order(
        transaction(came), transaction(later), origin="BULK_CREATE", created="2021-05-06T07:08:09+00:00"
    )
    found = paid(imported, "USD")
    assert [(one.source, one.amount) for one in found.charges] == [("import", 2000), ("hand:VXNlcjo3", 1000)]
    assert found.covered_at(2000) == datetime(2021, 5, 6, 7, 8, 9, tzinfo=UTC)
    assert order_fact(API, imported).paid_by_hand == 1000
    # Of no other order is a charge without an author believed.
    [charged, _] = paid(order(transaction(came), transaction(later)), "USD").charges
    assert (charged.source, order_fact(API, order(transaction(came))).paid_by_hand) == ("unknown", 2000)


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (Decimal("12.5"), "USD", 1250),
        (Decimal("24.999999999999996"), "USD", 2500),
        (Decimal("0.005"), "EUR", 1),
        (Decimal("-0.1"), "EUR", -10),
        (Decimal("1234"), "JPY", 1234),
        (Decimal("1.234"), "KWD", 1234),
        (7, "USD", 700),
    ],
)
def test_amounts_become_minor_units(amount: Any, currency: str, expected: int):
    assert minor(amount, currency) == expected


@pytest.mark.parametrize(
    "amount", [Decimal("NaN"), Decimal("Infinity"), Decimal("1e40"), 1.5, "x", None, True]
)
def test_what_is_no_amount_is_refused(amount: Any):
    with pytest.raises(InvalidInput):
        minor(amount, "USD")


# Measured on a real Saleor with an order of 30, paid (totals that fall).
FALLING = {
    "paid": ([], 30, 0),
    "refund": ([charge("REFUND_SUCCESS", "10")], 20, 10),
    "refund taken back": ([charge("REFUND_SUCCESS", "10"), charge("REFUND_REVERSE", "10")], 30, 0),
    "charge-back, which Saleor does not call a refund": ([charge("CHARGE_BACK", "12")], 18, 12),
    "charge-back of all": ([charge("CHARGE_BACK", "12"), charge("CHARGE_BACK", "18")], 0, 30),
    "refund asked for": ([charge("REFUND_REQUEST", "5")], 30, 0),
    "refund that failed": ([charge("REFUND_REQUEST", "5"), charge("REFUND_FAILURE", "5")], 30, 0),
    "refunds beyond what was paid": ([charge("REFUND_SUCCESS", "26"), charge("REFUND_SUCCESS", "30")], 0, 56),
    "hold let go": ([charge("AUTHORIZATION_SUCCESS", "30"), charge("CANCEL_SUCCESS", "30")], 30, 0),
}


@pytest.mark.parametrize(("events", "charged", "refunded"), FALLING.values(), ids=FALLING)
def test_totals_that_fall(events: list[Json], charged: int, refunded: int):
    fact = order_fact(API, order(transaction(charge("CHARGE_SUCCESS", "30"), *events)))
    assert (fact.charged, fact.refunded) == (charged * 100, refunded * 100)
    assert fact.paid_at == datetime(2026, 3, 2, 12, tzinfo=UTC)


HANDS = {
    "a payment App": (transaction(charge("CHARGE_SUCCESS", "30")), 0),
    "mark as paid by staff": (
        transaction(charge("CHARGE_SUCCESS", "30", createdBy=USER), name=MARK_AS_PAID),
        3000,
    ),
    "mark as paid by an App": (transaction(charge("CHARGE_SUCCESS", "30"), name=MARK_AS_PAID), 3000),
    "a transaction made by hand": (
        transaction(charge("CHARGE_SUCCESS", "30", message=MANUAL_ADJUSTMENT, pspReference="")),
        3000,
    ),
    "a message only": (transaction(charge("CHARGE_SUCCESS", "30", message=MANUAL_ADJUSTMENT)), 3000),
    "no reference": (transaction(charge("CHARGE_SUCCESS", "30", pspReference="")), 3000),
    "staff": (transaction(charge("CHARGE_SUCCESS", "30", createdBy=USER)), 3000),
    "an App that is gone": (transaction(charge("CHARGE_SUCCESS", "30", createdBy=None)), 3000),
    "an App without a name": (
        transaction(charge("CHARGE_SUCCESS", "30", createdBy={"__typename": "App", "identifier": None})),
        3000,
    ),
    "nobody": (transaction(), 0),
}


@pytest.mark.parametrize(("given", "by_hand"), HANDS.values(), ids=HANDS)
def test_money_nobody_saw_is_told_from_money_reported(given: Json, by_hand: int):
    assert order_fact(API, order(given)).paid_by_hand == by_hand


def test_the_built_in_gift_card_is_no_hand():
    card = {"__typename": "GiftCardPaymentMethodDetails", "isSaleorGiftcard": True}
    given = transaction(charge("CHARGE_SUCCESS", "10", createdBy=None), paymentMethodDetails=card)
    rest = transaction(charge("CHARGE_SUCCESS", "20"))
    fact = order_fact(API, order(given, rest))
    assert (fact.charged, fact.gift_card_paid, fact.paid_by_hand) == (3000, 1000, 0)


def test_an_app_that_calls_its_payment_a_gift_card_is_none():
    card = {"__typename": "GiftCardPaymentMethodDetails", "isSaleorGiftcard": True}
    fact = order_fact(API, order(transaction(charge("CHARGE_SUCCESS", "30"), paymentMethodDetails=card)))
    assert (fact.gift_card_paid, fact.paid_by_hand) == (0, 0)


LEGACY = {
    "charged": (payment("FULLY_CHARGED", "30"), 3000, 0, 0),
    "by hand": (payment("FULLY_CHARGED", "30", gateway="manual"), 3000, 0, 3000),
    "part refunded": (payment("PARTIALLY_REFUNDED", "20"), 2000, 1000, 0),
    "all refunded": (payment("FULLY_REFUNDED", "0", isActive=False), 0, 3000, 0),
    "refused": (payment("REFUSED", "0"), 0, 0, 0),
    "given up": (payment("FULLY_CHARGED", "30", isActive=False), 0, 0, 0),
    "only authorised": (payment("NOT_CHARGED", "0"), 0, 0, 0),
}


@pytest.mark.parametrize(("given", "charged", "refunded", "by_hand"), LEGACY.values(), ids=LEGACY)
def test_payments_of_the_older_flow(given: Json, charged: int, refunded: int, by_hand: int):
    fact = order_fact(API, order(payments=[given]))
    assert (fact.charged, fact.refunded, fact.paid_by_hand) == (charged, refunded, by_hand)


def test_paid_when_the_charges_first_cover_the_total():
    at = lambda hour: f"2026-03-02T{hour:02}:00:00+00:00"  # noqa: E731
    events = [
        charge("CHARGE_SUCCESS", "20", createdAt=at(15)),
        charge("CHARGE_SUCCESS", "10", createdAt=at(9)),
    ]
    assert order_fact(API, order(transaction(*events))).paid_at == datetime(2026, 3, 2, 15, tzinfo=UTC)
    assert order_fact(API, order(transaction(events[0]))).paid_at is None


def test_nothing_to_pay_is_paid_when_ordered():
    nothing = {"gross": {"amount": Decimal(0)}, "net": {"amount": Decimal(0)}}
    fact = order_fact(API, order(total={"currency": "USD", **nothing}))
    assert (fact.charged, fact.paid_at) == (0, fact.created_at)


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


def test_amounts_of_several_transactions_add_up():
    found = paid(
        order(transaction(charge("CHARGE_SUCCESS", "20")), transaction(charge("CHARGE_SUCCESS", "15"))), "USD"
    )
    assert (found.came, found.charged) == (3500, 3500)
