"""The writer of the ledger against hand-written SQL under pgbench and django-hordak, alone and from facts on."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

from django.db import connection, connections

from loyalty_plugin import jobs
from loyalty_plugin.domain.intents import Award, Plan
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING, Kind, input_digest
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.services.orders.apply import apply_orders
from loyalty_plugin.services.posting import post
from tests import factories
from tests.benchmarks.measures import Measure, median, processes, rounds, spread
from tests.benchmarks.members import NOW, fill, multiply
from tests.benchmarks.world import WORKERS, World, connect

BATCH = 200
#: As many as a drain of the inbox reads and applies at once.
FACTS = 200
#: More orders than one worker applies in a second.
MOST = 4_000
SHOP = "https://shop.example/graphql/"
#: What joining leaves of each member's tier: without it, every first order would add it.
ENTERED = """
INSERT INTO loyalty_plugin_tierevent (member_id, day, kind, tier, reason, recorded_at)
SELECT m.id, e.day, e.kind, e.tier, e.reason, e.recorded_at
  FROM loyalty_plugin_tierevent e, loyalty_plugin_member m WHERE m.id > e.member_id
"""


def order_plan(number: str, member_id: int) -> Plan:
    """The plan of one paid order, the same movements as in sql/order.sql."""
    ref = f"{SHOP}|{number}"
    return Plan(
        key=f"{ref}|earn|1",
        digest=input_digest({"order": ref, "revision": 1, "updated_at": NOW}),
        kind=Kind.EARN,
        programme_id=1,
        version_id=1,
        member_id=member_id,
        occurred_at=NOW,
        intents=(
            Award(POINTS, 120, NOW + timedelta(days=14), NOW + timedelta(days=365)),
            Award(QUALIFYING, 100),
        ),
        channel="default-channel",
        order_ref=ref,
        actor="system:loyalty",
        source=f"order:{ref}",
        explanation={"total": 120},
    )


def post_for(url: str, seconds: float, batch: int, members: int, seed: int) -> float:
    """Post orders for so long in this process; orders per second."""
    connect(url)
    chance = random.Random(seed)
    numbers = (f"{seed}-{os.getpid()}-{n}" for n in itertools.count())
    connection.ensure_connection()
    jobs.settle_in()  # as in a worker
    done = 0
    began = time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        post([order_plan(next(numbers), chance.randint(1, members)) for _ in range(batch)], recorded_at=NOW)
        done += batch
    connections.close_all()
    return done / spent


def spread_out(
    work: Callable[[str, float, int, int, int], float],
    url: str,
    seconds: float,
    batch: int,
    members: int,
    workers: int,
) -> float:
    """Orders per second of so many processes together."""
    connections.close_all()
    with processes(workers) as pool:
        begun = [
            pool.submit(work, url, seconds, batch, members, random.randrange(10**9)) for _ in range(workers)
        ]
        return sum(one.result() for one in begun)


def run(world: World) -> Iterator[Measure]:
    """Yield the measures."""
    members = world.size(20_000, 100_000)
    seconds, count = world.size(4, 10), world.size(3, 5)
    with world.database("bench_ledger") as url:
        fill(members)
        connections.close_all()
        batches, many = rounds(
            count,
            lambda: spread_out(post_for, url, seconds, BATCH, members, WORKERS),
            lambda: world.pgbench(url, "order.sql", clients=8, seconds=seconds, members=members),
        )
        yield Measure(
            "ledger",
            f"posting in batches of {BATCH}, {WORKERS} workers",
            median(batches),
            "orders/s",
            median(many),
            "hand-written SQL under pgbench, 8 clients",
            2.0,
            spread=spread(batches, many),
        )
        settle()
        single, one = rounds(
            count,
            lambda: spread_out(post_for, url, seconds, 1, members, 1),
            lambda: world.pgbench(url, "order.sql", clients=1, seconds=seconds, members=members),
        )
        yield Measure(
            "ledger",
            "posting one order alone, 1 worker",
            median(single),
            "orders/s",
            median(one),
            "hand-written SQL under pgbench, 1 client",
            0.5,
            spread=spread(single, one),
        )
    yield facts_to_postings(world, seconds, count)
    yield against_hordak(world, median(batches), seconds)


def settle() -> None:
    """As in a shop that has orders: planned on tables thought empty, a session's plans read them whole, and stay."""
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    connections.close_all()


def facts_to_postings(world: World, seconds: int, count: int) -> Measure:
    """From facts of paid orders over the award and its explanation to the ledger, the order's row and its tier facts.

    The peer writes the same rows, with award and explanation given: it judges no rule and no tier.
    """
    members = world.size(20_000, 100_000)
    with world.database("bench_facts") as url:
        programme = factories.programme()
        member = factories.member(programme, external_id="c1")
        assert (programme.pk, member.pk) == (1, 1)
        multiply(members)
        with connection.cursor() as cursor:
            cursor.execute(ENTERED)
        world.pgbench(url, "paid.sql", clients=8, seconds=seconds, members=members)
        settle()
        facts, many = rounds(
            count,
            lambda: spread_out(apply_for, url, seconds, FACTS, members, WORKERS),
            lambda: world.pgbench(url, "paid.sql", clients=8, seconds=seconds, members=members),
        )
    return Measure(
        "ledger",
        f"facts → award → posting in batches of {FACTS}, {WORKERS} workers",
        median(facts),
        "orders/s",
        median(many),
        "hand-written SQL under pgbench, 8 clients, the award given",
        1.0,
        spread=spread(facts, many),
    )


def apply_for(url: str, seconds: float, batch: int, members: int, seed: int) -> float:
    """Apply facts of paid orders for so long in this process; orders per second."""
    connect(url)
    chance = random.Random(seed)
    programme = Programme.objects.get()
    numbers = (f"{seed}-{os.getpid()}-{n}" for n in itertools.count())

    def customer() -> Member:
        return Member(external_id=f"c{chance.randint(1, members)}", programme=programme)

    connection.ensure_connection()
    # The facts are given: what a fact is made of is read by another part.
    given = [
        [factories.order(customer(), order_id=next(numbers)) for _ in range(batch)]
        for _ in range(int(MOST * seconds / batch))
    ]
    jobs.settle_in()
    done = 0
    began = time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        apply_orders(given.pop(), now=factories.NOW)
        done += batch
    connections.close_all()
    return done / spent


def against_hordak(world: World, ours: float, seconds: int) -> Measure:
    """The same movements by django-hordak, as many processes, a hundred orders in a transaction."""
    url = world.server.create_database("bench_hordak")
    try:
        # A process with settings of its own: hordak's tables are not ours.
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.hordak_peer", url, str(seconds), str(WORKERS)],
            capture_output=True,
            text=True,
            check=True,
        )
    finally:
        world.server.drop_database("bench_hordak")
    return Measure(
        "ledger",
        f"posting in batches of {BATCH}, {WORKERS} workers",
        ours,
        "orders/s",
        float(done.stdout.split()[-1]),
        f"django-hordak, {WORKERS} workers",
        10.0,
    )
