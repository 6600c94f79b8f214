"""A Saleor compared with our books: what was missed or changed is healed by the ordinary path, the rest is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind
from loyalty_plugin.errors import NotFound, PermissionDenied, TryLater
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.jobs import JobRun
from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.realms import Gap, Installation, Realm
from loyalty_plugin.models.reconciling import Reconciliation
from loyalty_plugin.registry import bind, ports
from loyalty_plugin.services import realms
from loyalty_plugin.services.history import reading, rounds
from loyalty_plugin.services.history.reconcile import ask, due, reconcile, reconcile_due, run_name
from loyalty_plugin.services.orders.apply import apply_orders
from tests.factories import NOW, REALM, member, order, programme, realm
from tests.services.historykit import PagedShop, customer

pytestmark = pytest.mark.django_db


class Clock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> Any:
        return self.at


@pytest.fixture
def clock() -> Iterator[Clock]:
    made, before = Clock(), ports.clock
    bind(clock=made)
    yield made
    bind(clock=before)


@pytest.fixture
def shop(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[PagedShop]:
    monkeypatch.setattr(reading, "PAUSES", ())
    made, before = PagedShop(), ports.storefront
    bind(storefront=made)  # type: ignore[arg-type]
    yield made
    bind(storefront=before)


@pytest.fixture
def of(db: None, shop: PagedShop) -> Member:
    """A member whose account the shop has."""
    made = member(programme())
    shop.has(customer(0, user_id=made.external_id, email=made.email, name=made.name, language=made.language))
    Installation.objects.create(realm=realm(), token=b"t", installed_at=NOW, state="active")
    return made


def run(**more: Any) -> Reconciliation:
    return reconcile(SYSTEM, realm=REALM, **more)


def counts(report: Reconciliation) -> tuple[int, int, int]:
    return report.equal, report.healed, report.differing


def whys(report: Reconciliation) -> dict[str, tuple[bool, str]]:
    return {one.target: (one.healed, one.why) for one in report.differences.all()}


def test_what_was_missed_and_what_changed_is_healed_and_what_is_equal_is_left_alone(of, shop, clock):
    same, changed, missed = (order(of, at=NOW - timedelta(hours=n)) for n in (3, 2, 1))
    apply_orders([same, changed], now=NOW)
    changed = replace(changed, charged=4_000, refunded=6_000, updated_at=NOW - timedelta(minutes=5))
    shop.has(same, changed, missed)
    report = run(since=NOW - timedelta(days=1))
    assert whys(report) == {changed.order_id: (True, "changed"), missed.order_id: (True, "missed")}
    detail = report.differences.get(why="changed").detail
    assert detail == {"charged": [10_000, 4_000], "refunded": [0, 6_000], "in": "EUR"}
    assert [OrderRecord.objects.get(order_id=one.order_id).points for one in (changed, missed)] == [40, 100]
    assert report.status == "done"
    # Each is seen twice: as one that changed, and in the pass over all of them.
    assert counts(report) == (1 + 3 + 2, 2, 0)
    entries = Entry.objects.count()
    again = run()
    assert (again.healed, again.differing, Entry.objects.count()) == (0, 0, entries)


def test_an_order_whose_points_were_refused_is_tried_again_and_told_while_it_lasts(of, shop):
    fact = order(of, at=NOW)
    shop.has(fact)
    apply_orders([fact], now=NOW)
    OrderRecord.objects.update(outcome="insufficient")
    assert whys(run()) == {fact.order_id: (True, "insufficient")}
    shop.has(strange := order(of, at=NOW, number="9" * 40))  # longer than any number of Saleor's
    for _ in range(2):
        assert whys(run()) == {strange.order_id: (False, "failed")}


def test_what_was_passed_over_as_staging_is_booked_once_the_saleor_is_live(of, shop):
    fact = order(of, at=NOW)
    shop.has(fact)
    Realm.objects.update(live=False)
    apply_orders([fact], now=NOW)
    assert OrderRecord.objects.get().outcome == "staging_realm"
    Realm.objects.update(live=True)
    assert whys(run()) == {fact.order_id: (True, "staging_realm")}
    assert OrderRecord.objects.get().points == 100


def test_a_row_newer_than_what_the_shop_has_is_told_and_not_touched(of, shop):
    fact = order(of, at=NOW - timedelta(hours=2))
    apply_orders([replace(fact, charged=4_000, refunded=6_000, updated_at=NOW - timedelta(hours=1))], now=NOW)
    shop.has(fact)
    assert set(whys(run()).values()) == {(False, "ours_newer")}
    assert OrderRecord.objects.get().points == 40


def test_a_customer_who_is_gone_leaves_and_one_we_missed_joins(of, shop):
    gone = member(of.programme)
    shop.has(customer(7, joined_at=NOW, updated_at=NOW))
    report = run()
    assert whys(report) == {gone.external_id: (True, "gone"), "User:c7": (True, "joined")}
    gone.refresh_from_db()
    assert gone.status == Member.Status.FROZEN
    of.refresh_from_db()
    assert of.status == Member.Status.ACTIVE


def test_a_customer_whose_account_cannot_be_read_is_told_and_the_others_are_kept(of, shop, monkeypatch):
    shop.has(customer(7, joined_at=NOW, updated_at=NOW))
    page = shop.customers_page
    monkeypatch.setattr(
        shop, "customers_page", lambda *asked: replace(page(*asked), unreadable={"User:odd": "unreadable"})
    )
    report = run()
    assert whys(report) == {"User:odd": (False, "unreadable"), "User:c7": (True, "joined")}
    assert report.differing == 1


def test_lost_events_are_taken_in_once_before_saleor_forgets_them(of, shop):
    body = json.dumps({"__typename": "CustomerDeleted", "user": {"id": "User:x"}}).encode()
    shop.failed = [("CustomerDeleted", body)]
    assert run().events == 1
    assert run().events == 0
    row = InboxItem.objects.get()
    assert (row.event, bytes(row.body or b""), row.status) == ("CustomerDeleted", body, "new")


def test_a_gap_is_looked_into_from_where_it_began_and_closed(of, shop, clock):
    run()
    clock.at = NOW + timedelta(days=3)
    realms.note_gap(realm().pk, Gap.INACTIVE, since=NOW - timedelta(days=9))
    report = run()
    assert report.since == NOW - timedelta(days=9, hours=1)
    row = Realm.objects.get()
    assert (row.gap_since, row.reconciled_at) == (None, clock.at)


def test_it_looks_at_what_changed_since_the_last_time_and_goes_on_through_all_the_rest(
    of, shop, clock, monkeypatch
):
    monkeypatch.setattr(rounds, "ORDERS_A_NIGHT", 2)
    facts = [order(of, at=NOW - timedelta(days=30 - n)) for n in range(5)]
    shop.has(*facts)
    seen = []
    for day in range(4):
        clock.at = NOW + timedelta(days=day)
        report = run(since=NOW + timedelta(days=day))
        seen.append(sorted(one.order_id for one in facts if one.order_id in whys(report)))
    ids = [one.order_id for one in facts]
    assert seen == [sorted(ids[:2]), sorted(ids[2:4]), ids[4:], []]
    assert run().since == NOW + timedelta(days=3, hours=-1)


def test_a_failed_run_is_told_and_a_killed_one_goes_on(of, shop):
    shop.has(*(order(of, at=NOW - timedelta(days=n)) for n in range(5)))
    shop.trouble, shop.patience = TryLater(), 1
    with pytest.raises(TryLater):
        run()
    failed = Reconciliation.objects.get()
    assert (failed.status, failed.error, failed.healed) == ("failed", "try_later", 2)
    assert Realm.objects.get().reconciled_at is None
    shop.trouble = None
    assert counts(run())[1] == 3


def test_each_saleor_is_due_once_a_day_and_within_the_hour_where_events_may_be_missing(of, shop, clock):
    assert due(now=NOW) == [REALM]
    assert reconcile_due(now=NOW) == 1
    assert due(now=NOW + timedelta(hours=22)) == []
    assert due(now=NOW + timedelta(hours=23)) == [REALM]
    realms.note_gap(realm().pk, Gap.FAILED, since=NOW)
    assert due(now=NOW + timedelta(minutes=59)) == []
    assert due(now=NOW + timedelta(hours=1)) == [REALM]
    Realm.objects.update(live=False)
    assert due(now=NOW + timedelta(days=9)) == []


def test_a_comparison_asked_for_is_due_at_once_and_asked_for_once(of, shop, clock):
    run()
    assert due(now=NOW) == []
    pk = realm().pk
    assert ask(SYSTEM, realm_id=pk, now=NOW)
    assert not ask(SYSTEM, realm_id=pk, now=NOW)
    assert due(now=NOW) == [REALM]
    assert reconcile_due(now=NOW) == 1
    assert (due(now=NOW), Reconciliation.objects.count()) == ([], 2)
    assert AuditRecord.objects.filter(operation="realm.compare").count() == 1
    with pytest.raises(NotFound):
        ask(SYSTEM, realm_id=0, now=NOW)
    with pytest.raises(PermissionDenied):
        ask(Actor(ActorKind.STAFF, "user:1", frozenset({"view_operations"})), realm_id=pk, now=NOW)
    Realm.objects.update(live=False)
    with pytest.raises(NotFound):
        ask(SYSTEM, realm_id=pk, now=NOW)


def test_one_under_way_is_not_begun_again_but_a_killed_one_is(of, shop, clock):
    JobRun.objects.create(name=run_name(realm().pk), started_at=NOW, beat_at=NOW)
    assert not ask(SYSTEM, realm_id=realm().pk, now=NOW + timedelta(minutes=14))
    assert ask(SYSTEM, realm_id=realm().pk, now=NOW + timedelta(minutes=15))


def test_a_saleor_we_do_not_know_is_refused(shop):
    with pytest.raises(NotFound):
        run()


def test_the_command_tells_and_exits_with_1_while_something_differs(of, shop):
    fact = order(of, at=NOW)
    shop.has(fact)
    out = StringIO()
    call_command("loyalty_reconcile", stdout=out)
    assert "1 healed, 0 differing" in out.getvalue()
    shop.has(replace(fact, updated_at=NOW - timedelta(days=1)))
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("loyalty_reconcile", REALM, "--full", "--json", stdout=out)
    [report] = json.loads(out.getvalue())
    assert {one["why"] for one in report["differences"]} == {"ours_newer"}
