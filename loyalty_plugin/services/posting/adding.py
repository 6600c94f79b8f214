"""Posts plans that only award by one statement that reads nothing before; whatever is not as plain is left alone.

What an award adds does not depend on the balance, as long as nothing is owed: so the plans are settled against
empty books, and the statement adds what comes out if the database is as that expects. Locks are held for the
statement alone, not while this process works. A property test holds this way and the other to the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, connection, transaction

from loyalty_plugin.cursors import cursor
from loyalty_plugin.domain.intents import Plan
from loyalty_plugin.errors import InvalidAmount
from loyalty_plugin.services.posting import sql
from loyalty_plugin.services.posting.arrays import integers, texts
from loyalty_plugin.services.posting.locks import Locked
from loyalty_plugin.services.posting.rows import Written, additions
from loyalty_plugin.services.posting.settling import Posted, key_taken, limited, settle_into
from loyalty_plugin.signals import announce, points_posted


class _NotPlain(Exception):
    """The database is not as the statement expects: nothing was written, and locks are to be let go."""


def add(plans: Sequence[Plan], *, recorded_at: datetime) -> list[Posted] | None:
    """Post them all, in order; None, and nothing written, where that takes more than adding."""
    keys = [plan.key for plan in plans]
    if len(set(keys)) < len(keys) or not all(plan.only_awards for plan in plans):
        return None
    books, written = Locked(), Written()
    lot_numbers = list(range(sum(plan.opens for plan in plans), 0, -1))
    largest: dict[int, int] = {}
    try:
        numbered = []
        for number, plan in enumerate(plans, 1):
            numbered.append(settle_into(plan, books, number, lot_numbers, written))
            largest[plan.programme_id] = max(limited(plan), largest.get(plan.programme_id, 0))
    except InvalidAmount:
        return None  # for whoever reports refusals
    parameters: list[datetime | str] = [
        recorded_at,
        texts(keys),
        *additions(written, books),
        integers(largest),
        integers(largest.values()),
    ]
    try:
        if connection.in_atomic_block:
            # Back to before the statement lets its locks go, which whoever goes on will take in another order.
            with transaction.atomic():
                entry_ids, lot_ids = _send(parameters)
        else:
            entry_ids, lot_ids = _send(parameters)
    except _NotPlain:
        return None
    except IntegrityError as error:
        if key_taken(error) is not None:
            return None  # posted by another while we waited for its locks
        raise
    announce(points_posted, entry_ids=entry_ids)
    return [_identified(posted, entry_ids, lot_ids) for posted in numbered]


def _send(parameters: Sequence[datetime | str]) -> tuple[list[int], list[int]]:
    with cursor() as run:
        run.execute(sql.ADD, parameters)
        row = run.fetchone()
    if row is None:
        raise _NotPlain
    entry_ids, lot_ids = row
    return entry_ids, lot_ids


def _identified(posted: Posted, entry_ids: list[int], lot_ids: list[int]) -> Posted:
    """With ids of the database instead of numbers within the batch."""
    assert posted.entry_id is not None
    lots = tuple([lot._replace(id=lot_ids[lot.id - 1]) for lot in posted.lots])
    postings = tuple(
        [
            posting
            if posting.destination_lot is None
            else posting._replace(destination_lot=lot_ids[posting.destination_lot - 1])
            for posting in posted.postings
        ]
    )
    return Posted(posted.key, entry_ids[posted.entry_id - 1], postings=postings, lots=lots)
