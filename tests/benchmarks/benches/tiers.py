"""The night's tiers over many members against the domain's function alone, called for the same facts.

All members are due, as on the first night of a version. They are copies of some who were judged weeks ago, with
two years of orders behind them; so a few rise or fall, and most are told the next day on which to look.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

from loyalty_plugin.builtin.presets import fashion
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.tiers.history import purchase
from loyalty_plugin.domain.tiers.standing import standing
from loyalty_plugin.models.members import Member
from loyalty_plugin.queries.programmes import versions_of
from loyalty_plugin.queries.tiers import history_of, tier_versions
from loyalty_plugin.services import tiers
from loyalty_plugin.tasks import LANES
from tests.benchmarks.measures import Measure, seconds
from tests.benchmarks.members import LONG_AGO, NOW, fill, make_rows, multiply
from tests.benchmarks.nights import Night, measure
from tests.benchmarks.world import World

PATTERNS = 200
#: Orders in two years: none to this many, the middle in between.
MOST_ORDERS = 16
SAMPLE = 5_000
DAYS = (NOW - LONG_AGO).days


def histories(members: int) -> None:
    """Members with two years of orders, judged forty days ago, all due today."""
    fill(PATTERNS, document=fashion.document("EUR"))
    chance = random.Random(7)
    tiers.add_facts(
        (member_id, fact)
        for member_id in range(1, PATTERNS + 1)
        for number in range(chance.randint(0, MOST_ORDERS))
        for fact in purchase(
            (LONG_AGO + timedelta(days=chance.randrange(DAYS))).date(),
            f"order {member_id} {number}",
            spend=chance.randint(1_000, 25_000),
        )
    )
    tiers.recompute(list(Member.objects.order_by("pk")), now=NOW - timedelta(days=40))
    Member.objects.update(tier_due=NOW.date())
    multiply(members, patterns=PATTERNS)
    make_rows("histories.sql", count=members, patterns=PATTERNS)


def recompute() -> int:
    """What the task does."""
    return tiers.recompute_due(now=NOW, lanes=LANES)


def domain_alone() -> float:
    """The domain's function for as many members as fit into memory: members a second."""
    versions = versions_of(1)
    ready, zone = tier_versions(versions), versions.all[0].zone
    today, joined = local_day(NOW, zone), local_day(LONG_AGO, zone)
    ids = list(Member.objects.order_by("pk").values_list("pk", flat=True)[:SAMPLE])
    history = history_of(ids, today, counting=ready)
    told = [(history.facts[member_id], history.grants[member_id]) for member_id in ids]

    def act() -> None:
        for facts, grants in told:
            standing(facts, grants, ready, joined, today)

    return len(told) / seconds(act)


def run(world: World) -> Iterator[Measure]:
    """Yield the measures."""
    yield from measure(
        world,
        Night(
            "tiers",
            f"standings judged anew, 1 worker with {LANES} lanes",
            "members/s",
            histories,
            recompute,
            domain_alone,
            "the domain's function alone on the same facts",
            0.5,
        ),
    )
