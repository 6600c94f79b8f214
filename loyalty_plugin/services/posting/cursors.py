"""The cursor of the ledger's statements: parameters are bound on the server; runs nothing itself."""

from __future__ import annotations

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
    bare = cast(CursorWrapper, psycopg.RawCursor(connection.connection))
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    return wrap(bare)
