"""Brings in what happened in a shop before it was connected: all customers, or all orders, through the ordinary path.

Each page is a transaction that also notes where to go on, so that a killed run loses nothing and repeats at most one
page, which is harmless. Live events may come meanwhile: whoever is first applies, the other finds nothing new.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from django.db import transaction

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.facts import Page, Part
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.realms import realm_at
from loyalty_plugin.registry import ports
from loyalty_plugin.services import audit, runs
from loyalty_plugin.services.history import applying, reading

What = Literal["customers", "orders"]
#: Customers first: an order then finds its member with their name and contact.
KINDS: Final[tuple[What, ...]] = ("customers", "orders")


@dataclass(slots=True)
class Progress:
    """How far it is: how many were read, of how many (None while unknown), and what became of them by outcome."""

    what: What
    done: int = 0
    total: int | None = None
    outcomes: Counter[str] = field(default_factory=Counter)
    #: Read in this run: what time left is reckoned by.
    fresh: int = 0


Tell = Callable[[Progress], None]


def silent(_progress: Progress) -> None:
    """For whoever does not watch."""


def run_name(what: What, realm_id: int) -> str:
    """What its row is called among the jobs."""
    return f"backfill_{what}:{realm_id}"


def backfill(
    actor: Actor,
    *,
    realm: str,
    what: What,
    since: datetime | None = None,
    dry_run: bool = False,
    tell: Tell = silent,
) -> Progress:
    """Bring in all there is, or what was created since; goes on where an earlier run of the same kind stopped.

    A dry run stores nothing: each page is applied and rolled back, so that a page does not see what others would have
    changed. Raises NotFound for a Saleor we do not know, PermissionDenied, TryLater.
    """
    require(actor, Operation.RETRY_OPERATIONS)
    row = realm_at(realm)
    if dry_run:
        progress = Progress(what)
        for page in _pages(what, realm, since, ""):
            with transaction.atomic():
                outcomes = _apply(what, row, page)
                transaction.set_rollback(True)
            _count(progress, page, outcomes, tell)
        return progress
    audit.record(
        actor, f"backfill.{what}", f"realm:{row.pk}", "begun", now=ports.clock.now(), detail=_words(since)
    )
    with runs.running(run_name(what, row.pk), goes_on=True) as run:
        progress = _resume(run, what, since)
        for page in _pages(what, realm, since, str(run.cursor.get("after", ""))):
            with transaction.atomic():
                outcomes = _apply(what, row, page)
                _count(progress, page, outcomes, silent)
                cursor = {**_words(since), "after": page.cursor, "outcomes": dict(progress.outcomes)}
                run.advance({**cursor, "total": progress.total}, _size(page))
                run.expect(progress.total)
            tell(progress)
        run.result = {"read": progress.done, **_named(progress.outcomes)}
    return progress


def _resume(run: runs.Run, what: What, since: datetime | None) -> Progress:
    """How far an unfinished run of the same span has come; another span begins anew."""
    if run.cursor.get("since") != _words(since)["since"]:
        run.begin_anew()
    known: Mapping[str, Any] = run.cursor
    return Progress(what, run.done, known.get("total"), Counter(known.get("outcomes", {})))


def _pages(what: What, realm: str, since: datetime | None, after: str) -> Iterator[Page[Any]]:
    read = ports.storefront.orders_page if what == "orders" else ports.storefront.customers_page
    first = after

    def one(cursor: str) -> Page[Any]:
        return read(realm, Part(cursor, created_since=since, counting=cursor == first))

    return reading.pages(one, after)


def _apply(what: What, realm: Realm, page: Page[Any]) -> Mapping[str, str]:
    now = ports.clock.now()
    return {**applying.page_of(what, realm, page.items, now), **page.unreadable}


def _count(progress: Progress, page: Page[Any], outcomes: Mapping[str, str], tell: Tell) -> None:
    if page.total is not None:
        progress.total = page.total
    progress.done += _size(page)
    progress.fresh += _size(page)
    progress.outcomes.update(code or "done" for code in outcomes.values())
    tell(progress)


def _size(page: Page[Any]) -> int:
    return len(page.items) + len(page.unreadable)


def _words(since: datetime | None) -> dict[str, str]:
    return {"since": since.isoformat() if since else ""}


def _named(outcomes: Mapping[str, int]) -> dict[str, int]:
    return {code: count for code, count in sorted(outcomes.items()) if code != "done"}
