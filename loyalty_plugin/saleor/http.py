"""Keeps one pool of connections to Saleor for each process; knows no address and no secret, follows no redirect."""

from __future__ import annotations

import os
from typing import Final

import httpx

CONNECT_SECONDS: Final = 2.0

_pools: dict[int, httpx.Client] = {}


def pool() -> httpx.Client:
    """The pool of this process. A forked worker gets its own: two processes on one socket read each other's answers."""
    client = _pools.get(os.getpid())
    if client is None:
        client = _pools.setdefault(
            os.getpid(),
            httpx.Client(
                follow_redirects=False,
                limits=httpx.Limits(max_connections=40, max_keepalive_connections=20),
                headers={"User-Agent": "loyalty_plugin"},
            ),
        )
    return client
