"""The unattended work and when it is done: each task calls one function of the house; decides nothing.

`manage.py procrastinate worker` runs them by the schedule below; `manage.py loyalty_tick` runs them all once.
Every function opens its own durable transactions, and may be killed and repeated at any point.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial, wraps
from typing import Any

from asgiref.sync import async_to_sync
from procrastinate.contrib.django import app
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import Job, Status

from loyalty_plugin import jobs
from loyalty_plugin.registry import ports
from loyalty_plugin.saleor.executors import deliver_outbox
from loyalty_plugin.saleor.standing import look_at_all
from loyalty_plugin.services import (
    approvals,
    birthdays,
    expiry,
    guests,
    holds,
    paying,
    previews,
    requoting,
    runs,
    sealing,
    tiers,
    windows,
)
from loyalty_plugin.services.history import accepting, costing, reconcile
from loyalty_plugin.services.orders import again
from loyalty_plugin.services.shopping import owners
from loyalty_plugin.webhooks.processing import drain_inbox, forget_bodies

_log = logging.getLogger(__name__)

#: Rows a task takes before it hands the rest to a task of its own, so that others get their turn.
AT_ONCE = 2_000
#: Connections the inbox and the night's work on points and tiers use side by side: one reckons while the other waits.
LANES = 2
#: A killed worker's jobs are begun again after this many seconds without a sign of life.
STALLED_SECONDS = 60
#: Finished jobs are kept so long, in hours: for whoever looks at them, not for the work.
KEEP_HOURS = 72

Work = Callable[..., None]


def _task(name: str, cron: str) -> Callable[[Work], Work]:
    """A task that runs alone, waits at most once, and is begun by the clock besides being nudged."""

    def register(work: Work) -> Work:
        @wraps(work)
        def in_worker(*arguments: Any, **named: Any) -> None:
            jobs.settle_in()
            work(*arguments, **named)

        task = app.task(name=name, queue="loyalty", lock=name, queueing_lock=name)(in_worker)
        app.periodic(cron=cron, periodic_id="loyalty")(task)
        return work

    return register


def _repeat(name: str, some: Callable[[], int], total: int | None = None) -> None:
    """Do some after some until nothing is due, with its progress to be seen."""
    with runs.running(name, total) as run:
        while done := some():
            run.advance({}, done)
        run.result = {"done": run.done}


@_task(jobs.DRAIN_INBOX, "* * * * *")
def drain(timestamp: int | None = None) -> None:
    """Work off what Saleor has sent. Intake nudges; the minute's run finds what was put off."""
    counts = drain_inbox(AT_ONCE, ports.clock.now(), lanes=LANES)
    if sum(counts.values()) >= AT_ONCE:
        jobs.enqueue(jobs.DRAIN_INBOX)


@_task(jobs.DELIVER_OUTBOX, "* * * * *")
def deliver(timestamp: int | None = None) -> None:
    """Carry our changes to Saleor."""
    counts = deliver_outbox(AT_ONCE, ports.clock.now())
    if sum(counts.values()) >= AT_ONCE:
        jobs.enqueue(jobs.DELIVER_OUTBOX)


@_task(jobs.CLAIM_ORDERS, "*/5 * * * *")
def claim_orders(timestamp: int | None = None) -> None:
    """Credit guest orders of contacts that were verified lately. Verifying nudges."""
    now = ports.clock.now()
    if waiting := guests.due(now=now):
        _repeat("claims", partial(guests.claim_due, now=now), waiting)


@_task(jobs.LOOK_AGAIN, "*/5 * * * *")
def look_again(timestamp: int | None = None) -> None:
    """Read orders anew after a person has decided about their money. The decision nudges."""
    now = ports.clock.now()
    if waiting := again.due(now=now):
        _repeat("orders", partial(again.look_due, now=now), waiting)


