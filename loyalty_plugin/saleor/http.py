"""Keeps one pool of connections to Saleor for each process, and holds every call to one deadline.

It knows no address and no secret, and follows no redirect.
"""

from __future__ import annotations

import os
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

import httpcore
import httpx

CONNECT_SECONDS: Final = 2.0

_pools: dict[int, httpx.Client] = {}
_until: ContextVar[float | None] = ContextVar("loyalty_saleor_until", default=None)


def pool() -> httpx.Client:
    """The pool of this process. A forked worker gets its own: two processes on one socket read each other's answers."""
    client = _pools.get(os.getpid())
    if client is None:
        client = _pools.setdefault(
            os.getpid(),
            _bounded(
                httpx.Client(
                    follow_redirects=False,
                    limits=httpx.Limits(max_connections=40, max_keepalive_connections=20),
                    headers={"User-Agent": "loyalty_plugin"},
                )
            ),
        )
    return client


@contextmanager
def deadline(until: float) -> Iterator[None]:
    """All network of this block is over at that moment of `time.monotonic`.

    httpx's time-outs are for each read: who sends a byte now and then, headers included, would hold us for hours.
    """
    token = _until.set(until)
    try:
        yield
    finally:
        _until.reset(token)


def _left(timeout: float | None) -> float | None:
    until = _until.get()
    if until is None:
        return timeout
    left = until - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("deadline")
    return left if timeout is None else min(left, timeout)


class _Stream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore.NetworkBackend):
    def __init__(self, inner: httpcore.NetworkBackend) -> None:
        self._inner = inner

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.connect_tcp(host, port, _left(timeout), local_address, socket_options))


def _bounded(client: httpx.Client) -> httpx.Client:
    # httpx has no door for a backend of httpcore's; a test with a real socket tells should this place move.
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx.HTTPTransport):
            transport._pool._network_backend = _Backend(transport._pool._network_backend)
    return client
