"""Brings up the demo shop from its data folder, piece by piece, and takes it down; fills it with nothing."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from psycopg import conninfo

from sandbox.launch.folder import DataFolder
from sandbox.launch.manager import Manager
from sandbox.launch.ports import HOST
from sandbox.launch.processes import ROOT, Processes
from sandbox.launch.terminal import LaunchError, step
from sandbox.postgres import Cluster, Server

SHOP, STANDIN = "shop", "standin"


@dataclass(frozen=True)
class World:
    """A running demo shop: its addresses, its environment and its processes."""

    shop_url: str
    saleor_url: str
    database_url: str
    environment: dict[str, str]
    processes: Processes
    #: Where one keeps ready for commands: a story has many, and each would take seconds to begin.
    manager: Manager | None = None

    def manage(self, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a Django command of the shop to its end; never raises for its exit code."""
        if self.manager is not None:
            return self.manager.run(*arguments)
        command = [sys.executable, "-m", "sandbox.manage", *arguments]
        environment = {**os.environ, **self.environment}
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@contextlib.contextmanager
def kept_world(folder: DataFolder, ports: Sequence[int]) -> Iterator[World]:
    """The shop whose data stays, on the server of DATABASE_URL or a private one in the data folder."""
    given = os.environ.get("DATABASE_URL")
    with contextlib.ExitStack() as stack:
        if given:
            server = Server(given)
            shop = str(conninfo.conninfo_to_dict(given)["dbname"])
            names = (shop, f"{shop}_standin")
        else:
            server = _start_cluster(stack, folder, Cluster(folder.postgres))
            names = (SHOP, STANDIN)
            if folder.seeding.exists():
                print("• The first start was interrupted while the shop was being filled: starting it afresh")
                for name in names:
                    server.drop_database(name)
        for name in set(names) - server.databases():
            server.create_database(name)
        yield _start(stack, folder, ports, server, names)


@contextlib.contextmanager
def story_world(folder: DataFolder, ports: Sequence[int]) -> Iterator[World]:
    """A shop on databases of its own that are thrown away, with a stand-in that answers at once."""
    given = os.environ.get("DATABASE_URL")
    name = f"story_{secrets.token_hex(4)}"
    names = (name, f"{name}_standin")
    with contextlib.ExitStack() as stack:
        if given:
            server = Server(given)
        else:
            cluster = Cluster(folder.postgres, durable=False)
            stack.callback(cluster.delete)
            server = _start_cluster(stack, folder, cluster)
        for one in names:
            server.create_database(one)
            if given:
                stack.callback(server.drop_database, one)
        more = {"STANDIN_INSTANT": "1", "STANDIN_RETRY_SCALE": "0.05"}
        yield _start(stack, folder, ports, server, names, more, managed=True)


def _start_cluster(stack: contextlib.ExitStack, folder: DataFolder, cluster: Cluster) -> Cluster:
    with step("PostgreSQL"):
        stack.callback(cluster.stop)
        cluster.start()
    log = folder.logs / "postgres.log"
    log.unlink(missing_ok=True)
    log.symlink_to(cluster.log_file)
    return cluster


@contextlib.contextmanager
def foreign_world(folder: DataFolder, port: int, listen: str, more: dict[str, str]) -> Iterator[World]:
    """The shop alone, for a Saleor that is not ours to start; `more` says which and how it is reached."""
    given = os.environ.get("DATABASE_URL")
    with contextlib.ExitStack() as stack:
        if given:
            server, name = Server(given), str(conninfo.conninfo_to_dict(given)["dbname"])
        else:
            server, name = _start_cluster(stack, folder, Cluster(folder.postgres)), SHOP
        if name not in server.databases():
            server.create_database(name)
        environment = _environment(folder, server.url(name), more)
        processes = _processes(stack, folder, environment)
        _open(processes, port, listen)
        yield World(
            more["SANDBOX_SHOP_URL"], more["SANDBOX_SALEOR_URL"], server.url(name), environment, processes
        )


def _start(
    stack: contextlib.ExitStack,
    folder: DataFolder,
    ports: Sequence[int],
    server: Server,
    databases: tuple[str, str],
    more: dict[str, str] | None = None,
    *,
    managed: bool = False,
) -> World:
    shop_port, saleor_port = ports
    shop_url, saleor_url = f"http://localhost:{shop_port}", f"http://localhost:{saleor_port}"
    own = {
        "STANDIN_DATABASE_URL": server.url(databases[1]),
        "STANDIN_URL": saleor_url,  # what it calls itself is what the plugin is told to expect
        "SANDBOX_SHOP_URL": shop_url,
        "SANDBOX_SALEOR_URL": saleor_url,
        **(more or {}),
    }
    environment = _environment(folder, server.url(databases[0]), own)
    processes = _processes(stack, folder, environment)
    # It loads while the tables are made: it has its own.
    saleor = processes.start("stand-in Saleor", "-m", "sandbox.saleor", "--port", str(saleor_port))
    manager = _manager(stack, folder, environment) if managed else None
    _open(processes, shop_port, HOST, lambda: processes.wait_for(saleor, f"{saleor_url}/"), manager)
    return World(shop_url, saleor_url, environment["DATABASE_URL"], environment, processes, manager)


def _manager(stack: contextlib.ExitStack, folder: DataFolder, environment: dict[str, str]) -> Manager:
    whole = {**os.environ, **environment}
    manager = Manager(sys.executable, ROOT, whole, folder.logs / "manager.log")
    stack.callback(manager.close)
    return manager


def _environment(folder: DataFolder, database_url: str, more: dict[str, str]) -> dict[str, str]:
    environment = {
        "DJANGO_SETTINGS_MODULE": "sandbox.settings",
        "DATABASE_URL": database_url,
        "SANDBOX_DATA": str(folder.path),
        "SECRET_KEY": folder.secret_key(),
        **more,
    }
    folder.save_environment(environment)
    return environment


def _processes(stack: contextlib.ExitStack, folder: DataFolder, environment: dict[str, str]) -> Processes:
    processes = Processes(environment, folder.logs)
    stack.callback(processes.stop)
    stack.callback(_let_us_stop)
    return processes


def _open(
    processes: Processes,
    port: int,
    listen: str,
    standin: Callable[[], None] | None = None,
    manager: Manager | None = None,
) -> None:
    """The shop with its tables and its worker; it loads while they are made and wants none before it is asked."""
    serve = ["-m", "granian", "--interface", "wsgi", "--no-ws", "--host", listen, "--port", str(port)]
    serve += ["--blocking-threads", "8", "sandbox.wsgi:application"]
    shop = processes.start("shop", *serve)
    with step("Tables"):
        migrate = ("migrate", "--no-input", "--verbosity", "0")
        if manager is None:
            processes.finish(processes.start("migration", "-m", "sandbox.manage", *migrate))
        elif (done := manager.run(*migrate)).returncode:
            raise LaunchError(f"The tables could not be made:\n{done.stderr[-3000:]}", 1)
    if standin is not None:
        with step("Stand-in Saleor"):
            standin()
    with step("Shop"):
        processes.start("worker", "-m", "sandbox.manage", "procrastinate", "worker")
        processes.wait_for(shop, f"http://{HOST}:{port}/health/")


def _let_us_stop() -> None:
    """A second Ctrl-C must not leave half of it running; stopping ends by force after some seconds anyway."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
