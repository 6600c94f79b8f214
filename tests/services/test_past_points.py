"""Points for past orders: what they cost is reckoned by the real path, and posted once somebody accepts just that."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import connection

from loyalty_plugin.domain.actors import SYSTEM, Actor
from loyalty_plugin.errors import PastCostChanged, PermissionDenied, TryLater
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.models.members import Member, TierFact
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.past import PastPoints
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.queries.staff import staff_actor
from loyalty_plugin.registry import bind, ports
from loyalty_plugin.services.history import accepting, points
from loyalty_plugin.services.orders import steps
from loyalty_plugin.services.orders.apply import apply_orders
from tests.doors.test_admin import staff
from tests.factories import NOW, REALM, document, line, member, order, programme
from tests.services.historykit import PagedShop

pytestmark = pytest.mark.django_db
BEFORE = NOW - timedelta(days=100)


class FixedClock:
    def now(self) -> Any:
        return NOW


@pytest.fixture
def shop() -> Iterator[PagedShop]:
    made, before, clock = PagedShop(size=100), ports.storefront, ports.clock
    bind(storefront=made, clock=FixedClock())  # type: ignore[arg-type]
    yield made
    bind(storefront=before, clock=clock)


def past_orders(of: Member, *totals: int, **more: Any) -> list[Any]:
    lines = [[line(gross, product=f"Product:{gross}")] for gross in totals]
    return [
        order(of, at=BEFORE + timedelta(days=3 * day), lines=one, **more) for day, one in enumerate(lines)
    ]


def brought_in(shop: PagedShop, facts: list[Any]) -> None:
    shop.has(*facts)
    apply_orders(facts, now=NOW)


def booked(of: Member) -> list[tuple[Any, ...]]:
    """What the ledger gave for each of the member's orders, oldest first: unit, last day of the lot, net amount."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT dense_rank() OVER (ORDER BY o.paid_at, o.first_paid), p.unit, l.expires_at,"
            "       sum(CASE WHEN p.source = 'issuance' THEN p.amount ELSE -p.amount END)"
            "  FROM loyalty_plugin_posting p JOIN loyalty_plugin_entry e ON e.id = p.entry_id"
            "  JOIN loyalty_plugin_orderrecord o ON o.order_id = split_part(e.order_ref, '|', 2)"
            "  LEFT JOIN loyalty_plugin_lot l ON l.id = coalesce(p.destination_lot_id, p.source_lot_id)"
            " WHERE p.member_id = %s AND 'issuance' IN (p.source, p.destination)"
            " GROUP BY o.paid_at, o.first_paid, p.unit, l.expires_at ORDER BY 1, 2, 3",
            [of.pk],
        )
        return list(cursor.fetchall())


def account(name: str) -> Any:
    """A staff account in one role."""
    staff(name)
    return get_user_model().objects.get(username=name)


def owner() -> Actor:
    return staff_actor(account("owner"), via="command", now=NOW)


def test_reckoning_stores_nothing_and_tells_what_each_member_would_get(shop):
    club = programme(starts_at=NOW)
    first, second = member(club), member(club)
    brought_in(shop, [*past_orders(first, 10_000, 5_000), *past_orders(second, 7_000)])
    told: list[points.OfMember] = []
    cost = points.reckon(SYSTEM, realm=REALM, tell=lambda _cost, some: told.extend(some))
    assert (cost.points, cost.orders, cost.members, cost.over, cost.done) == (220, 3, 2, 0, 3)
    assert {one.member_id: (one.orders, one.points) for one in told} == {
        first.pk: (2, 150),
        second.pk: (1, 70),
    }
    assert not Entry.objects.exists()
    assert set(OrderRecord.objects.values_list("outcome", "past")) == {(steps.PAST_ORDER, True)}


def test_accepted_points_equal_those_of_the_same_orders_played_live(shop):
    """Tiers, bands, welcome and products look at other orders: each is decided as of its day, as it would have been."""
    rules = document()
    rules["earning"]["rules"] = [
        {"id": "base", "rule": "amount", "params": {"points": 1, "per": "1.00"}},
        {"id": "hello", "rule": "welcome", "params": {"points": 50, "at": "first_order"}},
    ]
    totals = (10_000, 25_000, 12_345, 80_000, 9_900, 6_000)
    live = member(programme(rules, starts_at=BEFORE - timedelta(days=1)), now=BEFORE)
    facts = past_orders(live, *totals)
    for fact in facts:
        apply_orders([fact], now=fact.updated_at)
    apply_orders([replace(facts[2], charged=2_345, refunded=10_000, updated_at=NOW)], now=NOW)

    Realm.objects.update(connected_at=NOW)
    late = member(live.programme, now=BEFORE)
    facts = past_orders(late, *totals)
    brought_in(shop, facts)
    shop.has(replace(facts[2], charged=2_345, refunded=10_000, updated_at=NOW))  # not heard of yet
    cost = points.reckon(SYSTEM, realm=REALM)
    accepted = accepting.accept(owner(), realm=REALM, total=cost.points)
    assert (accepted.status, accepted.posted) == ("done", cost.points)

    columns = ("points", "qualifying", "counted", "outcome", "past")
    kept = [
        list(OrderRecord.objects.filter(member=of).order_by("paid_at").values_list(*columns))
        for of in (live, late)
    ]
    assert kept[0] == kept[1]
    assert kept[0][0][0] == 100 + 50  # the first order's welcome
    assert [row[0] for row in kept[0]][3:] == [1_600, 297, 180]  # premium by then, VIP after the fourth
    assert booked(live) == booked(late)
    counted = [
        sorted(TierFact.objects.filter(member=of).values_list("day", "metric", "amount"))
        for of in (live, late)
    ]
    assert counted[0] == counted[1]


