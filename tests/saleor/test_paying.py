"""Paying with points from end to end: reserved, authorised by signed questions, charged with the order, given back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from loyalty_plugin.errors import (
    BelowMinimum,
    InsufficientPoints,
    NotFound,
    NotPayable,
    ReservedElsewhere,
)
from loyalty_plugin.models.holds import Hold
from loyalty_plugin.models.incidents import Incident
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.payments import Payment, PaymentMovement
from loyalty_plugin.queries.verifying import books
from loyalty_plugin.saleor import paying as reporting
from loyalty_plugin.saleor.executors import deliver_outbox
from loyalty_plugin.services import holds, paying, programmes
from tests import factories
from tests.saleor.payingkit import PaidShop, bare, paid_shop
from tests.saleor.standinkit import CHANNEL
from tests.saleor.threadkit import API, now

__all__ = ["bare", "paid_shop"]


def amounts(order: dict[str, Any]) -> tuple[float, str]:
    return order["totalCharged"]["amount"], order["chargeStatus"]


def ours(order: dict[str, Any]) -> dict[str, Any]:
    [one] = [t for t in order["transactions"] if (t["createdBy"] or {}).get("identifier") == "loyalty_plugin"]
    return one


def test_points_pay_a_part_and_come_back_with_a_refund(paid_shop: PaidShop):
    buyer = paid_shop.buyer()
    checkout_id = buyer.cart(("S-250", 1))
    made = buyer.reserve(checkout_id, 600)
    assert (made.payment.amount, made.gateway) == (600, "loyalty_plugin")
    assert buyer.balance() == (400, 600)
    told = buyer.authorise(checkout_id, made.token, "6.00")
    assert told["transactionEvent"]["type"] == "AUTHORIZATION_SUCCESS"
    order_id = buyer.complete(checkout_id)
    order = paid_shop.order(order_id)
    assert amounts(order) == (35.0, "FULL")
    assert buyer.balance() == (400, 0)
    payment = Payment.objects.get()
    assert (payment.state, payment.charged, payment.order_id) == ("charged", 600, order_id)
    # Points paid of it earn nothing: 29.00 of 35.00 came in.
    record = OrderRecord.objects.get(order_id=order_id)
    assert record.points == 29
    # A part given back by staff, and the rest: exactly what was spent.
    after = paid_shop.ask(payment.transaction_id, "REFUND", "2.50")
    assert after["events"][-1]["type"] == "REFUND_SUCCESS"
    assert buyer.balance()[0] == 650
    again = paid_shop.ask(payment.transaction_id, "REFUND", "9.00")
    assert again["refundedAmount"]["amount"] == 6.0, "Saleor clamps to what it thinks is there"
    paid_shop.run()
    assert buyer.balance() == (1_000, 0)
    assert [m.amount for m in PaymentMovement.objects.order_by("pk")] == [600, 250, 350]
    assert paid_shop.whole()
    assert not Incident.objects.exists()
    # What the shop was told and what the ledger used are held against each other.
    Payment.objects.update(refunded=599)
    assert [one.code for _, _, found in books.check(0) for one in found] == ["payment_differs"]


def test_points_pay_it_all(paid_shop: PaidShop):
    buyer = paid_shop.buyer()
    order_id, _ = buyer.bought(1_000, ("S-100", 1))
    assert amounts(paid_shop.order(order_id)) == (10.0, "FULL")
    assert buyer.balance() == (0, 0)
    assert OrderRecord.objects.get(order_id=order_id).points == 0


@pytest.mark.parametrize(
    ("points", "refusal"),
    [(1_001, InsufficientPoints), (0, Exception), (-5, Exception)],
)
def test_what_is_not_there_is_not_reserved(paid_shop: PaidShop, points: int, refusal: type[Exception]):
    buyer = paid_shop.buyer()
    checkout_id = buyer.cart(("S-250", 1))
    with pytest.raises(refusal):
        buyer.reserve(checkout_id, points)
    assert not Hold.objects.exists()


def test_strangers_learn_nothing_and_reserve_nothing(paid_shop: PaidShop):
    one, other = paid_shop.buyer(), paid_shop.buyer()
    checkout_id = one.cart(("S-250", 1))
    with pytest.raises(NotFound):
        other.reserve(checkout_id, 100)
    with pytest.raises(NotFound):
        other.reserve("Q2hlY2tvdXQ6bm9wZQ==", 100)
    with pytest.raises(NotFound):
        paying.remove(other.actor, realm_url=API, checkout_id=checkout_id, now=now())
    with pytest.raises(NotPayable):
        one.reserve(checkout_id, 0, stored=100)


def test_a_token_is_good_for_its_checkout_its_amount_and_one_transaction(paid_shop: PaidShop):
    buyer, thief = paid_shop.buyer(), paid_shop.buyer(0)
    checkout_id, elsewhere = buyer.cart(("S-250", 1)), thief.cart(("S-250", 1))
    made = buyer.reserve(checkout_id, 600)

    def refused(checkout: str, token: object, amount: str, **more: Any) -> str:
        told = buyer.authorise(checkout, token, amount, **more)["transactionEvent"]
        assert told["type"] == "AUTHORIZATION_FAILURE"
        return str(told["message"])

    assert "not a reservation" in refused(elsewhere, made.token, "6.00", by=thief.caller)
    for token in (None, "", 7, "x" * 5_000, made.token + "0", made.token[:-1], {"a": 1}):
        assert "not a reservation" in refused(checkout_id, token, "6.00")
    for amount in ("5.99", "6.01", "35.00"):
        assert "6.00 USD" in refused(checkout_id, made.token, amount)
    assert buyer.balance() == (400, 600)
    first = buyer.authorise(checkout_id, made.token, "6.00", key="once")
    same = buyer.authorise(checkout_id, made.token, "6.00", key="once")
    assert first["transactionEvent"]["pspReference"] == same["transactionEvent"]["pspReference"]
    assert first["transaction"]["id"] == same["transaction"]["id"]
    assert "used before" in refused(checkout_id, made.token, "6.00", key="twice")


def test_what_is_reserved_is_replaced_until_the_shop_counts_on_it(paid_shop: PaidShop):
    buyer = paid_shop.buyer()
    checkout_id = buyer.cart(("S-250", 1))
    first = buyer.reserve(checkout_id, 600, key="k")
    assert buyer.reserve(checkout_id, 600, key="k").token == first.token
    second = buyer.reserve(checkout_id, 900)
    assert buyer.balance() == (100, 900)
    assert "over" in buyer.authorise(checkout_id, first.token, "6.00")["transactionEvent"]["message"]
    buyer.authorise(checkout_id, second.token, "9.00")
    with pytest.raises(ReservedElsewhere):
        buyer.reserve(checkout_id, 100)
    # Taken off on both sides.
    assert paying.remove(buyer.actor, realm_url=API, checkout_id=checkout_id, now=now())
    assert buyer.balance() == (1_000, 0)
    second.payment.refresh_from_db()
    assert second.payment.state == "released"
    shown = paid_shop.thread.shop.owner.data(
        "query($i:ID!){checkout(id:$i){transactions{authorizedAmount{amount}}}}", i=checkout_id
    )
    assert {t["authorizedAmount"]["amount"] for t in shown["checkout"]["transactions"]} == {0.0}
    third = buyer.reserve(checkout_id, 50)
    assert third.payment.amount == 50


def test_an_order_uses_what_is_due_and_the_rest_comes_back(paid_shop: PaidShop):
    buyer = paid_shop.buyer()
    checkout_id, _ = buyer.reserved(1_000, ("S-250", 1))
    # A voucher after the reservation: 35.00 become 33.25; the provider takes 30.00 of it.
    buyer.caller.data(
        'mutation($i:ID!){checkoutAddPromoCode(checkoutId:$i,promoCode:"FIVE"){errors{code}}}', i=checkout_id
    )
    paid_shop.thread.shop.pay(buyer.caller, checkout_id, "30.00")
    order_id = paid_shop.thread.shop.complete(buyer.caller, checkout_id)
    paid_shop.run()
    order = paid_shop.order(order_id)
    assert amounts(order) == (33.25, "FULL")
    assert ours(order)["chargedAmount"]["amount"] == 3.25
    assert buyer.balance() == (675, 0)
    assert paid_shop.whole()


def test_a_total_that_fell_after_the_reservation_makes_nobody_a_thief(paid_shop: PaidShop):
    of = factories.programme(
        factories.document(paying={"points": {"share": 5_000}}), currency="USD", code="half"
    )
    programmes.serve_channels(
        factories.SYSTEM, programme_id=of.pk, realm_id=paid_shop.realm.pk, slugs=[CHANNEL], now=now()
    )
    buyer = paid_shop.buyer(2_000)
    Member.objects.filter(pk=buyer.member.pk).update(programme=of)
    checkout_id, payment = buyer.reserved(2_000, ("S-250", 1))
    assert payment.amount == 1_750, "half of it"
    buyer.caller.data(
        'mutation($i:ID!){checkoutAddPromoCode(checkoutId:$i,promoCode:"FIVE"){errors{code}}}', i=checkout_id
    )
    order_id = buyer.complete(checkout_id)
    assert amounts(paid_shop.order(order_id)) == (33.25, "FULL")
    payment.refresh_from_db()
    assert (payment.state, payment.charged) == ("charged", 1_750)
    assert not Incident.objects.exists()


def test_another_customer_never_pays_with_it(paid_shop: PaidShop):
    buyer, thief = paid_shop.buyer(), paid_shop.buyer(0)
    checkout_id, payment = buyer.reserved(1_000, ("S-100", 1))
    detach = "mutation($i:ID!){checkoutCustomerDetach(id:$i){errors{code}}}"
    buyer.caller.data(detach, i=checkout_id)
    thief.caller.data("mutation($i:ID!){checkoutCustomerAttach(id:$i){errors{code}}}", i=checkout_id)
    order_id = paid_shop.thread.shop.complete(thief.caller, checkout_id)
    paid_shop.run()
    assert amounts(paid_shop.order(order_id)) == (0.0, "NONE")
    assert buyer.balance() == (1_000, 0)
    incident = Incident.objects.get(order_id=order_id)
    assert "paid_by_another" in {one["code"] for one in incident.differences}
    assert any("Hold this order back" in (e.get("message") or "") for e in events(paid_shop, order_id))
    payment.refresh_from_db()
    assert (payment.state, payment.reason) == ("released", "paid_by_another")


def events(paid_shop: PaidShop, order_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = paid_shop.thread.shop.owner.data(
        "query($i:ID!){order(id:$i){events{type message}}}", i=order_id
    )["order"]["events"]
    return found


def test_a_cancelled_order_is_never_charged_and_never_brought_back_to_life(paid_shop: PaidShop):
    buyer = paid_shop.buyer()
    checkout_id, payment = buyer.reserved(1_000, ("S-100", 1))
    order_id = buyer.complete(checkout_id, settled=False)
    # Charged with us, and cancelled there before Saleor hears of it.
    paid_shop.thread.settle()
    assert buyer.balance() == (0, 0)
    paid_shop.thread.shop.owner.data("mutation($i:ID!){orderCancel(id:$i){errors{code}}}", i=order_id)
    paid_shop.run()
    order = paid_shop.order(order_id)
    assert (order["status"], amounts(order)[0]) == ("CANCELED", 0.0)
    assert buyer.balance() == (1_000, 0)
    payment.refresh_from_db()
    assert (payment.state, payment.reason) == ("released", "order_cancelled")
    # One cancelled before we have looked is let go.
    second, _ = buyer.reserved(500, ("S-100", 1))
    placed = buyer.complete(second, settled=False)
    paid_shop.thread.shop.owner.data("mutation($i:ID!){orderCancel(id:$i){errors{code}}}", i=placed)
    paid_shop.run()
    assert buyer.balance() == (1_000, 0)
    assert paid_shop.whole()


def test_an_order_cancelled_between_our_look_and_our_report_stays_cancelled(
    paid_shop: PaidShop, monkeypatch: pytest.MonkeyPatch
):
    buyer = paid_shop.buyer()
    checkout_id, payment = buyer.reserved(1_000, ("S-100", 1))
    order_id = buyer.complete(checkout_id, settled=False)
    passed_on, cancelled = reporting.call, []

    def call(url: str, operation: str, **given: Any) -> Any:
        if operation == "transaction_report" and not cancelled:
            cancelled.append(order_id)
            paid_shop.thread.shop.owner.data("mutation($i:ID!){orderCancel(id:$i){errors{code}}}", i=order_id)
        return passed_on(url, operation, **given)

    monkeypatch.setattr(reporting, "call", call)
    paid_shop.run()
    assert cancelled
    order = paid_shop.order(order_id)
    assert (order["status"], amounts(order)[0]) == ("CANCELED", 0.0)
    assert [one["type"] for one in ours(order)["events"]][-2:] == ["CHARGE_SUCCESS", "REFUND_SUCCESS"]
    assert buyer.balance() == (1_000, 0)
    payment.refresh_from_db()
    assert (payment.state, payment.reason) == ("released", "order_cancelled")
    assert paid_shop.whole()


def test_an_abandoned_checkout_is_released_on_both_sides(paid_shop: PaidShop):
    buyer = paid_shop.buyer()
    bound, payment = buyer.reserved(300, ("S-100", 1))
    loose = buyer.reserve(buyer.cart(("S-100", 1)), 200)
    later = now() + timedelta(minutes=31)
    assert holds.release_overdue(now=later) == 0, "what belongs to a payment ends with it"
    assert paying.release_overdue(now=later) == 2
    loose.payment.refresh_from_db()
    assert loose.payment.state == "released"
    assert buyer.balance() == (700, 300), "Saleor does not know yet"
    assert deliver_outbox(10, later)["done"] >= 1
    payment.refresh_from_db()
    assert (payment.state, payment.reason, buyer.balance()) == ("released", "out_of_time", (1_000, 0))
    assert paying.release_overdue(now=later) == 0
    # Completing it now is refused by Saleor: nothing is authorised.
    errors = buyer.caller.errors(
        "mutation($i:ID!){checkoutComplete(id:$i){order{id} errors{code message}}}", i=bound
    )
    assert errors[0]["code"] == "CHECKOUT_NOT_FULLY_PAID"


def test_an_order_that_comes_while_its_payment_is_let_go_keeps_it(paid_shop: PaidShop):
    buyer = paid_shop.buyer()
    checkout_id, payment = buyer.reserved(1_000, ("S-100", 1))
    order_id = paid_shop.thread.shop.complete(buyer.caller, checkout_id)
    later = now() + timedelta(minutes=31)
    assert paying.release_overdue(now=later) == 1
    paid_shop.run()
    payment.refresh_from_db()
    assert (payment.state, payment.order_id) == ("charged", order_id)
    assert amounts(paid_shop.order(order_id)) == (10.0, "FULL")
    assert buyer.balance() == (0, 0)


def test_what_staff_ask_for_is_capped_by_our_ledger(paid_shop: PaidShop):
    buyer = paid_shop.buyer()
    checkout_id, payment = buyer.reserved(500, ("S-250", 1))
    told = paid_shop.ask(payment.transaction_id, "CHARGE", "5.00")
    assert told["events"][-1]["type"] == "CHARGE_FAILURE"
    assert "charged by itself" in told["events"][-1]["message"]
    assert buyer.balance() == (500, 500)
    order_id = buyer.complete(checkout_id)
    told = paid_shop.ask(payment.transaction_id, "CANCEL", "5.00")
    assert told["events"][-1]["type"] == "CANCEL_FAILURE"
    # Another App's report makes Saleor believe that more was charged than ever was.
    told = paid_shop.ask(payment.transaction_id, "REFUND", "0")
    assert told["events"][-1]["type"] == "REFUND_FAILURE"
    assert "5.00 USD" in told["events"][-1]["message"]
    assert buyer.balance() == (500, 0)
    told = paid_shop.ask(payment.transaction_id, "REFUND", "5.00")
    assert told["events"][-1]["type"] == "REFUND_SUCCESS"
    assert amounts(paid_shop.order(order_id))[0] == 30.0
    assert buyer.balance() == (1_000, 0)


def test_saleor_gives_a_hold_up_and_it_is_released(paid_shop: PaidShop):
    buyer = paid_shop.buyer()
    _, payment = buyer.reserved(500, ("S-250", 1))
    told = paid_shop.ask(payment.transaction_id, "CANCEL")
    assert told["events"][-1]["type"] == "CANCEL_SUCCESS"
    assert buyer.balance() == (1_000, 0)


def test_a_refund_granted_by_lines_is_kept_with_them(paid_shop: PaidShop):
    buyer = paid_shop.buyer(5_000)
    order_id, payment = buyer.bought(4_500, ("S-250", 1), ("S-100", 1))
    line = paid_shop.order(order_id)["lines"][1]
    grant = paid_shop.thread.shop.owner.data(
        "mutation($i:ID!,$g:OrderGrantRefundCreateInput!){orderGrantRefundCreate(id:$i,input:$g)"
        "{grantedRefund{id} errors{code message}}}",
        i=order_id,
        g={
            "lines": [{"id": line["id"], "quantity": 1}],
            "transactionId": payment.transaction_id,
        },
    )["orderGrantRefundCreate"]["grantedRefund"]["id"]
    paid_shop.thread.shop.owner.data(
        "mutation($i:ID!,$g:ID!){transactionRequestRefundForGrantedRefund(id:$i,grantedRefundId:$g)"
        "{transaction{id} errors{code message}}}",
        i=payment.transaction_id,
        g=grant,
    )
    moved = PaymentMovement.objects.get(kind="refund")
    assert (moved.amount, moved.units) == (1_000, {"points": 1_000})
    assert moved.lines == [{"line": line["id"], "quantity": 1}]
    assert buyer.balance() == (1_500, 0)


@pytest.mark.parametrize(("terms", "points", "refusal"), [
    ({"points": {"least": 500}}, 499, BelowMinimum),
    ({"points": None}, 100, NotPayable),
])  # fmt: skip
def test_the_version_says_what_may_be_paid_so(
    paid_shop: PaidShop, terms: dict[str, Any], points: int, refusal: type[Exception]
):
    buyer = paid_shop.buyer()
    checkout_id = buyer.cart(("S-250", 1))
    shown = paying.offer(buyer.actor, realm_url=API, checkout_id=checkout_id, now=now())
    assert (shown.due, shown.points, shown.room.points) == (3_500, 1_000, 3_500)
    of = factories.programme(factories.document(paying=terms), currency="USD", code="other")
    programmes.serve_channels(
        factories.SYSTEM, programme_id=of.pk, realm_id=paid_shop.realm.pk, slugs=[CHANNEL], now=now()
    )
    Member.objects.filter(pk=buyer.member.pk).update(programme=of)
    with pytest.raises(refusal):
        buyer.reserve(checkout_id, points)
