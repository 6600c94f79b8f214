"""A member's statement as a bank prints one: date, what, amount, balance after; paged by key, newest first."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import connection

from loyalty_plugin.domain.ledger import POINTS

#: Above every entry: where the newest page begins.
_NEWEST: Final = 2**63 - 1
#: One statement for a page, its changes and its balance: three cost more than all they read. An entry's changes are
#: added up one entry after another, until the page is full: a join would sort the whole history for one page.
_PAGE: Final = """
SELECT e.id, e.kind, e.occurred_at, e.order_ref, e.explanation, e.version_id, e.source,
       changed.available, changed.pending, changed.held, changed.owed, (today.total - since.total)::bigint
  FROM loyalty_plugin_entry e
 CROSS JOIN LATERAL (
    SELECT coalesce(sum(m.amount) FILTER (WHERE m.account = 'available'), 0)::bigint AS available,
           coalesce(sum(m.amount) FILTER (WHERE m.account = 'pending'), 0)::bigint AS pending,
           coalesce(sum(m.amount) FILTER (WHERE m.account = 'held'), 0)::bigint AS held,
           coalesce(sum(m.amount) FILTER (WHERE m.account = 'owed'), 0)::bigint AS owed
      FROM loyalty_plugin_posting p,
           LATERAL (VALUES (p.destination, p.amount), (p.source, -p.amount)) AS m(account, amount)
     WHERE p.entry_id = e.id AND p.member_id = %(member)s AND p.unit = %(unit)s
    HAVING count(*) > 0
  ) AS changed
 CROSS JOIN (
    SELECT coalesce(sum(pending + available + held + owed), 0) AS total
      FROM loyalty_plugin_balance WHERE member_id = %(member)s AND unit = %(unit)s
  ) AS today
 CROSS JOIN (
    SELECT coalesce(sum(m.amount), 0) AS total
      FROM loyalty_plugin_entry e JOIN loyalty_plugin_posting p ON p.entry_id = e.id,
           LATERAL (VALUES (p.destination, p.amount), (p.source, -p.amount)) AS m(account, amount)
     WHERE e.member_id = %(member)s AND e.id >= %(before)s AND p.unit = %(unit)s
       AND m.account IN ('pending', 'available', 'held', 'owed')
  ) AS since
 WHERE e.member_id = %(member)s AND e.id < %(before)s
 ORDER BY e.id DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Movement:
    """One entry as the member sees it. Amounts are signed, in points or minor units of the unit.

    `amount` is the change of all that is theirs; `available`, `pending`, `held` and `owed` the changes by state,
    so that a maturing shows although `amount` is zero. `balance` is all that was theirs after it.
    """

    entry_id: int
    kind: str
    occurred_at: datetime
    order_ref: str
    amount: int
    available: int
    pending: int
    held: int
    owed: int
    balance: int
    explanation: Mapping[str, Any] | None
    version_id: int
    source: str


@dataclass(frozen=True, slots=True)
class Page:
    """Movements, newest first; `before` is the key of the next page, None on the last."""

    movements: tuple[Movement, ...]
    before: int | None


def statement(member_id: int, *, unit: str = POINTS, before: int | None = None, limit: int = 20) -> Page:
    """A page of at most 100 movements before an entry. One query, however long the history.

    The balance runs back from today's, so no page has to add up what came before it.
    """
    limit = max(1, min(limit, 100))
    asked: dict[str, int | str] = {
        "member": member_id,
        "unit": unit,
        "before": _NEWEST if before is None else min(before, _NEWEST),
        "limit": limit + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PAGE, asked)
        rows = cursor.fetchall()
    more, rows = len(rows) > limit, rows[:limit]
    balance = rows[0][-1] if rows else 0
    movements = []
    for entry_id, kind, at, order_ref, told, version_id, source, available, pending, held, owed, _ in rows:
        amount = available + pending + held + owed
        explanation = None if told is None else json.loads(told)
        movements.append(
            Movement(
                entry_id,
                kind,
                at,
                order_ref,
                amount,
                available,
                pending,
                held,
                owed,
                balance,
                explanation,
                version_id,
                source,
            )
        )
        balance -= amount
    return Page(tuple(movements), rows[-1][0] if more else None)


def movement(member_id: int, entry_id: int, *, unit: str = POINTS) -> Movement | None:
    """One movement by its entry, None where it is not this member's."""
    page = statement(member_id, unit=unit, before=entry_id + 1, limit=1)
    found = page.movements[0] if page.movements else None
    return found if found is not None and found.entry_id == entry_id else None
