"""Points held for a checkout and then used, against hand-written SQL under pgbench: of many members, and of one."""

from __future__ import annotations

import itertools
import os
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from django.db import connection, connections

from loyalty_plugin import jobs
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.services import holds
from tests.benchmarks.benches.ledger import settle, spread_out
from tests.benchmarks.measures import Measure, median, rounds, spread
from tests.benchmarks.members import NOW, fill, make_rows
from tests.benchmarks.world import WORKERS, World, connect

HOUR = timedelta(hours=1)
CLIENTS = 8
PEER = f"hand-written SQL under pgbench, {CLIENTS} clients, two round trips"


def redeem_for(url: str, seconds: float, threads: int, members: int, seed: int) -> float:
    """Hold and capture ten points of somebody for so long in this process, on so many threads; pairs of both per second."""
    connect(url)
    with ThreadPoolExecutor(threads) as pool:
        return sum(
            pool.map(lambda lane: _lane(seconds, members, f"{seed}-{os.getpid()}-{lane}"), range(threads))
        )


def _lane(seconds: float, members: int, name: str) -> float:
    chance = random.Random(name)
    numbers = (f"{name}-{n}" for n in itertools.count())
    connection.ensure_connection()
    jobs.settle_in()
    done = 0
    began = time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        held = holds.place(
            SYSTEM,
            key=next(numbers),
            member_id=chance.randint(1, members),
            realm_id=1,
            target="checkout",
            amounts={POINTS: 10},
            lasting=HOUR,
            now=NOW,
        )
        holds.capture(SYSTEM, hold_id=held.hold_id, now=NOW)
        done += 1
    connections.close_all()
    return done / spent


def run(world: World) -> Iterator[Measure]:
    """Yield the measures."""
    seconds, count = world.size(4, 10), world.size(3, 5)
    for what, members, goal in (
        ("hold + capture over many members", world.size(20_000, 100_000), 0.35),
        ("hold + capture of a single member", 1, 0.5),
    ):
        with world.database("bench_redeem") as url:
            Realm.objects.create(pk=1, api_url="https://shop.example/graphql/")
            fill(members)
            make_rows("purses.sql", count=members)
            settle()
            ours, theirs = rounds(
                count,
                lambda: spread_out(redeem_for, url, seconds, CLIENTS // WORKERS, members, WORKERS),  # noqa: B023
                lambda: world.pgbench(url, "redeem.sql", clients=CLIENTS, seconds=seconds, members=members),  # noqa: B023
            )
        yield Measure(
            "redeem",
            f"{what}, {WORKERS} workers with {CLIENTS // WORKERS} connections each",
            median(ours),
            "pairs/s",
            median(theirs),
            PEER,
            goal,
            spread=spread(ours, theirs),
        )
