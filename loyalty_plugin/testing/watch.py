"""Notices when code asks for the time, for chance, for a file, a socket or the database; prevents nothing."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_CLOCK = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time",
    "time_ns",
    "monotonic",
    "perf_counter",
    "localtime",
    "gmtime",
}
_CHANCE = {"Random.random", "Random.getrandbits", "urandom", "getrandbits", "random"}


def _c_call(function: Any) -> str:
    name = getattr(function, "__qualname__", "")
    module = getattr(function, "__module__", None) or ""
    if name in _CLOCK and (module == "time" or "." in name):
        return "the clock"
    if name in _CHANCE:
        return "chance"
    if name == "open" and module in {"io", "_io", "builtins"}:
        return "a file"
    if name.startswith("socket.") or module == "_socket":
        return "the network"
    return ""


def _python_call(frame: FrameType) -> str:
    path = frame.f_code.co_filename.replace("\\", "/")
    if "/django/db/backends/" in path and frame.f_code.co_name in {"cursor", "ensure_connection", "execute"}:
        return "the database"
    return ""


@contextmanager
def watched() -> Iterator[set[str]]:
    """What was used inside: "the clock", "chance", "a file", "the network", "the database"."""
    used: set[str] = set()

    def look(frame: FrameType, event: str, argument: Any) -> None:
        found = ""
        if event == "c_call":
            found = _c_call(argument)
        elif event == "call":
            found = _python_call(frame)
        if found:
            used.add(found)

    # Tools hang clocks on the garbage collector, whose runs would be charged to the extension.
    collecting = gc.isenabled()
    gc.disable()
    before = sys.getprofile()
    sys.setprofile(look)
    try:
        yield used
    finally:
        sys.setprofile(before)
        if collecting:
            gc.enable()
