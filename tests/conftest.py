"""Fixtures every test may use: databases, a browser, and how large random tests are; decides nothing else.

`db` (or `@pytest.mark.django_db`) rolls the test back. `fresh_db`, or pytest-django's `transactional_db`,
lets the test commit, and copies the database anew afterwards. Both start from the migrated database.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections
from django.test import TransactionTestCase
from django.utils import translation
from hypothesis import HealthCheck, settings

from sandbox.postgres import Server
from tests import database
from tests.order import shared_out
from tests.scale import FULL, PATIENCE

settings.register_profile(
    "ordinary",
    max_examples=60,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("full", settings.get_profile("ordinary"), max_examples=1500, stateful_step_count=60)
settings.load_profile("full" if FULL else "ordinary")

#: A colour on its way from light to dark is no colour anybody has chosen, nor has a drawer that slides in a place.
STILL = """addEventListener("DOMContentLoaded", () => {
  const still = document.createElement("style");
  still.textContent = "*, *::before, *::after { transition: none !important; animation: none !important }";
  document.head.append(still);
});"""
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_count = itertools.count()
_run_lock = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    # Whoever starts us in the background may have these ignored, and every process of a test would inherit that.
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)
    if not hasattr(config, "workerinput"):
        config.stash[_run_lock] = database.open_run()


def pytest_unconfigure(config: pytest.Config) -> None:
    if _run_lock in config.stash:
        database.close_run(config.stash[_run_lock])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Modules that start whole shops come first, in whatever order the rest was shuffled."""
    workers = getattr(config, "workerinput", {"workercount": 1})["workercount"]
    items[:] = shared_out(items, lambda item: item.path.relative_to(config.rootpath).as_posix(), int(workers))


def pytest_report_header() -> str:
    profile = settings.get_profile("full" if FULL else "ordinary")
    how = "the full counts" if FULL else "reduced counts (./tests/run --full for all)"
    return f"random cases: {profile.max_examples} each, {how}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Repeat what `./tests/run` found before the tests, right above pytest's own last line."""
    if notes := os.environ.get("LOYALTY_TEST_NOTES"):
        terminalreporter.section("other checks")
        terminalreporter.write_line(notes, red=True)


@pytest.fixture(scope="session")
def postgres() -> Server:
    """The real PostgreSQL of this run: create and drop databases of your own, named by `database_name`."""
    return database.server()


@pytest.fixture
def empty_database(postgres: Server) -> Iterator[str]:
    """The URL of an empty database that lives as long as the test."""
    name = database.database_name(f"empty{next(_count)}")
    yield postgres.create_database(name)
    postgres.drop_database(name)


@pytest.fixture
def migrated_database(postgres: Server) -> Iterator[str]:
    """The URL of a migrated database beside Django's own, for processes that a test starts."""
    name = database.database_name(f"migrated{next(_count)}")
    yield postgres.create_database(name, database.template())
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: Any) -> Iterator[None]:
    """In place of pytest-django's: our own copy of the template instead of a database made by Django."""
    with django_db_blocker.unblock():
        database.use_fresh_database()
    yield
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture
def fresh_db(transactional_db: None) -> None:
    """A database the test may commit to, from any thread or process; it is copied anew afterwards."""


def _copy_anew(_case: TransactionTestCase) -> None:
    database.use_fresh_database()


# Django would flush with TRUNCATE, which the ledger's tables refuse. TestCase has its own, which rolls back.
TransactionTestCase._fixture_teardown = _copy_anew  # type: ignore[method-assign]


@pytest.fixture
def keep_signals() -> Iterator[None]:
    """What we do on signals is afterwards what it was: processes of later tests inherit it."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    kept = {number: signal.getsignal(number) for number in numbers}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """Each test begins in the settings' language: a request in another one leaves it to the thread."""
    yield
    translation.deactivate()


@pytest.fixture(autouse=True)
def _nudged_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A nudge that is left for later would come from another thread, into a database that may be gone by then."""
    monkeypatch.setattr("loyalty_plugin.webhooks.nudging.PAUSE", 0.0)


class Patient:
    """A browser whose pages wait as long as others may take, and in which nothing is ever on its way."""

    def __init__(self, browser: Any) -> None:
        self._browser = browser

    def new_context(self, **options: Any) -> Any:
        context = self._browser.new_context(reduced_motion="reduce", **options)
        context.set_default_timeout(1000 * PATIENCE)
        context.add_init_script(STILL)
        return context


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium driven by playwright; the test is skipped where the machine has none."""
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    # Playwright keeps a loop in this thread until it ends, hence one for each module: Django would refuse every query
    # beside it, and tests of others could begin no loop of their own. Beside a loop Django has other connections, so
    # those from before it must not wait open for a database that is gone by then.
    connections.close_all()
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        chromium = playwright.chromium.launch(executable_path=path, args=flags)
        yield Patient(chromium)
        connections.close_all()
        chromium.close()
