"""How large random and concurrent tests are (reduced in an ordinary run, as stated with `--full`), and how patient all."""

import os

FULL = os.environ.get("LOYALTY_TEST_SCALE") == "full"
#: Seconds a test waits for others before it fails: no machine is that slow, and only a failure takes so long.
PATIENCE = 120


def scaled(ordinary: int, full: int) -> int:
    """The count to use in this run: `full` under `./tests/run --full`, else `ordinary`."""
    return full if FULL else ordinary
