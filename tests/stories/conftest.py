"""One running demo shop for all tests that only visit it; it decides nothing."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from sandbox.launch.folder import DataFolder
from sandbox.launch.ports import free_ports
from sandbox.launch.world import World, story_world
from sandbox.postgres import Server
from tests.stories.shopkit import Visitor, copy_migrated


# A worker may come back to this module after another one's tests: one shop serves it for all of the session.
@pytest.fixture(scope="session")
def world(
    django_db_setup: None, postgres: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    """A shop of its own with goods, the plugin installed and its terms in force, and nobody in it yet."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    kept = {number: signal.getsignal(number) for number in numbers}
    folder = DataFolder(tmp_path_factory.mktemp("shop") / "data", kind="story")
    try:
        with ExitStack() as stack:
            with pytest.MonkeyPatch.context() as patching:
                copy_migrated(patching)
                patching.setenv("DATABASE_URL", postgres.url("postgres"))
                made = stack.enter_context(story_world(folder, free_ports(2)))
            seeded = made.manage(["sandbox_seed", "--without-history"])
            assert seeded.returncode == 0, seeded.stderr
            yield made
    finally:
        # The launcher ignores signals while it stops, since its process ends then; this one goes on.
        for number, handler in kept.items():
            signal.signal(number, handler)


@pytest.fixture
def visitor(world: World) -> Iterator[Visitor]:
    made = Visitor(world)
    yield made
    made.http.close()
