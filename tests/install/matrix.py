"""Installs the built package beside each supported Python, Django and Wagtail, and runs the tests of hosts there.

An interpreter that is not on this machine, or versions that can't be installed together, are reported as not run;
they are never left out in silence. The environments are kept in build/matrix and made again when their parts change.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.launch.terminal import mark
from tests.install.host import EXTRA_APPS, PYTHON

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "build" / "matrix"
WAGTAILS = {"7.4": "wagtail>=7.4,<7.5", "8": "wagtail>=8,<9"}
#: Each Django with the Pythons it supports, of ours.
DJANGOS = {"5.2": ("3.11", "3.12", "3.13"), "6.0": ("3.12", "3.13"), "6.1": ("3.12", "3.13")}


class NotRun(Exception):
    """Its text says why a cell could not be tried."""


@dataclass(frozen=True)
class Cell:
    """One environment: versions, what else is to be installed, and which of it are apps of the project."""

    python: str
    django: str
    wagtail: str
    beside: tuple[str, ...] = ()
    apps: tuple[str, ...] = ()

    def __str__(self) -> str:
        versions = f"python{self.python}-django{self.django}-wagtail{self.wagtail}"
        return "-".join([versions, *(one.partition("==")[0] for one in self.beside)])

    @property
    def requirements(self) -> tuple[str, ...]:
        return (f"Django=={self.django}.*", WAGTAILS[self.wagtail], "psycopg[binary]", *self.beside)


CELLS = (
    *(
        Cell(python, django, wagtail)
        for wagtail in WAGTAILS
        for django, pythons in DJANGOS.items()
        for python in pythons
    ),
    # The oldest strawberry, which lives with the graphql-core that graphene needs. All others have the newest.
    Cell(
        "3.12",
        "5.2",
        "7.4",
        ("strawberry-graphql==0.327.*", "wagtail-grapple"),
        ("grapple", "graphene_django"),
    ),
    Cell("3.13", "6.0", "8", ("strawberry-graphql==0.327.*",)),
)


def main(arguments: Sequence[str]) -> int:
    """Run the cells whose names hold all the given texts; 0 if none failed and at least one was run."""
    chosen = [cell for cell in CELLS if all(text in str(cell) for text in arguments)]
    wheel = _wheel()
    results: dict[str, list[str]] = {"passed": [], "failed": [], "not run": []}
    for cell in chosen:
        began = time.monotonic()
        try:
            outcome, words = _run(_environment(cell, wheel), cell)
        except NotRun as reason:
            outcome, words = "not run", str(reason)
        results[outcome].append(str(cell))
        sign = "-" if outcome == "not run" else mark(outcome == "passed")
        print(f"{sign} {cell!s:<58} {time.monotonic() - began:5.0f} s  {outcome}", flush=True)
        if words:
            print("\n".join(f"    {line}" for line in words.splitlines()), flush=True)
    print(", ".join(f"{len(cells)} {outcome}" for outcome, cells in results.items()))
    return 1 if results["failed"] or not results["passed"] else 0


def interpreter(version: str) -> str:
    """A Python of this version: on the path, or one that pyenv or uv keeps. Raises NotRun."""
    homes = [Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"]
    homes.append(Path.home() / ".local" / "share" / "uv" / "python")
    found = [shutil.which(f"python{version}")]
    for home in homes:
        found += sorted(map(str, home.glob(f"*{version}.*/bin/python3")), reverse=True)
    for one in filter(None, found):
        # A shim of pyenv is on the path also where it stands for nothing.
        asked = subprocess.run(
            [one, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
        if asked.stdout.strip() == version:
            return one
    raise NotRun(f"no Python {version} on this machine")


def _wheel() -> Path:
    """The package as it would be published."""
    folder = FOLDER / "wheel"
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", folder, ROOT], check=True, cwd=ROOT
    )
    (wheel,) = folder.glob("*.whl")
    return wheel


def _environment(cell: Cell, wheel: Path) -> Path:
    """The Python of an environment that holds the cell's parts and the package."""
    folder = FOLDER / str(cell)
    python, stamp = folder / "bin" / "python", folder / "installed"
    parts = "\n".join([*cell.requirements, (ROOT / "pyproject.toml").read_text()])
    if stamp.exists() and stamp.read_text() == parts:
        _install(python, "--force-reinstall", "--no-deps", str(wheel))
        return python
    shutil.rmtree(folder, ignore_errors=True)
    made = subprocess.run(
        [interpreter(cell.python), "-m", "venv", folder], capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise NotRun(made.stderr.strip()[-500:])
    _install(python, str(wheel), *cell.requirements)
    stamp.write_text(parts)
    return python


def _install(python: Path, *what: str) -> None:
    uv = shutil.which("uv")
    command = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
    what = tuple(one.replace("--force-reinstall", "--reinstall") for one in what) if uv else what
    done = subprocess.run([*command, "-q", *what], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotRun("its parts can't be installed together:\n" + done.stderr.strip()[-800:])


def _run(python: Path, cell: Cell) -> tuple[str, str]:
    environment = {**os.environ, PYTHON: str(python), EXTRA_APPS: ",".join(cell.apps)}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "tests/install/test_hosts.py"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return ("passed", "") if done.returncode == 0 else ("failed", done.stdout[-4000:] + done.stderr[-1000:])
