"""An order that earned and was purged at Saleor: the nightly comparison says so, and nothing is taken back by itself."""

from __future__ import annotations

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.reconciling import GoneOrder, Reconciliation
from loyalty_plugin.services.history.reconcile import reconcile
from sandbox.saleor.values import key_of
from tests.saleor.test_thread import allow_unpaid, points, thread
from tests.saleor.threadkit import API, Thread, bare

__all__ = ["bare", "thread"]


def differing(report: Reconciliation) -> list[tuple[str, str, bool]]:
    return list(report.differences.filter(healed=False).values_list("number", "why", "healed"))


def test_a_purged_order_is_told_once_and_a_draft_that_never_earned_not_at_all(thread: Thread):
    email, _ = thread.shop.customer()
    thread.settle()
    allow_unpaid(thread)
    lines = [{"sku": "S-250", "quantity": 2}]
    purged, kept = (thread.shop.placed(customer=email, lines=lines) for _ in range(2))
    unpaid = thread.shop.placed(customer=email, lines=lines, paid=False)
    thread.settle()
    assert points() == (140, 0)
    with thread.shop.standin.store.write() as tx:
        for one in (purged, unpaid):
            tx.delete("order", key_of(one["id"], "Order"))
    number = OrderRecord.objects.get(order_id=purged["id"]).number
    assert differing(reconcile(SYSTEM, realm=API)) == [(number, "gone", False)]
    assert differing(reconcile(SYSTEM, realm=API, full=True)) == []
    assert points() == (140, 0)
    assert GoneOrder.objects.get().order_id == purged["id"] != kept["id"]
