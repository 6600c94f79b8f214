"""Recomputes balances and lots from the postings, looks at holds and payments, and names what differs; mends nothing."""

from __future__ import annotations

from collections.abc import Iterator

from loyalty_plugin.queries import projections
from loyalty_plugin.queries.verifying import holds, payments
from loyalty_plugin.queries.verifying.findings import Finding

#: Members looked at in one step.
STEP = 5_000


def check(after: int) -> Iterator[tuple[int, int, list[Finding]]]:
    """Steps of (last member id, members, findings)."""
    while (until := projections.next_bound(after, STEP)) is not None:
        yield (
            until,
            STEP,
            [
                *_balances(after, until),
                *_lots(after, until),
                *holds.check(after, until),
                *payments.check(after, until),
            ],
        )
        after = until


def _balances(after: int, until: int) -> Iterator[Finding]:
    width = len(projections.BALANCE_COLUMNS)
    for member_id, unit, *values in projections.differing(projections.BALANCES, after, until):
        stored, computed = values[:width], values[width:]
        if stored[0] is None:
            yield Finding("balance_missing", f"balance {member_id}/{unit}", str(tuple(computed)), "no row")
            continue
        for column, found, expected in zip(projections.BALANCE_COLUMNS, stored, computed, strict=True):
            if found != expected:
                yield Finding(
                    "balance_differs", f"balance {member_id}/{unit}.{column}", str(expected), str(found)
                )


def _lots(after: int, until: int) -> Iterator[Finding]:
    width = len(projections.LOT_COLUMNS)
    for lot_id, member_id, *values in projections.differing(projections.LOTS, after, until):
        stored, computed = values[:width], values[width:]
        if member_id is None:
            yield Finding("lot_missing", f"lot {lot_id}", str(tuple(computed)), "no row of this member")
            continue
        for column, found, expected in zip(projections.LOT_COLUMNS, stored, computed, strict=True):
            if found != expected:
                yield Finding("lot_differs", f"lot {lot_id}.{column}", str(expected), str(found))
