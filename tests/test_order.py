"""The order of a run: each world on one worker, at its beginning; no test is lost on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.order import WORLDS, shared_out

ROOT = Path(__file__).resolve().parents[1]
HEAVY = [name for world in WORLDS for name in world]


def test_the_modules_are_where_they_are_said_to_be() -> None:
    assert [name for name in HEAVY if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("workers", [1, 2, 3, 4])
def test_a_world_is_begun_once_and_early(workers: int) -> None:
    tests = [(f"light{n % 40}.py", n) for n in range(1_000)] + [(name, n) for n in range(9) for name in HEAVY]
    ordered = shared_out(tests, lambda test: test[0], workers)
    assert sorted(ordered) == sorted(tests)
    # As xdist gives them out, to one worker after the other.
    left, starts = list(ordered), []
    for number in range(workers):
        size = len(left) // (workers - number)
        starts.append([module for module, _ in left[:size]])
        del left[:size]
    for world in WORLDS:
        assert sum(bool(set(world) & set(modules)) for modules in starts) == 1
    for modules in starts:
        heavy = [module in HEAVY for module in modules]
        assert heavy == sorted(heavy, reverse=True)


def test_a_run_of_few_tests_keeps_them_all() -> None:
    tests = [(HEAVY[0], 1), (HEAVY[0], 2), ("light.py", 3)]
    assert sorted(shared_out(tests, lambda test: test[0], 2)) == sorted(tests)
