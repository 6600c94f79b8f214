"""In which order tests run: worlds of processes first, each of them on one worker; the rest stays as it was shuffled.

It knows how xdist's `worksteal` hands out tests: to each worker a part of the list, in order, and what is left at the
end of a part to whoever runs dry. So the heavy modules are shared out to the beginnings of the parts, and nobody waits
at the end for a shop that was begun last, nor starts one that another worker has running already.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Test = TypeVar("Test")

#: Modules that start processes of a shop, by the world they share, with the seconds they take on two cores.
WORLDS: dict[tuple[str, ...], int] = {
    ("tests/stories/test_chaos.py",): 65,
    ("tests/install/test_hosts.py",): 100,
    ("tests/stories/test_shop_walk.py", "tests/stories/test_shop_pages.py"): 100,
    ("tests/doors/test_admin_browser.py",): 70,
    ("tests/stories/test_story.py",): 35,
    ("tests/sandbox/test_launch.py",): 30,
    (
        "tests/live/test_buying.py",
        "tests/live/test_connecting.py",
        "tests/live/test_leaving.py",
        "tests/live/test_lost.py",
        "tests/live/test_other_hands.py",
    ): 65,
}


def shared_out(tests: Sequence[Test], module: Callable[[Test], str], workers: int) -> list[Test]:
    """All the tests, in the order in which so many workers are to be given them; `module` is where one stands."""
    world_of = {name: world for world in WORLDS for name in world}
    worlds: dict[tuple[str, ...], list[Test]] = {world: [] for world in WORLDS}
    rest: list[Test] = []
    for test in tests:
        worlds.get(world_of.get(module(test), ()), rest).append(test)

    parts: list[list[Test]] = [[] for _ in range(workers)]
    seconds = [0] * workers
    for world in sorted(worlds, key=lambda one: WORLDS[one], reverse=True):
        least = seconds.index(min(seconds))
        parts[least] += sorted(worlds[world], key=lambda test: world.index(module(test)))
        seconds[least] += WORLDS[world] if worlds[world] else 0

    ordered: list[Test] = []
    for number, part in enumerate(parts):
        # As `worksteal` divides: what is left, by those who have none yet.
        size = (len(tests) - len(ordered)) // (workers - number)
        filling = max(0, size - len(part))
        ordered += [*part, *rest[:filling]]
        del rest[:filling]
    return [*ordered, *rest]
