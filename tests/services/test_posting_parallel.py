"""Many writers at once on real connections: one balance, one plan, crossing members; none lost."""

from __future__ import annotations

import random
from functools import partial

import pytest

from loyalty_plugin.domain.intents import Award, Hold
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING
from loyalty_plugin.errors import InsufficientPoints, KeyConflict
from loyalty_plugin.services.posting import Posted, post
from tests.scale import scaled
from tests.services.books import (
    NOW,
    at_once,
    balance_of,
    count,
    give,
    make_members,
    make_plan,
    make_version,
    rows,
    spend,
)

pytestmark = pytest.mark.usefixtures("fresh_db")


def post_one(plan: object) -> Posted:
    [posted] = post([plan], recorded_at=NOW)  # type: ignore[list-item]
    return posted


@pytest.mark.parametrize("holds", [False, True])
def test_of_fifty_parallel_spends_exactly_those_win_that_the_balance_pays(holds: bool) -> None:
    version = make_version()
    [member] = make_members(version, 1)
    for amount in (30, 25, 18):  # 73 in three lots: seven times ten, and three left
        give(version, member, amount)
    plans = [
        make_plan(version, member, Hold(POINTS, 10)) if holds else spend(version, member, 10)
        for _ in range(50)
    ]
    results = at_once([partial(post_one, plan) for plan in plans])
    won = [result for result in results if isinstance(result, Posted)]
    lost = [result for result in results if isinstance(result, InsufficientPoints)]
    assert (len(won), len(lost)) == (7, 43), results
    assert balance_of(member) == (0, 3, 70 if holds else 0, 0, 73)
    assert rows("SELECT sum(available), sum(held) FROM loyalty_plugin_lot") == [(3, 70 if holds else 0)]


def test_twenty_copies_of_one_plan_make_one_entry() -> None:
    version = make_version()
    [member] = make_members(version, 1)
    plan = make_plan(version, member, Award(POINTS, 10), Award(QUALIFYING, 10))
    results = at_once([partial(post_one, plan) for _ in range(20)])
    assert all(isinstance(result, Posted) for result in results), results
    assert len({result.entry_id for result in results}) == 1  # type: ignore[union-attr]
    assert sum(not result.replayed for result in results) == 1  # type: ignore[union-attr]
    assert (count("entry"), count("lot"), count("posting")) == (1, 1, 2)
    assert balance_of(member) == (0, 10, 0, 0, 10)


def test_one_key_for_two_members_at_once_is_a_conflict_for_one_of_them() -> None:
    version = make_version()
    members = make_members(version, 6)
    plans = [make_plan(version, m, Award(POINTS, 10 + n), key="club|one") for n, m in enumerate(members)]
    results = at_once([partial(post_one, plan) for plan in plans])
    assert sum(isinstance(result, Posted) for result in results) == 1, results
    assert sum(isinstance(result, KeyConflict) for result in results) == 5, results
    assert sum(balance_of(member)[1] > 0 for member in members) == 1


def test_batches_that_cross_each_other_neither_lock_up_nor_lose_anything() -> None:
    """Also with balances that do not exist yet: making them must keep to the order of locks."""
    version = make_version()
    members = make_members(version, 12)
    chance = random.Random(7)
    for _ in range(scaled(3, 40)):
        batches = []
        for _ in range(10):
            some = chance.sample(members, 8)
            batches.append(
                [
                    make_plan(version, m, Award(chance.choice((POINTS, QUALIFYING, "EUR.bonus")), 1))
                    for m in some
                ]
            )
        results = at_once([partial(post, batch, recorded_at=NOW) for batch in batches])
        assert all(isinstance(result, list) for result in results), results
    entries = count("entry")
    assert entries == scaled(3, 40) * 80
    assert rows("SELECT sum(available) FROM loyalty_plugin_balance") == [(entries,)]
