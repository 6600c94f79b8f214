"""What is wrong with the running plugin, as codes and plain facts: connection, events, jobs, ledger; mends nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection
from django.db.models import Count, Min

from loyalty_plugin import registry
from loyalty_plugin.conf import settings
from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.earning.resolved import resolve
from loyalty_plugin.domain.paying.terms import GATEWAY
from loyalty_plugin.domain.perks import resolve_perks
from loyalty_plugin.domain.programmes.parse import parse_document
from loyalty_plugin.domain.provenance import APP
from loyalty_plugin.errors import InvalidInput, UnknownProgramme
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.jobs import JobRun
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.programmes import Programme, ProgrammeVersion
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries import chain
from loyalty_plugin.queries.incidents import incident_troubles, quote_troubles
from loyalty_plugin.queries.modes import hole_troubles
from loyalty_plugin.queries.programmes import version_at
from loyalty_plugin.queries.realms import standings
from loyalty_plugin.queries.troubles import Trouble
from loyalty_plugin.queries.verifying import guards

#: Rows that are due and have waited longer than this tell that nobody works them off.
LAG: Final = timedelta(minutes=10)
#: Who reported money of the latest orders.
_APPS: Final = """
SELECT DISTINCT c.value
  FROM (SELECT fact FROM loyalty_plugin_orderrecord ORDER BY id DESC LIMIT 1000) AS o
 CROSS JOIN jsonb_each_text(coalesce(o.fact -> 'charges', '{}')) AS c
 WHERE c.value LIKE %s ORDER BY 1
