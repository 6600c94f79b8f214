"""Runs granian with the bench's host on a database, as the demo shop runs it; knows no door."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sandbox.launch.ports import HOST, free_ports
from sandbox.launch.processes import Processes
from tests.benchmarks.world import WORKERS
from tests.saleor.roomkit import KEY

SETTINGS = "tests.benchmarks.served.settings"


@contextmanager
def server(url: str) -> Iterator[int]:
    """A web server on this database; its port. Nothing but the database is shared with it."""
    environment = {
        "DJANGO_SETTINGS_MODULE": SETTINGS,
        "BENCH_DATABASE_URL": url,
        "BENCH_JWK": json.dumps(KEY.jwks["keys"][0]),
    }
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory(prefix="loyalty-served-") as logs:
        processes = Processes({**os.environ, **environment}, Path(logs))
        arguments = ["-m", "granian", "--interface", "wsgi", "--no-ws", "--host", HOST, "--port", str(port)]
        arguments += ["--workers", str(WORKERS), "--blocking-threads", "8", "--log-level", "warning"]
        try:
            web = processes.start("web", *arguments, "tests.benchmarks.served.wsgi:application")
            processes.wait_for(web, f"http://{HOST}:{port}/loyalty/health")
            yield port
        finally:
            processes.stop()
