"""Reports of comparisons with Saleor, as the back office shows them; reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.errors import NotFound
from loyalty_plugin.models.jobs import JobRun
from loyalty_plugin.models.orders import OrderRecord
from loyalty_plugin.models.realms import Installation, Realm
from loyalty_plugin.models.reconciling import Difference, GoneOrder, Reconciliation
from loyalty_plugin.policies import Operation, require

#: Differences shown at once; a report names at most a thousand.
SHOWN = 200
#: A comparison that gave no sign of life for so long was killed.
SILENT = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Report:
    """One comparison, with what still differs first; `more` were left out."""

    row: Reconciliation
    differences: Sequence[Difference]
    more: int


def reports(actor: Actor, *, limit: int = 30) -> Sequence[Reconciliation]:
    """The latest comparisons, newest first. One query. Raises PermissionDenied."""
    require(actor, Operation.VIEW_OPERATIONS)
    return list(Reconciliation.objects.select_related("realm").order_by("-pk")[:limit])


def report(actor: Actor, *, report_id: int) -> Report:
    """One comparison. Two queries. Raises NotFound, PermissionDenied."""
    require(actor, Operation.VIEW_OPERATIONS)
    row = Reconciliation.objects.select_related("realm").filter(pk=report_id).first()
    if row is None:
        raise NotFound(report=report_id)
    found = list(row.differences.order_by("healed", "pk")[:SHOWN])
    return Report(row, found, row.healed + row.differing - len(found))


@dataclass(frozen=True, slots=True)
class Comparable:
    """A Saleor that can be compared: its newest comparison, how far one under way is, and whether one was asked for.

    `step` counts from 0; None where none is under way.
    """

    realm: Realm
    last: Reconciliation | None
    step: int | None
    begun_at: datetime | None
    asked: bool


def alive(run: JobRun, now: datetime) -> bool:
    """Whether it is running and has shown a sign of life lately; else it was killed."""
    return run.status == JobRun.Status.RUNNING and now - run.beat_at < SILENT


def comparable(actor: Actor, *, now: datetime) -> list[Comparable]:
    """Live Saleors in which our App is active. Three queries. Raises PermissionDenied."""
    require(actor, Operation.VIEW_OPERATIONS)
    newest = latest()
    installed = Installation.objects.filter(state=Installation.State.ACTIVE).values("realm")
    found = []
    live = list(Realm.objects.filter(live=True, pk__in=installed).order_by("pk"))
    names = {f"reconcile:{realm.pk}": realm.pk for realm in live}
    runs = JobRun.objects.filter(name__in=names).order_by("name", "-pk").distinct("name")
    running = {names[run.name]: run for run in runs if alive(run, now)}
    for realm in live:
        run = running.get(realm.pk)
        step = int(run.cursor.get("step", 0)) if run else None
        begun = run.started_at if run else None
        found.append(Comparable(realm, newest.get(realm.pk), step, begun, realm.compare_asked_at is not None))
    return found


@dataclass(frozen=True, slots=True)
class Gone:
    """An order that is gone, with the points that stand of it."""

    gone: GoneOrder
    points: int


@dataclass(frozen=True, slots=True)
class Vanished:
    """Orders that are gone and that nobody decided about yet, newest first; `more` were left out."""

    rows: Sequence[Gone]
    more: int


def vanished(actor: Actor) -> Vanished:
    """Three queries. Raises PermissionDenied."""
    require(actor, Operation.VIEW_OPERATIONS)
    there = GoneOrder.objects.filter(settled_at=None)
    rows = list(there.select_related("member").order_by("-pk")[:SHOWN])
    points = {
        (realm_id, order_id): number
        for realm_id, order_id, number in OrderRecord.objects.filter(
            order_id__in=[row.order_id for row in rows]
        ).values_list("realm_id", "order_id", "points")
    }
    found = [Gone(row, points.get((row.realm_id, row.order_id), 0)) for row in rows]
    return Vanished(found, there.count() - len(rows))


def gone_by_realm() -> dict[int, int]:
    """How many orders are gone and wait for a person, by realm. One query."""
    waiting = GoneOrder.objects.filter(settled_at=None).order_by()
    return dict(waiting.values_list("realm_id").annotate(n=Count("pk")))


def latest() -> dict[int, Reconciliation]:
    """The newest comparison of each Saleor, by realm. One query."""
    rows = Reconciliation.objects.order_by("realm_id", "-pk").distinct("realm_id")
    return {row.realm_id: row for row in rows}
