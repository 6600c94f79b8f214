"""The data folder of a demo shop: known by a marker, used by one run at a time; deletes no other folder."""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path

from sandbox.launch.terminal import LaunchError
from sandbox.postgres import Cluster

DEFAULT = Path(__file__).resolve().parents[1] / ".data"


def environment_of(path: Path) -> dict[str, str]:
    """The environment of the shop last started on this folder; empty if there was none."""
    saved = path / "environment.json"
    return json.loads(saved.read_text()) if saved.exists() else {}


class DataFolder:
    """A folder claimed for one run. Raises `LaunchError` if it is in use, or holds what is not ours.

    `kind` tells a shop's folder, which is kept, from a story's, which every story empties.
    """

    def __init__(self, path: Path, *, kind: str = "shop") -> None:
        self.path = path.absolute()
        self._marker = self.path / f"loyalty-sandbox-{kind}"
        if self.path.exists() and not self._marker.exists() and any(self.path.iterdir()):
            raise LaunchError(f"{self.path} is not empty and was not made by this command: left as it is.")
        self._claim()
        self.logs = self.path / "logs"
        self.logs.mkdir(exist_ok=True)

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def seeding(self) -> Path:
        """There while the shop is being filled; one that is left tells of an interrupted start."""
        return self.path / "seeding"

    @property
    def seeded(self) -> Path:
        return self.path / "seeded"

    def secret_key(self) -> str:
        """Kept with the data, which it signs and encrypts."""
        kept = self.path / "secret-key"
        if not kept.exists():
            self._write_private(kept, secrets.token_urlsafe(50))
        return kept.read_text()

    def save_environment(self, environment: Mapping[str, str]) -> None:
        self._write_private(self.path / "environment.json", json.dumps(environment, indent=1))

    def release(self) -> None:
        """Let another run use the folder; the end of this process does the same."""
        os.close(self._lock)

    def _claim(self) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        # Held until this process ends, however it ends.
        self._lock = os.open(self._marker, os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            owner = os.read(self._lock, 20).decode().strip()
            raise LaunchError(
                f"{self.path} is in use by a sandbox that is running (process {owner})."
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def reset(self) -> None:
        """Delete all that is in the folder, and the database that root may keep elsewhere."""
        if (self.path / "postgres").exists():
            Cluster(self.postgres).delete()
        for entry in self.path.iterdir():
            if entry != self._marker:
                shutil.rmtree(entry) if entry.is_dir() and not entry.is_symlink() else entry.unlink()
        self.logs.mkdir()

    @staticmethod
    def _write_private(path: Path, text: str) -> None:
        path.touch(mode=0o600)
        path.write_text(text)
