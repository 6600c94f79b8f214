"""A durable PostgreSQL of the bench's own, databases with members in it, and pgbench; measures nothing itself."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.management import call_command
from django.db import connection, connections

from sandbox.postgres import Cluster, Server, django_database, find_binaries
from tests.leftovers import own_folder

SQL = Path(__file__).parent / "sql"
PREFIX = "loyalty-bench-"
TEMPLATE = "bench_template"
#: Never more workers than cores: else one would measure the scheduler.
WORKERS = max(1, min(2, os.cpu_count() or 1))


class World:
    """The server, and whether the sizes are those of the goals (`full`) or smaller ones."""

    def __init__(self, server: Server, *, full: bool) -> None:
        self.server = server
        self.full = full
        self.major = 0

    def size(self, ordinary: int, full: int) -> int:
        """The size to measure with."""
        return full if self.full else ordinary

    @contextmanager
    def database(self, name: str, template: str = TEMPLATE) -> Iterator[str]:
        """A copy of a database that Django is connected to meanwhile; its URL."""
        connections.close_all()
        self.server.drop_database(name)
        url = self.server.create_database(name, template)
        before = dict(connection.settings_dict)
        connect(url)
        try:
            yield url
        finally:
            connections.close_all()
            connection.settings_dict.update(before)
            self.server.drop_database(name)

    def pgbench(self, url: str, script: str, *, clients: int, seconds: int, **variables: int) -> float:
        """Transactions per second of a script under prepared statements."""
        program = find_binaries().folder / "pgbench"
        found = program if program.exists() else shutil.which("pgbench")
        assert found, "pgbench is missing: apt-get install postgresql-contrib"
        done = subprocess.run(
            [
                str(found),
                *("-n", "-M", "prepared", "-c", str(clients), "-j", str(min(clients, os.cpu_count() or 1))),
                *("-T", str(seconds), "-f", str(SQL / script)),
                *(part for name, value in variables.items() for part in ("-D", f"{name}={value}")),
                url,
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        tps = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
        assert tps, done.stdout
        return float(tps[1])


def connect(url: str) -> None:
    """Let Django use this database, with prepared statements as a host without a pooler has them."""
    settings = django_database(url)
    settings["OPTIONS"] = {**settings["OPTIONS"], "prepare_threshold": 2}
    connection.settings_dict.update(settings)


@contextmanager
def world(*, full: bool) -> Iterator[World]:
    """Everything a bench needs; gone afterwards."""
    folder, lock = own_folder(PREFIX, _remove)
    settings = {"shared_buffers": "512MB", "max_wal_size": "4GB", "checkpoint_timeout": "30min"}
    cluster = Cluster(folder / "data", settings=settings)
    try:
        cluster.start()
        connect(cluster.create_database(TEMPLATE))
        call_command("migrate", verbosity=0, interactive=False)
        connections.close_all()
        yield World(cluster, full=full)
    finally:
        connections.close_all()
        _remove(folder)
        os.close(lock)


def _remove(folder: Path) -> None:
    """Stop the server of a run, this one or one that was killed, and take away its files."""
    if (folder / "data").exists():
        Cluster(folder / "data").delete()
    shutil.rmtree(folder, ignore_errors=True)
