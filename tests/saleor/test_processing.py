"""Draining the inbox: looks at what events name, believes no body, puts off outages, isolates what is at fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from loyalty_plugin.domain.facts import CustomerFact, OrderFact
from loyalty_plugin.errors import AppTokenDead, SaleorUnreachable
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.realms import Installation, Realm
from loyalty_plugin.registry import bind, ports
from loyalty_plugin.saleor.hints import Hint
from loyalty_plugin.saleor.subscriptions import EVENTS
from loyalty_plugin.webhooks import looking, processing
from loyalty_plugin.webhooks.outcomes import Outcome, done
from loyalty_plugin.webhooks.processing import drain_inbox
from tests import factories
from tests.factories import NOW
from tests.saleor.roomkit import event, install

pytestmark = pytest.mark.django_db


class Storefront:
    """What the shop would answer now, and what it was asked."""

    def __init__(self) -> None:
        self.order_facts: dict[str, OrderFact] = {}
        self.customer_facts: dict[str, CustomerFact] = {}
        self.asked: list[list[str]] = []
        self.trouble: Exception | None = None

    def orders(self, realm: str, order_ids: Sequence[str]) -> Mapping[str, OrderFact]:
        return self._found(self.order_facts, order_ids)

    def customers(self, realm: str, user_ids: Sequence[str]) -> Mapping[str, CustomerFact]:
        return self._found(self.customer_facts, user_ids)

    def _found(self, facts: dict[str, Any], ids: Sequence[str]) -> Mapping[str, Any]:
        self.asked.append(list(ids))
        if self.trouble:
            raise self.trouble
        return {one: facts[one] for one in ids if one in facts}

    def has(self, *facts: OrderFact) -> None:
        self.order_facts |= {fact.order_id: fact for fact in facts}


@pytest.fixture
def storefront(monkeypatch: pytest.MonkeyPatch) -> Storefront:
    made, before = Storefront(), ports.storefront
    bind(storefront=made)  # type: ignore[arg-type]
    yield made  # type: ignore[misc]
    bind(storefront=before)


@pytest.fixture
def ours(db: None) -> Installation:
    return install(api_url=factories.REALM)


def came(ours: Installation, *bodies: bytes, **more: Any) -> list[InboxItem]:
    import json

    start = InboxItem.objects.count()
    return [
        InboxItem.objects.create(
            installation=ours,
            sha256=(start + n).to_bytes(32),
            event=json.loads(body)["__typename"],
            body=body,
            received_at=NOW,
            **more,
        )
        for n, body in enumerate(bodies)
    ]


def order_event(fact: OrderFact, typename: str = "OrderFullyPaid", **claims: Any) -> bytes:
    return event(typename, order={"id": fact.order_id, **claims})


def state(row: InboxItem) -> tuple[str, str]:
    row.refresh_from_db()
    return row.status, row.outcome


def overdue() -> None:
    InboxItem.objects.filter(status="new").update(next_attempt_at=timezone.now() - timedelta(seconds=1))


def test_a_paid_order_earns_what_saleor_says_it_is_worth(ours: Installation, storefront: Storefront):
    fact = factories.order(factories.member(factories.programme()), 5_000)
    storefront.has(fact)
    [row] = came(ours, order_event(fact, total=999_999))
    assert drain_inbox(100, NOW) == {"done": 1}
    assert Entry.objects.get(kind="earn").explanation["total"] == 50
    row.refresh_from_db()
    assert (row.status, row.processed_at, row.attempts) == ("done", NOW, 1)


def test_a_signed_fully_paid_for_an_unpaid_order_earns_nothing(ours: Installation, storefront: Storefront):
    fact = replace(factories.order(factories.member(factories.programme())), charged=0, paid_at=None)
    storefront.has(fact)
    came(ours, order_event(fact))
    assert drain_inbox(100, NOW) == {"done": 1}
    assert not Entry.objects.filter(kind="earn").exists()


def test_many_events_of_one_order_are_one_look(ours: Installation, storefront: Storefront):
    fact = factories.order(factories.member(factories.programme()))
    storefront.has(fact)
    names = ["OrderCreated", "OrderPaid", "OrderFullyPaid", "OrderConfirmed", "OrderUpdated"]
    came(ours, *(order_event(fact, name) for name in names))
    assert drain_inbox(100, NOW) == {"done": 5}
    assert storefront.asked == [[fact.order_id]]
    assert Entry.objects.filter(kind="earn").count() == 1


def test_orders_created_in_bulk_are_each_looked_at(ours: Installation, storefront: Storefront):
    of = factories.member(factories.programme())
    facts = [factories.order(of, 100) for _ in range(3)]
    storefront.has(*facts)
    [row] = came(ours, event("OrderBulkCreated", orders=[{"id": fact.order_id} for fact in facts]))
    assert drain_inbox(100, NOW) == {"done": 1}
    assert storefront.asked == [sorted(fact.order_id for fact in facts)]
    assert Entry.objects.filter(kind="earn").count() == 3
    assert state(row) == ("done", "")


def test_an_event_of_many_is_tried_again_for_the_one_at_fault(
    ours: Installation, storefront: Storefront, monkeypatch: pytest.MonkeyPatch
):
    of = factories.member(factories.programme())
    good, bad = factories.order(of), factories.order(of)
    storefront.has(good, bad)
    apply = looking.apply_orders

    def picky(facts: Sequence[OrderFact], **more: Any) -> Any:
        if bad in facts:
            raise RuntimeError("can't digest")
        return apply(facts, **more)

    monkeypatch.setattr(looking, "apply_orders", picky)
    [row] = came(ours, event("OrderBulkCreated", orders=[{"id": fact.order_id} for fact in (bad, good, bad)]))
    assert drain_inbox(100, NOW) == {"new": 1}
    assert state(row) == ("new", "unexpected")
    assert Entry.objects.get(kind="earn").order_ref == good.ref
    monkeypatch.setattr(looking, "apply_orders", apply)
    overdue()
    assert drain_inbox(100, NOW) == {"done": 1}
    assert Entry.objects.filter(kind="earn").count() == 2


@pytest.mark.parametrize("typename", [name for name, heard in EVENTS.items() if len(heard.paths) == 1])
def test_every_event_heard_leads_to_a_look(
    typename: str, ours: Installation, storefront: Storefront, monkeypatch: pytest.MonkeyPatch
):
    looked: list[Hint] = []

    def look(realm: str, named: Sequence[Hint], now: Any) -> dict[int, Outcome]:
        looked.extend(named)
        return {one.item_id: done() for one in named}

    [(subject, path)] = EVENTS[typename].paths
    monkeypatch.setitem(processing._LOOKERS, subject, look)
    thing = {"id": "T3JkZXI6MQ=="}
    [row] = came(ours, event(typename, **{path: [thing] if path == "orders" else thing}))
    drain_inbox(100, NOW)
    assert state(row) == ("done", "")
    assert [(one.subject, one.target) for one in looked] == [(subject, "T3JkZXI6MQ==")]


def test_a_transactions_event_is_about_its_order(ours: Installation, storefront: Storefront):
    fact = factories.order(factories.member(factories.programme()))
    storefront.has(fact)
    named = {"order": {"id": fact.order_id}, "checkout": None}
    [row] = came(ours, event("TransactionItemMetadataUpdated", transaction=named))
    drain_inbox(100, NOW)
    assert state(row) == ("done", "")
    assert Entry.objects.filter(kind="earn").exists()


def test_orders_are_looked_at_by_the_hundred(ours: Installation, storefront: Storefront):
    of = factories.member(factories.programme())
    facts = [factories.order(of, 100) for _ in range(250)]
    storefront.has(*facts)
    came(ours, *map(order_event, facts))
    assert drain_inbox(1000, NOW) == {"done": 250}
    assert [len(ids) for ids in storefront.asked] == [100, 100, 50]


def test_the_limit_is_kept(ours: Installation, storefront: Storefront):
    came(ours, *(event(order={"id": str(n)}) for n in range(7)))
    assert drain_inbox(3, NOW) == {"ignored": 3}
    assert InboxItem.objects.filter(status="new").count() == 4


@pytest.mark.parametrize(
    "body",
    [
        event("SomethingNew"),
        event("ProductUpdated", product={"id": "x"}),
        event(order=None),
        event(order="shaped"),
        event(order={"id": None}),
        event("OrderBulkCreated", orders=["shaped", {"id": 7}]),
        event("OrderBulkCreated", orders=None),
        event("TransactionItemMetadataUpdated", transaction={"order": None}),
        event("TransactionItemMetadataUpdated", transaction="shaped"),
    ],
)
def test_what_names_nothing_of_ours_is_ignored(body: bytes, ours: Installation, storefront: Storefront):
    [row] = came(ours, body)
    drain_inbox(100, NOW)
    assert state(row) == ("ignored", "not_for_us")
    assert not storefront.asked


def test_an_order_saleor_does_not_know_is_ignored(ours: Installation, storefront: Storefront):
    [row] = came(ours, event())
    drain_inbox(100, NOW)
    assert state(row) == ("ignored", "unknown_order")


@pytest.mark.parametrize("trouble", [SaleorUnreachable(), AppTokenDead()])
def test_an_outage_uses_up_no_tries(trouble: Exception, ours: Installation, storefront: Storefront, settings):
    settings.LOYALTY = {**settings.LOYALTY, "MAX_ATTEMPTS": 2}
    fact = factories.order(factories.member(factories.programme()))
    storefront.has(fact)
    storefront.trouble = trouble
    [row] = came(ours, order_event(fact))
    for _ in range(5):
        assert drain_inbox(100, NOW) == {"new": 1}
        overdue()
    storefront.trouble = None
    assert drain_inbox(100, NOW) == {"done": 1}
    row.refresh_from_db()
    assert row.attempts == 1


def test_failures_wait_longer_each_time_and_end(ours: Installation, storefront: Storefront, settings):
    settings.LOYALTY = {**settings.LOYALTY, "MAX_ATTEMPTS": 3}
    storefront.trouble = RuntimeError("a bug")
    [row] = came(ours, event())
    pauses = []
    while state(row)[0] == "new":
        began = timezone.now()
        drain_inbox(100, NOW)
        row.refresh_from_db()
        if row.next_attempt_at:
            pauses.append((row.next_attempt_at - began).total_seconds())
        overdue()
    assert [round(pause / 5) for pause in pauses] == [1, 2]
    assert state(row) == ("failed", "unexpected")
    assert drain_inbox(100, NOW) == {}


def test_a_failing_row_is_not_tried_before_its_time(ours: Installation, storefront: Storefront):
    storefront.trouble = SaleorUnreachable()
    came(ours, event())
    drain_inbox(100, NOW)
    storefront.trouble = None
    assert drain_inbox(100, NOW + timedelta(days=400)) == {}


def test_the_order_at_fault_stops_no_other(
    ours: Installation, storefront: Storefront, monkeypatch: pytest.MonkeyPatch
):
    of = factories.member(factories.programme())
    good, bad = factories.order(of), factories.order(of)
    storefront.has(good, bad)
    apply = looking.apply_orders

    def picky(facts: Sequence[OrderFact], **more: Any) -> Any:
        if bad in facts:
            raise RuntimeError("can't digest")
        return apply(facts, **more)

    monkeypatch.setattr(looking, "apply_orders", picky)
    rows = came(ours, order_event(good), order_event(bad))
    assert drain_inbox(100, NOW) == {"done": 1, "new": 1}
    assert [state(row)[0] for row in rows] == ["done", "new"]


def test_rows_of_a_worker_that_died_come_back(ours: Installation, storefront: Storefront):
    rows = came(ours, event())
    assert len(processing._claim(10)) == 1  # and then nothing more is heard of it
    assert drain_inbox(100, NOW) == {}
    overdue()
    assert drain_inbox(100, NOW) == {"ignored": 1}
    assert state(rows[0])[0] == "ignored"


def customer(**more: Any) -> CustomerFact:
    return CustomerFact(
        **{
            "realm": factories.REALM,
            "user_id": "VXNlcjox",
            "email": "ada@mail.example",
            "name": "Ada",
            "active": True,
            "confirmed": False,
            "language": "en",
            "joined_at": NOW,
            "updated_at": NOW,
            **more,
        }
    )


def customer_event(typename: str, user_id: str = "VXNlcjox") -> bytes:
    return event(typename, user={"id": user_id})


def test_a_new_customer_becomes_a_member(ours: Installation, storefront: Storefront):
    factories.programme()
    storefront.customer_facts["VXNlcjox"] = customer()
    [row] = came(ours, customer_event("CustomerCreated"))
    drain_inbox(100, NOW)
    found = Member.objects.get()
    assert (found.external_id, found.email, found.verified_at) == ("VXNlcjox", "ada@mail.example", None)
    assert state(row) == ("done", "joined")


@pytest.mark.parametrize("order", [1, -1])
def test_joining_and_confirming_commute(order: int, ours: Installation, storefront: Storefront):
    factories.programme()
    storefront.customer_facts["VXNlcjox"] = customer(confirmed=True)
    for name in ["CustomerCreated", "AccountConfirmed"][::order]:
        came(ours, customer_event(name))
        drain_inbox(100, NOW)
    assert Member.objects.get().verified_at == NOW


def test_a_confirmed_address_is_taken_over_later(ours: Installation, storefront: Storefront):
    factories.programme()
    storefront.customer_facts["VXNlcjox"] = customer()
    came(ours, customer_event("CustomerCreated"))
    drain_inbox(100, NOW)
    storefront.customer_facts["VXNlcjox"] = customer(confirmed=True, email="new@mail.example")
    came(ours, customer_event("AccountEmailChanged"))
    drain_inbox(100, NOW)
    found = Member.objects.get()
    assert (found.email, found.verified_at) == ("new@mail.example", NOW)


@pytest.mark.parametrize("typename", ["CustomerDeleted", "AccountDeleted"])
def test_a_deleted_account_ends_the_membership(typename: str, ours: Installation, storefront: Storefront):
    of = factories.member(factories.programme())
    came(ours, customer_event(typename, of.external_id))
    drain_inbox(100, NOW)
    of.refresh_from_db()
    assert of.status == Member.Status.FROZEN


def test_a_claimed_deletion_is_not_believed_while_the_account_is_there(
    ours: Installation, storefront: Storefront
):
    of = factories.member(factories.programme())
    storefront.customer_facts[of.external_id] = customer(user_id=of.external_id)
    came(ours, customer_event("CustomerDeleted", of.external_id))
    drain_inbox(100, NOW)
    of.refresh_from_db()
    assert of.status == Member.Status.ACTIVE


def test_a_customer_nobody_knows_changes_nothing(ours: Installation, storefront: Storefront):
    of = factories.member(factories.programme())
    [row] = came(ours, customer_event("CustomerUpdated", of.external_id))
    drain_inbox(100, NOW)
    assert state(row) == ("ignored", "unknown_customer")
    of.refresh_from_db()
    assert of.status == Member.Status.ACTIVE


def test_a_staging_saleor_makes_no_members(ours: Installation, storefront: Storefront):
    factories.programme()
    Realm.objects.update(live=False)
    storefront.customer_facts["VXNlcjox"] = customer()
    [row] = came(ours, customer_event("CustomerCreated"))
    drain_inbox(100, NOW)
    assert state(row) == ("ignored", "staging")
    assert not Member.objects.exists()


def test_events_about_ourselves_are_looked_into(
    ours: Installation, storefront: Storefront, monkeypatch: pytest.MonkeyPatch
):
    told: list[tuple[str, str]] = []

    class Connection:
        def review(self, realm: str, *, told_: str = "", **more: Any) -> str:
            told.append((realm, more["told"]))
            return "inactive"

    before = ports.connection
    bind(connection=Connection())  # type: ignore[arg-type]
    try:
        [row] = came(ours, event("AppStatusChanged", app={"id": "QXBwOjE="}))
        drain_inbox(100, NOW)
    finally:
        bind(connection=before)
    assert told == [(factories.REALM, "inactive")]
    assert state(row) == ("done", "inactive")
