"""Announcements, sent after the transaction has committed; receivers may listen, nothing here computes.

| signal | arguments |
|---|---|
| member_joined | member_id, programme_id |
| member_erased | member_id, programme_id |
| points_posted | entry_ids |
| tier_changed | member_id, day, kind, tier |
| request_opened, request_decided | request_id |
| incident_opened | incident_id |
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.dispatch import Signal

member_joined = Signal()
member_erased = Signal()
points_posted = Signal()
tier_changed = Signal()
request_opened = Signal()
request_decided = Signal()
incident_opened = Signal()


def announce(signal: Signal, **facts: Any) -> None:
    """Send after commit; a failing receiver is logged by Django and undoes nothing."""
    if signal.receivers:  # most shops listen to none
        transaction.on_commit(lambda: signal.send_robust(sender=None, **facts))
