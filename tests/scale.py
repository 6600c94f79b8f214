"""How large the random and concurrent tests are: reduced in an ordinary run, as stated with `--full`."""

import os

FULL = os.environ.get("LOYALTY_TEST_SCALE") == "full"


def scaled(ordinary: int, full: int) -> int:
    """The count to use in this run: `full` under `./tests/run --full`, else `ordinary`."""
    return full if FULL else ordinary
