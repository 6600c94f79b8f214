"""Runs management commands one after the other in one process of the shop, since each would take seconds to begin.

Reads a JSON list of arguments a line, and answers with a line of {"code", "out", "err"}: how it ended, and what it said.
"""

from __future__ import annotations

import io
import json
import os
import sys
import traceback
from contextlib import redirect_stderr, redirect_stdout

import django
from django.core.management import ManagementUtility
from django.core.management.base import CommandError
from django.db import close_old_connections, connections


def run(arguments: list[str]) -> dict[str, object]:
    """The exit code and what was said."""
    out, err = io.StringIO(), io.StringIO()
    close_old_connections()
    try:
        with redirect_stdout(out), redirect_stderr(err):
            ManagementUtility(["manage.py", *arguments]).execute()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except (CommandError, Exception):
        err.write(traceback.format_exc())
        code = 1
    finally:
        connections.close_all()
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


def main() -> None:
    """Until stdin ends. Answers go to the stdout we were given; what libraries print goes elsewhere."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    django.setup()
    for line in sys.stdin:
        answers.write(json.dumps(run(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
