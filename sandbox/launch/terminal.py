"""How the commands speak: a line per step with its time, a sentence for a mistake; decides nothing."""

import contextlib
import os
import sys
import time
from collections.abc import Iterator


class LaunchError(RuntimeError):
    """A sentence for the person at the terminal; `exit_code` 2 for what they can mend, 1 for what broke."""

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    """Print what is being done, and how long it took when it is."""
    began = time.monotonic()
    print(f"• {what} …", end=" ", flush=True)
    try:
        yield
    except BaseException:
        print("stopped", flush=True)
        raise
    print(f"{time.monotonic() - began:.1f} s", flush=True)


def mark(ok: bool) -> str:
    """✓ or ✗, coloured on a terminal only."""
    sign, colour = ("✓", 32) if ok else ("✗", 31)
    plain = not sys.stdout.isatty() or "NO_COLOR" in os.environ
    return sign if plain else f"\x1b[{colour}m{sign}\x1b[0m"
