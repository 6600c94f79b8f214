"""What a shop had before it was connected: brought in page by page, gone on after a crash, harmless twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.errors import NotFound, TryLater
from loyalty_plugin.models.jobs import JobRun
from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.models.members import Member, TierFact
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.registry import bind, ports
from loyalty_plugin.services.history import backfill, reading
from loyalty_plugin.services.orders.apply import apply_orders
from tests.factories import NOW, REALM, document, member, order, programme
from tests.services.historykit import PagedShop, customer

pytestmark = pytest.mark.django_db
BEFORE = NOW - timedelta(days=60)


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[PagedShop]:
    monkeypatch.setattr(reading, "PAUSES", (0.0,))
    made, before = PagedShop(), ports.storefront
    bind(storefront=made)  # type: ignore[arg-type]
    yield made
    bind(storefront=before)


@pytest.fixture
def of(db: None) -> Member:
    """A member of a programme that begins today and welcomes newcomers."""
    rules = document()
    hello = {"id": "hello", "rule": "welcome", "params": {"points": 50, "at": "joined"}}
    rules["earning"] = {"rules": [*rules["earning"]["rules"], hello]}
    return member(programme(rules, starts_at=NOW), now=NOW)


def run(what: backfill.What = "orders", **more: Any) -> backfill.Progress:
    return backfill.backfill(SYSTEM, realm=REALM, what=what, **more)


def past_orders(of: Member, count: int) -> list[Any]:
    return [order(of, 10_000, at=BEFORE + timedelta(days=day)) for day in range(count)]


def test_past_orders_set_tiers_and_bring_no_points(of, shop):
    shop.has(*past_orders(of, 5))
    before = Entry.objects.count()
    found = run()
    assert (found.done, found.total, dict(found.outcomes)) == (5, 5, {"past_order": 5})
    of.refresh_from_db()
    assert of.tier == "premium"
    assert Entry.objects.count() == before
    row = JobRun.objects.get(name=f"backfill_orders:{of.realm_id}")
    assert (row.status, row.done, row.total, row.result) == ("done", 5, 5, {"read": 5, "past_order": 5})


def test_it_goes_on_where_it_stopped_and_the_same_page_twice_is_harmless(of, shop):
    shop.has(*past_orders(of, 5))
    shop.trouble, shop.patience = TryLater(), 2
    with pytest.raises(TryLater):
        run()
    row = JobRun.objects.get(name=f"backfill_orders:{of.realm_id}")
    assert (row.status, row.done, row.cursor["after"]) == ("failed", 4, "4")
    shop.trouble = None
    shop.asked.clear()
    assert (run().done, shop.asked) == (5, [("orders", "4")])
    counted = TierFact.objects.count()
    assert run().done == 5  # all of it once more
    assert TierFact.objects.count() == counted


def test_a_run_that_was_killed_is_gone_on_with_and_another_span_begins_anew(of, shop):
    shop.has(*past_orders(of, 5))
    name = backfill.run_name("orders", of.realm_id or 0)
    killed = JobRun.objects.create(
        name=name, started_at=NOW, beat_at=NOW, done=2, cursor={"since": "", "after": "2", "total": 5}
    )
    assert run().done == 5
    assert shop.asked[0] == ("orders", "2")
    killed.refresh_from_db()
    assert killed.status == "done"
    assert not OrderRecord.objects.filter(order_id=min(shop.order_facts)).exists()
    JobRun.objects.create(name=name, started_at=NOW, beat_at=NOW, done=4, cursor={"since": "", "after": "4"})
    assert run(since=BEFORE + timedelta(days=3)).done == 2


def test_a_dry_run_says_what_would_be_and_stores_nothing(of, shop):
    shop.has(*past_orders(of, 3), order(of, at=NOW, currency="USD"))
    found = run(dry_run=True)
    assert dict(found.outcomes) == {"past_order": 3, "other_currency": 1}
    assert not OrderRecord.objects.exists()
    assert not JobRun.objects.exists()


def test_one_at_fault_keeps_back_no_other(of, shop):
    good, bad = past_orders(of, 2)
    shop.has(good, replace(bad, order_id="Order:\0"))
    shop.unreadable = {"Order:strange": "invalid_amount"}
    assert dict(run().outcomes) == {"past_order": 1, "failed": 1, "invalid_amount": 1}


def test_an_order_that_came_live_meanwhile_stays_as_it_is(of, shop):
    fact = past_orders(of, 1)[0]
    newer = replace(fact, charged=4_000, refunded=6_000, updated_at=NOW)
    apply_orders([newer], now=NOW)
    shop.has(fact)
    assert dict(run().outcomes) == {"stale": 1}
    assert OrderRecord.objects.get().counted == 4_000


def test_orders_since_the_programme_began_earn_as_live_ones_do(of, shop):
    shop.has(order(of, 10_000, at=NOW))
    assert dict(run().outcomes) == {"done": 1}
    assert OrderRecord.objects.get().points == 100


def test_earlier_customers_become_members_without_a_welcome_and_new_ones_with_it(of, shop):
    shop.has(customer(1, joined_at=BEFORE), customer(2, joined_at=NOW + timedelta(minutes=1)))
    assert dict(run("customers").outcomes) == {"joined": 2}
    old, new = Member.objects.filter(external_id__startswith="User:c").order_by("external_id")
    assert (old.joined_at, old.name, old.verified_at is not None) == (BEFORE, "Customer 1", True)
    assert [Entry.objects.filter(member=one).count() for one in (old, new)] == [0, 1]


def test_the_account_of_who_joined_by_a_past_order_brings_their_name_and_still_no_welcome(of, shop):
    account = customer(1, joined_at=BEFORE)
    fact = order(of, at=BEFORE, user_id=account.user_id, user_email=account.email)
    shop.has(account, fact)
    run("orders")
    assert dict(run("customers").outcomes) == {"verified": 1}
    joined = Member.objects.get(external_id=account.user_id)
    assert (joined.name, joined.verified_at is not None) == ("Customer 1", True)
    assert not Entry.objects.filter(member=joined).exists()


def test_a_saleor_we_do_not_know_is_refused(shop):
    with pytest.raises(NotFound):
        run()


def test_the_command_tells_what_was_read(of, shop):
    shop.has(*past_orders(of, 3), customer(1, joined_at=BEFORE))
    out = StringIO()
    call_command("loyalty_backfill", REALM, stdout=out)
    assert out.getvalue().splitlines() == [
        "customers: 1 read",
        "          1  joined",
        "orders: 3 read",
        "          3  past_order",
    ]
    with pytest.raises(CommandError, match="not_found"):
        call_command("loyalty_backfill", "https://nobody.example/graphql/")
    assert Realm.objects.count() == 1
