"""Which Saleor the scenarios are played on, by options of pytest and by the environment; knows no scenario."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest


@dataclass(frozen=True)
class Target:
    """A real Saleor: its API URL, who acts there, and where it reaches our shop (empty: where it listens)."""

    api_url: str
    email: str
    password: str
    public_url: str
    redirect_url: str
    listen: int | None
    replace: bool


def add(parser: pytest.Parser) -> None:
    group = parser.getgroup("live", "the conformance suite, tests/live")
    group.addoption(
        "--saleor", metavar="URL", help="play on this real Saleor; SALEOR_EMAIL and SALEOR_PASSWORD of staff"
    )
    group.addoption(
        "--public-url", metavar="URL", help="where that Saleor reaches this machine (http://127.0.0.1:PORT)"
    )
    group.addoption(
        "--listen", type=int, metavar="PORT", help="where the shop listens, if not at the public URL's port"
    )
    group.addoption(
        "--redirect-url", metavar="URL", help="an address that Saleor lets its mails lead to (the public URL)"
    )
    group.addoption(
        "--replace-app", action="store_true", help="delete a membership App that is installed there already"
    )


def target(config: pytest.Config) -> Target | None:
    """The real Saleor to play on; None for the stand-in. Raises UsageError where something is missing."""
    given = config.getoption("--saleor")
    if not given:
        return None
    if hasattr(config, "workerinput"):
        raise pytest.UsageError("A real Saleor is played on by one process: leave -n away.")
    email, password = os.environ.get("SALEOR_EMAIL"), os.environ.get("SALEOR_PASSWORD")
    if not (email and password):
        raise pytest.UsageError(
            "Set SALEOR_EMAIL and SALEOR_PASSWORD of a member of staff in the environment."
        )
    public = str(config.getoption("--public-url") or "").rstrip("/")
    listen = config.getoption("--listen")
    if public and listen is None:
        listen = urlsplit(public).port
        if listen is None:
            raise pytest.UsageError(
                "--public-url has no port: say with --listen where the shop is to listen."
            )
    return Target(
        api_url_of(str(given)), email, password, public, str(config.getoption("--redirect-url") or ""), listen,
        bool(config.getoption("--replace-app")),
    )  # fmt: skip


def api_url_of(given: str) -> str:
    """`https://saleor.example`, with or without the path, as the API's URL."""
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise pytest.UsageError(f"--saleor {given} is no URL.")
    path = parts.path if parts.path.strip("/") else "/graphql/"
    return f"{parts.scheme}://{parts.netloc}{path.rstrip('/')}/"
