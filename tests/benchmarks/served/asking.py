"""Asks a web server over a number of connections that stay open, from a process of its own; knows no door."""

from __future__ import annotations

import selectors
import socket
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.benchmarks.measures import processes

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers a second, the time that all but one in a hundred took (ms), and how many there were by status."""

    rate: float
    p99: float
    statuses: dict[int, int]


def request(path: str, body: bytes, **headers: str) -> bytes:
    """A POST as it goes over the wire; names of headers with underscores."""
    lines = [
        f"POST {path} HTTP/1.1",
        f"Host: {HOST}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def ask(port: int, requests: Sequence[bytes], connections: int) -> Answers:
    """Send all requests, each once, on so many connections: each sends its next as soon as it was answered."""
    with processes(1) as pool:
        return pool.submit(_ask, port, requests, connections).result()


def _ask(port: int, requests: Sequence[bytes], connections: int) -> Answers:
    waiting = selectors.DefaultSelector()
    left = iter(requests)
    times: list[float] = []
    statuses: Counter[int] = Counter()
    began = time.perf_counter()
    for _ in range(connections):
        line = socket.create_connection((HOST, port), timeout=60)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _send_next(line, left, waiting)
    while waiting.get_map():
        for key, _ in waiting.select(timeout=60):
            line, sent = key.fileobj, key.data
            assert isinstance(line, socket.socket)
            statuses[_status(line)] += 1
            times.append(time.perf_counter() - sent)
            waiting.unregister(line)
            _send_next(line, left, waiting)
    spent = time.perf_counter() - began
    times.sort()
    return Answers(len(times) / spent, times[int(len(times) * 0.99)] * 1000, dict(statuses))


def _send_next(line: socket.socket, left: Iterator[bytes], waiting: selectors.BaseSelector) -> None:
    request = next(left, None)
    if request is None:
        line.close()
        return
    waiting.register(line, selectors.EVENT_READ, time.perf_counter())
    line.sendall(request)


def _status(line: socket.socket) -> int:
    """Read one whole answer. The server's few bytes come at once, or nearly so."""
    got = b""
    while b"\r\n\r\n" not in got:
        some = line.recv(65536)
        assert some, "the server hung up"
        got += some
    head, _, body = got.partition(b"\r\n\r\n")
    fields = dict(field.lower().split(b": ", 1) for field in head.split(b"\r\n")[1:])
    missing = int(fields.get(b"content-length", b"0")) - len(body)
    while missing > 0:
        some = line.recv(missing)
        assert some, "the server hung up"
        missing -= len(some)
    return int(head.split(b" ", 2)[1])
