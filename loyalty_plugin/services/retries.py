"""Tries again what failed for good: an event that came in, or a change that was to go out; does the work of neither."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from loyalty_plugin import jobs
from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.errors import NotFound
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.services import audit


def retry_event(actor: Actor, *, item_id: int, now: datetime) -> None:
    """Put a failed event back to the beginning. Raises NotFound, PermissionDenied."""
    require(actor, Operation.RETRY_OPERATIONS)
    with transaction.atomic():
        rows = InboxItem.objects.filter(pk=item_id, status=InboxItem.Status.FAILED)
        if not rows.update(status=InboxItem.Status.NEW, attempts=0, next_attempt_at=None):
            raise NotFound(item=item_id)
        jobs.enqueue(jobs.DRAIN_INBOX)
        audit.record(actor, "event.retry", f"inbox:{item_id}", "done", now=now)


def retry_change(actor: Actor, *, item_id: int, now: datetime) -> None:
    """Put a failed outgoing change back to the beginning. Raises NotFound, PermissionDenied."""
    require(actor, Operation.RETRY_OPERATIONS)
    with transaction.atomic():
        rows = OutboxItem.objects.filter(pk=item_id, status=OutboxItem.Status.FAILED)
        if not rows.update(status=OutboxItem.Status.WAITING, attempts=0, next_attempt_at=now):
            raise NotFound(item=item_id)
        jobs.enqueue(jobs.DELIVER_OUTBOX)
        audit.record(actor, "change.retry", f"outbox:{item_id}", "done", now=now)
