"""How hand-written statements are sent: parameters bound on the server, several in one go; holds no statement."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

import psycopg
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.utils import CursorWrapper


def cursor() -> CursorWrapper:
    """A cursor for statements with $1, $2, …, bound on the server.

    Django's own writes parameters into the text; the driver's usual one looks for placeholders in it each time,
    since it remembers only statements with few of them. Wrapped as Django wraps its own, so that errors are
    Django's, and query counts and wrappers see it.
    """
    database = connections[DEFAULT_DB_ALIAS]  # itself: its proxy looks it up for each attribute
    database.ensure_connection()
    bare = psycopg.RawCursor(database.connection)
    bare.format = psycopg.pq.Format.BINARY  # rows arrive as values, not as text to be parsed
    wrap = database.make_debug_cursor if database.queries_logged else database.make_cursor
    return wrap(cast(CursorWrapper, bare))


@contextmanager
def one_round_trip() -> Iterator[None]:
    """Statements inside are sent together, each still with a snapshot of its own; fetch what they return after."""
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


def execute(statement: str, parameters: Sequence[Any]) -> int:
    """Run one statement that returns no rows; how many it wrote."""
    with cursor() as run:
        run.execute(statement, parameters)
        written: int = run.rowcount
    return written


def rows(statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """All rows that one statement returns."""
    with cursor() as run:
        run.execute(statement, parameters)
        found: list[tuple[Any, ...]] = run.fetchall()
    return found
