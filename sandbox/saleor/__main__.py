"""Starts the stand-in with granian: `python -m sandbox.saleor --port N [--host H]`; needs STANDIN_DATABASE_URL."""

from __future__ import annotations

import argparse
import os
import sys

from granian import Granian
from granian.constants import Interfaces


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox.saleor", description="A stand-in Saleor. Not Saleor."
    )
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--threads", type=int, default=16)
    arguments = parser.parse_args()
    if "STANDIN_DATABASE_URL" not in os.environ:
        print(
            "STANDIN_DATABASE_URL names the PostgreSQL database of the stand-in; it is not set.",
            file=sys.stderr,
        )
        return 2
    os.environ.setdefault("STANDIN_URL", f"http://{arguments.host}:{arguments.port}")
    # One process on purpose: clock, throttle and faults live in it. Threads carry the waiting.
    Granian(
        "sandbox.saleor.app:create_from_env",
        factory=True,
        address=arguments.host,
        port=arguments.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=arguments.threads,
        websockets=False,
    ).serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
