"""How the ledger's statements are sent: parameters bound on the server, several in one go; holds no statement."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper


def cursor() -> CursorWrapper:
    """A cursor for statements with $1, $2, …, bound on the server.

    Django's own writes parameters into the text; the driver's usual one looks for placeholders in it each time,
    since it remembers only statements with few of them. Wrapped as Django wraps its own, so that errors are
    Django's, and query counts and wrappers see it.
    """
    connection.ensure_connection()
    bare = psycopg.RawCursor(connection.connection)
    bare.format = psycopg.pq.Format.BINARY  # rows arrive as values, not as text to be parsed
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    return wrap(cast(CursorWrapper, bare))


@contextmanager
def one_round_trip() -> Iterator[None]:
    """Statements inside are sent together, each still with a snapshot of its own; fetch what they return after."""
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield
