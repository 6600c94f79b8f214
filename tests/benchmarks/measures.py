"""One measured figure against a peer or a limit, and how several rounds become one; prints and writes, no more."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Measure:
    """`ratio` is value ÷ against, both in `unit`; `goal` is what the ratio must reach, or must not exceed."""

    bench: str
    what: str
    value: float
    unit: str
    against: float
    peer: str
    goal: float
    kind: Literal["at least", "at most"] = "at least"
    spread: str = ""

    @property
    def ratio(self) -> float:
        return self.value / self.against if self.against else float("inf")

    @property
    def met(self) -> bool:
        return self.ratio >= self.goal if self.kind == "at least" else self.ratio <= self.goal

    def as_data(self) -> dict[str, Any]:
        """As written with --json."""
        return {
            **asdict(self),
            "value": round(self.value, 3),
            "against": {"what": self.peer, "value": round(self.against, 3)},
            "ratio": round(self.ratio, 3),
            "goal": f"{'≥' if self.kind == 'at least' else '≤'} {self.goal}",
            "met": self.met,
        }

    def __str__(self) -> str:
        sign = "≥" if self.kind == "at least" else "≤"
        return (
            f"{'✓' if self.met else '✗'} {self.bench}: {self.what}: {self.value:,.1f} {self.unit}"
            f" against {self.against:,.1f} ({self.peer}) = {self.ratio:.2f}, goal {sign} {self.goal}"
            + (f"  [{self.spread}]" if self.spread else "")
        )


def rounds(count: int, *contestants: Callable[[], float], warm_up: bool = True) -> list[list[float]]:
    """Let the contestants run in turn, `count` times each, after one round to warm up: figures of each."""
    for contestant in contestants if warm_up else ():
        contestant()
    figures: list[list[float]] = [[] for _ in contestants]
    for number in range(count):
        # The other way round every second time, so that nobody always runs after the same one.
        order = list(enumerate(contestants))
        for index, contestant in order if number % 2 == 0 else reversed(order):
            figures[index].append(contestant())
    return figures


def processes(count: int) -> ProcessPoolExecutor:
    """So many forks of this process. They end by themselves: `multiprocessing.Pool` ends its own by a signal, which
    one that was just being cleaned up after may swallow, and is then waited for without end."""
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("fork"))


def median(figures: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(figures)


def spread(*figures: Sequence[float]) -> str:
    """Least and most of each contestant."""
    return " | ".join(f"{min(one):,.1f} to {max(one):,.1f}" for one in figures)


def seconds(act: Callable[[], object]) -> float:
    """How long it takes."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
