"""Outgoing prices: written where they differ, read back, never twice, never by two at once, given up with a reason."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from loyalty_plugin.domain.facts import CheckoutFact, CheckoutLineFact
from loyalty_plugin.errors import LeaseTaken, SaleorError, SaleorUnreachable
from loyalty_plugin.models.outbox import Lease, OutboxItem
from loyalty_plugin.registry import ports
from loyalty_plugin.saleor import executors
from loyalty_plugin.saleor.executors import deliver_outbox
from loyalty_plugin.services import leases
from tests.factories import NOW, realm
from tests.saleor.roomkit import API
from tests.scale import PATIENCE

pytestmark = pytest.mark.django_db


class Storefront:
    """One checkout whose lines cost what was set last: half of it for `sale`, 5.00 less for `fixed`.

    For `over` the shop window still shows a promotion of 50 % that no checkout has any more.
    """

    def __init__(self) -> None:
        line = CheckoutLineFact("plain", "v", "p", 1, 1000, 1000, 1000)
        self.lines = {
            "plain": line,
            "sale": replace(line, line_id="sale", promotion_price=500, unit_price=500),
            "fixed": replace(line, line_id="fixed", promotion_price=500, unit_price=500),
            "over": replace(line, line_id="over", promotion_price=500),
        }
        self.writes: list[list[Any]] = []
        self.trouble: Exception | None = None
        self.gone = False

    def checkout(self, realm: str, checkout_id: str) -> CheckoutFact | None:
        if self.trouble:
            raise self.trouble
        lines = tuple(self.lines.values())
        return None if self.gone else CheckoutFact(realm, checkout_id, "c", "USD", "", "", 2000, lines)

    def set_line_prices(self, realm: str, checkout_id: str, prices: Any, *, currency: str) -> CheckoutFact:
        self.writes.append(list(prices))
        for line_id, price, reason in prices:
            unit = 1000 if price is None else price
            unit = {"sale": unit // 2, "fixed": unit - 500}.get(line_id, unit)
            self.lines[line_id] = replace(self.lines[line_id], unit_price=unit, override_reason=reason)
        found = self.checkout(realm, checkout_id)
        assert found is not None
        return found


@pytest.fixture
def storefront(monkeypatch: pytest.MonkeyPatch) -> Storefront:
    made = Storefront()
    monkeypatch.setattr(executors, "SaleorStorefront", lambda: made)
    return made


def item(lines: dict[str, Any] | None = None, **more: Any) -> OutboxItem:
    wanted = lines or {"plain": {"price": 800, "reason": "loyalty:1", "unit_price": 800}}
    return OutboxItem.objects.create(
        **{
            "kind": "checkout_prices",
            "realm": realm(API),
            "target": f"{API}|x",
            "desired": {"checkout": "x", "lines": wanted},
            "next_attempt_at": NOW,
            "created_at": NOW,
            **more,
        }
    )


def test_the_difference_is_written_and_read_back(storefront: Storefront):
    row = item()
    assert deliver_outbox(10, NOW) == {"done": 1}
    row.refresh_from_db()
    assert storefront.writes == [[("plain", 800, "loyalty:1")]]
    assert (row.status, row.error, row.detail) == ("done", "", '{"unit_prices": {"plain": 800}}')


def test_an_echo_finds_no_difference_and_writes_nothing(storefront: Storefront):
    item()
    deliver_outbox(10, NOW)
    item()
    assert deliver_outbox(10, NOW) == {"done": 1}
    assert len(storefront.writes) == 1


def test_an_override_is_cleared_where_none_is_wanted(storefront: Storefront):
    item()
    deliver_outbox(10, NOW)
    item(
        {"plain": {"price": None, "reason": "", "unit_price": 1000}, "not there": {"price": 1, "reason": "r"}}
    )
    assert deliver_outbox(10, NOW) == {"done": 1}
    assert storefront.writes[-1] == [("plain", None, "")]
    item({"plain": {"price": None, "reason": ""}})
    deliver_outbox(10, NOW)
    assert len(storefront.writes) == 2


def test_another_price_than_promised_is_noted(storefront: Storefront):
    row = item({"sale": {"price": 800, "reason": "loyalty:2", "unit_price": 800}})
    assert deliver_outbox(10, NOW) == {"done": 1}
    row.refresh_from_db()
    # Corrected once, by what was missing; half of that is gone again.
    assert storefront.writes == [[("sale", 800, "loyalty:2")], [("sale", 1200, "loyalty:2")]]
    assert (row.error, row.detail) == (executors.DIFFERS, '{"unit_prices": {"sale": 600}}')


@pytest.mark.parametrize(("line_id", "better"), [("fixed", 900), ("over", 400)])
def test_what_is_charged_otherwise_than_promised_is_corrected(
    storefront: Storefront, line_id: str, better: int
):
    """Both lines look like 50 % off, so 8.00 are sent to arrive at 4.00."""
    row = item({line_id: {"price": 800, "reason": "loyalty:2", "unit_price": 400}})
    assert deliver_outbox(10, NOW) == {"done": 1}
    row.refresh_from_db()
    assert storefront.writes[-1] == [(line_id, better, "loyalty:2")]
    assert (row.error, row.detail) == ("", f'{{"unit_prices": {{"{line_id}": 400}}}}')
    # What is right is not touched again.
    item({line_id: {"price": 800, "reason": "loyalty:2", "unit_price": 400}})
    deliver_outbox(10, NOW)
    assert len(storefront.writes) == 2


def test_a_later_wish_makes_an_earlier_one_obsolete(storefront: Storefront):
    first = item()
    item({"plain": {"price": 700, "reason": "loyalty:3"}})
    assert deliver_outbox(10, NOW) == {"obsolete": 1, "done": 1}
    first.refresh_from_db()
    assert first.status == "obsolete"
    assert storefront.writes == [[("plain", 700, "loyalty:3")]]


def test_a_checkout_that_is_gone_needs_nothing(storefront: Storefront):
    storefront.gone = True
    item()
    assert deliver_outbox(10, NOW) == {"obsolete": 1}


def test_an_outage_is_sat_out(storefront: Storefront, settings):
    settings.LOYALTY = {**settings.LOYALTY, "MAX_ATTEMPTS": 2}
    storefront.trouble = SaleorUnreachable()
    row = item()
    for _ in range(5):
        assert deliver_outbox(10, NOW) == {"waiting": 1}
        OutboxItem.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    storefront.trouble = None
    assert deliver_outbox(10, NOW) == {"done": 1}
    row.refresh_from_db()
    assert row.status == "done"


@pytest.mark.parametrize("trouble", [SaleorError(errors=[]), RuntimeError("a bug")])
def test_poison_stops_with_a_reason(trouble: Exception, storefront: Storefront, settings):
    settings.LOYALTY = {**settings.LOYALTY, "MAX_ATTEMPTS": 3}
    storefront.trouble = trouble
    row = item()
    counts = []
    for _ in range(4):
        counts.append(dict(deliver_outbox(10, NOW)))
        OutboxItem.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))
    assert counts == [{"waiting": 1}, {"waiting": 1}, {"failed": 1}, {}]
    row.refresh_from_db()
    assert row.error in ("saleor_error", "unexpected")


def test_a_saleor_that_is_away_is_asked_once_a_run(storefront: Storefront):
    storefront.trouble = SaleorUnreachable()
    for number in range(5):
        item(target=f"{API}|{number}")
    other = item(target="elsewhere", realm=realm("https://other.test/graphql/"))
    assert deliver_outbox(10, NOW) == {"waiting": 2}
    other.refresh_from_db()
    assert other.attempts == 1
    assert OutboxItem.objects.filter(attempts=0).count() == 4


def test_a_row_is_not_tried_before_its_time(storefront: Storefront):
    item(next_attempt_at=timezone.now() + timedelta(hours=1))
    assert deliver_outbox(10, NOW) == {}
    assert deliver_outbox(10, timezone.now() + timedelta(hours=2)) == {"done": 1}


def test_other_kinds_are_left_to_others(storefront: Storefront):
    item(kind="message")
    assert deliver_outbox(10, NOW) == {}


def test_rows_are_delivered_at_once_when_asked(storefront: Storefront):
    mine, other = item(), item(target="elsewhere")
    assert ports.delivery.deliver([mine.pk], now=NOW) == {"done": 1}
    other.refresh_from_db()
    assert other.status == "waiting"


def while_asked(
    storefront: Storefront, monkeypatch: pytest.MonkeyPatch, work: Callable[[], Any], asked: OutboxItem
) -> tuple[Any, Any]:
    """What asking for a row tells while a worker, in the midst of its look at the checkout, goes on; what the work tells."""
    taken, go_on = threading.Event(), threading.Event()
    look = storefront.checkout

    def slowly(realm: str, checkout_id: str) -> CheckoutFact | None:
        taken.set()
        assert go_on.wait(PATIENCE)
        return look(realm, checkout_id)

    monkeypatch.setattr(storefront, "checkout", slowly)
    monkeypatch.setattr(executors, "_PATIENCE", float(PATIENCE))

    def worked() -> Any:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        worker = pool.submit(worked)
        assert taken.wait(PATIENCE)
        threading.Timer(0.2, go_on.set).start()
        return ports.delivery.deliver([asked.pk], now=NOW), worker.result()


def test_who_asks_waits_where_a_worker_was_quicker(
    fresh_db: None, storefront: Storefront, monkeypatch: pytest.MonkeyPatch
):
    row = item()
    assert while_asked(storefront, monkeypatch, lambda: deliver_outbox(10, NOW), row) == (
        {"done": 1},
        {"done": 1},
    )
    assert len(storefront.writes) == 1


def test_who_asks_waits_for_the_wish_that_replaced_theirs(
    fresh_db: None, storefront: Storefront, monkeypatch: pytest.MonkeyPatch
):
    """A worker and the shop wish the same for one checkout at once: the shop hears of it once it is so."""
    mine, theirs = item(), item({"plain": {"price": 700, "reason": "loyalty:3"}})
    assert while_asked(
        storefront, monkeypatch, lambda: ports.delivery.deliver([theirs.pk], now=NOW), mine
    ) == ({"done": 1}, {"done": 1})
    assert storefront.writes == [[("plain", 700, "loyalty:3")]]


def test_who_asks_carries_the_wish_that_replaced_theirs(storefront: Storefront):
    mine, theirs = item(), item({"plain": {"price": 700, "reason": "loyalty:3"}})
    assert ports.delivery.deliver([mine.pk], now=NOW) == {"done": 1}
    theirs.refresh_from_db()
    assert theirs.status == "done"


def test_who_asks_does_not_wait_for_ever(storefront: Storefront, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(executors, "_PATIENCE", 0.1)
    row = item(attempts=1, next_attempt_at=timezone.now() + timedelta(hours=1))
    assert ports.delivery.deliver([row.pk], now=NOW) == {"waiting": 1}


def test_a_taken_target_is_put_off(storefront: Storefront):
    item()
    with leases.lease(f"{API}|x"):
        assert deliver_outbox(10, NOW) == {"waiting": 1}
    assert not storefront.writes


def test_a_lease_has_one_holder_and_ends(settings):
    with leases.lease("t") as first:
        with pytest.raises(LeaseTaken), leases.lease("t"):
            pass
        Lease.objects.update(until=timezone.now() - timedelta(seconds=1))  # the holder was too slow
        with leases.lease("t") as second:
            assert second.fence == first.fence + 1
            second.check()
            with pytest.raises(LeaseTaken):
                first.check()
    with leases.lease("t"):
        pass


def test_whoever_was_overtaken_returns_nothing_that_is_not_his():
    with leases.lease("t"):
        Lease.objects.update(until=timezone.now() - timedelta(seconds=1))
        late = leases.lease("t")
        held = late.__enter__()
    held.check()
    late.__exit__(None, None, None)


def test_of_many_at_once_one_acts_at_a_time(fresh_db: None):
    inside, most, lock = 0, 0, threading.Lock()

    def act(_: int) -> bool:
        nonlocal inside, most
        try:
            with leases.lease("one target", wait=20):
                with lock:
                    inside += 1
                    most = max(most, inside)
                with lock:
                    inside -= 1
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(act, range(24)))
    assert most == 1