@_task(jobs.QUOTE_AGAIN, "* * * * *")
def quote_again(timestamp: int | None = None) -> None:
    """Quote promised prices again that ran out, or whose member, tier or version changed. Such a change nudges."""
    now = ports.clock.now()
    if waiting := requoting.due(now=now):
        _repeat("prices", partial(requoting.quote_due, now=now), waiting)


@_task(jobs.RELEASE_HOLDS, "* * * * *")
def release_holds(timestamp: int | None = None) -> None:
    """Give back what was reserved for checkouts whose time is over."""
    now = ports.clock.now()
    holds.release_overdue(now=now)
    paying.release_overdue(now=now)


# Hourly, since a day ends at another hour in each time zone.


@_task(jobs.MATURE, "2 * * * *")
def mature(timestamp: int | None = None) -> None:
    """Make available what has waited for its return window."""
    now = ports.clock.now()
    _repeat("windows", partial(windows.end_due, now=now))
    expiry.mature(now=now, lanes=LANES)


@_task(jobs.EXPIRE, "6 * * * *")
def expire(timestamp: int | None = None) -> None:
    """End lots after their last day, and all points of members who were not active for long, or whose account is gone."""
    now = ports.clock.now()
    expiry.expire(now=now, lanes=LANES)
    expiry.expire_inactive(now=now, lanes=LANES)
    expiry.end_closed(now=now)


@_task(jobs.TIERS, "10 * * * *")
def recompute_tiers(timestamp: int | None = None) -> None:
    """Recompute the members whose tier may change today without any new fact."""
    tiers.recompute_due(now=ports.clock.now(), lanes=LANES)


@_task(jobs.BIRTHDAYS, "14 * * * *")
def award_birthdays(timestamp: int | None = None) -> None:
    """Give what birthdays bring."""
    _repeat("birthdays", partial(birthdays.award_due, now=ports.clock.now()))


@_task(jobs.PREVIEWS, "*/5 * * * *")
def reckon_previews(timestamp: int | None = None) -> None:
    """Reckon what drafts would do to members, where somebody waits for it."""
    left = previews.left()
    if left is not None:
        _repeat("previews", partial(previews.reckon_some, now=ports.clock.now()), left)
    previews.clear_away()


@_task(jobs.PAST_POINTS, "*/5 * * * *")
def past_points(timestamp: int | None = None) -> None:
    """Reckon what points for past orders cost, and issue what was accepted."""
    costing.reckon_open()
    accepting.issue_open()


@_task(jobs.SEAL, "*/5 * * * *")
def seal(timestamp: int | None = None) -> None:
    """Seal what is committed into the chain."""
    sealing.seal(now=ports.clock.now())


@_task(jobs.CONNECTIONS, "*/5 * * * *")
def look_at_connections(timestamp: int | None = None) -> None:
    """See how the App stands at each Saleor, and ask for what is to be mended there."""
    look_at_all(ports.clock.now())


@_task(jobs.RECONCILE, "24 * * * *")
def reconcile_saleors(timestamp: int | None = None) -> None:
    """Compare each Saleor with our books once a day and night, and sooner where events may be missing."""
    reconcile.reconcile_due(now=ports.clock.now())


@_task(jobs.HOUSEKEEPING, "*/5 * * * *")
def housekeeping(timestamp: int | None = None) -> None:
    """Begin killed workers' jobs again, forget finished ones, old bodies and carts, close requests nobody decided."""
    now = ports.clock.now()
    async_to_sync(_housekeeping)()
    approvals.close_expired(now=now)
    forget_bodies(now)
    owners.forget(now=now)


async def _housekeeping() -> None:
    manager = app.job_manager
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_SECONDS):
        await _begin_again(job)
    await manager.delete_old_jobs(nb_hours=KEEP_HOURS, include_failed=False, include_cancelled=True)


async def _begin_again(job: Job) -> None:
    try:
        await app.job_manager.retry_job(job)
        _log.warning("job %s of a killed worker begins again: %s", job.id, job.task_name)
    except ConnectorException:
        # Another one of its kind waits already and will do all there is to do.
        await app.job_manager.finish_job(job, status=Status.FAILED, delete_job=True)
