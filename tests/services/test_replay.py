"""Received events done again: said beforehand what would change, harmless however often."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.realms import Installation
from loyalty_plugin.registry import bind, ports
from loyalty_plugin.services import replay
from loyalty_plugin.services.orders.apply import apply_orders
from tests.doors.test_admin import BASE, staff, text_of
from tests.factories import NOW, REALM, member, order, programme, realm
from tests.services.historykit import PagedShop, customer

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Iterator[PagedShop]:
    made, before = PagedShop(), ports.storefront
    bind(storefront=made)  # type: ignore[arg-type]
    yield made
    bind(storefront=before)


@pytest.fixture
def of(db: None) -> Member:
    return member(programme())


def came(body: dict[str, Any] | None, event: str = "OrderPaid", status: str = "failed") -> InboxItem:
    ours = Installation.objects.first() or Installation.objects.create(
        realm=realm(), token=b"t", installed_at=NOW, state="active"
    )
    return InboxItem.objects.create(
        installation=ours,
        sha256=bytes([InboxItem.objects.count()]) * 32,
        event=event,
        body=None if body is None else json.dumps(body).encode(),
        received_at=NOW,
        status=status,
        outcome="try_later",
        attempts=9,
    )


def look(*orders: str, **more: Any) -> list[tuple[Any, ...]]:
    changes = replay.preview(SYSTEM, realm=REALM, orders=orders, now=NOW, **more)
    return [
        (one.kind, one.differs, (one.before.points, one.before.tier), (one.after.points, one.after.tier))
        for one in changes
    ]


def test_the_preview_says_what_would_change_and_changes_nothing(of, shop):
    fact = order(of, 40_000)
    shop.has(fact)
    assert look(fact.order_id) == [
        ("member", True, (0, "basic"), (400, "premium")),
        ("order", True, (0, ""), (400, "")),
    ]
    assert not Entry.objects.exists()
    assert not OrderRecord.objects.exists()
    of.refresh_from_db()
    assert of.tier == "basic"
    apply_orders([fact], now=NOW)
    assert [row[1] for row in look(fact.order_id)] == [False, False]
    part = replace(fact, charged=10_000, refunded=30_000, updated_at=NOW + timedelta(hours=1))
    shop.has(part)
    assert look(fact.order_id)[1] == ("order", True, (400, ""), (100, ""))


def test_a_customer_who_would_join_is_told_and_an_order_the_shop_lost_is_not_touched(of, shop):
    shop.has(account := customer(5))
    [change] = replay.preview(SYSTEM, realm=REALM, customers=[account.user_id], now=NOW)
    assert (change.kind, change.before.tier, change.after.tier) == ("member", "", "basic")
    [lost] = replay.preview(SYSTEM, realm=REALM, orders=["Order:gone"], now=NOW)
    assert (lost.found, lost.differs) == (False, False)


def test_the_command_does_failed_events_again(of, shop):
    fact = order(of)
    shop.has(fact)
    row = came({"__typename": "OrderPaid", "order": {"id": fact.order_id}})
    gone = came(None)
    out = StringIO()
    call_command("loyalty_replay", str(row.pk), "--dry-run", stdout=out)
    assert f"order {fact.number}: 0 points -> 100 points" in out.getvalue()
    assert not Entry.objects.exists()
    out = StringIO()
    call_command("loyalty_replay", "--failed", stdout=out)
    assert [line.split() for line in out.getvalue().splitlines()] == [
        ["1", "done"],
        ["1", *["left", "alone:", "their", "bodies", "are", "not", "kept", "any", "more"]],
    ]
    row.refresh_from_db()
    assert (row.status, Entry.objects.count()) == ("done", 1)
    call_command("loyalty_replay", "--from", str(row.pk), "--to", str(gone.pk), stdout=out)
    assert Entry.objects.count() == 1
    with pytest.raises(CommandError, match="Say which"):
        call_command("loyalty_replay", "--failed", "3")


def test_the_page_says_what_would_change_and_does_it_again_for_those_who_may(of, shop):
    fact = order(of)
    shop.has(fact)
    row = came({"__typename": "OrderPaid", "order": {"id": fact.order_id}})
    url = f"{BASE}/operations/events/{row.pk}/"
    auditor, owner = staff("auditor"), staff("owner")
    page = text_of(auditor.get(url))
    assert "This would change" in page
    assert f"Order {fact.number}" in page
    assert "Do it again" not in page
    assert url in text_of(auditor.get(f"{BASE}/operations/"))
    auditor.post(url)
    row.refresh_from_db()
    assert row.status == "failed"
    assert "Do it again" in text_of(owner.get(url))
    owner.post(url)
    row.refresh_from_db()
    assert (row.status, row.attempts) == ("new", 0)
    assert not Entry.objects.exists()


def test_an_event_whose_body_is_gone_says_what_to_do(of, shop):
    row = came(None)
    page = text_of(staff("owner").get(f"{BASE}/operations/events/{row.pk}/"))
    assert "not kept any more" in page
    assert "Do it again" not in page
    assert replay.replay(SYSTEM, item_ids=[row.pk], now=NOW) == []
