"""Brings a database that tests have written to back to what it was when new, where that is sure; else says that it is not.

Rows are deleted without asking the triggers that refuse it, so it takes a superuser. What a copied database came with
must still be as it was: another shape or other rows of that kind are left to whoever copies the database anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg
from psycopg import sql

_TABLES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_%'
 ORDER BY 1, 2
"""
#: Everything a test might have left changed that is no row.
_SHAPE = """
SELECT (SELECT md5(string_agg(concat_ws(' ', oid, relname, relkind, relnamespace, relowner, reltoastrelid, relacl,
                                        reloptions, relchecks, relhasindex, relrowsecurity), '|' ORDER BY oid))
          FROM pg_class WHERE relnamespace NOT IN ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace)
                          AND relpersistence <> 't'),
       (SELECT md5(string_agg(concat_ws(' ', oid, tgname, tgenabled, tgfoid), '|' ORDER BY oid)) FROM pg_trigger),
       (SELECT md5(string_agg(concat_ws(' ', oid, conname, convalidated), '|' ORDER BY oid)) FROM pg_constraint),
       (SELECT md5(string_agg(concat_ws(' ', oid, md5(prosrc)), '|' ORDER BY oid)) FROM pg_proc),
       (SELECT md5(string_agg(concat_ws(' ', attrelid, attnum, atttypid, attnotnull, attisdropped), '|'
                              ORDER BY attrelid, attnum)) FROM pg_attribute
         WHERE attnum > 0 AND attrelid >= 16384
           AND attrelid IN (SELECT oid FROM pg_class WHERE relpersistence <> 't')),
       (SELECT count(*) FROM pg_largeobject_metadata),
       (SELECT md5(string_agg(setconfig::text, '|' ORDER BY setrole)) FROM pg_db_role_setting
         WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))
"""
_SEQUENCES = "SELECT schemaname, sequencename, last_value, start_value FROM pg_sequences ORDER BY 1, 2"
_ALONE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

Name = tuple[str, str]
Connection = psycopg.Connection[tuple[object, ...]]


@dataclass(frozen=True)
class Pristine:
    """A new database: its shape, the rows it came with as one digest a table, how far its sequences were."""

    shape: object
    tables: tuple[Name, ...]
    filled: dict[Name, object]
    sequences: dict[Name, object]


def look(url: str) -> Pristine:
    """What a new database is like."""
    with psycopg.connect(url, autocommit=True) as connection:
        tables = tuple((str(schema), str(name)) for schema, name in connection.execute(_TABLES))
        filled = _filled(connection, tables)
        sequences = {(str(s), str(n)): last for s, n, last, _start in connection.execute(_SEQUENCES)}
        return Pristine(_shape(connection), tables, _digests(connection, filled), sequences)


def restore(url: str, new: Pristine) -> bool:
    """Whether it is as new again. Everybody else who is connected to it is sent away."""
    try:
        with psycopg.connect(url) as connection:
            connection.execute(_ALONE)
            connection.execute("SET session_replication_role = replica")
            if _shape(connection) != new.shape or _digests(connection, new.filled) != new.filled:
                return False
            for name in set(_filled(connection, new.tables)) - new.filled.keys():
                connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(*name)))
            for schema, name, last, start in connection.execute(_SEQUENCES).fetchall():
                before = new.sequences[str(schema), str(name)]
                if last != before:
                    where = sql.Identifier(str(schema), str(name)).as_string(connection)
                    value = [where, start if before is None else before, before is not None]
                    connection.execute("SELECT setval(%s::regclass, %s, %s)", value)
    except psycopg.Error:
        return False
    return True


def _shape(connection: Connection) -> object:
    return connection.execute(_SHAPE).fetchone()


def _filled(connection: Connection, tables: tuple[Name, ...]) -> list[Name]:
    """The tables with rows in them."""
    each = [
        sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(number, sql.Identifier(*name))
        for number, name in enumerate(tables)
    ]
    return [tables[int(str(number))] for (number,) in connection.execute(sql.SQL(" UNION ALL ").join(each))]


def _digests(connection: Connection, tables: Iterable[Name]) -> dict[Name, object]:
    tables = list(tables)
    each = [
        sql.SQL("SELECT md5(string_agg(row::text, '|' ORDER BY row::text)) FROM {} row").format(
            sql.Identifier(*name)
        )
        for name in tables
    ]
    query = sql.SQL("SELECT {}").format(sql.SQL(", ").join(sql.SQL("({})").format(one) for one in each))
    found = connection.execute(query).fetchone()
    assert found is not None
    return dict(zip(tables, found, strict=True))
