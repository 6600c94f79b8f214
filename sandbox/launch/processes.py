"""Starts processes, tells when one of them dies, and stops them all; never stops one it did not start."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sandbox.launch.terminal import LaunchError

PATIENCE = 10.0  # seconds a process gets to end by itself
LAST_LINES = 15
ROOT = Path(__file__).resolve().parents[2]


def hear() -> None:
    """In the child: let it be ended by request, whatever signals we were started to ignore."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


@dataclass(frozen=True)
class Child:
    """A process started here, the leader of its own process group, and the file it writes to."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def failure(self) -> LaunchError:
        lines = self.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        how = (
            f"ended with {self.process.returncode}" if self.process.poll() is not None else "does not answer"
        )
        words = "\n".join(f"  {line}" for line in lines)
        return LaunchError(f"The {self.name} {how}. Its last words:\n{words}\nAll of them: {self.log}", 1)


class Processes:
    """The processes of one run. Each has a process group of its own: Ctrl-C reaches only us, we stop them."""

    def __init__(self, environment: Mapping[str, str], logs: Path) -> None:
        self._environment = {**os.environ, **environment}
        self._logs = logs
        self._children: list[Child] = []

    def start(self, name: str, *arguments: str, show: bool = False) -> Child:
        """Start `python <arguments>`, writing to `logs/<name>.log`; `show` lets its stdout be seen."""
        command = [sys.executable, *arguments]
        if setpriv := shutil.which("setpriv"):  # Linux: they end with us, even if we are killed by force
            command = [setpriv, "--pdeathsig", "TERM", *command]
        log = self._logs / f"{name.replace(' ', '-')}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=None if show else output,
                stderr=output,
                start_new_session=True,
                preexec_fn=hear,
            )
        child = Child(name, process, log)
        self._children.append(child)
        return child

    def finish(self, child: Child) -> None:
        """Wait until a process has done its work. Raises `LaunchError` if it, or another one, fails."""
        while child.process.poll() is None:
            self.check(but=child)
            time.sleep(0.05)
        if child.process.returncode:
            raise child.failure()
        self._children.remove(child)

    def wait_for(self, child: Child, url: str, seconds: float = 180) -> None:
        """Wait until `url` answers 2xx. Raises `LaunchError` if a process ends or the time is over."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.check()
            with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=5):
                return
            time.sleep(0.1)
        raise child.failure()

    def check(self, but: Child | None = None) -> None:
        """Raises `LaunchError` with the last words of a process that has ended, for whatever reason."""
        for child in self._children:
            if child is not but and child.process.poll() is not None:
                raise child.failure()

    def kill(self, child: Child) -> None:
        """End a process by force, with all it had started, as a crash of the machine would; it is forgotten then."""
        child.signal(signal.SIGKILL)
        child.process.wait()
        self._children.remove(child)

    def watch(self) -> None:
        """Never returns; raises `LaunchError` as soon as a process ends."""
        while True:
            self.check()
            time.sleep(0.5)

    def stop(self) -> None:
        """End all that run, the last started first: by request, and after `PATIENCE` by force."""
        for child in reversed(self._children):
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + PATIENCE
        for child in self._children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))
            # By force if it is still there, and what it had started and left behind in its group.
            child.signal(signal.SIGKILL)
            child.process.wait()
        self._children.clear()