"""
#: The hourly jobs leave a row; twice that without one, and no living worker, means that nobody works.
SILENCE: Final = timedelta(hours=2)


def health(actor: Actor, *, now: datetime, permissions: Collection[str] = ()) -> tuple[Trouble, ...]:
    """Everything that is wrong, the connection first. About fifteen queries. Raises PermissionDenied.

    `permissions` are those our App asks for in Saleor: one that was not granted keeps its events away.
    """
    require(actor, Operation.VIEW_OPERATIONS)
    return (
        *(
            one
            for standing in standings(actor, now=now, permissions=permissions)
            for one in standing.troubles
        ),
        *_programme_troubles(),
        *_payment_troubles(now),
        *extension_troubles(actor, now=now),
        *_event_troubles(now),
        *_job_troubles(now),
        *_ledger_troubles(now),
        *incident_troubles(),
        *quote_troubles(),
        *hole_troubles(),
    )


def extension_troubles(actor: Actor, *, now: datetime) -> tuple[Trouble, ...]:
    """Published versions that name an extension which is gone, or which refuses its parameters.

    An error where the version is in force or to come, a warning where it is not any more. Facts: programme,
    version, id (of the rule, multiplier or perk), extension, why (missing_extension, params_refused, unreadable).
    """
    require(actor, Operation.VIEW_OPERATIONS)
    found = []
    published = (
        ProgrammeVersion.objects.filter(status=ProgrammeVersion.Status.PUBLISHED)
        .select_related("programme")
        .order_by("programme_id", "-starts_at", "-number")
    )
    in_force: set[int] = set()
    for row in published:
        over = row.programme_id in in_force
        if row.starts_at is not None and row.starts_at <= now:
            in_force.add(row.programme_id)
        found += [
            Trouble(
                "extension",
                "warning" if over else "error",
                {
                    "programme": row.programme.code,
                    "version": row.number,
                    "id": named,
                    "extension": code,
                    "why": why,
                },
            )
            for named, code, why in _unasked(row.document)
        ]
    return tuple(found)


def _unasked(data: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    try:
        document = parse_document(data)
    except InvalidInput as error:
        return [("", error.code, "unreadable")]
    earning = resolve(document.earning, registry.rules.get, registry.multipliers.get).troubles
    perks = resolve_perks(document.perks, registry.perks.get)
    return [*earning, *((one.terms.id, one.terms.perk, one.trouble) for one in perks if one.trouble)]


def _programme_troubles() -> Iterator[Trouble]:
    programmes = Programme.objects.annotate(served=Count("channels", distinct=True)).order_by("code")
    published = set(
        ProgrammeVersion.objects.filter(status=ProgrammeVersion.Status.PUBLISHED)
        .order_by()
        .values_list("programme_id", flat=True)
        .distinct()
    )
    if not programmes:
        yield Trouble("no_programme", "warning", {})
    for programme in programmes:
        if programme.pk not in published:
            yield Trouble("programme_unpublished", "warning", {"programme": programme.code})
        if not programme.served:
            yield Trouble("programme_without_channel", "warning", {"programme": programme.code})


def _payment_troubles(now: datetime) -> Iterator[Trouble]:
    """Versions whose points pay while our App may not; and, while nobody has named the payment Apps, which ones reported
    money lately, since whatever App does is believed."""
    if not settings.PAYMENTS:
        for programme in Programme.objects.order_by("code"):
            try:
                version = version_at(programme.pk, now)
            except (UnknownProgramme, InvalidInput):
                continue
            if version.document.paying.points is not None:
                yield Trouble("payments_closed", "error", {"programme": programme.code})
    if settings.PAYMENT_APPS:
        return
    with connection.cursor() as cursor:
        cursor.execute(_APPS, [f"{APP}%"])
        apps = [name for (source,) in cursor.fetchall() if (name := source.removeprefix(APP)) != GATEWAY]
    if apps:
        yield Trouble("payment_apps_open", "info", {"apps": ", ".join(apps)})


def _event_troubles(now: datetime) -> Iterator[Trouble]:
    came = InboxItem.objects.filter(status=InboxItem.Status.NEW).aggregate(
        n=Count("pk"), first=Min("received_at")
    )
    if came["first"] is not None and now - came["first"] > LAG:
        yield Trouble("inbox_lag", "error", {"waiting": came["n"], "minutes": _minutes(now - came["first"])})
    if failed := InboxItem.objects.filter(status=InboxItem.Status.FAILED).count():
        yield Trouble("inbox_failed", "warning", {"count": failed})
    due = OutboxItem.objects.filter(
        status=OutboxItem.Status.WAITING, next_attempt_at__lt=now - LAG
    ).aggregate(n=Count("pk"), first=Min("next_attempt_at"))
    if due["first"] is not None:
        yield Trouble("outbox_lag", "error", {"waiting": due["n"], "minutes": _minutes(now - due["first"])})
    if failed := OutboxItem.objects.filter(status=OutboxItem.Status.FAILED).count():
        yield Trouble("outbox_failed", "warning", {"count": failed})


def _job_troubles(now: datetime) -> Iterator[Trouble]:
    latest = list(JobRun.objects.order_by("name", "-pk").distinct("name"))
    for run in latest:
        if run.status == JobRun.Status.FAILED:
            yield Trouble("job_failed", "error", {"job": run.name, "error": str(run.result.get("error", ""))})
        elif run.status == JobRun.Status.RUNNING and now - run.beat_at > SILENCE:
            yield Trouble("job_stalled", "warning", {"job": run.name, "minutes": _minutes(now - run.beat_at)})
    with connection.cursor() as cursor:
        # The queue keeps the machine's time, which no demo moves.
        cursor.execute(
            "SELECT count(*) FROM procrastinate_workers WHERE last_heartbeat > now() - interval '2 minutes'"
        )
        (workers,) = cursor.fetchone()
        cursor.execute(
            "SELECT j.task_name, count(DISTINCT j.id) FROM procrastinate_jobs j"
            "  JOIN procrastinate_events e ON e.job_id = j.id AND e.type = 'failed'"
            " WHERE j.queue_name = 'loyalty' AND j.status = 'failed' AND e.at > now() - interval '1 day'"
            " GROUP BY 1 ORDER BY 1"
        )
        failed = cursor.fetchall()
    if not workers and not any(now - run.beat_at <= SILENCE for run in latest):
        yield Trouble("nobody_works", "error", {})
    for task, count in failed:
        yield Trouble("task_failed", "warning", {"task": task, "count": count})


def _ledger_troubles(now: datetime) -> Iterator[Trouble]:
    for finding in guards.check():
        yield Trouble(
            "ledger_guard",
            "warning" if finding.warning else "error",
            {
                "what": finding.code,
                "where": finding.where,
                "expected": finding.expected,
                "found": finding.found,
            },
        )
    cluster, _horizon = chain.this_cluster()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT recorded_at FROM loyalty_plugin_entry WHERE cluster = %s AND xid >= %s::text::xid8"
            " ORDER BY xid LIMIT 1",
            [cluster, str(chain.sealed_until(cluster))],
        )
        first = cursor.fetchone()
    if first is not None and now - first[0] > SILENCE:
        yield Trouble("unsealed", "error", {"minutes": _minutes(now - first[0])})


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)
