"""A process that does an act again and again, each time killing a child of it one statement later.

`python -m tests.services.killing URL MODULE`: the module offers `act()` and `state()`. A forked child kills
itself (SIGKILL) when it has run n statements, for n = 0, 1, 2, …, until one gets through. Where one left something done
and the module says `ANEW`, n begins anew, so that what remains is killed between any two of its statements, too. After each
child the state that is left is printed as a line of JSON, beginning with the state before the first.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import django
from django.db import connection, connections


def die_after(statements: int, act: Callable[[], object]) -> None:
    """Do the act, but not more than so many statements of it."""
    left = statements

    def wrap(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return execute(*arguments)

    connection.ensure_connection()
    with connection.execute_wrapper(wrap):
        act()


def main(url: str, module: str) -> None:
    from sandbox.postgres import django_database

    connection.settings_dict.update(django_database(url))
    acting = importlib.import_module(module)

    def tell(killed: bool) -> Any:
        left = acting.state()
        sys.stdout.write(json.dumps({"killed": killed, "state": left}) + "\n")
        sys.stdout.flush()
        connections.close_all()
        return left

    before, statements = tell(killed=True), 0
    while statements < 500:
        child = os.fork()
        if child == 0:
            die_after(statements, acting.act)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status):
            sys.exit("the act failed by itself")
        after = tell(killed=os.WIFSIGNALED(status))
        if os.WIFEXITED(status):
            return
        anew = after != before and getattr(acting, "ANEW", False)
        statements = 0 if anew else statements + 1
        before = after
    sys.exit("the act never got through")


if __name__ == "__main__":
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    main(*sys.argv[1:])
