"""A private cluster: made, started, stopped and cleared away; never touches one it did not make.

It listens on a unix socket only, in a folder of its own user, so it needs no password. PostgreSQL refuses to run
as root: started by root, it runs as `postgres` or `nobody`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from sandbox.postgres.programs import Binaries, PostgresError, copied, find_binaries
from sandbox.postgres.server import Server

# Root's own place for what an unprivileged user must reach although the project lies under a closed home.
REACHABLE = Path("/var/lib/loyalty-sandbox")
SOCKETS = "loyalty-pg-"
# For clusters that are thrown away after the run; never for benches or anything one would like to keep.
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


class Cluster(Server):
    """A private cluster in `data_dir`: initialised when new, started by `start()`, and stopped by `stop()`.

    `settings` are server settings given on the command line; with `durable=False` a power cut may destroy
    the cluster. A server left running on the folder by a killed run is stopped first; that it is not one in
    use is the caller's to know (the launcher holds a lock on its data folder).
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        durable: bool = True,
        settings: Mapping[str, str] | None = None,
        binaries: Binaries | None = None,
    ) -> None:
        self._asked_dir = data_dir
        self.data_dir = data_dir
        self._settings = {"listen_addresses": "", "max_connections": "300", "timezone": "UTC"}
        self._settings |= {} if durable else THROWAWAY
        self._settings |= settings or {}
        self._durable = durable
        self._user = _unprivileged_user()
        self._as_user: dict[str, Any] = {}
        if self._user:
            self._as_user = {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        self._binaries = binaries
        self._socket_dir: Path | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def __str__(self) -> str:
        return str(self._binaries or "PostgreSQL")

    @property
    def log_file(self) -> Path:
        return self.data_dir / "server.log"

    def url(self, database: str | None = None) -> str:
        if self._socket_dir is None:
            raise PostgresError("This PostgreSQL cluster has not been started.")
        return f"postgresql://postgres@{str(self._socket_dir).replace('/', '%2F')}/{database or 'postgres'}"

    def start(self) -> Self:
        """Start the server and wait until it answers. Raises `PostgresError` with the end of its log."""
        self.data_dir = self._reachable_data_dir()
        made_by = _major_of(self.data_dir)
        binaries = self._binaries or find_binaries(made_by)
        if made_by not in (None, binaries.major):
            raise PostgresError(
                f"The data in {self._asked_dir} was made by PostgreSQL {made_by}, and only {binaries} "
                f"is here. Install PostgreSQL {made_by}, or start afresh with --reset."
            )
        self._binaries = self._reachable_binaries(binaries)
        if made_by is None:
            self._initialise()
        self._stop_server("fast")
        # Not under the data folder: a socket's path must stay below about a hundred characters.
        self._socket_dir = Path(tempfile.mkdtemp(prefix=SOCKETS))
        self._own(self._socket_dir)
        options = {**self._settings, "unix_socket_directories": str(self._socket_dir)}
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        started = self._run(
            "pg_ctl", "start", "-w", "-t", "60", "-l", self.log_file, "-o", shlex.join(arguments)
        )
        if started.returncode:
            log = self.log_file.read_text(errors="replace") if self.log_file.exists() else started.stderr
            shutil.rmtree(self._socket_dir, ignore_errors=True)
            raise PostgresError("PostgreSQL did not start:\n" + "\n".join(log.splitlines()[-12:]))
        return self

    def stop(self) -> None:
        """Stop the server: cleanly where the data is kept, at once where it is thrown away."""
        self._stop_server("fast" if self._durable else "immediate")

    def crash(self) -> None:
        """End the server as if it had been killed, and let it come back at the same address, recovering by itself.

        Raises `PostgresError` if it does not come back.
        """
        again = self._run("pg_ctl", "restart", "-w", "-t", "60", "-m", "immediate", "-l", self.log_file)
        if again.returncode:
            raise PostgresError("PostgreSQL did not come back: " + again.stderr.strip())

    def delete(self) -> None:
        """Stop the server and remove the cluster's files."""
        self.stop()
        # Not through the link: whatever follows none would leave the files where they are.
        shutil.rmtree(self._asked_dir.resolve(), ignore_errors=True)
        if self._asked_dir.is_symlink():
            self._asked_dir.unlink()

    def _stop_server(self, mode: str) -> None:
        try:
            # Its fifth line names the socket's folder, also that of a run that was killed.
            socket_dir = Path((self.data_dir / "postmaster.pid").read_text().splitlines()[4])
        except (FileNotFoundError, IndexError):
            return
        if self._binaries is None:
            self._binaries = self._reachable_binaries(find_binaries(_major_of(self.data_dir)))
        if self._run("pg_ctl", "status").returncode == 0:
            stopped = self._run("pg_ctl", "stop", "-w", "-t", "30", "-m", mode)
            if stopped.returncode and mode != "immediate":
                self._run("pg_ctl", "stop", "-w", "-t", "30", "-m", "immediate")
        if socket_dir.name.startswith(SOCKETS):
            shutil.rmtree(socket_dir, ignore_errors=True)
        self._socket_dir = None

    def _initialise(self) -> None:
        # A killed initdb must not leave a folder that looks finished.
        unfinished = self.data_dir.with_name(self.data_dir.name + ".unfinished")
        for locale in ("C.UTF-8", "C"):
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True, mode=0o700)
            self._own(unfinished)
            how = ["-U", "postgres", "-A", "trust", "-E", "UTF8", f"--locale={locale}"]
            made = self._run("initdb", *how, *([] if self._durable else ["--no-sync"]), data_dir=unfinished)
            if made.returncode == 0:
                self.data_dir.rmdir()
                unfinished.rename(self.data_dir)
                return
        raise PostgresError("PostgreSQL could not initialise its data folder:\n" + made.stderr.strip())

    def _run(
        self, program: str, *arguments: str | Path, data_dir: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        assert self._binaries is not None
        return subprocess.run(
            [self._binaries.folder / program, "-D", data_dir or self.data_dir, *arguments],
            capture_output=True,
            text=True,
            cwd="/",  # the project's folder may be closed to the server's user
            env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            check=False,
            **self._as_user,
        )

    # -- running as somebody else when started by root

    def _own(self, folder: Path) -> None:
        if self._user:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)

    def _may(self, flag: str, path: Path) -> bool:
        return subprocess.run(["test", flag, path], cwd="/", check=False, **self._as_user).returncode == 0

    def _reachable_data_dir(self) -> Path:
        asked = self._asked_dir
        asked.mkdir(parents=True, exist_ok=True, mode=0o700)
        if asked.is_symlink() or not self._user:
            return asked.resolve()
        self._own(asked)
        if self._may("-w", asked):
            return asked.resolve()
        REACHABLE.mkdir(parents=True, exist_ok=True, mode=0o755)
        elsewhere = REACHABLE / hashlib.sha256(bytes(asked.resolve())).hexdigest()[:12]
        elsewhere.mkdir(exist_ok=True, mode=0o700)
        self._own(elsewhere)
        asked.rmdir()
        asked.symlink_to(elsewhere)
        return elsewhere

    def _reachable_binaries(self, binaries: Binaries) -> Binaries:
        if not self._user or self._may("-x", binaries.folder / "postgres"):
            return binaries
        return copied(binaries, REACHABLE)


def _unprivileged_user() -> pwd.struct_passwd | None:
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise PostgresError("PostgreSQL refuses to run as root, and there is no user postgres or nobody here.")


def _major_of(data_dir: Path) -> int | None:
    version = data_dir / "PG_VERSION"
    return int(version.read_text()) if version.exists() else None
