"""Lets orders expire that nobody paid in time, as Saleor's scheduler does every five minutes; cancels nothing else."""

from __future__ import annotations

import threading
import traceback
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .completing import note, take_from_stock
from .context import Context
from .pace import Pace

if TYPE_CHECKING:
    from .standin import Standin

#: Seconds between two looks, and of a minute in a channel's settings; both as long as the options say.
PERIOD, MINUTE = 300, 60

_UNPAID = """
SELECT o.id, o.doc->>'created', c.doc->>'expireOrdersAfter' FROM standin_order o
  JOIN standin_channel c ON c.doc->>'slug' = o.doc->>'channel'
 WHERE o.doc->>'status' = 'UNCONFIRMED' AND (c.doc->>'expireOrdersAfter')::bigint > 0
   AND NOT EXISTS (SELECT 1 FROM standin_transaction t WHERE t.doc->>'order' = o.id)
"""


def expire(standin: Standin) -> list[str]:
    """Let those expire that are due; their keys. Only what is not confirmed and has no transaction."""
    ctx = Context(standin, lambda: None, Pace(instant=True))
    gone = []
    now, scale = datetime.fromisoformat(ctx.now()), standin.options.retry_scale
    with ctx.write() as tx:
        for key, created, minutes in tx.query(_UNPAID):
            if now - datetime.fromisoformat(created) < timedelta(seconds=int(minutes) * MINUTE * scale):
                continue
            order = tx.get("order", key, lock=True)
            if order is None or order["status"] != "UNCONFIRMED":
                continue
            order["status"] = "EXPIRED"
            take_from_stock(tx, [{**line, "quantity": -line["quantity"]} for line in order["lines"]])
            note(ctx, tx, order, "EXPIRED")
            tx.save("order", order)  # `updatedAt` stays, as in Saleor's bulk update
            ctx.emit(tx, "ORDER_EXPIRED", order=key)
            ctx.emit(tx, "ORDER_UPDATED", order=key)
            gone.append(key)
    return gone


class Expiry:
    """The scheduler: one thread that looks from time to time."""

    def __init__(self, standin: Standin) -> None:
        self._standin = standin
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="standin-expiry", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._stop.wait(PERIOD * self._standin.options.retry_scale):
            try:
                expire(self._standin)
            except Exception:
                traceback.print_exc()  # the next look finds what this one left
