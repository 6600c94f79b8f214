"""Gives one process at a time the right to act on an outside target, in short transactions; never waits long.

A session lock dies under PgBouncer and a row lock would hold a transaction over the network, so the right is a row
with an end. The time is the database's: machines disagree, and the shop's own clock may be moved in a demo.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from django.db import connection

from loyalty_plugin.conf import settings
from loyalty_plugin.errors import LeaseTaken

_POLL: Final = 0.05
_TAKE: Final = """
    INSERT INTO loyalty_plugin_lease AS held (target, fence, holder, until)
    VALUES (%(target)s, 1, %(holder)s, clock_timestamp() + make_interval(secs => %(seconds)s))
    ON CONFLICT (target) DO UPDATE
       SET fence = held.fence + 1, holder = excluded.holder, until = excluded.until
     WHERE held.until IS NULL OR held.until < clock_timestamp()
    RETURNING fence
"""
_RETURN: Final = """
    UPDATE loyalty_plugin_lease SET holder = NULL, until = NULL
     WHERE target = %(target)s AND fence = %(fence)s AND holder = %(holder)s
"""
_RENEW: Final = """
    UPDATE loyalty_plugin_lease SET until = clock_timestamp() + make_interval(secs => %(seconds)s)
     WHERE target = %(target)s AND fence = %(fence)s AND holder = %(holder)s AND until > clock_timestamp()
    RETURNING 1
"""
_HOLDS: Final = """
    SELECT 1 FROM loyalty_plugin_lease
     WHERE target = %(target)s AND fence = %(fence)s AND holder = %(holder)s AND until > clock_timestamp()
"""


@dataclass(frozen=True, slots=True)
class Held:
    """A lease in hand. `fence` grows with every taking of the target."""

    target: str
    fence: int
    holder: uuid.UUID

    def check(self) -> None:
        """Raises LeaseTaken if we were overtaken: ask right before every write outside."""
        with connection.cursor() as cursor:
            cursor.execute(_HOLDS, self._names())
            if cursor.fetchone() is None:
                raise LeaseTaken(target=self.target)

    def renew(self) -> None:
        """Hold it for its whole time again: before each of many writes. Raises LeaseTaken if we were overtaken."""
        with connection.cursor() as cursor:
            cursor.execute(_RENEW, {**self._names(), "seconds": seconds()})
            if cursor.fetchone() is None:
                raise LeaseTaken(target=self.target)

    def _names(self) -> dict[str, str | int | uuid.UUID]:
        return {"target": self.target, "fence": self.fence, "holder": self.holder}


@contextmanager
def lease(target: str, *, wait: float = 0.0) -> Iterator[Held]:
    """Hold a target for as long as a few calls to Saleor can take. Raises LeaseTaken after `wait` seconds."""
    held = _take(target, time.monotonic() + wait)
    try:
        yield held
    finally:
        with connection.cursor() as cursor:
            cursor.execute(_RETURN, held._names())


def seconds() -> float:
    """How long a lease lasts: a call may overrun its deadline by one more read, and there are two calls in one."""
    return 4.0 * float(settings.SALEOR_DEADLINE) + 10


def _take(target: str, until: float) -> Held:
    holder = uuid.uuid4()
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_TAKE, {"target": target, "holder": holder, "seconds": seconds()})
            row = cursor.fetchone()
        if row is not None:
            return Held(target, row[0], holder)
        if time.monotonic() + _POLL > until:
            raise LeaseTaken(target=target)
        time.sleep(_POLL)
