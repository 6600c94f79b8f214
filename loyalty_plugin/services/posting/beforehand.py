"""What callers may ask or prepare before they post: open accounts, and whether an act was posted already."""

from __future__ import annotations

from collections.abc import Iterable

from loyalty_plugin.domain.intents import Plan
from loyalty_plugin.errors import KeyConflict
from loyalty_plugin.services.posting import sql
from loyalty_plugin.services.posting.cursors import cursor


def open_accounts(member_id: int, units: Iterable[str]) -> None:
    """Make a new member's balances, so that the first earning finds them."""
    wanted = sorted(set(units))
    with cursor() as run:
        run.execute(sql.CREATE_AND_LOCK, [[member_id] * len(wanted), wanted])


def replay_of(plan: Plan) -> int | None:
    """The entry this plan was posted as before, None if it never was. Raises KeyConflict."""
    with cursor() as run:
        run.execute(sql.FIND, [plan.key])
        row = run.fetchone()
    if row is None:
        return None
    entry_id, digest = row
    if bytes(digest) != plan.digest:
        raise KeyConflict(key=plan.key, entry=entry_id)
    return int(entry_id)
