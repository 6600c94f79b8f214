"""Provides the Debian packages that Python packages need: as root installs them, otherwise names them."""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable

from sandbox.launch.terminal import LaunchError, step

# WeasyPrint draws cards with these.
LIBRARIES = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
}


# The driver of the browser in the tests is a Node that links it.
FOR_TESTS = {"libatomic.so.1": "libatomic1"}


def missing_libraries(*, tests: bool = False) -> list[str]:
    """The Debian packages of libraries that can't be loaded; elsewhere than on Linux their names differ."""
    if sys.platform != "linux":
        return []
    wanted = LIBRARIES | FOR_TESTS if tests else LIBRARIES
    return [package for library, package in wanted.items() if not _loads(library)]


def provide(packages: Iterable[str], why: str) -> None:
    """Install Debian packages. Raises `LaunchError` with the line to type where we may not."""
    names = sorted(packages)
    if not names:
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise LaunchError(f"{why} needs system packages:\n  sudo apt-get install {' '.join(names)}")
    with step(f"System packages: {', '.join(names)}"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *names]
        # The package lists may be stale or absent: refreshed only when needed, it takes a while.
        for attempt in (command, ["apt-get", "update", "-qq"], command):
            done = subprocess.run(attempt, capture_output=True, text=True, env=environment, check=False)
            if attempt is command and done.returncode == 0:
                return
        raise LaunchError(f"apt-get could not install {' '.join(names)}:\n{done.stderr.strip()}")


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
