"""Tries again what failed for good: an event that came in, or a change that was to go out; does the work of neither."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from loyalty_plugin import jobs
from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.errors import NotFound
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.services import audit


def retry_event(actor: Actor, *, item_id: int, now: datetime) -> None:
    """Put a failed event back to the beginning. Raises NotFound, PermissionDenied."""
    rows = InboxItem.objects.filter(status=InboxItem.Status.FAILED)
    with _noted(actor, "event.retry", f"inbox:{item_id}", now):
        _begin(rows, item_id, jobs.DRAIN_INBOX, status=InboxItem.Status.NEW, next_attempt_at=None)


def retry_change(actor: Actor, *, item_id: int, now: datetime) -> None:
    """Put a failed outgoing change back to the beginning. Raises NotFound, PermissionDenied."""
    rows = OutboxItem.objects.filter(status=OutboxItem.Status.FAILED)
    with _noted(actor, "change.retry", f"outbox:{item_id}", now):
        _begin(rows, item_id, jobs.DELIVER_OUTBOX, status=OutboxItem.Status.WAITING, next_attempt_at=now)


@contextmanager
def _noted(actor: Actor, operation: str, target: str, now: datetime) -> Iterator[None]:
    """One transaction by one who may, with its line in the trail."""
    require(actor, Operation.RETRY_OPERATIONS)
    with transaction.atomic():
        yield
        audit.record(actor, operation, target, "done", now=now)


def _begin(rows: QuerySet[Any], item_id: int, job: str, **fresh: Any) -> None:
    if not rows.filter(pk=item_id).update(attempts=0, **fresh):
        raise NotFound(item=item_id)
    jobs.enqueue(job)
