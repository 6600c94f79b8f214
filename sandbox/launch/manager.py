"""Runs management commands one after the other in one process of a shop, since each would take seconds to begin.

The process reads a JSON list of arguments a line, and answers with a line of {"code", "out", "err"}: how it ended, and
what it said. It is this file's text, so that it needs nothing of ours where it runs.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path


class ManagerGone(Exception):
    """The process has ended; the text is what it wrote last."""


class Manager:
    """The process, begun in a folder with an environment; `close` ends it."""

    def __init__(self, python: str, cwd: Path, environment: Mapping[str, str], log: Path) -> None:
        self._log = log.open("w")
        self._process = subprocess.Popen(
            [python, "-c", Path(__file__).read_text()],
            cwd=cwd,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """How a command ended, and what it said. Raises ManagerGone if it took the whole process with it."""
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answers is not None
        line = ""
        with suppress(BrokenPipeError):
            asked.write(json.dumps(arguments) + "\n")
            asked.flush()
            line = answers.readline()
        if not line:
            raise ManagerGone(Path(self._log.name).read_text())
        done = json.loads(line)
        return subprocess.CompletedProcess(arguments, done["code"], done["out"], done["err"])

    def close(self) -> None:
        """End it; it is idle, so nothing is broken off."""
        self._process.kill()
        self._process.communicate()
        self._log.close()


def run(arguments: list[str]) -> dict[str, object]:
    """The exit code and what was said."""
    # Here, since only the process needs them: whoever begins it is to begin at once.
    from django.core.management import ManagementUtility
    from django.db import close_old_connections, connections

    out, err = io.StringIO(), io.StringIO()
    close_old_connections()
    try:
        with redirect_stdout(out), redirect_stderr(err):
            ManagementUtility(["manage.py", *arguments]).execute()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:
        err.write(traceback.format_exc())
        code = 1
    finally:
        connections.close_all()
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


def main() -> None:
    """Until stdin ends. Answers go to the stdout we were given; what libraries print goes elsewhere."""
    import django

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    django.setup()
    for line in sys.stdin:
        answers.write(json.dumps(run(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
