"""The night's expiry over many members against one hand-written statement that touches the same rows."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from loyalty_plugin.services import expiry
from loyalty_plugin.tasks import LANES
from tests.benchmarks.measures import Measure, seconds
from tests.benchmarks.members import NOW, fill, make_rows
from tests.benchmarks.nights import Night, measure
from tests.benchmarks.world import SQL, World


def a_lot_each(members: int) -> None:
    """Members with one lot each, whose last day was yesterday."""
    fill(members)
    make_rows("lots.sql")


def expire() -> int:
    """What the task does."""
    return expiry.expire(now=NOW, lanes=LANES).done


def by_hand() -> float:
    """The same by one statement: lots a second."""
    statement = (SQL / "expire.sql").read_text()
    expired = 0

    def act() -> None:
        nonlocal expired
        with connection.cursor() as cursor:
            cursor.execute(statement)
            expired = cursor.rowcount

    took = seconds(act)
    assert expired
    return expired / took


def run(world: World) -> Iterator[Measure]:
    """Yield the measures."""
    yield from measure(
        world,
        Night(
            "expiry",
            f"lots that expire, 1 worker with {LANES} lanes",
            "lots/s",
            a_lot_each,
            expire,
            by_hand,
            "one hand-written statement",
            0.5,
        ),
    )
