"""The night's expiry over many members against one hand-written statement that touches the same rows."""

from __future__ import annotations

import multiprocessing
import resource
from collections.abc import Iterator

from django.db import connection, connections

from loyalty_plugin.services import expiry
from loyalty_plugin.tasks import LANES
from tests.benchmarks.measures import Measure, median, rounds, seconds, spread
from tests.benchmarks.members import NOW, fill
from tests.benchmarks.world import SQL, World, connect


def night(url: str) -> tuple[float, int]:
    """Expire everything in this process: seconds, and the most memory it ever held (KiB)."""
    connect(url)
    connection.ensure_connection()
    expired = 0

    def act() -> None:
        nonlocal expired
        expired = expiry.expire(now=NOW, lanes=LANES).done

    took = seconds(act)
    connections.close_all()
    assert expired
    return took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def by_hand() -> float:
    """The same by one statement: seconds."""
    statement = (SQL / "expire.sql").read_text()

    def act() -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            assert cursor.rowcount

    return seconds(act)


def run(world: World) -> Iterator[Measure]:
    """Yield the measures."""
    many = world.size(20_000, 1_000_000)
    memory: dict[int, int] = {}
    took: dict[int, list[float]] = {}
    for members in (many // 2, many):
        with world.database("bench_due"):
            fill(members)
            with connection.cursor() as cursor:
                cursor.execute((SQL / "lots.sql").read_text())
                cursor.execute("VACUUM ANALYZE")
            connections.close_all()

            def ours(size: int = members) -> float:
                with world.database("bench_night", "bench_due") as url:
                    connections.close_all()
                    # A process of its own, so that its memory is the job's alone.
                    with multiprocessing.get_context("fork").Pool(1) as pool:
                        spent, memory[size] = pool.apply(night, (url,))
                return spent

            def peer() -> float:
                with world.database("bench_night", "bench_due"):
                    return by_hand()

            jobs, hand = rounds(world.size(3, 1), ours, peer)
            took[members] = jobs
        yield Measure(
            "nightly",
            f"expiry of {members:,} members' lots, 1 worker with {LANES} lanes",
            members / median(jobs),
            "lots/s",
            members / median(hand),
            "one hand-written statement",
            0.5,
            spread=spread([members / one for one in jobs], [members / one for one in hand]),
        )
    yield Measure(
        "nightly",
        f"expiry of {many:,} against {many // 2:,}",
        median(took[many]),
        "s",
        median(took[many // 2]),
        "half as many",
        2.2,
        "at most",
        spread=spread(took[many], took[many // 2]),
    )
    yield Measure(
        "nightly",
        f"peak memory of the job, {many:,} members",
        memory[many] / 1024,
        "MiB",
        memory[many // 2] / 1024,
        "half as many members",
        1.1,
        "at most",
    )
