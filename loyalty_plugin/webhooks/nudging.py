"""Asks for the inbox to be drained as events come in: at once, or once more in a moment for all that come close together.

Each event asking for itself would cost more than keeping it. The rows are the truth: a process that ends before its
last asking only makes them later, by the minute's run.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

from django.db import connections

from loyalty_plugin import jobs

_log = logging.getLogger(__name__)

#: Seconds between two askings of one process.
PAUSE: Final = 0.25

_lock = threading.Lock()
_asked = 0.0
#: Whether an asking is still to come, which then counts for every event kept before it.
_coming = False


def nudge() -> None:
    """Have the inbox drained after this moment. To be called once the event is committed. Raises nothing."""
    global _asked, _coming
    with _lock:
        if _coming:
            return
        now = time.monotonic()
        rest = _asked + PAUSE - now
        if rest > 0:
            _coming = True
        else:
            _asked = now
    if rest > 0:
        later = threading.Timer(rest, _later)
        later.daemon = True
        later.start()
    else:
        _ask()


def _later() -> None:
    global _asked, _coming
    with _lock:
        _coming, _asked = False, time.monotonic()
    try:
        _ask()
    finally:
        # A connection belongs to its thread, and this one ends.
        connections.close_all()


def _ask() -> None:
    try:
        jobs.enqueue(jobs.DRAIN_INBOX)
    except Exception:
        _log.exception("no worker could be asked to drain the inbox")
