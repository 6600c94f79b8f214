"""The whole thread over HTTP against the stand-in: installed by handshake, told by signed webhooks, prices charged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.ledger import Balance, Entry
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.models.realms import Installation, Realm
from loyalty_plugin.registry import ports
from loyalty_plugin.saleor.tokens import verify_customer_token
from loyalty_plugin.services import programmes
from tests import factories
from tests.saleor.standinkit import CHANNEL, PASSWORD
from tests.saleor.test_standin_other_hands import IMPORT, entry
from tests.saleor.threadkit import API, INSTALL, INSTALLATIONS, Thread, bare, now

__all__ = ["bare"]


@pytest.fixture
def thread(bare: Thread) -> Thread:
    """Installed, with a programme that gives a tenth off."""
    bare.install()
    perk = {"id": "tenth", "perk": "tier_discount", "params": {"rates": {"basic": 1_000}}}
    serve(factories.programme(factories.document(perks=[perk]), currency="USD"))
    return bare


def serve(of: Programme) -> None:
    """The programme is that of the shop's channel."""
    realm = Realm.objects.get(api_url=API).pk
    programmes.serve_channels(
        factories.SYSTEM, programme_id=of.pk, realm_id=realm, slugs=[CHANNEL], now=now()
    )


def points() -> tuple[int, int]:
    found = Balance.objects.get(unit="points")
    return found.pending, found.available


def test_a_customer_pays_earns_and_is_refunded(thread: Thread):
    email, caller = thread.shop.customer()
    thread.settle()
    member = Member.objects.get()
    assert (member.email, member.verified_at is not None) == (email, True)
    found = verify_customer_token(caller.token or "")
    assert (found.realm, found.user_id, found.email) == (API, member.external_id, email)

    placed = thread.shop.placed(customer=email, lines=[{"sku": "S-250", "quantity": 2}])
    counts = thread.settle()
    assert counts["done"] >= 4  # created, paid, fully paid, confirmed, updated, and checkouts of no concern
    assert points() == (70, 0)
    assert Entry.objects.filter(kind="earn").count() == 1

    thread.shop.anonymous.control(
        "psp", order=placed["id"], type="CHARGE_BACK", amount="35.00", reference="back-1"
    )
    thread.settle()
    assert points() == (35, 0)
    assert not InboxItem.objects.filter(status="failed").exists()


def test_a_member_price_is_charged_and_marked(thread: Thread):
    email, caller = thread.shop.customer()
    checkout = thread.shop.ready(caller, [("S-100", 2), ("POT", 1)])
    plain, sale = checkout["lines"]
    realm = Realm.objects.get(api_url=API)
    row = OutboxItem.objects.create(
        kind="checkout_prices",
        realm=realm,
        target=f"{API}|{checkout['id']}",
        desired={
            "checkout": checkout["id"],
            "lines": {
                plain["id"]: {"price": 800, "reason": "loyalty:one", "unit_price": 800},
                # 40 % off stays on top: 27 is what is wanted, so 45 is sent.
                sale["id"]: {"price": 4500, "reason": "loyalty:two", "unit_price": 2700},
            },
        },
        next_attempt_at=now(),
        created_at=now(),
    )
    assert ports.delivery.deliver([row.pk], now=now()) == {"done": 1}
    row.refresh_from_db()
    assert row.error == ""
    fact = ports.storefront.checkout(API, checkout["id"])
    assert fact is not None
    assert [(line.unit_price, line.list_price, line.promotion_price) for line in fact.lines] == [
        (800, 1000, 1000),
        (2700, 5000, 3000),
    ]
    thread.shop.pay(caller, checkout["id"])
    order_id = thread.shop.complete(caller, checkout["id"])
    order = ports.storefront.orders(API, [order_id])[order_id]
    assert (order.charged, order.total_gross, order.paid_by_hand) == (4300, 4300, 0)
    assert [(line.gross, line.member_priced, line.mark) for line in order.lines] == [
        (1600, True, "loyalty:one"),
        (2700, True, "loyalty:two"),
    ]
    assert order.user_email == email
    assert order.checkout_id == checkout["id"]
    cleared = ports.storefront.checkout(API, checkout["id"])
    assert cleared is None  # completed: there is none any more


