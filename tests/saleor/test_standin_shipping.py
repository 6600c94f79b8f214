"""The stand-in asks Apps for ways of sending as Saleor does: with a signature, each time, and without prices."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.saleor.standinkit import ADDRESS, Caller, Received, Receiver, Shop

WEBHOOK = "mutation($i:WebhookCreateInput!){webhookCreate(input:$i){webhook{id} errors{code message}}}"
OPTIONS = (
    "mutation($i:ID!){deliveryOptionsCalculate(id:$i)"
    "{deliveries{id shippingMethod{id name price{amount}}} errors{code}}}"
)
CHOOSE = (
    "mutation($i:ID!,$d:ID!){checkoutDeliveryMethodUpdate(id:$i,deliveryMethodId:$d)"
    "{checkout{totalPrice{gross{amount}} deliveryMethod{... on ShippingMethod{id name}}} errors{code}}}"
)
VIP = {"id": "vip", "name": "For members", "amount": 0, "currency": "USD", "maximum_delivery_days": 2}


def subscribe(shop: Shop, receiver: Receiver, wanted: str = "id") -> Caller:
    app = shop.app("MANAGE_SHIPPING")
    query = (
        f"subscription{{event{{__typename ... on ShippingListMethodsForCheckout{{checkout{{{wanted}}}}}}}}}"
    )
    given = {"name": "ways", "targetUrl": f"{receiver.url}/hook", "query": query}
    app.data(WEBHOOK, i={**given, "syncEvents": ["SHIPPING_LIST_METHODS_FOR_CHECKOUT"]})
    return app


def offered(caller: Caller, checkout_id: str) -> dict[str, dict[str, Any]]:
    found = caller.data(OPTIONS, i=checkout_id)["deliveryOptionsCalculate"]["deliveries"]
    return {one["shippingMethod"]["name"]: one for one in found}


@pytest.fixture
def buyer(shop: Shop) -> tuple[Caller, str]:
    _, caller = shop.customer()
    return caller, shop.checkout(caller, [("S-100", 2)])["id"]


def test_an_offer_can_be_chosen_and_reaches_the_order(
    shop: Shop, receiver: Receiver, buyer: tuple[Caller, str]
) -> None:
    caller, checkout = buyer
    subscribe(shop, receiver)
    receiver.answer = lambda _request: (
        200,
        [VIP, {"id": "no name"}, {**VIP, "id": "eur", "currency": "EUR"}],
    )
    found = offered(caller, checkout)
    assert set(found) == {"Standard", "For members"}
    decoded = base64.b64decode(found["For members"]["shippingMethod"]["id"]).decode()
    assert decoded.startswith("app:")
    assert decoded.endswith(":vip")
    [asked] = receiver.hooks()
    assert asked.json["checkout"] == {"id": checkout}
    assert asked.headers["Saleor-Event"] == "shipping_list_methods_for_checkout"
    assert asked.headers["Saleor-Signature"].count(".") == 2
    offered(caller, checkout)
    assert len(receiver.hooks()) == 2  # nothing is cached

    chosen = caller.data(CHOOSE, i=checkout, d=found["For members"]["id"])["checkoutDeliveryMethodUpdate"]
    assert chosen["checkout"]["deliveryMethod"]["name"] == "For members"
    shop.pay(caller, checkout)
    receiver.answer = lambda _request: (500, {})
    order = shop.complete(caller, checkout)  # nothing changed since: nobody is asked
    query = "query($i:ID!){order(id:$i){shippingMethodName}}"
    assert shop.owner.data(query, i=order)["order"]["shippingMethodName"] == "For members"


def test_an_offer_that_is_gone_bars_a_changed_checkout(
    shop: Shop, receiver: Receiver, buyer: tuple[Caller, str]
) -> None:
    caller, checkout = buyer
    subscribe(shop, receiver)
    receiver.answer = lambda _request: (200, [VIP])
    caller.data(CHOOSE, i=checkout, d=offered(caller, checkout)["For members"]["id"])
    receiver.answer = lambda _request: (500, {})
    address = "mutation($i:ID!,$a:AddressInput!){checkoutShippingAddressUpdate(id:$i,shippingAddress:$a){errors{code}}}"
    caller.data(address, i=checkout, a=ADDRESS)
    shop.pay(caller, checkout)
    complete = "mutation($i:ID!){checkoutComplete(id:$i){order{id} errors{code message}}}"
    assert [one["code"] for one in caller.errors(complete, i=checkout)] == ["INVALID_SHIPPING_METHOD"]
    assert set(offered(caller, checkout)) == {
        "Standard"
    }  # fails open for the shop's own, closed for the App's


@pytest.mark.parametrize("answer", [(500, {}), (200, {"not": "a list"}), (302, [])])
def test_whoever_fails_to_answer_offers_nothing(
    shop: Shop, receiver: Receiver, buyer: tuple[Caller, str], answer: tuple[int, Any]
) -> None:
    caller, checkout = buyer
    subscribe(shop, receiver)
    receiver.answer = lambda _request: answer
    assert set(offered(caller, checkout)) == {"Standard"}


def test_who_asks_for_prices_is_sent_no_checkout(
    shop: Shop, receiver: Receiver, buyer: tuple[Caller, str]
) -> None:
    caller, checkout = buyer
    subscribe(shop, receiver, "id subtotalPrice{gross{amount}}")
    bodies: list[Any] = []

    def answer(request: Received) -> tuple[int, Any]:
        bodies.append(request.json)
        return 200, []

    receiver.answer = answer
    offered(caller, checkout)
    [body] = bodies
    assert body["checkout"] is None
    assert "CircularSubscriptionSyncEvent" in body["errors"][0]["message"]
