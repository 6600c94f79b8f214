"""Killed between any two statements: what is left is all of an act or nothing of it, and the next try gets through."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from loyalty_plugin.domain.intents import Award
from loyalty_plugin.models.programmes import ProgrammeChannel
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.queries import verifying
from loyalty_plugin.services import sealing
from loyalty_plugin.services.posting import post
from tests.services.books import (
    DAY,
    NOW,
    give,
    make_members,
    make_plan,
    make_version,
    rows,
    wait_until_sealable,
)

pytestmark = pytest.mark.usefixtures("fresh_db")


def killed_at_every_statement(act: str) -> list[list[int]]:
    """The states left behind by each killed child, and by the one that got through."""
    settings = connection.settings_dict
    url = " ".join(
        f"{name}='{value}'"
        for name, value in {
            "dbname": settings["NAME"],
            "user": settings["USER"],
            "host": settings["HOST"],
            "port": settings["PORT"],
            "password": settings["PASSWORD"],
            **settings["OPTIONS"],
        }.items()
        if value
    )
    done = subprocess.run(
        [sys.executable, "-m", "tests.services.killing", url, f"tests.services.acts.{act}"],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=Path(__file__).parents[2],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["killed"] for line in lines] == [True] * (len(lines) - 1) + [False]
    return [line["state"] for line in lines]


def test_a_batch_is_posted_whole_or_not_at_all() -> None:
    version = make_version()
    make_members(version, 3)
    states = killed_at_every_statement("posting_a_batch")
    # Before, then killed after 0, 1, 2, … statements: at least those of one posting, balances made anew.
    assert len(states) > 8
    nothing, everything = [0, 0, 0, 0], [6, 9, 3, 3 * (10 - 4 + 3)]
    assert all(state in (nothing, everything) for state in states), states
    assert states[0] == nothing
    assert states[-1] == everything


def test_a_night_goes_on_after_each_kill_and_does_everything_once() -> None:
    version = make_version()
    for member in make_members(version, 5):
        give(version, member, 10, matures_at=NOW - DAY)
        give(version, member, 20, expires_at=NOW)
    states = killed_at_every_statement("a_night")
    for before, after in itertools.pairwise(states):
        assert all(old <= new for old, new in zip(before, after, strict=True)), (before, after)
    assert states[-1][:2] == [5, 5]
    assert len({tuple(state) for state in states}) > 4  # batch after batch survived
    assert rows("SELECT available, earned FROM loyalty_plugin_balance") == [(10, 30)] * 5
    wait_until_sealable()
    sealing.seal(now=NOW)
    assert verifying.verify().whole
    assert rows("SELECT sum(entries) FROM loyalty_plugin_block") == [(20,)]


def test_a_hold_that_is_killed_between_any_two_steps_is_neither_lost_nor_doubled_nor_for_ever() -> None:
    version = make_version()
    [member] = make_members(version, 1)
    Realm.objects.create(api_url="https://saleor.test/graphql/")
    filling = make_plan(version, member, Award("EUR.principal", 100), Award("EUR.bonus", 10))
    post([filling], recorded_at=NOW)
    states = killed_at_every_statement("a_hold")
    # Entries, holds, ended ones, available, held: each step whole or not at all, and in this order.
    steps = [
        [1, 0, 0, 110, 0],
        [2, 1, 0, 75, 35],
        [3, 1, 1, 85, 0],
        [4, 1, 1, 97, 0],
        [5, 2, 1, 62, 35],
        [6, 2, 2, 97, 0],
    ]
    assert [state for state, _ in itertools.groupby(states)] == steps
    assert len(states) > 30  # each step was killed at several statements of it


def test_a_payment_that_is_killed_between_any_two_steps_charges_once_and_loses_nothing() -> None:
    version = make_version(
        document={
            "tiers": [{"code": "basic", "name": {"en": "Basic"}, "rank": 0}],
            "paying": {"points": {"points": 1, "money": 1}},
        }
    )
    realm = Realm.objects.create(api_url="https://saleor.test/graphql/")
    [member] = make_members(version, 1, realm=realm, external_id="u")
    ProgrammeChannel.objects.create(programme_id=version.programme_id, realm=realm, slug="web")
    give(version, member, 1_000)
    states = killed_at_every_statement("a_payment")
    assert len(states) > 100
    # 500 of 600 were due, 120 came back; the second cart's hundred are free again. Saleor knows of both.
    assert states[-1] == [6, 620, 0, 500, 120, 500 + 100 + 100]
    assert all(old <= new for old, new in itertools.pairwise(state[0] for state in states))
    assert rows("SELECT state FROM loyalty_plugin_payment ORDER BY created_at, amount DESC") == [
        ("charged",),
        ("released",),
    ]