def test_an_override_is_set_and_cleared(thread: Thread):
    _, caller = thread.shop.customer()
    checkout = thread.shop.checkout(caller, [("S-100", 1)])
    [line] = checkout["lines"]
    fact = ports.storefront.set_line_prices(API, checkout["id"], [(line["id"], 700, "loyalty:x")])
    assert (fact.lines[0].unit_price, fact.lines[0].override_reason) == (700, "loyalty:x")
    fact = ports.storefront.set_line_prices(API, checkout["id"], [(line["id"], None, "")])
    assert (fact.lines[0].unit_price, fact.lines[0].override_reason) == (1000, "")


def test_a_checkout_of_a_member_gets_its_prices_without_being_asked(thread: Thread):
    """Whatever storefront made it: the event alone lays the prices on, and takes them off for a stranger."""
    _, caller = thread.shop.customer()
    thread.settle()
    made = thread.shop.checkout(caller, [("S-100", 1), ("POT", 1)])["id"]
    me = caller.data("{me{id}}")["me"]["id"]
    app = thread.shop.app("IMPERSONATE_USER")
    attach = "mutation($c:ID!,$u:ID){checkoutCustomerAttach(id:$c,customerId:$u){errors{code message}}}"

    def units() -> list[int]:
        found = ports.storefront.checkout(API, made)
        assert found is not None
        return [line.unit_price for line in found.lines]

    app.data(attach, c=made, u=me)
    thread.settle()
    assert units() == [900, 3000]  # the sale price of the pot is the better one
    thread.settle()  # the echo of our own write
    assert OutboxItem.objects.filter(kind="checkout_prices").count() == 1
    caller.data("mutation($c:ID!){checkoutCustomerDetach(id:$c){errors{code message}}}", c=made)
    thread.settle()
    assert units() == [1000, 3000]
    thread.settle()
    assert OutboxItem.objects.filter(kind="checkout_prices").count() == 2


def test_checkouts_of_strangers_are_not_looked_at(thread: Thread):
    guest = thread.shop.anonymous
    thread.shop.checkout(guest, [("S-100", 1)])
    counts = thread.settle()
    assert set(counts) == {"ignored"}


def allow_unpaid(thread: Thread) -> None:
    thread.shop.anonymous.control(
        "seed", channels=[{"slug": CHANNEL, "currency": "USD", "allowUnpaidOrders": True}]
    )


def test_marked_as_paid_is_told_from_money(thread: Thread):
    email, _ = thread.shop.customer()
    allow_unpaid(thread)
    placed = thread.shop.placed(customer=email, lines=[{"sku": "S-100"}], paid=False)
    thread.shop.owner.data("mutation($i:ID!){orderMarkAsPaid(id:$i){errors{code message}}}", i=placed["id"])
    order = ports.storefront.orders(API, [placed["id"], "T3JkZXI6bm9uZQ=="])
    assert list(order) == [placed["id"]]
    assert (order[placed["id"]].charged, order[placed["id"]].paid_by_hand) == (1000, 1000)


def test_a_draft_earns_when_it_is_completed(thread: Thread):
    email, _ = thread.shop.customer()
    placed = thread.shop.placed(customer=email, lines=[{"sku": "S-250"}], origin="draft")
    thread.settle()
    # Saleor does not count it among the orders, so there is nothing to look at yet.
    assert InboxItem.objects.get(event="DraftOrderCreated").outcome == "unknown_order"
    assert not OrderRecord.objects.exists()
    complete = "mutation($i:ID!){draftOrderComplete(id:$i){order{status} errors{code message}}}"
    thread.shop.owner.data(complete, i=placed["id"])
    thread.settle()
    assert points() == (35, 0)
    assert set(InboxItem.objects.values_list("event", flat=True)) >= {"DraftOrderCreated", "OrderCreated"}


