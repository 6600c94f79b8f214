"""How the machinery is doing: job runs, what came in and what goes out; reads only."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.errors import NotFound
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.jobs import JobRun
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.policies import Operation, require


@dataclass(frozen=True, slots=True)
class JobView:
    """The latest run of a job; `percent` where its size is known."""

    run: JobRun
    percent: int | None


@dataclass(frozen=True, slots=True)
class Machinery:
    """Jobs by name, and rows in and out by state."""

    jobs: tuple[JobView, ...]
    inbox: dict[str, int]
    outbox: dict[str, int]
    failed_in: tuple[InboxItem, ...]
    failed_out: tuple[OutboxItem, ...]


def received(actor: Actor, *, item_id: int) -> InboxItem:
    """A received event with where it came from. Raises NotFound, PermissionDenied."""
    require(actor, Operation.VIEW_OPERATIONS)
    item = InboxItem.objects.select_related("installation__realm").filter(pk=item_id).first()
    if item is None:
        raise NotFound(item=item_id)
    return item


def machinery(actor: Actor) -> Machinery:
    """Everything the operations page shows. Five queries. Raises PermissionDenied."""
    require(actor, Operation.VIEW_OPERATIONS)
    runs = JobRun.objects.order_by("name", "-pk").distinct("name")
    views = tuple(JobView(run, min(run.done * 100 // run.total, 100) if run.total else None) for run in runs)
    return Machinery(
        views,
        dict(InboxItem.objects.values_list("status").annotate(n=Count("pk")).order_by()),
        dict(OutboxItem.objects.values_list("status").annotate(n=Count("pk")).order_by()),
        tuple(InboxItem.objects.filter(status=InboxItem.Status.FAILED).defer("body").order_by("-pk")[:50]),
        tuple(OutboxItem.objects.filter(status=OutboxItem.Status.FAILED).order_by("-pk")[:50]),
    )
