"""The steps of a comparison with a Saleor: what it gave up telling us, what changed there, and some of all the rest.

One function a step; each notes where to go on in the transaction that did the work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from loyalty_plugin import jobs
from loyalty_plugin.domain.facts import PAGE, Page, Part
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.realms import Installation, Realm
from loyalty_plugin.models.reconciling import Difference, Reconciliation
from loyalty_plugin.registry import ports
from loyalty_plugin.services import runs
from loyalty_plugin.services.history import comparing, reading, vanished
from loyalty_plugin.services.history.comparing import Compared

#: Orders and members of the rolling pass over all of them, a night.
ORDERS_A_NIGHT: Final = 5_000
MEMBERS_A_NIGHT: Final = 10_000
#: Differences a report names; the counts go on.
NAMED: Final = 1_000

Tell = Callable[[Reconciliation], None]


@dataclass(slots=True)
class Work:
    """One comparison on its way."""

    realm: Realm
    report: Reconciliation
    run: runs.Run
    full: bool
    tell: Tell


def _lost_events(work: Work) -> None:
    """Take in what Saleor gave up on before it forgets it; the inbox then works it off like any other event."""
    ours = (
        Installation.objects.filter(realm=work.realm)
        .exclude(state__in=Installation.ENDED)
        .order_by("-pk")
        .first()
    )
    if ours is None:
        return
    failed = ports.storefront.failed_events(work.realm.api_url)
    bodies = {hashlib.sha256(body).digest(): (kind, body) for kind, body in failed}
    known = {
        bytes(digest)
        for digest in InboxItem.objects.filter(installation=ours, sha256__in=list(bodies)).values_list(
            "sha256", flat=True
        )
    }
    now = ports.clock.now()
    fresh = [
        InboxItem(installation=ours, sha256=digest, event=kind[:64], body=body, received_at=now)
        for digest, (kind, body) in bodies.items()
        if digest not in known
    ]
    with transaction.atomic():
        # One that arrives at this moment folds with ours.
        InboxItem.objects.bulk_create(fresh, ignore_conflicts=True)
        work.report.events += len(fresh)
        work.report.save(update_fields=["events"])
        if fresh:
            jobs.enqueue(jobs.DRAIN_INBOX)


def _changed_orders(work: Work) -> None:
    def read(after: str) -> Page[Any]:
        part = Part(after, changed_since=work.report.since)
        return ports.storefront.orders_page(work.realm.api_url, part)

    for page in reading.pages(read, str(work.run.cursor.get("after", ""))):
        _orders(work, page)


def _changed_customers(work: Work) -> None:
    def read(after: str) -> Page[Any]:
        part = Part(after, changed_since=work.report.since)
        return ports.storefront.customers_page(work.realm.api_url, part)

    for page in reading.pages(read, str(work.run.cursor.get("after", ""))):
        with transaction.atomic():
            compared = comparing.customers(work.realm, page.items, ports.clock.now())
            compared.found += _unreadable("customer", page)
            _note(work, compared)
            go_on(work, after=page.cursor)


def _rolling_orders(work: Work) -> None:
    """Some of all orders since the shop was connected; what is older, a backfill brings in."""

    def read(after: str) -> Page[Any]:
        part = Part(after, created_since=work.realm.connected_at)
        return ports.storefront.orders_page(work.realm.api_url, part)

    looked = 0
    for page in reading.pages(read, "" if work.full else work.report.orders_cursor):
        looked += len(page.items)
        work.report.orders_cursor = page.cursor if page.more else ""
        _orders(work, page)
        if looked >= ORDERS_A_NIGHT and not work.full:
            return


def _own_orders(work: Work) -> None:
    """Some of all orders of ours that hold value: one that is gone is in no list of Saleor's."""
    held = vanished.of_value(work.realm).values_list("pk", "order_id")
    _rolling(work, held, "own_cursor", ORDERS_A_NIGHT, ports.storefront.orders, comparing.gone)


def _rolling_members(work: Work) -> None:
    """Some of all members: an account that is gone without our hearing of it is in no list of what changed."""
    active = Member.objects.filter(realm=work.realm, status=Member.Status.ACTIVE).exclude(external_id="")
    _rolling(
        work,
        active.values_list("pk", "external_id"),
        "members_cursor",
        MEMBERS_A_NIGHT,
        ports.storefront.customers,
        comparing.accounts,
    )


def _rolling(
    work: Work,
    rows: QuerySet[Any, tuple[int, str]],
    cursor: str,
    most: int,
    read: Callable[[str, Sequence[str]], Mapping[str, Any]],
    compare: Callable[[Realm, Sequence[str], Mapping[str, Any], datetime], Compared],
) -> None:
    """Look at Saleor for some of ours, a page at a time: rows are our key and Saleor's; `cursor` keeps how far we are."""
    looked = 0
    after = 0 if work.full else getattr(work.report, cursor)
    while page := list(rows.filter(pk__gt=after).order_by("pk")[:PAGE]):
        after, ids = page[-1][0], [theirs for _, theirs in page]
        there = read(work.realm.api_url, ids)
        with transaction.atomic():
            _note(work, compare(work.realm, ids, there, ports.clock.now()))
            _keep(work, cursor, after)
            go_on(work, after="")
        looked += len(ids)
        if looked >= most and not work.full:
            return
    _keep(work, cursor, 0)


def _keep(work: Work, cursor: str, after: int) -> None:
    setattr(work.report, cursor, after)
    work.report.save(update_fields=[cursor])


def _unreadable(kind: str, page: Page[Any]) -> list[comparing.Found]:
    return [comparing.Found(kind, target, False, code) for target, code in page.unreadable.items()]


def _orders(work: Work, page: Page[Any]) -> None:
    with transaction.atomic():
        compared = comparing.orders(work.realm, page.items, ports.clock.now())
        compared.found += _unreadable("order", page)
        _note(work, compared)
        go_on(work, after=page.cursor)
    if compared.newer:
        again = ports.storefront.orders(work.realm.api_url, compared.newer)
        with transaction.atomic():
            _note(work, comparing.newer(work.realm, again, compared.newer, ports.clock.now()))


def _note(work: Work, compared: Compared) -> None:
    """Add to the report. In the transaction that did the work."""
    report = work.report
    healed = sum(one.healed for one in compared.found)
    report.equal += compared.equal
    report.healed += healed
    report.differing += len(compared.found) - healed
    report.seen += compared.equal + len(compared.found)
    report.save(update_fields=["equal", "healed", "differing", "seen", "orders_cursor"])
    room = max(NAMED - report.differences.count(), 0) if compared.found else 0
    Difference.objects.bulk_create(
        Difference(
            reconciliation=report,
            kind=one.kind,
            target=one.target[:64],
            number=one.number[:32],
            healed=one.healed,
            why=one.why,
            detail=dict(one.detail),
        )
        for one in compared.found[:room]
    )
    work.run.advance(work.run.cursor, compared.equal + len(compared.found))
    work.tell(report)


def go_on(work: Work, **at: Any) -> None:
    """Note where to go on; another step begins at its beginning."""
    kept = {"report": work.report.pk, "step": work.run.cursor.get("step", 0)}
    work.run.advance({**kept, **at}, 0)


#: What a comparison does, in this order.
STEPS: Final[tuple[Callable[[Work], None], ...]] = (
    _lost_events,
    _changed_orders,
    _changed_customers,
    _rolling_orders,
    _own_orders,
    _rolling_members,
)
