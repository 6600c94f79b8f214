"""Recomputes balances and what is left of lots from the postings, and mends rows that differ, under their locks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.db import connection, transaction

from loyalty_plugin.queries import projections
from loyalty_plugin.services.posting.locks import lock

STEP: Final = 5_000

_MEND_BALANCE: Final = """
INSERT INTO loyalty_plugin_balance AS b
       (member_id, unit, pending, available, held, owed, earned, active_until)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (member_id, unit) DO UPDATE
   SET pending = EXCLUDED.pending, available = EXCLUDED.available, held = EXCLUDED.held, owed = EXCLUDED.owed,
       earned = EXCLUDED.earned, active_until = EXCLUDED.active_until
"""
_MEND_LOT: Final = "UPDATE loyalty_plugin_lot SET pending = %s, available = %s, held = %s WHERE id = %s"


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Rows of balances and lots that differ from the postings; `mended` says whether they were set right."""

    balances: int = 0
    lots: int = 0
    mended: bool = False

    @property
    def equal(self) -> bool:
        """Nothing differed."""
        return not (self.balances or self.lots)


def rebuild(*, write: bool = False, progress: Callable[[int], None] = lambda last_member: None) -> Rebuilt:
    """Compare bit by bit; with `write`, mend. A lot's amount is frozen: where that differs only `verify` says so."""
    balances = lots = after = 0
    while (until := projections.next_bound(after, STEP)) is not None:
        with transaction.atomic(durable=True):
            if write:
                _hold(after, until)
            differing = projections.differing(projections.BALANCES, after, until)
            wrong_lots = [
                row for row in projections.differing(projections.LOTS, after, until) if row[2:5] != row[6:9]
            ]
            if write and (differing or wrong_lots):
                with connection.cursor() as cursor:
                    for member_id, unit, *values in differing:
                        cursor.execute(_MEND_BALANCE, [member_id, unit, *values[6:]])
                    for lot_id, _, *values in wrong_lots:
                        cursor.execute(_MEND_LOT, [*values[4:7], lot_id])
        balances += len(differing)
        lots += len(wrong_lots)
        progress(until)
        after = until
    return Rebuilt(balances, lots, mended=write)


def _hold(after: int, until: int) -> None:
    """Lock what differs, in the global order; rows are compared again under the locks."""
    keys = {(row[0], row[1]) for row in projections.differing(projections.BALANCES, after, until)}
    with connection.cursor() as cursor:
        wrong = [row[0] for row in projections.differing(projections.LOTS, after, until)]
        cursor.execute("SELECT member_id, unit FROM loyalty_plugin_lot WHERE id = ANY(%s)", [wrong])
        keys.update(cursor.fetchall())
    lock(keys, lots=False)
