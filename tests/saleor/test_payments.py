"""Money out of JSON: what was charged is added up from who reported what, never read off a flag."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from loyalty_plugin.errors import InvalidInput
from loyalty_plugin.saleor.payloads.orders import order_fact
from loyalty_plugin.saleor.payloads.payments import MANUAL_ADJUSTMENT, MARK_AS_PAID, paid
from loyalty_plugin.saleor.payloads.values import minor
from tests.saleor.payloadkit import USER, Json, charge, order, payment, transaction
from tests.saleor.roomkit import API


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


def test_amounts_of_several_transactions_add_up():
    found = paid(
        order(transaction(charge("CHARGE_SUCCESS", "20")), transaction(charge("CHARGE_SUCCESS", "15"))), "USD"
    )
    assert (found.came, found.charged) == (3500, 3500)
