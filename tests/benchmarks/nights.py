"""A nightly job over many members: at two sizes against a peer, how it grows, and its memory; knows no job itself."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db import connection, connections

from loyalty_plugin import jobs
from tests.benchmarks.measures import Measure, median, processes, rounds, seconds, spread
from tests.benchmarks.world import World, connect


@dataclass(frozen=True, slots=True)
class Night:
    """A job and its peer. `fill` makes so many members; `job` tells how many it dealt with, and must be a module's
    own function; `peer` gives members a second, in a database that nobody has worked in.
    """

    name: str
    what: str
    unit: str
    fill: Callable[[int], None]
    job: Callable[[], int]
    peer: Callable[[], float]
    against: str
    goal: float


def measure(world: World, night: Night) -> Iterator[Measure]:
    """Yield speed at half of the members and at all, growth, and growth of memory."""
    many = world.size(20_000, 1_000_000)
    memory: dict[int, int] = {}
    took: dict[int, list[float]] = {}
    for members in (many // 2, many):
        with world.database("bench_due"):
            night.fill(members)
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE")
            connections.close_all()

            def ours(size: int = members) -> float:
                with world.database("bench_night", "bench_due") as url:
                    connections.close_all()
                    # A process of its own, so that its memory is the job's alone.
                    with processes(1) as pool:
                        spent, memory[size], done = pool.submit(_in_child, url, night.job).result()
                assert done == size, f"{done} of {size} were due"
                return spent

            def peer() -> float:
                jobs.settle_in()  # whatever helps us helps the peer
                with world.database("bench_night", "bench_due"):
                    return night.peer()

            # At the sizes of the goals a round takes minutes, beside which warming up is nothing.
            nights, others = rounds(world.size(3, 1), ours, peer, warm_up=not world.full)
            took[members] = nights
        speeds = [members / one for one in nights]
        yield Measure(
            night.name,
            f"{night.what}, {members:,} members",
            median(speeds),
            night.unit,
            median(others),
            night.against,
            night.goal,
            spread=spread(speeds, others),
        )
    yield Measure(
        night.name,
        f"{many:,} members in the time of {many // 2:,}",
        median(took[many]),
        "s",
        median(took[many // 2]),
        "half as many",
        2.2,
        "at most",
        spread=spread(took[many], took[many // 2]),
    )
    yield Measure(
        night.name,
        f"peak memory with {many:,} members",
        memory[many] / 1024,
        "MiB",
        memory[many // 2] / 1024,
        "half as many",
        1.1,
        "at most",
    )


def _in_child(url: str, job: Callable[[], int]) -> tuple[float, int, int]:
    """Seconds, the most memory the process ever held (KiB), and what it did."""
    connect(url)
    connection.ensure_connection()
    jobs.settle_in()  # as in a worker
    done = 0

    def act() -> None:
        nonlocal done
        done = job()

    took = seconds(act)
    connections.close_all()
    return took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, done