def test_imported_orders_are_one_event_and_earn_by_the_setting(bare: Thread):
    """Saleor keeps neither who imported nor when it was paid; those from before the programme bring nothing at once."""
    bare.install()
    day = (datetime.now(UTC) - timedelta(days=9)).date()
    serve(factories.programme(factories.document(imported_from=day.isoformat()), currency="USD"))
    email, _ = bare.shop.customer()
    placed = [datetime.now(UTC) - timedelta(days=ago) for ago in (20, 3, 0)]
    done = bare.shop.owner.data(IMPORT, o=[entry(bare.shop, email, at.isoformat(), "35") for at in placed])
    bare.settle()
    assert InboxItem.objects.filter(event="OrderBulkCreated").count() == 1
    records = dict(OrderRecord.objects.values_list("order_id", "outcome"))
    ids = [one["order"]["id"] for one in done["orderBulkCreate"]["results"]]
    assert [records[one] for one in ids] == ["imported", "past_order", ""]
    assert points() == (35, 0)


def test_an_order_marked_as_a_test_gives_back_what_it_earned(thread: Thread):
    email, _ = thread.shop.customer()
    placed = thread.shop.placed(customer=email, lines=[{"sku": "S-250"}])
    thread.settle()
    assert points() == (35, 0)
    mark = """mutation($i:ID!,$m:[MetadataInput!]!){updatePrivateMetadata(id:$i,input:$m){errors{code message}}}"""
    thread.shop.owner.data(mark, i=placed["id"], m=[{"key": "loyalty.test", "value": "true"}])
    thread.settle()
    assert points() == (0, 0)
    assert OrderRecord.objects.get().outcome == "test_order"


def test_staff_can_have_a_lie_sent_and_it_is_worth_nothing(thread: Thread):
    """Saleor itself signs what did not happen, for an order nobody paid, with our own secret header."""
    email, _ = thread.shop.customer()
    allow_unpaid(thread)
    unpaid = thread.shop.placed(customer=email, lines=[{"sku": "S-250"}], paid=False)
    thread.settle()
    apps = thread.shop.owner.data("{apps(first:100){edges{node{webhooks{id identifier}}}}}")["apps"]["edges"]
    hooks = {hook["identifier"]: hook["id"] for app in apps for hook in app["node"]["webhooks"]}
    trigger = """mutation($w:ID!,$o:ID!){webhookTrigger(webhookId:$w,objectId:$o){errors{code message}}}"""
    thread.shop.owner.data(trigger, w=hooks["loyalty-orders"], o=unpaid["id"])
    thread.settle()
    told = InboxItem.objects.latest("pk")
    # The first of that webhook's events by the alphabet.
    assert (told.event, told.status, told.outcome) == ("DraftOrderCreated", "done", "not_paid")
    assert not Entry.objects.filter(kind="earn").exists()


def test_another_apps_delivery_is_refused_though_saleor_signed_it(thread: Thread):
    """Shaped by aliases to look like ours, on our address; only our secret header tells it apart."""
    email, _ = thread.shop.customer()
    thread.settle()
    before = InboxItem.objects.count()
    app = thread.shop.app("MANAGE_ORDERS")
    query = """subscription{event{__typename ... on OrderUpdated{recipient:order{id:metafield(key:"us")}
        order{id total:metafield(key:"t")}}}}"""
    make = "mutation($n:WebhookCreateInput!){webhookCreate(input:$n){webhook{id} errors{code message}}}"
    made = {"name": "x", "targetUrl": f"{thread.url}/loyalty/saleor/events", "query": query}
    hook = app.data(make, n={**made, "asyncEvents": ["ORDER_UPDATED"]})["webhookCreate"]["webhook"]["id"]
    try:
        thread.shop.placed(customer=email, lines=[{"sku": "S-250"}], metadata={"us": "QXBwOjE=", "t": "999"})
        assert thread.shop.settled(60)["failed"] >= 1
        read = "query($i:ID!){webhook(id:$i){eventDeliveries(first:5){edges{node{status attempts(first:1)" + (
            "{edges{node{responseStatusCode}}}}}}}}"
        )
        [delivery] = app.data(read, i=hook)["webhook"]["eventDeliveries"]["edges"]
        [attempt] = delivery["node"]["attempts"]["edges"]
        assert attempt["node"]["responseStatusCode"] == 401
    finally:
        app.data("mutation($i:ID!){webhookDelete(id:$i){errors{code}}}", i=hook)
    assert InboxItem.objects.count() > before  # ours came all the same
    assert not InboxItem.objects.exclude(installation__app_id=Installation.objects.get().app_id).exists()


