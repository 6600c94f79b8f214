"""Webhooks of the stand-in Saleor: bodies, signatures, retries, filters and what they must not be trusted for."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import threading
from pathlib import Path
from typing import Any

import jwt
import pytest

from sandbox.saleor import delivery
from sandbox.saleor.signing import thumbprint
from sandbox.saleor.standin import Standin
from tests.saleor.standinkit import Caller, Receiver, Shop

CREATE = """mutation($i:WebhookCreateInput!){webhookCreate(input:$i){webhook{id customHeaders
asyncEvents{eventType}} errors{field code message}}}"""
PAID = """subscription{event{__typename issuedAt version issuingPrincipal{__typename ... on User{id}
... on App{id}} recipient{id} ... on OrderPaid{order{id number total{gross{amount currency}} lines{id}}}}}"""
FAILED = """{app{webhooks{id eventDeliveries(first:50,filter:{status:FAILED}){edges{node{id eventType payload
attempts(first:10){edges{node{responseStatusCode response}}}}}}}}}"""


def hook(app: Caller, receiver: Receiver, query: str, **extra: Any) -> str:
    given = {"name": "hook", "targetUrl": receiver.url + "/hook", "query": query, "isActive": True, **extra}
    return str(app.data(CREATE, i=given)["webhookCreate"]["webhook"]["id"])


def verify(shop: Shop, signature: str, body: bytes) -> dict[str, Any]:
    keys = jwt.PyJWKSet.from_dict(shop.anonymous.client.get("/.well-known/jwks.json").json())
    key = keys[jwt.get_unverified_header(signature)["kid"]]
    found: dict[str, Any] = jwt.api_jws.decode_complete(
        signature, key=key, algorithms=["RS256"], detached_payload=body
    )
    return found


def events_of(shop: Shop, receiver: Receiver, *types: str) -> Caller:
    app = shop.app("MANAGE_ORDERS", "MANAGE_USERS", "MANAGE_CHECKOUTS")
    parts = " ".join(f"... on {t}{{__typename}}" for t in types)
    hook(app, receiver, f"subscription{{event{{__typename {parts}}}}}")
    return app


def test_a_body_is_flat_signed_and_carries_saleors_headers(shop: Shop, receiver: Receiver) -> None:
    app = shop.app("MANAGE_ORDERS")
    hook(app, receiver, PAID, customHeaders=json.dumps({"X-Secret": "s3cret", "X-Saleor-Domain": "evil"}))
    email, _ = shop.customer()
    placed = shop.placed(customer=email, lines=[{"sku": "S-100", "quantity": 2}])
    [got] = receiver.wait(1)
    assert got.json["__typename"] == "OrderPaid"
    assert got.json["order"]["id"] == placed["id"]
    assert got.json["order"]["total"]["gross"] == {"amount": 20.0, "currency": "USD"}
    assert got.json["recipient"] == app.data("{app{id}}")["app"]
    assert got.json["issuingPrincipal"] == {"__typename": "User", "id": shop.ids["customers"][email]}
    headers = {k.lower(): v for k, v in got.headers.items()}
    assert headers["saleor-event"] == headers["x-saleor-event"] == "order_paid"
    assert headers["saleor-domain"] == "saleor.example"
    assert headers["saleor-api-url"] == "http://saleor.example/graphql/"
    assert headers["user-agent"] == "Saleor/3.23"
    # Custom headers arrive, and may replace the X- twin but not the header itself.
    assert (headers["x-secret"], headers["x-saleor-domain"]) == ("s3cret", "evil")
    decoded = verify(shop, headers["saleor-signature"], got.body)
    assert decoded["header"] | {"kid": ""} == {
        "alg": "RS256", "b64": False, "crit": ["b64"], "kid": "", "typ": "JWT",
    }  # fmt: skip
    with pytest.raises(jwt.InvalidSignatureError):
        verify(shop, headers["saleor-signature"], got.body + b" ")
    # What we sign has the form of a signature that a real Saleor made.
    assert headers["saleor-signature"].count(".") == 2
    assert headers["saleor-signature"].split(".")[1] == ""


def test_our_check_accepts_what_a_real_saleor_signed(saleor_facts: Path) -> None:
    sample = json.loads((saleor_facts / "signature_sample.json").read_text())
    body = (saleor_facts / "signature_sample.body.bin").read_bytes()
    jwks = json.loads((saleor_facts / "jwks.json").read_text())
    key = jwt.PyJWKSet.from_dict(jwks)[jwt.get_unverified_header(sample["signature"])["kid"]]
    jwt.api_jws.decode_complete(sample["signature"], key=key, algorithms=["RS256"], detached_payload=body)
    [real] = jwks["keys"]
    assert thumbprint(real["n"], real["e"]) == real["kid"]


def test_our_headers_and_keys_look_like_the_real_ones(shop: Shop, saleor_facts: Path) -> None:
    sample = json.loads((saleor_facts / "signature_sample.json").read_text())
    real = json.loads((saleor_facts / "jwks.json").read_text())["keys"][0]
    [ours] = shop.anonymous.client.get("/.well-known/jwks.json").json()["keys"]
    assert set(ours) == set(real)
    webhook = {"customHeaders": {}, "targetUrl": "http://x"}
    made = delivery.headers_for(shop.standin, webhook, "ORDER_CREATED", b"{}")
    transport = {"host", "accept-encoding", "accept", "connection", "content-length"}
    assert {h.lower() for h in made} == {h.lower() for h in sample["headers"]} - transport
    shape = [
        jwt.get_unverified_header(s) | {"kid": ""} for s in (sample["signature"], made["Saleor-Signature"])
    ]
    assert shape[0] == shape[1]


def test_server_errors_are_retried_byte_by_byte_and_then_given_up(shop: Shop, receiver: Receiver) -> None:
    app = shop.app("MANAGE_ORDERS")
    hook(app, receiver, PAID)
    receiver.answer = lambda request: (503, {"busy": True})
    email, _ = shop.customer()
    shop.placed(customer=email, lines=[{"sku": "S-100"}])
    receiver.wait(6)
    shop.settled()
    hooks = receiver.hooks()
    assert len(hooks) == 6
    assert len({hashlib.sha256(h.body).hexdigest() for h in hooks}) == 1
    [webhook] = app.data(FAILED)["app"]["webhooks"]
    [failed] = webhook["eventDeliveries"]["edges"]
    assert failed["node"]["eventType"] == "ORDER_PAID"
    assert failed["node"]["payload"].encode() == hooks[0].body
    codes = [a["node"]["responseStatusCode"] for a in failed["node"]["attempts"]["edges"]]
    assert codes == [503] * 6


@pytest.mark.parametrize("status", [301, 401, 404, 410, 429])
def test_a_refusal_is_never_retried(shop: Shop, receiver: Receiver, status: int) -> None:
    app = shop.app("MANAGE_ORDERS")
    hook(app, receiver, PAID)
    receiver.answer = lambda request: (status, {})
    email, _ = shop.customer()
    shop.placed(customer=email, lines=[{"sku": "S-100"}])
    receiver.wait(1)
    shop.settled()
    assert len(receiver.hooks()) == 1
    assert len(app.data(FAILED)["app"]["webhooks"][0]["eventDeliveries"]["edges"]) == 1


def test_the_pauses_are_those_measured() -> None:
    assert delivery.PAUSES == (10, 20, 40, 80, 160)
    assert (delivery.TIMEOUT.connect, delivery.TIMEOUT.read) == (2.0, 18.0)


def test_events_of_a_life_cycle(shop: Shop, receiver: Receiver) -> None:
    names = ["OrderCreated", "OrderPaid", "OrderFullyPaid", "OrderConfirmed", "OrderUpdated", "OrderFulfilled",
             "FulfillmentCreated", "FulfillmentApproved", "CheckoutFullyPaid", "CheckoutFullyAuthorized",
             "CustomerCreated", "AccountConfirmed", "CustomerUpdated"]  # fmt: skip
    events_of(shop, receiver, *names)
    email, customer = shop.customer()
    shop.settled()
    assert sorted(receiver.types()) == ["AccountConfirmed", "CustomerCreated"]
    receiver.received.clear()
    checkout = shop.ready(customer, [("S-100", 2)])
    shop.pay(customer, checkout["id"])
    order = shop.complete(customer, checkout["id"])
    shop.settled()
    assert sorted(receiver.types()) == ["CheckoutFullyAuthorized", "CheckoutFullyPaid", "OrderConfirmed",
                                        "OrderCreated", "OrderFullyPaid", "OrderPaid", "OrderUpdated"]  # fmt: skip
    receiver.received.clear()
    fulfil = """mutation($o:ID!,$l:ID!,$q:Int!){orderFulfill(order:$o,input:{lines:[{orderLineId:$l,
        stocks:[{quantity:$q,warehouse:"V2FyZWhvdXNlOjE="}]}]}){order{status} errors{code}}}"""
    line = shop.order(order)["lines"][0]["id"]
    done = shop.owner.data(fulfil, o=order, l=line, q=1)["orderFulfill"]
    assert done["order"]["status"] == "PARTIALLY_FULFILLED"
    shop.settled()
    assert sorted(receiver.types()) == ["FulfillmentCreated", "OrderUpdated"]
    assert shop.owner.errors(fulfil, o=order, l=line, q=2)[0]["code"] == "FULFILL_ORDER_LINE"
    shop.owner.data(fulfil, o=order, l=line, q=1)
    shop.settled()
    assert sorted(receiver.types()[2:]) == ["FulfillmentApproved", "FulfillmentCreated", "OrderFulfilled",
                                            "OrderUpdated"]  # fmt: skip
    receiver.received.clear()
    user = shop.ids["customers"][email]
    shop.owner.data('mutation($i:ID!){customerUpdate(id:$i,input:{firstName:"X"}){errors{code}}}', i=user)
    shop.settled()
    assert receiver.types() == ["CustomerUpdated"]


def test_deletion_by_staff_and_by_the_customer_are_different_events(shop: Shop, receiver: Receiver) -> None:
    app = shop.app("MANAGE_USERS")
    hook(
        app,
        receiver,
        "subscription{event{__typename ... on CustomerDeleted{user{id email}} ... on AccountDeleted{user{id email}}}}",
    )
    first, _ = shop.customer()
    second, customer = shop.customer()
    placed = shop.placed(customer=first, lines=[{"sku": "S-100"}])
    shop.owner.data("mutation($i:ID!){customerDelete(id:$i){errors{code}}}", i=shop.ids["customers"][first])
    customer.data('mutation{accountRequestDeletion(redirectUrl:"http://x"){errors{code}}}')
    [mail] = [
        m for m in shop.anonymous.look("mails", email=second)["mails"] if m["kind"] == "account_deletion"
    ]
    customer.data("mutation($t:String!){accountDelete(token:$t){errors{code}}}", t=mail["token"])
    shop.settled()
    bodies = {h.json["__typename"]: h.json["user"] for h in receiver.hooks()}
    assert bodies == {
        "CustomerDeleted": {"id": shop.ids["customers"][first], "email": first},
        "AccountDeleted": {"id": shop.ids["customers"][second], "email": second},
    }
    order = shop.order(placed["id"])
    assert (order["user"], order["userEmail"]) == (None, first)


def test_a_channel_filter_wraps_the_body_and_mutes_other_channels(shop: Shop, receiver: Receiver) -> None:
    app = shop.app("MANAGE_CHECKOUTS")
    hook(app, receiver, 'subscription{checkoutCreated(channels:["eu"]){checkout{id}}}')
    _, customer = shop.customer()
    shop.checkout(customer, [("S-100", 1)])
    wanted = shop.checkout(customer, [("S-100", 1)], channel="eu")
    shop.settled()
    assert [h.json for h in receiver.hooks()] == [
        {"data": {"checkoutCreated": {"checkout": {"id": wanted["id"]}}}}
    ]


def test_an_app_without_the_events_permission_hears_nothing(shop: Shop, receiver: Receiver) -> None:
    hook(shop.app("MANAGE_USERS"), receiver, PAID)
    email, _ = shop.customer()
    shop.placed(customer=email, lines=[{"sku": "S-100"}])
    shop.settled()
    assert receiver.hooks() == []


def test_aliases_can_forge_a_body(shop: Shop, receiver: Receiver) -> None:
    """j2: a signature proves who sent the body, not that our subscription shaped it."""
    app = shop.app("MANAGE_ORDERS")
    hook(
        app,
        receiver,
        'subscription{event{__typename:version ... on OrderMetadataUpdated{order{id:metafield(key:"i")}}}}',
    )
    email, _ = shop.customer()
    placed = shop.placed(customer=email, lines=[{"sku": "S-100"}])
    write = 'mutation($i:ID!){updateMetadata(id:$i,input:[{key:"i",value:"forged"}]){errors{code}}}'
    shop.owner.data(write, i=placed["id"])
    [got] = receiver.wait(1)
    assert got.json == {"__typename": "3.23.28", "order": {"id": "forged"}}


def test_staff_can_trigger_a_lie(shop: Shop, receiver: Receiver) -> None:
    """j3: OrderFullyPaid for an order that is not paid, signed and with our secret header."""
    app = shop.app("MANAGE_ORDERS")
    webhook = hook(
        app,
        receiver,
        "subscription{event{__typename ... on OrderFullyPaid{order{id isPaid}}}}",
        customHeaders='{"X-Secret": "s"}',
    )
    email, _ = shop.customer()
    shop.anonymous.control("seed", channels=[{"slug": "loose", "currency": "USD", "allowUnpaidOrders": True}])
    shop.anonymous.control(
        "seed",
        products=[{"slug": "cup", "name": "Cup", "variants": [{"sku": "CUP", "prices": {"loose": "9"}}]}],
        shippingMethods=[{"name": "Loose", "price": {"loose": "0"}}],
    )
    placed = shop.placed(customer=email, lines=[{"sku": "CUP"}], channel="loose", paid=False)
    trigger = """mutation($w:ID!,$o:ID!){webhookTrigger(webhookId:$w,objectId:$o){delivery{status payload}
        errors{code message}}}"""
    assert app.post(trigger, w=webhook, o=placed["id"]).json()["errors"]
    answer = shop.owner.data(trigger, w=webhook, o=placed["id"])["webhookTrigger"]
    assert answer["delivery"] == {"status": "PENDING", "payload": ""}
    [got] = receiver.wait(1)
    assert got.json == {"__typename": "OrderFullyPaid", "order": {"id": placed["id"], "isPaid": False}}
    verify(shop, {k.lower(): v for k, v in got.headers.items()}["saleor-signature"], got.body)


def test_a_subscription_that_does_not_fit_the_schema_is_refused(shop: Shop, receiver: Receiver) -> None:
    given = {"name": "x", "targetUrl": receiver.url, "query": "subscription{event{... on OrderPaid{nope}}}"}
    [error] = shop.app().errors(CREATE, i=given)
    assert (error["field"], error["code"]) == ("query", "INVALID")
    assert error["message"].startswith("Subscription query is not valid: ")
    given = {"name": "x", "targetUrl": receiver.url, "query": PAID, "customHeaders": '{"Foo": "1"}'}
    [error] = shop.app().errors(CREATE, i=given)
    assert error["message"].startswith('Invalid custom headers: "Foo" does not match allowed key pattern')


def test_a_rotated_secret_applies_to_retries(shop: Shop, receiver: Receiver) -> None:
    app = shop.app("MANAGE_ORDERS")
    webhook = hook(app, receiver, PAID, identifier="paid", customHeaders='{"X-Secret": "old"}')
    first = threading.Event()

    def answer(request: Any) -> tuple[int, Any]:
        if first.is_set():
            return 200, {}
        first.set()
        app.data(
            "mutation($w:ID!,$h:JSONString){webhookUpdate(id:$w,input:{customHeaders:$h}){errors{code}}}",
            w=webhook,
            h='{"X-Secret": "new"}',
        )
        return 500, {}

    receiver.answer = answer
    email, _ = shop.customer()
    shop.placed(customer=email, lines=[{"sku": "S-100"}])
    sent = [{k.lower(): v for k, v in h.headers.items()}["x-secret"] for h in receiver.wait(2)]
    assert sent == ["old", "new"]


def test_deliveries_can_be_lost_and_doubled_on_demand(shop: Shop, receiver: Receiver) -> None:
    app = shop.app("MANAGE_ORDERS")
    hook(app, receiver, PAID)
    email, _ = shop.customer()
    lost = shop.settled()["lost"]
    try:
        shop.anonymous.control("lose", share=1)
        shop.placed(customer=email, lines=[{"sku": "S-100"}])
        assert shop.settled()["lost"] > lost
        assert receiver.hooks() == []
        shop.anonymous.control("lose", duplicate=1)
        shop.placed(customer=email, lines=[{"sku": "S-100"}])
        first, second = receiver.wait(2)
        assert first.body == second.body
    finally:
        shop.anonymous.control("lose")


def test_pending_deliveries_survive_a_restart(shop: Shop, receiver: Receiver) -> None:
    app = shop.app("MANAGE_ORDERS")
    hook(app, receiver, PAID)
    # A row as a process leaves it that was killed while sending.
    with shop.standin.store.write() as tx:
        [webhook] = [w for w in tx.find("webhook") if w["targetUrl"] == receiver.url + "/hook"]
        tx.query(
            "INSERT INTO standin_delivery (webhook, event, payload, status, due, created)"
            " VALUES (%s, 'ORDER_PAID', %s, 'SENDING', now(), %s)",
            (webhook["id"], b'{"__typename": "OrderPaid"}', shop.standin.now()),
        )
    again = Standin(dataclasses.replace(shop.standin.options))
    try:
        receiver.wait(1)
        assert again.signer.kid == shop.standin.signer.kid
    finally:
        again.close()
