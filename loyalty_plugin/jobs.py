"""Enqueues work for the workers, inside the caller's transaction; runs nothing itself.

The truth is in rows (inbox, outbox, due dates): a job is only a nudge, so that losing or doubling one is harmless.
"""

from __future__ import annotations

import gc
from functools import cache
from typing import Any, Final

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

DRAIN_INBOX: Final = "loyalty.drain_inbox"
DELIVER_OUTBOX: Final = "loyalty.deliver_outbox"
QUOTE_AGAIN: Final = "loyalty.quote_again"
LOOK_AGAIN: Final = "loyalty.look_again"
RELEASE_HOLDS: Final = "loyalty.release_holds"
MATURE: Final = "loyalty.mature"
EXPIRE: Final = "loyalty.expire"
SEAL: Final = "loyalty.seal"
TIERS: Final = "loyalty.tiers"
BIRTHDAYS: Final = "loyalty.birthdays"
CLAIM_ORDERS: Final = "loyalty.claim_orders"
PAST_POINTS: Final = "loyalty.past_points"
PREVIEWS: Final = "loyalty.previews"
CONNECTIONS: Final = "loyalty.connections"
RECONCILE: Final = "loyalty.reconcile"
HOUSEKEEPING: Final = "loyalty.housekeeping"


def enqueue(name: str, **arguments: Any) -> None:
    """Nudge a worker to do this soon; a nudge that already waits is enough.

    Joins the surrounding transaction. The savepoint is needed: a queueing lock that is taken breaks off the
    statement, and with it the transaction around it.
    """
    try:
        with transaction.atomic():
            app.configure_task(name, queueing_lock=name, queue="loyalty").defer(**arguments)
    except AlreadyEnqueued:
        return


@cache
def settle_in() -> None:
    """Once a process that works unattended: what is loaded by now stays, so let no collection look at it again.

    Nor at a batch's own objects many times over while it lasts: most are gone at its end without any collection.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
