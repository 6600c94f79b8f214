"""Runs every check of the project, to the end even if one fails; pytest is the last, since it takes the longest.

With arguments for pytest it runs pytest alone; with `--matrix` the tests of hosts in every supported environment.
Mends nothing: formatting and imports are only checked.
"""

import os
import random
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sandbox.launch import system
from sandbox.launch.terminal import LaunchError, mark
from tests.install import matrix

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
MIGRATIONS = [sys.executable, "-m", "django", "makemigrations", "--check", "--dry-run", "--settings"]
#: They run side by side, the longest first.
CHECKS = {
    "mypy": [BIN / "mypy"],
    "database of the tests": [sys.executable, "-m", "tests.database"],
    "ruff check": [BIN / "ruff", "check", "."],
    "ruff format": [BIN / "ruff", "format", "--check", "."],
    "import contracts": [BIN / "lint-imports"],
    "migrations of the plugin": [*MIGRATIONS, "tests.settings"],
    "migrations of the sandbox": [*MIGRATIONS, "sandbox.settings"],
}


def main(arguments: list[str]) -> int:
    """Run the checks; 0 if all passed, 1 if one failed."""
    os.chdir(ROOT)
    if "--matrix" in arguments:
        return matrix.main([one for one in arguments if one != "--matrix"])
    chosen = [one for one in arguments if one != "--full"]
    seed = random.SystemRandom().randrange(2**32)
    pytest = [sys.executable, "-m", "pytest", f"--randomly-seed={seed}", f"--hypothesis-seed={seed}"]
    environment = {**os.environ, "LOYALTY_TEST_SCALE": "full" if "--full" in arguments else "ordinary"}
    if chosen:
        return subprocess.run([*pytest, *chosen], env=environment, check=False).returncode

    notes = _system_packages()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        passed = dict(zip(CHECKS, pool.map(_passes, CHECKS, CHECKS.values()), strict=True))
    failed = [name for name, fine in passed.items() if not fine]
    # pytest repeats them above its own last line, where nobody overlooks them.
    environment["LOYALTY_TEST_NOTES"] = "\n".join([*notes, *(f"FAILED check: {name}" for name in failed)])
    workers = str(min(4, os.cpu_count() or 1))
    # Each worker begins with the half that tests/order.py lays out for it, and takes from another's when it runs dry.
    apart = ["-n", workers, "--dist", "worksteal"]
    tests = subprocess.run([*pytest, *apart], env=environment, check=False).returncode
    return tests or int(bool(failed))


def _passes(name: str, command: list[str | Path]) -> bool:
    began = time.monotonic()
    # A key, so that settings load without the environment of a running shop.
    environment = {**os.environ, "SECRET_KEY": "only for checks"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    words = f"{mark(done.returncode == 0)} {name:<26} {time.monotonic() - began:5.1f} s"
    # In one piece: others print beside it.
    print("\n".join([words, done.stdout + done.stderr] if done.returncode else [words]), flush=True)
    return done.returncode == 0


def _system_packages() -> list[str]:
    """Install what the tests need where we may; returns what is missing, for all to see."""
    wanted = system.missing_libraries(tests=True)
    if not any(map(shutil.which, CHROMIUM)):
        wanted.append("chromium")
    try:
        system.provide(wanted, "The whole of the tests")
    except LaunchError as error:
        print(f"! {error}", flush=True)
        return [f"NOT RUN: what needs {' '.join(wanted)} (sudo apt-get install {' '.join(wanted)})"]
    return []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
