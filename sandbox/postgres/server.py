"""A PostgreSQL server by its address: its databases made, dropped and named; starts and stops none."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import conninfo, sql


class Server:
    """A PostgreSQL server reached by a libpq URL whose role may create databases."""

    def __init__(self, url: str, origin: str = "DATABASE_URL") -> None:
        self._url = url
        self.origin = origin

    def __str__(self) -> str:
        return f"PostgreSQL of {self.origin}"

    def url(self, database: str | None = None) -> str:
        """The libpq URL of a database (of the one named in DATABASE_URL when none is given)."""
        return self._url if database is None else with_database(self._url, database)

    @contextlib.contextmanager
    def _admin(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(self.url(), autocommit=True, connect_timeout=10) as connection:
            yield connection

    def databases(self) -> set[str]:
        """The names of all databases of the server."""
        with self._admin() as admin:
            return {name for (name,) in admin.execute("SELECT datname FROM pg_database")}

    def create_database(self, name: str, template: str | None = None) -> str:
        """Create a database, empty or a copy of `template` (nobody may be connected to it); its URL."""
        command = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        command += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template or "template0"))
        with self._admin() as admin:
            admin.execute(command)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it is there, together with whoever is still connected to it."""
        with self._admin() as admin:
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def with_database(url: str, name: str) -> str:
    """The same server, another database; a libpq connection string."""
    return conninfo.make_conninfo(url, dbname=name)


def django_database(url: str) -> dict[str, Any]:
    """A libpq URL or connection string as an entry of Django's DATABASES."""
    parts = conninfo.conninfo_to_dict(url)
    known = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host", "PORT": "port"}
    entry: dict[str, Any] = {key: str(parts.pop(name, "") or "") for key, name in known.items()}
    return {"ENGINE": "django.db.backends.postgresql", **entry, "OPTIONS": dict(parts)}
