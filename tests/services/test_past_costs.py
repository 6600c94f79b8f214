"""The cost of points for past orders kept for whoever is to accept it: reckoned by a job, accepted by one or by two."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import OperationalError

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.errors import NotFound, PastCostChanged, PermissionDenied, SamePerson, TryLater
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.past import PastCost, PastCostLine, PastPoints
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.models.requests import Request
from loyalty_plugin.models.staff import RoleLimit
from loyalty_plugin.queries.staff import staff_actor
from loyalty_plugin.services import approvals
from loyalty_plugin.services.history import accepting, costing, points
from tests import factories
from tests.factories import NOW, REALM, member, programme, realm
from tests.services.historykit import PagedShop
from tests.services.test_orders_parallel import together
from tests.services.test_past_points import account as new_account
from tests.services.test_past_points import brought_in, past_orders, shop

__all__ = ["shop"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def club(shop: PagedShop) -> Iterator[Programme]:
    """Two members, who would get 150 and 70 points."""
    made = programme(starts_at=NOW)
    brought_in(shop, past_orders(member(made), 10_000, 5_000))
    brought_in(shop, past_orders(member(made), 7_000))
    return made


def account(name: str) -> Any:
    """A staff account in one role, the same each time."""
    return get_user_model().objects.filter(username=name).first() or new_account(name)


def owner() -> Actor:
    return staff_actor(account("owner"), via="admin", now=NOW)


def ready() -> PastCost:
    found = costing.begin(owner(), realm_id=realm().pk)
    costing.reckon_open()
    found.refresh_from_db()
    return found


def accept(cost: PastCost, who: Actor | None = None, total: int = 220) -> accepting.Accepted:
    return accepting.accept_cost(who or owner(), cost_id=cost.pk, total=total)


def limited(once: int = 100) -> Actor:
    who = owner()
    RoleLimit.objects.filter(operation="points.past").update(once=once)
    return who


def manager() -> Actor:
    return staff_actor(account("manager"), via="admin", now=NOW)


def test_it_is_reckoned_by_a_job_member_by_member_and_issues_nothing(club: Programme):
    cost = ready()
    assert (cost.status, cost.points, cost.members, cost.orders, cost.done) == ("ready", 220, 2, 3, 3)
    assert list(cost.lines.order_by("-points").values_list("points", "orders")) == [(150, 2), (70, 1)]
    assert not Entry.objects.exists()


def test_one_is_under_way_at_a_time_and_a_new_one_replaces_the_last(club: Programme):
    first = costing.begin(owner(), realm_id=realm().pk)
    assert costing.begin(owner(), realm_id=realm().pk).pk == first.pk
    costing.reckon_open()
    second = ready()
    assert second.pk != first.pk
    assert list(PastCost.objects.all()) == [second]
    assert PastCostLine.objects.count() == 2
    with pytest.raises(NotFound):
        costing.begin(owner(), realm_id=0)
    with pytest.raises(PermissionDenied):
        costing.begin(staff_actor(account("clerk"), via="admin", now=NOW), realm_id=realm().pk)


def test_a_reckoning_that_broke_off_goes_on(club: Programme, shop: PagedShop, monkeypatch: Any):
    monkeypatch.setattr(points, "SOME", 1)
    cost, read, calls = costing.begin(owner(), realm_id=realm().pk), shop.orders, []

    def fails(url: str, ids: Any) -> Any:
        calls.append(ids)
        if len(calls) == 2:
            raise TryLater()
        return read(url, ids)

    monkeypatch.setattr(shop, "orders", fails)
    assert costing.reckon_open() == 0
    cost.refresh_from_db()
    assert (cost.status, cost.points, cost.done) == ("running", 150, 2)
    assert costing.reckon_open() == 1
    cost.refresh_from_db()
    assert (cost.status, cost.points, cost.done, cost.lines.count()) == ("ready", 220, 3, 2)


def test_what_was_accepted_is_issued_by_a_job_and_the_trail_says_who(club: Programme):
    cost, who = ready(), owner()
    assert accept(cost, who).excess is None
    assert accept(cost, who).row.pk == accept(cost, who).row.pk  # a click more
    assert not Entry.objects.exists()
    assert accepting.issue_open() == 1
    done = PastPoints.objects.get()
    assert (done.status, done.posted) == ("done", 220)
    trail = AuditRecord.objects.get(operation="points.past")
    assert (trail.outcome, trail.actor, trail.detail["amount"]) == ("accepted", who.name, 220)
    assert ready().points == 0


def test_a_cost_that_is_not_what_is_there_any_more_is_refused(club: Programme, shop: PagedShop):
    cost = ready()
    for total in (219, 0):
        with pytest.raises(PastCostChanged):
            accept(cost, total=total)
    brought_in(shop, past_orders(member(club), 100))
    with pytest.raises(PastCostChanged):
        accept(cost)
    anew = costing.begin(owner(), realm_id=realm().pk)
    with pytest.raises(PastCostChanged):
        accept(anew, total=0)  # not reckoned yet
    with pytest.raises(NotFound):
        accept(PastCost(pk=0))
    with pytest.raises(PermissionDenied):
        accept(cost, manager())
    assert not PastPoints.objects.exists()


def test_above_the_limit_another_person_decides(club: Programme):
    who = limited()
    asked = accept(ready(), who)
    assert asked.excess is not None
    assert (asked.excess.limit, asked.row.status) == (100, "waiting")
    assert accepting.issue_open() == 0
    request = Request.objects.get()
    assert (request.operation, request.amount, request.member_id) == ("points.past", 220, None)
    with pytest.raises(SamePerson):
        approvals.approve(who, request_id=request.pk, now=NOW)
    approvals.approve(manager(), request_id=request.pk, now=NOW)
    assert accepting.issue_open() == 1
    assert PastPoints.objects.get().posted == 220
    outcomes = (
        AuditRecord.objects.filter(operation="points.past").order_by("pk").values_list("outcome", flat=True)
    )
    assert list(outcomes) == ["asked", "approved"]


def test_what_was_refused_or_not_decided_is_not_issued_and_may_be_asked_again(club: Programme):
    who, cost = limited(), ready()
    accept(cost, who)
    approvals.reject(manager(), request_id=Request.objects.get().pk, now=NOW)
    assert PastPoints.objects.get().status == "refused"
    accept(cost, who)
    approvals.close_expired(now=NOW + timedelta(days=400))
    assert list(PastPoints.objects.values_list("status", flat=True)) == ["refused", "refused"]
    assert accepting.issue_open() == 0
    assert accept(cost, who).row.status == "waiting"
    assert not Entry.objects.exists()


def test_the_command_keeps_to_the_same_limit(club: Programme):
    out = StringIO()
    name = account("owner").get_username()
    limited()
    call_command("loyalty_backfill", REALM, "--points", "--accept", "220", "--as", name, stdout=out)
    assert "waits for another person" in out.getvalue()
    assert not Entry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_accepted_at_the_same_moment_it_is_accepted_once(club: Programme):
    cost, who = ready(), owner()
    assert together([lambda: accept(cost, who)] * 6) == []
    assert PastPoints.objects.count() == 1
    assert AuditRecord.objects.filter(operation="points.past").count() == 1
    accepting.issue_open()
    assert sum(PastCostLine.objects.values_list("points", flat=True)) == PastPoints.objects.get().posted
    assert Member.objects.count() == 2


def test_what_nobody_foresaw_is_told_and_keeps_back_no_other(
    club: Programme, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    other = factories.realm("https://other.example/graphql/")
    first, second = (costing.begin(owner(), realm_id=one.pk) for one in (realm(), other))

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr(points, "reckoned", broken)
    assert costing.reckon_open() == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.status, first.error, second.status) == ("failed", "unexpected", "ready")
    assert first.finished_at is not None
    assert "a mistake of ours" in caplog.text
    # Once it is mended, it is worked out anew.
    monkeypatch.undo()
    assert ready().status == "ready"


def test_a_database_that_went_away_ends_nothing(club: Programme, monkeypatch: pytest.MonkeyPatch) -> None:
    found = costing.begin(owner(), realm_id=realm().pk)

    def away(*_: Any) -> Any:
        raise OperationalError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(points, "reckoned", away)
        assert costing.reckon_open() == 0
    found.refresh_from_db()
    assert found.status == "running"
    assert costing.reckon_open() == 1
