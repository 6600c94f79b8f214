"""A member's statement as a bank prints one: date, what, amount, balance after; paged by key, newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Exists, OuterRef, Sum

from loyalty_plugin.domain.ledger import LOT_ACCOUNTS, POINTS, Account
from loyalty_plugin.models.ledger import Balance, Entry, Posting

#: States whose sum a statement's balance shows: what is there, on the way or reserved, less what is owed.
_OWN = frozenset({*(account.value for account in LOT_ACCOUNTS), Account.OWED.value})


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


_COLUMNS: Final = ("pk", "kind", "occurred_at", "order_ref", "explanation", "version_id", "source")


@dataclass(frozen=True, slots=True)
class Page:
    """Movements, newest first; `before` is the key of the next page, None on the last."""

    movements: tuple[Movement, ...]
    before: int | None


def statement(member_id: int, *, unit: str = POINTS, before: int | None = None, limit: int = 20) -> Page:
    """A page of at most 100 movements before an entry. Three queries, however long the history.

    The balance runs back from today's, so no page has to add up what came before it.
    """
    limit = max(1, min(limit, 100))
    # Not a join with DISTINCT: that would sort the whole history, explanations and all, for one page of it.
    moves = Posting.objects.filter(entry_id=OuterRef("pk"), unit=unit)
    entries = Entry.objects.filter(Exists(moves), member_id=member_id).order_by("-pk")
    if before is not None:
        entries = entries.filter(pk__lt=before)
    rows = list(entries.values_list(*_COLUMNS)[: limit + 1])
    more, rows = len(rows) > limit, rows[:limit]
    changes = _changes([entry_id for entry_id, *_ in rows], member_id, unit)
    balance = _balance_before(member_id, unit, before)
    movements = []
    for entry_id, kind, occurred_at, order_ref, explanation, version_id, source in rows:
        change = changes.get(entry_id, {})
        amount = sum(change.values())
        movements.append(
            Movement(
                entry_id,
                kind,
                occurred_at,
                order_ref,
                amount,
                change.get(Account.AVAILABLE.value, 0),
                change.get(Account.PENDING.value, 0),
                change.get(Account.HELD.value, 0),
                change.get(Account.OWED.value, 0),
                balance,
                explanation,
                version_id,
                source,
            )
        )
        balance -= amount
    return Page(tuple(movements), rows[-1][0] if more else None)


def _changes(entry_ids: list[int], member_id: int, unit: str) -> dict[int, dict[str, int]]:
    found: dict[int, dict[str, int]] = {}
    rows = Posting.objects.filter(entry_id__in=entry_ids, member_id=member_id, unit=unit)
    for entry_id, source, destination, amount in rows.values_list(
        "entry_id", "source", "destination", "amount"
    ):
        change = found.setdefault(entry_id, {})
        for account, signed in ((source, -amount), (destination, amount)):
            if account in _OWN:
                change[account] = change.get(account, 0) + signed
    return found


def _balance_before(member_id: int, unit: str, before: int | None) -> int:
    """All that was theirs just before an entry: today's balance less what came since."""
    row = Balance.objects.filter(member_id=member_id, unit=unit).first()
    total = row.available + row.pending + row.held + row.owed if row is not None else 0
    if before is None:
        return total
    since = Posting.objects.filter(entry__member_id=member_id, entry_id__gte=before, unit=unit)
    gained = since.filter(destination__in=_OWN).exclude(source__in=_OWN).aggregate(n=Sum("amount"))["n"] or 0
    lost = since.filter(source__in=_OWN).exclude(destination__in=_OWN).aggregate(n=Sum("amount"))["n"] or 0
    return total - gained + lost


def movement(member_id: int, entry_id: int, *, unit: str = POINTS) -> Movement | None:
    """One movement by its entry, None where it is not this member's."""
    page = statement(member_id, unit=unit, before=entry_id + 1, limit=1)
    found = page.movements[0] if page.movements else None
    return found if found is not None and found.entry_id == entry_id else None
