"""Orders that Saleor has no more: told once, taken back by nobody but a person, and forgotten when they are back."""

from __future__ import annotations

from typing import Any

import pytest

from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind
from loyalty_plugin.errors import NotFound, PermissionDenied
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.reconciling import GoneOrder
from loyalty_plugin.queries.realms import standings
from loyalty_plugin.services.history import rounds
from loyalty_plugin.services.history.vanished import settle
from loyalty_plugin.services.orders.apply import apply_orders
from tests.doors.test_admin import BASE, staff, text_of
from tests.factories import NOW, REALM, order
from tests.services.historykit import PagedShop
from tests.services.test_reconcile import clock, counts, of, run, shop, whys

__all__ = ["clock", "of", "shop"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def gone(of: Member, shop: PagedShop) -> Any:
    """An order that earned and is gone; another is still there, and a third one never earned."""
    lost, there, draft = order(of, number="17"), order(of), order(of, status="DRAFT")
    shop.has(lost, there)
    apply_orders([lost, there, draft], now=NOW)
    run()
    del shop.order_facts[lost.order_id]
    return lost


def test_it_is_told_once_and_nothing_is_taken_back(of: Member, gone: Any):
    entries = Entry.objects.count()
    report = run()
    assert whys(report) == {gone.order_id: (False, "gone")}
    assert report.differences.get().number == "17"
    assert counts(run(full=True))[1:] == (0, 0)
    assert (Entry.objects.count(), OrderRecord.objects.get(number="17").points) == (entries, 100)
    assert GoneOrder.objects.get().member_id == of.pk


def test_it_is_found_however_many_orders_there_are(of: Member, shop: PagedShop, gone: Any, monkeypatch: Any):
    monkeypatch.setattr(rounds, "PAGE", 1)
    monkeypatch.setattr(rounds, "ORDERS_A_NIGHT", 1)
    more = [order(of) for _ in range(3)]
    shop.has(*more)
    apply_orders(more, now=NOW)
    found = [set(whys(run())) for _ in range(6)]
    assert sum(gone.order_id in some for some in found) == 1
    assert GoneOrder.objects.count() == 1


def test_one_that_is_back_is_no_finding_any_more(of: Member, shop: PagedShop, gone: Any):
    run()
    shop.has(gone)
    run(full=True)
    assert not GoneOrder.objects.exists()


def test_the_doctor_tells_of_it_until_a_person_has_settled_it(of: Member, gone: Any, settings: Any):
    settings.LOYALTY = {**settings.LOYALTY, "SALEOR_API_URLS": (REALM,)}

    def told() -> list[Any]:
        [standing] = standings(SYSTEM, now=NOW)
        return [one.facts["count"] for one in standing.troubles if one.code == "orders_gone"]

    run()
    assert told() == [1]
    run()
    assert told() == [1]
    row = GoneOrder.objects.get()
    with pytest.raises(PermissionDenied):
        settle(Actor(ActorKind.STAFF, "user:1", frozenset({"view_operations"})), gone_id=row.pk, now=NOW)
    with pytest.raises(NotFound):
        settle(SYSTEM, gone_id=0, now=NOW)
    for _ in range(2):
        settle(SYSTEM, gone_id=row.pk, now=NOW)
    assert told() == []
    assert whys(run(full=True)) == {}
    assert AuditRecord.objects.get(operation="order.gone").detail == {"order": "17"}


def test_the_page_names_member_and_points_and_says_what_to_do(of: Member, gone: Any):
    page = f"{BASE}/operations/gone/"
    manager = staff("manager")
    assert "Every order that brought something is still there" in text_of(manager.get(page))
    run()
    told = text_of(manager.get(page))
    assert "17" in told
    assert f"/members/{of.pk}/" in told
    assert "1 order waits for a decision" in text_of(manager.get(f"{BASE}/operations/"))
    auditor = staff("auditor")
    assert "Settled" not in text_of(auditor.get(page))
    auditor.post(page, {"gone": GoneOrder.objects.get().pk})
    manager.post(page, {"gone": "x"})
    assert GoneOrder.objects.get().settled_at is None
    done = manager.post(page, {"gone": GoneOrder.objects.get().pk}, follow=True)
    assert "Noted as settled." in text_of(done)
    assert OrderRecord.objects.get(number="17").points == 100
    assert GoneOrder.objects.get().settled_by is not None
