"""Reports of comparisons with Saleor, as the back office shows them; reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.errors import NotFound
from loyalty_plugin.models.reconciling import Difference, Reconciliation
from loyalty_plugin.policies import Operation, require

#: Differences shown at once; a report names at most a thousand.
SHOWN = 200


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


def latest() -> dict[int, Reconciliation]:
    """The newest comparison of each Saleor, by realm. One query."""
    rows = Reconciliation.objects.order_by("realm_id", "-pk").distinct("realm_id")
    return {row.realm_id: row for row in rows}
