"""Pays one order with points, refunds a part of it, and leaves a second checkout behind; Saleor is a table of its own.

What Saleor is told is written by a connection of its own, so that a kill may fall before, between and after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import psycopg
from django.db import connection

from loyalty_plugin import registry
from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.domain.facts import CheckoutFact, CheckoutLineFact, LineFact, OrderFact, TransactionFact
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.payments import Payment
from loyalty_plugin.queries.verifying import holds as verifying
from loyalty_plugin.saleor import paying as reporting
from loyalty_plugin.saleor.executors import deliver_outbox
from loyalty_plugin.services import paying
from loyalty_plugin.services.posting import rebuild
from tests.services.books import NOW, count, rows

API = "https://saleor.test/graphql/"
LATER = NOW + timedelta(hours=1)
#: Each step is short: all that remains after one is killed from its beginning.
ANEW = True
#: Everything a member of this story ever had.
POINTS = 1_000


class Saleor:
    """A storefront with two carts, and a transaction that only takes each reference once."""

    def now(self) -> Any:
        return NOW

    def checkout(self, realm: str, checkout_id: str) -> CheckoutFact:
        line = CheckoutLineFact("l", "v", "p", 1, 900, 900, 900)
        return CheckoutFact(API, checkout_id, "web", "EUR", "u", "e", 900, (line,))

    def call(self, url: str, operation: str, **given: Any) -> Mapping[str, Any]:
        if operation == "transaction_standing":
            order = (
                {"id": "order", "status": "UNFULFILLED", "events": ()} if given["id"] == "t-paid" else None
            )
            return {"transaction": {"id": given["id"], "order": order, "checkout": None}}
        assert operation == "transaction_report"
        rows("SELECT 'before Saleor is told'")
        told(
            "INSERT INTO saleor VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            given["id"], given["type"], given["reference"], int(given["amount"] * 100),
        )  # fmt: skip
        rows("SELECT 'after Saleor was told'")
        return {}


def told(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as saleor:
        saleor.execute(
            "CREATE TABLE IF NOT EXISTS saleor (id text, kind text, reference text UNIQUE, amount int)"
        )
        run = saleor.execute(statement, values)
        return list(run.fetchall()) if run.description else []


@contextmanager
def at_saleor() -> Iterator[Saleor]:
    shop = Saleor()
    registry.bind(clock=shop, storefront=shop)  # type: ignore[arg-type]
    kept, reporting.call = reporting.call, shop.call  # type: ignore[assignment]
    try:
        yield shop
    finally:
        reporting.call = kept


def deliver(now: Any) -> None:
    """As a worker does once what a killed one had in hand is due again."""
    OutboxItem.objects.filter(status="waiting").update(next_attempt_at=NOW - timedelta(days=1), attempts=0)
    rows("UPDATE loyalty_plugin_lease SET holder = NULL, until = NULL WHERE true RETURNING 1")
    deliver_outbox(10, now)


def ask(what: str, transaction: str, amount: int, **more: Any) -> paying.Answer:
    asked = paying.Asked(what, API, transaction, amount, "EUR", owner="paid", user_id="u", **more)
    return paying.answer(asked, now=NOW)


def act() -> None:
    with at_saleor():
        member = Member.objects.get()
        actor = Actor(ActorKind.MEMBER, "m", member_id=member.pk)
        if not Payment.objects.filter(order_id="order").exists():
            made = paying.reserve(actor, realm_url=API, checkout_id="paid", points=600, key="k", now=NOW)
            asked: dict[str, Any] = {"token": made.token}
            first = ask("initialize", "t-paid", 600, **asked)
            assert first.done, first
            assert ask("initialize", "t-paid", 600, **asked) == first
        line = LineFact("l", 1, "p", "v", gross=900, net=900)
        fact = OrderFact(
            API, "order", "1", "web", "EUR", "u", "e", NOW, NOW, "UNFULFILLED", (line,), 900, 900, 0, 0, 0, 0,
            transactions=(TransactionFact("t-paid", 600, 0), TransactionFact("other", 400, 0)),
        )  # fmt: skip
        paying.settle_orders([fact], now=NOW)
        deliver(NOW)
        back = ask("refund", "t-paid", 120, key="event-1", of_order=True)
        assert back.done, back
        assert ask("refund", "t-paid", 120, key="event-1", of_order=True) == back
        left = paying.reserve(actor, realm_url=API, checkout_id="left", points=100, key="l", now=NOW)
        if left.payment.state == "reserved":
            begun = paying.Asked(
                "initialize", API, "t-left", 100, "EUR", owner="left", user_id="u", token=left.token
            )
            assert paying.answer(begun, now=NOW).done
        paying.release_overdue(now=LATER)
        deliver(LATER)


def state() -> list[int]:
    """Entries, then what must always hold of the member's points and of what Saleor was told."""
    [(available, held)] = rows("SELECT available, held FROM loyalty_plugin_balance WHERE unit = 'points'")
    sums = SimpleNamespace(charged=0, refunded=0, open=0)
    for one in Payment.objects.all():
        sums.charged += one.charged
        sums.refunded += one.refunded
        sums.open += one.amount if one.state in ("reserved", "leaving") else 0
    # Nothing is lost and nothing doubled, wherever it was killed; between two transactions a hold may lack its payment.
    assert available + held + sums.charged - sums.refunded == POINTS
    assert held in (sums.open, *(600, 100))
    known = dict(told("SELECT kind || ':' || id, sum(amount)::int FROM saleor GROUP BY 1"))
    assert known.get("CHARGE_SUCCESS:t-paid", 0) in (0, sums.charged)
    left = [count("entry"), available, held, sums.charged, sums.refunded, sum(known.values())]
    if [left] != _seen[-1:]:
        # Looked at whole where something was left done: of what was killed with nothing done there is nothing to see.
        assert rebuild().equal
        member = Member.objects.get()
        assert not list(verifying.check(member.pk - 1, member.pk))
        _seen.append(left)
    return left


_seen: list[list[int]] = []
