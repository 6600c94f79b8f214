"""Shows how far long work is on a terminal: one line that grows there, now and then a line elsewhere; knows no work."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from django.utils.translation import gettext as _


class Bar:
    """A bar with the time left, reckoned by what was done in this run."""

    def __init__(self, label: str, out: TextIO | None = None) -> None:
        self._label = label
        self._out = out or sys.stderr
        self._live = self._out.isatty()
        self._started = time.monotonic()
        self._told = 0.0

    def show(self, done: int, total: int | None, fresh: int) -> None:
        """`fresh` of the `done` were done in this run."""
        now = time.monotonic()
        if not self._live and now - self._told < 5:
            return
        self._told = now
        left = _("{done} so far").format(done=f"{done:,}")
        if total:
            share = min(done / total, 1)
            rate = fresh / max(now - self._started, 0.001)
            seconds = round(max(total - done, 0) / rate) if rate else 0
            left = f"{'━' * round(share * 24):┈<24} {share:4.0%}  {done:,} / {total:,}  " + _(
                "about {time} left"
            ).format(time=f"{seconds // 60}:{seconds % 60:02}")
        self._out.write(f"\r\033[K{self._label}  {left}" if self._live else f"{self._label}  {left}\n")
        self._out.flush()

    def end(self) -> None:
        """Make room for what comes after."""
        if self._live:
            self._out.write("\r\033[K")
            self._out.flush()