def test_switched_off_and_on_again_and_deleted(thread: Thread):
    ours = Installation.objects.get()
    switch = "mutation($i:ID!){%s(id:$i){errors{code message}}}"
    thread.shop.owner.data(switch % "appDeactivate", i=ours.app_id)
    thread.settle()
    ours.refresh_from_db()
    assert ours.state == Installation.State.INACTIVE
    thread.shop.owner.data(switch % "appActivate", i=ours.app_id)
    thread.settle()
    ours.refresh_from_db()
    assert ours.state == Installation.State.ACTIVE
    thread.shop.owner.data(switch % "appDelete", i=ours.app_id)
    thread.settle()
    ours.refresh_from_db()
    assert ours.state == Installation.State.DELETED
    again = thread.install()
    assert again.pk != ours.pk
    assert again.app_id != ours.app_id


def test_a_refused_handshake_is_shown_to_the_merchant(thread: Thread, settings: Any):
    ours = Installation.objects.get()
    thread.shop.owner.data("mutation($i:ID!){appDelete(id:$i){errors{code}}}", i=ours.app_id)
    thread.shop.settled(60)
    settings.LOYALTY = {**settings.LOYALTY, "SALEOR_API_URLS": ()}
    manifest = f"{thread.url}/loyalty/saleor/manifest"
    thread.shop.owner.data(INSTALL, i={"appName": "M", "manifestUrl": manifest, "permissions": []})
    query = INSTALLATIONS

    def failed() -> bool:
        found = thread.shop.owner.data(query)["appsInstallations"]
        return bool(found) and found[0]["status"] == "FAILED"

    thread.wait(failed, "the refusal")
    [row] = thread.shop.owner.data("{appsInstallations{id message}}")["appsInstallations"]
    assert "SALEOR_API_URLS" in row["message"]
    thread.shop.owner.data("mutation($i:ID!){appDeleteFailedInstallation(id:$i){errors{code}}}", i=row["id"])


def test_a_token_is_confirmed_also_where_no_storefront_is_let_in(thread: Thread):
    """Before money moves Saleor is asked with our own token, and what it calls valid is looked at once more."""
    email, caller = thread.shop.customer()
    thread.settle()
    user_id = Member.objects.get().external_id
    login = (
        "mutation($e:String!,$p:String!){tokenCreate(email:$e,password:$p){token refreshToken errors{code}}}"
    )
    tokens = caller.data(login, e=email, p=PASSWORD)["tokenCreate"]
    confirm = ports.storefront.confirm_token
    thread.shop.anonymous.control("shop", allowStorefrontTraffic=False)
    try:
        assert caller.post("{me{id}}").status_code == 401
        assert confirm(API, tokens["token"]) == user_id
        assert confirm(API, tokens["refreshToken"]) == ""
        assert confirm(API, thread.shop.owner.token or "") == ""
        assert confirm(API, tokens["token"][:-6] + "AAAAAA") == ""
        assert confirm(API, "nonsense") == ""
    finally:
        thread.shop.anonymous.control("shop", allowStorefrontTraffic=True)
    caller.data("mutation{tokensDeactivateAll{errors{code}}}")
    assert verify_customer_token(tokens["token"]).user_id == user_id  # offline it still looks good
    assert confirm(API, tokens["token"]) == ""
