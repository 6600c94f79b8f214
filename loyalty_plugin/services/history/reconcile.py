"""Compares a Saleor with our books, night by night: what changed there since the last time, and some of all the rest.

What differs is healed through the ordinary path and told in a report. Each page is a transaction that also notes where
to go on, so that a killed run loses nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from loyalty_plugin import jobs
from loyalty_plugin.domain.actors import SYSTEM, Actor
from loyalty_plugin.errors import LoyaltyError, NotFound
from loyalty_plugin.models.jobs import JobRun
from loyalty_plugin.models.realms import Installation, Realm
from loyalty_plugin.models.reconciling import Reconciliation
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.realms import realm_at
from loyalty_plugin.queries.reconciling import alive
from loyalty_plugin.registry import ports
from loyalty_plugin.services import audit, realms, runs
from loyalty_plugin.services.history.rounds import STEPS, Tell, Work, go_on

#: What changed shortly before the last time is looked at again: it may have been committed after we read.
OVERLAP: Final = timedelta(hours=1)
#: Between two comparisons, and where events are known to be missing or the last one failed.
DAILY: Final = timedelta(hours=23)
RESTLESS: Final = timedelta(hours=1)


def run_name(realm_id: int) -> str:
    """What its row is called among the jobs."""
    return f"reconcile:{realm_id}"


def reconcile(
    actor: Actor,
    *,
    realm: str,
    since: datetime | None = None,
    full: bool = False,
    tell: Tell = lambda _report: None,
) -> Reconciliation:
    """Compare and heal; the report. `since` is given to look further back than the last time; `full` looks at all.

    Raises NotFound for a Saleor we do not know, PermissionDenied, TryLater where it stays away.
    """
    require(actor, Operation.RETRY_OPERATIONS)
    row = realm_at(realm)
    Realm.objects.filter(pk=row.pk).update(compare_asked_at=None)
    with runs.running(run_name(row.pk)) as run:
        work = Work(row, _report(row, run, since), run, full, tell)
        try:
            for number, step in list(enumerate(STEPS))[int(run.cursor.get("step", 0)) :]:
                step(work)
                go_on(work, step=number + 1)
        except Exception as error:
            _end(work, Reconciliation.Status.FAILED, getattr(error, "code", type(error).__name__)[:40])
            raise
        _end(work, Reconciliation.Status.DONE)
        report = work.report
        run.result = {
            "seen": report.seen,
            "healed": report.healed,
            "differing": report.differing,
            "events": report.events,
        }
    realms.mark_reconciled(
        SYSTEM,
        realm_id=row.pk,
        through=report.through,
        now=ports.clock.now(),
        whole=not report.differing,
    )
    return report


def _report(realm: Realm, run: runs.Run, since: datetime | None) -> Reconciliation:
    """The report of a run that was killed, or a new one."""
    left = Reconciliation.objects.filter(
        pk=run.cursor.get("report", 0), status=Reconciliation.Status.RUNNING
    ).first()
    if left is not None:
        return left
    run.begin_anew()
    done = (
        Reconciliation.objects.filter(realm=realm, status=Reconciliation.Status.DONE).order_by("-pk").first()
    )
    if since is None:
        since = done.through - OVERLAP if done else realm.connected_at
        if since is not None and realm.gap_since is not None:
            since = min(since, realm.gap_since - OVERLAP)
    with transaction.atomic():
        report = Reconciliation.objects.create(
            realm=realm,
            since=since,
            through=ports.clock.now(),
            orders_cursor=done.orders_cursor if done else "",
            members_cursor=done.members_cursor if done else 0,
            own_cursor=done.own_cursor if done else 0,
        )
        run.advance({"report": report.pk, "step": 0}, 0)
    return report


def ask(actor: Actor, *, realm_id: int, now: datetime) -> bool:
    """Have a worker compare this Saleor at once; False where that waits or is under way already.

    Raises NotFound for one that is not live, PermissionDenied.
    """
    require(actor, Operation.RETRY_OPERATIONS)
    with transaction.atomic():
        realm = Realm.objects.select_for_update(no_key=True).filter(pk=realm_id, live=True).first()
        if realm is None:
            raise NotFound(realm=realm_id)
        if realm.compare_asked_at is not None or under_way(realm_id, now):
            return False
        realm.compare_asked_at = now
        realm.save(update_fields=["compare_asked_at"])
        audit.record(actor, "realm.compare", f"realm:{realm_id}", "asked", now=now)
        jobs.enqueue(jobs.RECONCILE)
    return True


def under_way(realm_id: int, now: datetime) -> bool:
    """Whether a comparison of this Saleor has shown a sign of life lately."""
    run = JobRun.objects.filter(name=run_name(realm_id)).order_by("-pk").first()
    return run is not None and alive(run, now)


def _end(work: Work, status: str, error: str = "") -> None:
    Reconciliation.objects.filter(pk=work.report.pk).update(
        status=status, error=error, finished_at=ports.clock.now()
    )
    work.report.refresh_from_db()


def due(*, now: datetime) -> list[str]:
    """Saleors to be compared now: those asked for, each once in a day and night, soon where events may be missing."""
    found = []
    live = Realm.objects.filter(live=True, installations__state=Installation.State.ACTIVE).distinct()
    for realm in live.order_by("pk"):
        last = Reconciliation.objects.filter(realm=realm).order_by("-pk").first()
        wait = (
            RESTLESS if realm.gap_since is not None or (last and last.status != last.Status.DONE) else DAILY
        )
        if last is None or realm.compare_asked_at is not None or now - last.through >= wait:
            found.append(realm.api_url)
    return found


def reconcile_due(*, now: datetime) -> int:
    """Compare each Saleor that is due; how many. One that is away keeps back no other."""
    wanted = due(now=now)
    for realm in wanted:
        try:
            reconcile(SYSTEM, realm=realm)
        except LoyaltyError:
            continue  # told in its report; tried again in an hour
    return len(wanted)
