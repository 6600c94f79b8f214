"""Writes the trail: one insert-only row for each act; it never holds personal words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.models.audit import AuditRecord
from loyalty_plugin.services import bulk


def record(
    actor: Actor,
    operation: str,
    target: str,
    outcome: str,
    *,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
    request_id: int | None = None,
) -> None:
    """Note what was done and how it ended, in the transaction that did it. `target` is "kind:id"."""
    row = _row(actor, operation, target, outcome, now, detail or {}, request_id)
    AuditRecord(**row).save(force_insert=True)


def record_each(
    actor: Actor,
    operation: str,
    targets: Iterable[str],
    outcome: str,
    *,
    now: datetime,
    detail: Mapping[str, Any],
) -> None:
    """Note the same act on many, in the transaction that did it: one row each, written at once."""
    bulk.insert(AuditRecord, [_row(actor, operation, target, outcome, now, detail) for target in targets])


def _row(
    actor: Actor,
    operation: str,
    target: str,
    outcome: str,
    now: datetime,
    detail: Mapping[str, Any],
    request_id: int | None = None,
) -> dict[str, Any]:
    return {
        "at": now,
        "actor": actor.name,
        "person_id": actor.person_id,
        "via": actor.via,
        "operation": operation,
        "target": target,
        "outcome": outcome,
        "detail": dict(detail),
        "request_id": request_id,
        "factor": actor.second_factor.method if actor.second_factor else "",
    }
