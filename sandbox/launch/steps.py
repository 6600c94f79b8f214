"""What a story is given and gives back: the running shop, and its steps; plays none itself."""

import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Context:
    """A running shop of the story's own.

    `run_manage(["loyalty_verify"])` runs a Django command there and returns its exit code, stdout and stderr.
    """

    shop_url: str
    saleor_url: str
    database_url: str
    env: Mapping[str, str]
    run_manage: Callable[[Sequence[str]], subprocess.CompletedProcess[str]]


@dataclass(frozen=True)
class Step:
    """One step of a story: what should be seen, what was seen, both in words a shopkeeper understands."""

    step: str
    expected: str
    got: str
    ok: bool
