"""Options and fixtures of the conformance suite: `--saleor URL` plays it on a real one, else on the stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests import database
from tests.live import options
from tests.live.beginning import world
from tests.live.world import World


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add(parser)


def pytest_configure(config: pytest.Config) -> None:
    options.target(config)  # what is missing is said before anything begins


@pytest.fixture(scope="session")
def played(
    request: pytest.FixtureRequest,
    django_test_environment: None,
    django_db_blocker: Any,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """Both sides, for all scenarios of this process. The scenarios themselves reach no database through Django."""
    with django_db_blocker.unblock():
        server = database.server()
    with world(server, tmp_path_factory.mktemp("live"), options.target(request.config)) as made:
        yield made


@pytest.fixture
def connected(played: World) -> World:
    """The plugin is connected."""
    played.connected()
    return played
