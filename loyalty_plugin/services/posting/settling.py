"""Settles one plan against the books and gathers the rows it leaves; the same for every way of writing them."""

from __future__ import annotations

from typing import Final, NamedTuple

import psycopg
from django.db import IntegrityError

from loyalty_plugin.domain.intents import Plan
from loyalty_plugin.domain.ledger import Books, NewLot, Posting
from loyalty_plugin.domain.settlement import settle
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.services.posting.locks import Locked
from loyalty_plugin.services.posting.rows import Written

#: A plan whose source begins so was approved by a person; the programme's hard maximum does not apply.
APPROVED: Final = "request:"


class Posted(NamedTuple):
    """What became of one plan: its entry, or the refusal. `replayed` marks an entry that was there before."""

    key: str
    entry_id: int | None
    replayed: bool = False
    postings: tuple[Posting, ...] = ()
    lots: tuple[NewLot, ...] = ()
    refusal: LoyaltyError | None = None


def limited(plan: Plan) -> int:
    """What a plan creates that the programme's hard maximum applies to."""
    return 0 if plan.source.startswith(APPROVED) else plan.awarded


def key_taken(error: IntegrityError) -> str | None:
    """Which business key another posted at the same time, in the database's words; None for any other violation."""
    cause = error.__cause__
    if isinstance(cause, psycopg.errors.UniqueViolation) and cause.diag.constraint_name == "lp_entry_key":
        return cause.diag.message_detail or ""
    return None


def settle_into(plan: Plan, locked: Locked, entry_id: int, lot_ids: list[int], written: Written) -> Posted:
    """Move the books on and note the rows, all or nothing; fresh ids of lots are taken from the end of the list.

    Raises InsufficientPoints, LotUnavailable, InvalidAmount.
    """
    member_id = plan.member_id
    before = locked.books[member_id]
    books = Books(dict(before.balances), dict(before.lots))
    opens = plan.opens
    fresh = [lot_ids.pop() for _ in range(opens)] if opens else []
    settled = settle(plan, books, fresh)
    locked.books[member_id] = books

    written.entries.append((entry_id, plan))
    for lot in settled.lots:
        written.lots.append((member_id, entry_id, lot))
    for lot_id in books.changed_lots:
        written.changed_lots.add((member_id, lot_id))
    for position, posting in enumerate(settled.postings):
        written.postings.append((entry_id, position, member_id, posting))
        # Only units that were moved: what is not in the postings can't be rebuilt from them.
        key = (member_id, posting.unit)
        written.touched.add(key)
        if plan.active_until is not None:
            written.active[key] = max(plan.active_until, written.active.get(key, plan.active_until))
    return Posted(plan.key, entry_id, postings=settled.postings, lots=settled.lots)
