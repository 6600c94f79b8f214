"""Checkouts of the stand-in Saleor: prices, overrides and their surprises, payment, completion."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tests.saleor.standinkit import ADDRESS, CHANNEL, CHECKOUT, Caller, Shop

UPDATE = (
    "mutation($c:ID!,$l:[CheckoutLineUpdateInput!]!){checkoutLinesUpdate(id:$c,lines:$l){checkout{"
    + CHECKOUT
    + "} errors{field code message}}}"
)
ADD = (
    "mutation($c:ID!,$l:[CheckoutLineInput!]!){checkoutLinesAdd(id:$c,lines:$l){checkout{"
    + CHECKOUT
    + "} errors{field code message}}}"
)
COMPLETE = "mutation($i:ID!){checkoutComplete(id:$i){order{id chargeStatus isPaid} errors{code message}}}"
HANDLER = ("HANDLE_CHECKOUTS", "MANAGE_CHECKOUTS")


def update(caller: Caller, checkout: dict[str, Any], **line: Any) -> dict[str, Any]:
    given = {"lineId": checkout["lines"][0]["id"], **line}
    found: dict[str, Any] = caller.data(UPDATE, c=checkout["id"], l=[given])["checkoutLinesUpdate"][
        "checkout"
    ]
    return found


def prices(checkout: dict[str, Any]) -> list[tuple[int, float, float]]:
    """Per line: quantity, unit price, undiscounted unit price."""
    return [
        (x["quantity"], x["unitPrice"]["gross"]["amount"], x["undiscountedUnitPrice"]["amount"])
        for x in checkout["lines"]
    ]


def test_an_override_is_a_new_base_and_survives_what_the_customer_does(shop: Shop) -> None:
    _, customer = shop.customer()
    app = shop.app(*HANDLER)
    checkout = shop.checkout(customer, [("S-250", 1)])
    assert prices(checkout) == [(1, 35.0, 35.0)]
    checkout = update(app, checkout, price=28, priceOverrideReason="loyalty:gold")
    # The list price is gone from the line.
    assert prices(checkout) == [(1, 28.0, 28.0)]
    checkout = update(customer, checkout, quantity=2)
    assert prices(checkout) == [(2, 28.0, 28.0)]
    added = [{"variantId": shop.variant("S-250"), "quantity": 1}]
    checkout = shop.anonymous.data(ADD, c=checkout["id"], l=added)["checkoutLinesAdd"]["checkout"]
    assert prices(checkout) == [(3, 28.0, 28.0)]
    customer.data(
        "mutation($c:ID!,$l:[ID!]!){checkoutLinesDelete(id:$c,linesIds:$l){checkout{id} errors{code}}}",
        c=checkout["id"],
        l=[checkout["lines"][0]["id"]],
    )
    checkout = customer.data(ADD, c=checkout["id"], l=added)["checkoutLinesAdd"]["checkout"]
    assert prices(checkout) == [(1, 35.0, 35.0)]


def test_a_promotion_stays_on_top_of_an_override(shop: Shop) -> None:
    _, customer = shop.customer()
    app = shop.app(*HANDLER)
    checkout = shop.checkout(customer, [("POT", 1)])
    assert prices(checkout) == [(1, 30.0, 50.0)]
    assert prices(update(app, checkout, price=40, priceOverrideReason="x")) == [(1, 24.0, 40.0)]
    assert prices(update(app, checkout, price="41.67", priceOverrideReason="x")) == [(1, 25.0, 41.67)]
    assert prices(update(app, checkout, price=None)) == [(1, 30.0, 50.0)]


def test_only_an_app_names_a_price_and_the_reason_follows_the_price(shop: Shop) -> None:
    _, customer = shop.customer()
    app = shop.app(*HANDLER)
    checkout = shop.checkout(customer, [("S-100", 1)])
    line = {"lineId": checkout["lines"][0]["id"], "price": 1}
    for caller in (shop.anonymous, customer, shop.owner):
        [error] = caller.errors(UPDATE, c=checkout["id"], l=[line])
        assert "allowed only for apps" in error["message"]
    reason = "query($c:ID!){checkout(id:$c){lines{priceOverrideReason}}}"
    update(app, checkout, price=8, priceOverrideReason="why")
    assert app.data(reason, c=checkout["id"])["checkout"]["lines"][0]["priceOverrideReason"] == "why"
    update(app, checkout, price=7)
    assert app.data(reason, c=checkout["id"])["checkout"]["lines"][0]["priceOverrideReason"] is None
    assert customer.errors(reason, c=checkout["id"])
    [error] = app.errors(UPDATE, c=checkout["id"], l=[{**line, "price": None, "priceOverrideReason": "x"}])
    assert error["code"] == "PRICE_OVERRIDE_REASON_WITHOUT_OVERRIDE"


def test_another_customer_inherits_the_override(shop: Shop) -> None:
    _, first = shop.customer()
    email, second = shop.customer()
    app = shop.app(*HANDLER)
    checkout = shop.checkout(first, [("S-250", 1)])
    update(app, checkout, price=28, priceOverrideReason="loyalty:gold")
    attach = "mutation($c:ID!){checkoutCustomerAttach(id:$c){checkout{" + CHECKOUT + "} errors{code}}}"
    assert second.post(attach, c=checkout["id"]).json()["errors"]
    first.data("mutation($c:ID!){checkoutCustomerDetach(id:$c){checkout{id} errors{code}}}", c=checkout["id"])
    taken = second.data(attach, c=checkout["id"])["checkoutCustomerAttach"]["checkout"]
    assert taken["email"] == email
    assert prices(taken) == [(1, 28.0, 28.0)]


def test_a_voucher_stacks_on_the_override_and_is_spread_over_lines(shop: Shop) -> None:
    _, customer = shop.customer()
    app = shop.app(*HANDLER)
    checkout = shop.checkout(customer, [("S-250", 1)])
    update(app, checkout, price=28)
    promo = (
        "mutation($c:ID!,$p:String!){checkoutAddPromoCode(id:$c,promoCode:$p){checkout{"
        + CHECKOUT
        + ("} errors{code field}}}")
    )
    assert [e["code"] for e in customer.errors(promo, c=checkout["id"], p="NONE")] == ["INVALID"]
    checkout = customer.data(promo, c=checkout["id"], p="FIVE")["checkoutAddPromoCode"]["checkout"]
    assert prices(checkout) == [(1, 26.6, 28.0)]
    assert checkout["discount"] == {"amount": 1.4}
    three = [{"variantId": shop.variant("S-100"), "quantity": 3}]
    checkout = customer.data(ADD, c=checkout["id"], l=three)["checkoutLinesAdd"]["checkout"]
    lines = [x["totalPrice"]["gross"]["amount"] for x in checkout["lines"]]
    assert lines == [26.6, 28.5]
    assert checkout["totalPrice"]["gross"]["amount"] == pytest.approx(55.1)


def test_net_prices_follow_the_channels_tax(shop: Shop) -> None:
    _, customer = shop.customer()
    answer = customer.data(
        "mutation($i:CheckoutCreateInput!){checkoutCreate(input:$i){checkout{"
        + CHECKOUT
        + "} errors{code}}}",
        i={"channel": "eu", "lines": [{"variantId": shop.variant("S-100"), "quantity": 2}]},
    )["checkoutCreate"]["checkout"]
    assert answer["totalPrice"] == {"gross": {"amount": 23.8}, "net": {"amount": 20.0}}


def test_nothing_is_completed_unpaid_and_completing_twice_gives_one_order(shop: Shop) -> None:
    email, customer = shop.customer()
    checkout = shop.ready(customer, [("S-100", 3)])
    [error] = customer.errors(COMPLETE, i=checkout["id"])
    assert error["code"] == "CHECKOUT_NOT_FULLY_PAID"
    assert error["message"].startswith("The authorized amount doesn't cover")
    shop.pay(customer, checkout["id"], "12.50")
    assert customer.errors(COMPLETE, i=checkout["id"])[0]["code"] == "CHECKOUT_NOT_FULLY_PAID"
    paid = shop.pay(customer, checkout["id"])
    assert paid["transactionEvent"]["amount"] == {"amount": 17.5}
    answer = customer.data(COMPLETE, i=checkout["id"])["checkoutComplete"]["order"]
    # Measured: the order in this answer is stale.
    assert (answer["chargeStatus"], answer["isPaid"]) == ("NONE", False)
    assert customer.data(COMPLETE, i=checkout["id"])["checkoutComplete"]["order"]["id"] == answer["id"]
    order = shop.order(answer["id"])
    assert (order["chargeStatus"], order["isPaid"], order["status"]) == ("FULL", True, "UNFULFILLED")
    assert order["user"]["email"] == email
    assert order["totalCharged"] == order["total"]["gross"] == {"amount": 30.0}
    assert [t["createdBy"] for t in order["transactions"]] == [
        {"__typename": "App", "identifier": "sandbox.psp"}
    ] * 2
    assert shop.anonymous.data("query($i:ID!){checkout(id:$i){id}}", i=checkout["id"]) == {"checkout": None}


def test_parallel_completions_make_one_order(shop: Shop) -> None:
    _, customer = shop.customer()
    checkout = shop.ready(customer, [("S-100", 1)])
    shop.pay(customer, checkout["id"])
    found: list[str] = []
    threads = [
        threading.Thread(target=lambda: found.append(shop.complete(customer, checkout["id"])))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_checkout_completed_while_it_is_looked_at_is_that_order(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sandbox.saleor import completing

    _, customer = shop.customer()
    checkout = shop.ready(customer, [("S-100", 1)])
    shop.pay(customer, checkout["id"])
    guard = completing._guard
    first: list[str] = []

    def overtaken(ctx: Any, tx: Any, found: Any) -> None:
        monkeypatch.setattr(completing, "_guard", guard)
        first.append(shop.complete(customer, checkout["id"]))
        guard(ctx, tx, found)

    monkeypatch.setattr(completing, "_guard", overtaken)
    assert [shop.complete(customer, checkout["id"])] == first


def test_lines_changed_while_completing_are_not_paid_for_again(shop: Shop) -> None:
    """The race measured as j10: the amount is looked at before the lock, never after."""
    from sandbox.saleor import completing

    _, customer = shop.customer()
    checkout = shop.ready(customer, [("S-100", 3)])
    shop.pay(customer, checkout["id"])
    guard = completing._guard

    def slow(ctx: Any, tx: Any, found: Any) -> None:
        guard(ctx, tx, found)
        update(customer, checkout, quantity=9)

    completing._guard = slow
    try:
        order = shop.order(shop.complete(customer, checkout["id"]))
    finally:
        completing._guard = guard
    assert order["lines"][0]["quantity"] == 9
    assert (order["total"]["gross"]["amount"], order["totalCharged"]["amount"]) == (90.0, 30.0)
    assert order["chargeStatus"] == "PARTIAL"


def test_a_guest_with_a_members_mail_gives_the_member_the_order(shop: Shop) -> None:
    email, _ = shop.customer()
    checkout = shop.ready(shop.anonymous, [("S-100", 1)], email=email)
    shop.pay(shop.anonymous, checkout["id"])
    order = shop.order(shop.complete(shop.anonymous, checkout["id"]))
    assert order["user"]["email"] == email


def test_the_override_reaches_the_order(shop: Shop) -> None:
    _, customer = shop.customer()
    app = shop.app(*HANDLER)
    checkout = shop.ready(customer, [("S-250", 1), ("POT", 2)])
    update(app, checkout, price=28, priceOverrideReason="loyalty:gold")
    shop.pay(customer, checkout["id"])
    order = shop.order(shop.complete(customer, checkout["id"]))
    first, second = order["lines"]
    assert (first["isPriceOverridden"], first["priceOverrideReason"]) == (True, "loyalty:gold")
    assert first["unitPrice"]["gross"] == first["undiscountedUnitPrice"]["gross"] == {"amount": 28.0}
    assert (second["isPriceOverridden"], second["saleId"] is not None) == (False, True)
    assert first["variant"]["product"] == {
        "id": shop.ids["products"]["sencha"],
        "category": {"slug": "green"},
        "collections": [{"slug": "spring"}],
    }


def test_the_same_idempotency_key_pays_once_and_another_amount_is_refused(shop: Shop) -> None:
    _, customer = shop.customer()
    checkout = shop.ready(customer, [("S-100", 3)])
    first = shop.pay(customer, checkout["id"], "10", key="k1")
    again = shop.pay(customer, checkout["id"], "10", key="k1")
    assert first == again
    query = """mutation($i:ID!,$a:PositiveDecimal){transactionInitialize(id:$i,amount:$a,idempotencyKey:"k1",
        paymentGateway:{id:"sandbox.psp"}){transaction{id} errors{code}}}"""
    assert [e["code"] for e in customer.errors(query, i=checkout["id"], a="11")] == ["UNIQUE"]


def test_a_declined_payment_leaves_a_failed_event(shop: Shop) -> None:
    _, customer = shop.customer()
    checkout = shop.ready(customer, [("S-100", 1)])
    paid = shop.pay(customer, checkout["id"], data={"event": {"type": "CHARGE_FAILURE"}})
    assert paid["transactionEvent"]["type"] == "CHARGE_FAILURE"
    assert customer.errors(COMPLETE, i=checkout["id"])[0]["code"] == "CHECKOUT_NOT_FULLY_PAID"


def test_what_is_missing_is_named_before_completing(shop: Shop) -> None:
    _, customer = shop.customer()
    bare = customer.data(
        "mutation($i:CheckoutCreateInput!){checkoutCreate(input:$i){checkout{id} errors{code}}}",
        i={"channel": CHANNEL, "lines": [{"variantId": shop.variant("S-100"), "quantity": 1}]},
    )["checkoutCreate"]["checkout"]["id"]
    assert customer.errors(COMPLETE, i=bare)[0]["code"] == "SHIPPING_ADDRESS_NOT_SET"
    customer.data(
        "mutation($c:ID!,$a:AddressInput!){checkoutShippingAddressUpdate(id:$c,shippingAddress:$a){errors{code}}}",
        c=bare,
        a=ADDRESS,
    )
    assert customer.errors(COMPLETE, i=bare)[0]["code"] == "SHIPPING_METHOD_NOT_SET"


def test_too_much_and_nothing_are_refused(shop: Shop) -> None:
    _, customer = shop.customer()
    checkout = shop.checkout(customer, [("S-100", 1)])
    line = {"variantId": shop.variant("S-100")}
    assert customer.errors(ADD, c=checkout["id"], l=[{**line, "quantity": 100_000}])[0]["code"] == (
        "INSUFFICIENT_STOCK"
    )
    assert customer.errors(ADD, c=checkout["id"], l=[{**line, "quantity": 0}])[0]["code"] == "ZERO_QUANTITY"
    assert customer.errors(ADD, c="Q2hlY2tvdXQ6bm9uZQ==", l=[])[0]["code"] == "NOT_FOUND"
    assert update(customer, checkout, quantity=0)["lines"] == []
