"""Enforced mode: what customers and guests do at our own door, at which prices, and what Saleor is told."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.test import Client

from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind
from loyalty_plugin.errors import PermissionDenied, SaleorUnreachable
from loyalty_plugin.graphql.backend import sessions
from loyalty_plugin.models.incidents import Incident
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import PricePromise
from loyalty_plugin.queries.modes import hole_troubles
from loyalty_plugin.saleor.standing import look
from loyalty_plugin.saleor.storefront import SaleorStorefront
from loyalty_plugin.services import leases, members, realms, tiers
from loyalty_plugin.services.benefits import apply_benefits
from loyalty_plugin.services.shopping import owners, turns
from tests.saleor.enforcedkit import DOOR, GATEWAY, EnforcedShop, Visitor, bare, enforced
from tests.saleor.standinkit import CHANNEL
from tests.saleor.threadkit import API, now

__all__ = ["bare", "enforced"]


def amount(money: dict[str, Any]) -> float:
    return float(money["gross"]["amount"])


def test_a_member_buys_at_their_price_and_a_guest_at_the_shops(enforced: EnforcedShop):
    member, guest = enforced.member(), enforced.guest()
    made = member.cart(("S-100", 1))
    assert (made["email"], amount(made["totalPrice"])) == (member.email, 9.0)
    more = member.done(
        "CheckoutLinesAdd", id=made["id"], lines=[{"variantId": enforced.variant("S-100"), "quantity": 2}]
    )["checkout"]
    assert [(line["quantity"], amount(line["totalPrice"])) for line in more["lines"]] == [(3, 27.0)]
    member.send(made["id"])
    member.pay(made["id"])
    order = member.done("CheckoutComplete", id=made["id"])["order"]
    assert amount(order["total"]) == 27.0
    assert [e["node"]["id"] for e in member.done("MyOrders")["orders"]["edges"]] == [order["id"]]
    theirs = guest.buy(("S-100", 2))
    assert amount(guest.done("Order", id=theirs)["total"]) == 20.0
    enforced.thread.settle()
    assert not Incident.objects.exists()
    assert set(PricePromise.objects.values_list("status", "quantity")) == {("kept", 3), ("withdrawn", 1)}


def test_a_price_comes_with_the_change_itself(enforced: EnforcedShop, monkeypatch: pytest.MonkeyPatch):
    written: list[Any] = []
    real = SaleorStorefront.set_line_prices

    def noted(self: Any, *args: Any, **more: Any) -> Any:
        written.append(args)
        return real(self, *args, **more)

    monkeypatch.setattr(SaleorStorefront, "set_line_prices", noted)
    member = enforced.member()
    made = member.cart(("S-100", 1), ("POT", 1))
    line = made["lines"][0]["id"]
    member.done("CheckoutLinesUpdate", id=made["id"], lines=[{"lineId": line, "quantity": 4}])
    member.done(
        "CheckoutLinesAdd", id=made["id"], lines=[{"variantId": enforced.variant("S-250"), "quantity": 1}]
    )
    shown = member.done("Checkout", id=made["id"])
    prices = {one["variant"]["sku"]: amount(one["unitPrice"]) for one in shown["lines"]}
    # The pot is on sale at 40 % off: that is better, and stays.
    assert prices == {"S-100": 9.0, "POT": 30.0, "S-250": 31.5}
    assert not written


def test_benefits_that_the_member_declines_stay_off_the_cart(enforced: EnforcedShop):
    visitor = enforced.member()
    row = Member.objects.get(email=visitor.email)
    actor = Actor(ActorKind.MEMBER, str(row.pk), member_id=row.pk)
    made = visitor.cart(("S-100", 1))
    asked: dict[str, Any] = {"realm_url": API, "checkout_id": made["id"], "now": now()}
    assert apply_benefits(actor, **asked, wanted=False).changed
    seen = enforced.checkout(made["id"])
    assert seen is not None
    assert not any(line["priceOverrideReason"] for line in seen["lines"])
    more = visitor.done(
        "CheckoutLinesAdd", id=made["id"], lines=[{"variantId": enforced.variant("S-100"), "quantity": 2}]
    )["checkout"]
    assert [amount(line["totalPrice"]) for line in more["lines"]] == [30.0]
    assert apply_benefits(SYSTEM, **asked).lines == ()
    assert len(apply_benefits(actor, **asked, wanted=True).lines) == 1
    assert amount(visitor.done("CheckoutLinesUpdate", id=made["id"], lines=[
        {"lineId": more["lines"][0]["id"], "quantity": 4}])["checkout"]["totalPrice"]) == 36.0  # fmt: skip
    other = enforced.member()
    stranger = Member.objects.get(email=other.email)
    with pytest.raises(PermissionDenied):
        apply_benefits(
            Actor(ActorKind.MEMBER, str(stranger.pk), member_id=stranger.pk), **asked, wanted=False
        )


def test_a_cart_that_is_handed_over_takes_no_price_along(enforced: EnforcedShop):
    guest, member = enforced.guest(), enforced.member()
    cart = guest.cart(("S-100", 1))
    assert amount(cart["totalPrice"]) == 10.0
    member.session = guest.session
    attached = member.done("CheckoutCustomerAttach", id=cart["id"])["checkout"]
    assert (amount(attached["totalPrice"]), attached["email"]) == (9.0, member.email)
    # From here on the session opens it no more.
    assert guest.refused("Checkout", id=cart["id"]) == "not_found"
    member.session = ""
    detached = member.done("CheckoutCustomerDetach", id=cart["id"])["checkout"]
    assert amount(detached["totalPrice"]) == 10.0
    found = enforced.checkout(cart["id"])
    assert found
    assert not found["lines"][0]["priceOverrideReason"]
    assert guest.refused("Checkout", id=cart["id"]) == "not_found"
    again = Visitor(enforced, session=member.session)
    assert again.done("Checkout", id=cart["id"])["id"] == cart["id"]


def test_a_session_is_neither_guessed_nor_forged_nor_kept_for_ever(enforced: EnforcedShop, settings: Any):
    guest = enforced.guest()
    cart = guest.cart(("S-100", 1))
    name = sessions.name_in(guest.session)
    for forged in (
        guest.session[:-1] + ("A" if guest.session[-1] != "A" else "B"),
        name,
        signing.dumps(name, salt="another"),
        signing.dumps({"name": name}, salt=sessions._SALT),
        "x" * 600,
    ):
        assert Visitor(enforced, session=forged).refused("Checkout", id=cart["id"]) == "session_refused"
    assert Visitor(enforced, session=sessions.signed(sessions.new_name())).refused(
        "Checkout", id=cart["id"]
    ) == ("not_found")
    settings.LOYALTY = {**settings.LOYALTY, "SESSION_DAYS": 0}
    assert guest.refused("Checkout", id=cart["id"]) == "session_refused"


def test_what_is_kept_for_members_is_sold_to_nobody_else_by_its_id(enforced: EnforcedShop):
    guest, member = enforced.guest(), enforced.member()
    kept = {"variantId": enforced.variant(enforced.kept), "quantity": 1}
    cart = guest.cart(("S-100", 1))
    assert guest.refused("CheckoutLinesAdd", id=cart["id"], lines=[kept]) == "members_only"
    found = enforced.checkout(cart["id"])
    assert found
    assert [line["quantity"] for line in found["lines"]] == [1]
    given = {"channel": CHANNEL, "lines": [kept], "email": "guest@mail.example"}
    assert guest.refused("CheckoutCreate", input=given) == "members_only"
    assert float(enforced.order(member.buy((enforced.kept, 1)))["total"]["gross"]["amount"]) == 18.0

    # Who leaves while it lies in the cart does not buy it any more.
    cart = member.cart((enforced.kept, 1))
    member.send(cart["id"])
    members.leave(SYSTEM, member_ids=[Member.objects.get(email=member.email).pk], now=now())
    paying = {"id": cart["id"], "paymentGateway": GATEWAY}
    assert member.refused("TransactionInitialize", **paying) == "members_only"


def test_what_is_otherwise_than_shown_is_not_charged(enforced: EnforcedShop):
    member = enforced.member()
    cart = member.cart(("S-100", 1))
    member.send(cart["id"])
    row = Member.objects.get(email=member.email)
    members.leave(SYSTEM, member_ids=[row.pk], now=now())
    paying = {"id": cart["id"], "paymentGateway": GATEWAY}
    assert member.refused("TransactionInitialize", **paying) == "charge_differs"
    # They are shown the price that holds, and may go on.
    assert amount(member.done("Checkout", id=cart["id"])["totalPrice"]) == 10.0
    member.pay(cart["id"])
    assert amount(member.done("CheckoutComplete", id=cart["id"])["order"]["total"]) == 10.0

    # The same where a tier is lost between paying and completing, though no job has come yet.
    other = enforced.member()
    cart = other.ready(("S-100", 1))
    at = now()
    tiers.grant(
        SYSTEM,
        member_id=Member.objects.get(email=other.email).pk,
        tier="premium",
        from_day=at.date(),
        until_day=None,
        source="gift",
        now=at,
    )
    assert other.refused("CheckoutComplete", id=cart["id"]) == "charge_differs"
    assert amount(other.done("Checkout", id=cart["id"])["totalPrice"]) == 10.0


def test_a_token_that_saleor_no_longer_knows_changes_nothing(enforced: EnforcedShop):
    member = enforced.member()
    cart = member.cart(("S-100", 1))
    with enforced.thread.shop.standin.store.write() as tx:
        user = tx.user_by_email(member.email)
        assert user
        tx.patch("user", user["id"], {"jwtTokenKey": "another"})
    assert member.refused("CheckoutEmailUpdate", id=cart["id"], email="x@mail.example") == "token_refused"


def test_saleors_own_errors_are_shown_as_its_users_know_them(enforced: EnforcedShop):
    guest = enforced.guest()
    cart = guest.cart(("S-100", 1))
    wrong = guest.ask("CheckoutAddPromoCode", id=cart["id"], promoCode="NONE")
    [error] = wrong["data"]["checkoutAddPromoCode"]["errors"]
    assert (error["field"], error["code"]) == ("promoCode", "INVALID")
    assert set(error) == {"field", "code", "message"}
    early = guest.ask("CheckoutComplete", id=cart["id"])["data"]["checkoutComplete"]
    assert early["order"] is None
    assert early["errors"][0]["code"] == "SHIPPING_METHOD_NOT_SET"
    bad = guest.ask("CheckoutLanguageCodeUpdate", id=cart["id"], languageCode="XX")
    assert "LanguageCodeEnum" in bad["errors"][0]["message"]


def test_where_saleor_fails_in_the_middle_the_cart_stands_at_a_true_price(
    enforced: EnforcedShop, monkeypatch: pytest.MonkeyPatch
):
    member, guest = enforced.member(), enforced.guest()
    cart = guest.cart(("S-100", 1))
    member.session = guest.session

    def away(*_args: Any, **_more: Any) -> Any:
        raise SaleorUnreachable()

    with monkeypatch.context() as patched:
        patched.setattr(SaleorStorefront, "set_line_prices", away)
        attached = member.done("CheckoutCustomerAttach", id=cart["id"])["checkout"]
        assert amount(attached["totalPrice"]) == 10.0
        # Money does not move at a price that is not the promised one.
        asked = {"id": cart["id"], "paymentGateway": GATEWAY}
        assert member.refused("TransactionInitialize", **asked) == "saleor_unreachable"
    told = member.done("CheckoutCustomerNoteUpdate", id=cart["id"], customerNote="Thanks")["checkout"]
    assert amount(told["totalPrice"]) == 9.0


def test_two_calls_on_one_checkout_wait_for_each_other(
    enforced: EnforcedShop, monkeypatch: pytest.MonkeyPatch
):
    guest = enforced.guest()
    cart = guest.cart(("S-100", 1))
    monkeypatch.setattr(turns, "PATIENCE", 0.0)
    with leases.lease(f"{API}|{cart['id']}"):
        assert guest.refused("CheckoutEmailUpdate", id=cart["id"], email="a@mail.example") == "lease_taken"
        assert guest.done("Checkout", id=cart["id"])["id"] == cart["id"]


def test_the_customers_address_is_passed_on(enforced: EnforcedShop, monkeypatch: pytest.MonkeyPatch):
    told: list[tuple[str, str, Any]] = []
    real = SaleorStorefront.pass_on

    def noted(self: Any, realm: str, operation: str, variables: Any, *, address: str = "") -> Any:
        told.append((operation, address, variables.get("customerIpAddress")))
        return real(self, realm, operation, variables, address=address)

    monkeypatch.setattr(SaleorStorefront, "pass_on", noted)
    guest = enforced.guest()
    guest.address = "198.51.100.7"
    cart = guest.cart(("S-100", 1))
    guest.send(cart["id"])
    guest.pay(cart["id"])
    assert {address for _operation, address, _ip in told} == {"198.51.100.7"}
    assert told[-1] == ("transaction_initialize", "198.51.100.7", "198.51.100.7")


def test_the_door_answers_nothing_but_named_operations(enforced: EnforcedShop, settings: Any):
    def post(body: Any, **headers: str) -> Any:
        return Client().post(DOOR, json.dumps(body), "application/json", headers=headers)

    answers = {
        "documents_only": post({"query": "{shop{name}}"}),
        "batching_off": post([{"operationName": "Checkout"}]),
        "bad_request": post({"operationName": 7}),
        "method_not_allowed": Client().get(DOOR),
        "unsupported_media_type": Client().post(DOOR, {"operationName": "Checkout"}),
    }
    for code, response in answers.items():
        assert response.json()["errors"][0]["extensions"]["code"] == code
        assert response["Cache-Control"] == "private, no-store"
    realms.set_mode(SYSTEM, realm_id=enforced.realm.pk, mode="assisted", now=now())
    assert enforced.customer().refused("MyOrders") == "not_enforced"
    settings.LOYALTY = {**settings.LOYALTY, "ENFORCED": False}
    assert post({"operationName": "Checkout", "variables": {"id": "x"}}).status_code == 404


def test_the_doctor_says_what_is_missing(enforced: EnforcedShop, settings: Any):
    def found() -> set[str]:
        look(API, now=now())
        return {one.code for one in hole_troubles() if one.code.startswith("mode_")}

    assert found() == set()
    enforced.thread.shop.anonymous.control("shop", allowStorefrontTraffic=True)
    assert found() == {"mode_storefront_open"}
    settings.LOYALTY = {**settings.LOYALTY, "ENFORCED": False}
    enforced.thread.shop.anonymous.control("shop", allowStorefrontTraffic=False)
    assert found() == {"mode_door_closed"}
    realms.set_mode(SYSTEM, realm_id=enforced.realm.pk, mode="assisted", now=now())
    assert found() == {"mode_storefront_shut"}


def test_an_event_waits_for_nobody_and_touches_nothing_that_is_held(enforced: EnforcedShop):
    member = enforced.member()
    cart = member.cart(("S-100", 1))
    enforced.thread.settle()
    rows = list(PricePromise.objects.values_list("pk", "status", "quantity"))
    assert [(status, units) for _pk, status, units in rows] == [("applied", 1)]
    # Somebody else raises the quantity past the door, and the event comes while the checkout is held.
    enforced.thread.shop.owner.data(
        "mutation($i:ID!,$l:[CheckoutLineUpdateInput!]!){checkoutLinesUpdate(id:$i,lines:$l){errors{code}}}",
        i=cart["id"],
        l=[{"lineId": cart["lines"][0]["id"], "quantity": 3}],
    )
    with leases.lease(f"{API}|{cart['id']}"):
        enforced.thread.settle()
        assert list(PricePromise.objects.values_list("pk", "status", "quantity")) == rows
    apply_benefits(SYSTEM, realm_url=API, checkout_id=cart["id"], now=now())
    assert list(PricePromise.objects.filter(status="applied").values_list("quantity", flat=True)) == [3]
    found = enforced.checkout(cart["id"])
    assert found
    assert (
        found["lines"][0]["priceOverrideReason"] == f"loyalty:{PricePromise.objects.get(status='applied').pk}"
    )


def test_carts_that_nobody_can_open_any_more_are_forgotten(enforced: EnforcedShop):
    guest = enforced.guest()
    cart = guest.cart(("S-100", 1))
    assert owners.forget(now=now() + timedelta(days=59)) == 0
    assert owners.forget(now=now() + timedelta(days=61)) == 1
    assert guest.refused("Checkout", id=cart["id"]) == "not_found"
