"""A run's own temporary folder, and the clearing away of those that killed runs left; never touches one in use."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path


def own_folder(prefix: str, remove: Callable[[Path], None]) -> tuple[Path, int]:
    """A new folder, and the lock that says it is in use until it is closed; what killed runs left is removed."""
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        alive = left / "alive"
        with contextlib.suppress(OSError):
            if alive.exists():
                with locked(alive, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    remove(left)
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    lock = os.open(folder / "alive", os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    folder.chmod(0o711)  # the server may have to run as another user
    return folder, lock


@contextlib.contextmanager
def locked(path: Path, how: int) -> Iterator[None]:
    """Hold this file's lock; raises OSError where another process does and `how` does not wait."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR)
    try:
        fcntl.flock(handle, how)
        yield
    finally:
        os.close(handle)
