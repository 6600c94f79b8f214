"""Gives a test run one real PostgreSQL, and each test process a database copied from a migrated template.

The server starts when the first test asks for a database, so a run of pure tests starts none. The ledger's
tables refuse TRUNCATE, so a database that a test has committed to is dropped and copied again, never flushed.
Clusters with the migrated template are kept between runs, by a hash of the migrations: later runs copy the
files instead of migrating from nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import hashlib
import inspect
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import django
import psycopg
from django.apps import apps
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from psycopg import sql

from sandbox.postgres import Cluster, Server, django_database, find_binaries
from tests.leftovers import locked, own_folder
from tests.restoring import Pristine, look, restore

RUN = "LOYALTY_TEST_RUN"  # the run's folder, handed from pytest to its xdist workers
TEMPLATE = "loyalty_template"
PREFIX = "loyalty-tests-"
#: Where the migrated clusters are kept between runs.
CLUSTERS = Path(__file__).resolve().parents[1] / ".pytest_cache" / "loyalty-cluster"
#: By name of a database of this process, what it was like when new.
_new: dict[str, Pristine] = {}


def open_run() -> int:
    """Clear away what killed runs left, make this run's folder; returns the lock to keep till `close_run`."""
    run, lock = own_folder(PREFIX, _remove)
    os.environ[RUN] = str(run)
    return lock


def close_run(lock: int) -> None:
    """Stop the server if one was started, and leave nothing behind."""
    _remove(Path(os.environ[RUN]))
    os.close(lock)


def prepare() -> None:
    """Migrate now what the first test of a run would have to wait for, unless it is kept from an earlier run."""
    if "DATABASE_URL" in os.environ or _kept("all").exists():
        return
    lock = open_run()
    try:
        server()
    finally:
        close_run(lock)


@functools.cache
def server() -> Server:
    """The run's server, holding the migrated `template()`; the first process to ask starts it."""
    run = Path(os.environ[RUN])
    with locked(run / "starting", fcntl.LOCK_EX):
        ready = run / "url"
        if not ready.exists():
            ready.write_text(_start(run).url())
    return Server(ready.read_text(), "this test run")


def own_cluster(name: str) -> Cluster:
    """A durable server beside the run's, to be started and deleted by who asked; it holds `TEMPLATE` where one is kept."""
    data = Path(os.environ[RUN]) / name
    _copied(_kept("all"), data)
    return Cluster(data)


def lay_out(data: Path, name: str) -> bool:
    """Make `data`, which is not there yet, a stopped cluster whose database of this name is migrated; whether it could."""
    if not _copied(_kept("all"), data):
        return False
    with Cluster(data) as cluster, psycopg.connect(cluster.url(), autocommit=True) as connection:
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        connection.execute(rename.format(sql.Identifier(TEMPLATE), sql.Identifier(name)))
    return True


def template() -> str:
    """The name of the migrated database that others are copied from."""
    return TEMPLATE if "DATABASE_URL" not in os.environ else f"{_own_prefix()}template"


def database_name(purpose: str) -> str:
    """A name no other process of this run, nor another run on the same server, uses."""
    return f"{_own_prefix()}{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{purpose}"


def use_fresh_database() -> None:
    """Point Django at a database as new: the one that was used before where it can be restored, else a new copy."""
    name = database_name("django")
    connections.close_all()
    if name in _new and restore(server().url(name), _new[name]):
        return
    server().drop_database(name)
    server().create_database(name, template())
    _connect_django(server().url(name))
    if name not in _new:
        _new[name] = look(server().url(name))


def _start(run: Path) -> Server:
    if "DATABASE_URL" in os.environ:
        given = Server(os.environ["DATABASE_URL"])
        given.create_database(template())
        _migrate(given)
        return given
    cluster = Cluster(run / "data", durable=False)
    everything, others = _kept("all"), _kept("others")
    found = next((one for one in (everything, others) if _copied(one, run / "data")), None)
    cluster.start()
    if found is None:
        cluster.create_database(TEMPLATE)
        _migrate(cluster, only_others=True)
        _keep(cluster, others)
    _migrate(cluster)
    if found != everything:
        _keep(cluster, everything)
    return cluster


def _migrate(chosen: Server, only_others: bool = False) -> None:
    """Also done where all was kept: what follows a migration (roles, permissions) may have changed."""
    _connect_django(chosen.url(template()))
    if only_others:
        executor = MigrationExecutor(connection)
        executor.migrate([leaf for leaf in executor.loader.graph.leaf_nodes() if not _is_ours(leaf[0])])
    else:
        call_command("migrate", verbosity=0, interactive=False)
    connections.close_all()


def _connect_django(url: str) -> None:
    # In place: the connections of all threads share this very dictionary.
    connection.settings_dict.update(django_database(url))


def _is_ours(label: str) -> bool:
    return apps.get_app_config(label).name.partition(".")[0] in ("loyalty_plugin", "sandbox", "tests")


def _kept(what: str) -> Path:
    """Where a cluster is kept with all migrations, or with those of others' apps, which rarely change."""
    digest = hashlib.sha256(str(find_binaries()).encode())
    migrations = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    for (label, name), migration in sorted(migrations.items()):
        if what == "all" or not _is_ours(label):
            source = Path(inspect.getfile(type(migration)))
            digest.update(f"{label}.{name}".encode() + source.read_bytes())
    return CLUSTERS / f"{what}-{digest.hexdigest()[:16]}"


def _copied(kept: Path, data: Path) -> bool:
    if not kept.exists():
        return False
    # Keeps owner and mode, as PostgreSQL demands. Fails if another run replaces it now: that costs only time.
    if subprocess.run(["cp", "-a", kept, data], check=False, capture_output=True).returncode == 0:
        return True
    shutil.rmtree(data, ignore_errors=True)
    return False


def _keep(cluster: Cluster, kept: Path) -> None:
    Cluster(cluster.data_dir).stop()  # cleanly, since the files are copied
    kept.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=kept.parent))
    subprocess.run(["cp", "-a", cluster.data_dir, unfinished / "data"], check=True)
    with contextlib.suppress(OSError):  # a run beside this one has kept the same
        (unfinished / "data").rename(kept)
    shutil.rmtree(unfinished)
    for old in kept.parent.glob(f"{kept.name.partition('-')[0]}-*"):
        if old != kept:
            shutil.rmtree(old, ignore_errors=True)
    cluster.start()


def _remove(run: Path) -> None:
    if "DATABASE_URL" in os.environ and (run / "url").exists():
        given = Server((run / "url").read_text())
        for name in given.databases():
            if name.startswith(_prefix_of(run)):
                given.drop_database(name)
    for data in run.glob("*/PG_VERSION"):
        Cluster(data.parent, durable=False).delete()
    shutil.rmtree(run, ignore_errors=True)


def _prefix_of(run: Path) -> str:
    return f"loyalty_test_{run.name.removeprefix(PREFIX)}_"


def _own_prefix() -> str:
    return _prefix_of(Path(os.environ[RUN]))


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    prepare()