def test_another_total_than_the_one_shown_is_refused(shop):
    of = member(programme(starts_at=NOW))
    brought_in(shop, past_orders(of, 10_000))
    with pytest.raises(PastCostChanged) as caught:
        accepting.accept(owner(), realm=REALM, total=99)
    assert caught.value.details == {"accepted": 99, "total": 100}
    assert not PastPoints.objects.exists()


def test_only_who_may_publish_terms_accepts_and_the_trail_says_who_and_what(shop):
    of = member(programme(starts_at=NOW))
    brought_in(shop, past_orders(of, 10_000))
    with pytest.raises(PermissionDenied):
        accepting.accept(staff_actor(account("manager"), via="command", now=NOW), realm=REALM, total=100)
    who = owner()
    accepting.accept(who, realm=REALM, total=100)
    row = AuditRecord.objects.get(operation="points.past")
    assert (row.actor, row.outcome, row.detail["amount"]) == (who.name, "accepted", 100)
    entry = Entry.objects.get(kind="earn")
    assert entry.batch == f"past:{PastPoints.objects.get().pk}"


def test_a_run_that_broke_off_goes_on_and_posts_nothing_twice(shop, monkeypatch):
    monkeypatch.setattr(points, "SOME", 1)
    club = programme(starts_at=NOW)
    for _ in range(3):
        brought_in(shop, past_orders(member(club), 10_000))
    who, calls = owner(), []
    read = shop.orders

    def fails(realm: str, ids: Any) -> Any:
        calls.append(ids)
        if len(calls) == 5:  # three to reckon, one posted
            raise TryLater()
        return read(realm, ids)

    monkeypatch.setattr(shop, "orders", fails)
    with pytest.raises(TryLater):
        accepting.accept(who, realm=REALM, total=300)
    assert (PastPoints.objects.get().posted, Entry.objects.count()) == (100, 1)
    with pytest.raises(PastCostChanged):
        accepting.accept(who, realm=REALM, total=200)
    assert accepting.accept(who, realm=REALM, total=300).posted == 300
    assert PastPoints.objects.count() == 1
    assert points.reckon(SYSTEM, realm=REALM).points == 0


def test_never_more_is_posted_than_was_accepted(shop, monkeypatch):
    of = member(programme(starts_at=NOW))
    brought_in(shop, past_orders(of, 10_000))
    monkeypatch.setattr(points, "reckon", lambda *_a, **_k: points.Cost(members=1, orders=1, points=60))
    with pytest.raises(PastCostChanged):
        accepting.accept(owner(), realm=REALM, total=60)
    assert not Entry.objects.exists()
    assert PastPoints.objects.get().status == "stopped"


def test_refunds_after_the_credit_take_back_their_share(shop):
    of = member(programme(starts_at=NOW))
    [fact] = past_orders(of, 10_000)
    brought_in(shop, [fact])
    accepting.accept(owner(), realm=REALM, total=100)
    part = replace(fact, charged=2_500, refunded=7_500, updated_at=NOW + timedelta(days=1))
    [applied] = apply_orders([part], now=NOW + timedelta(days=1))
    assert (applied.outcome, applied.points) == ("", 25)


def test_points_past_their_last_day_and_orders_above_the_maximum_are_told_apart(shop):
    club = programme(document(expiry={"kind": "after", "months": 1}), starts_at=NOW, max_award=150)
    of = member(club)
    brought_in(shop, [*past_orders(of, 10_000, 20_000), order(of, 5_000, at=NOW - timedelta(days=2))])
    cost = points.reckon(SYSTEM, realm=REALM)
    assert (cost.points, cost.over, cost.waiting) == (100 + 100, 100, 1)  # premium by then


def test_the_command_shows_the_cost_and_posts_what_was_accepted(shop, tmp_path: Path):
    of = member(programme(starts_at=NOW))
    brought_in(shop, past_orders(of, 10_000))
    out, table = StringIO(), tmp_path / "members.csv"
    call_command(
        "loyalty_backfill",
        REALM,
        "--points",
        "--dry-run",
        "--point-value",
        "0.01",
        "--csv",
        str(table),
        stdout=out,
    )
    assert "100 for 1 orders of 1 members" in out.getvalue()
    assert "1.00 EUR" in out.getvalue()
    assert list(csv.reader(table.read_text().splitlines()))[1] == [of.number, "1", "100", "0", "0"]
    with pytest.raises(CommandError, match="no active staff account"):
        call_command("loyalty_backfill", REALM, "--points", "--accept", "100")
    name = account("owner").get_username()
    with pytest.raises(CommandError, match="past_cost_changed"):
        call_command("loyalty_backfill", REALM, "--points", "--accept", "90", "--as", name)
    call_command("loyalty_backfill", REALM, "--points", "--accept", "100", "--as", name, stdout=out)
    assert "100 points were posted" in out.getvalue()
