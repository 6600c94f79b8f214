"""Columns as PostgreSQL array literals; quicker than the driver's own, and always of the same type.

Always of the same type matters as much: the driver would type an array by what is in it, and each new
combination of types would be another statement to prepare.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from pydantic_core import to_json


def integers(values: Iterable[int | None]) -> str:
    """For bigint[] and smallint[]."""
    # The text of a list of numbers is nearly the literal, and one call.
    return "{" + str(list(values))[1:-1].replace("None", "NULL") + "}"


def moments(values: Iterable[date | None]) -> str:
    """For date[], and for timestamptz[] of timezone-aware instants."""
    return "{" + ",".join(["NULL" if value is None else value.isoformat() for value in values]) + "}"


def words(values: Iterable[str]) -> str:
    """For text[] of plain words, as the members of our enumerations are: nothing is quoted."""
    return "{" + ",".join(values) + "}"


def texts(values: Sequence[str | None]) -> str:
    """For text[] and jsonb[]."""
    if None not in values:
        joined = "".join(values)  # type: ignore[arg-type]
        if '"' not in joined and "\\" not in joined:
            return '{"' + '","'.join(values) + '"}' if values else "{}"  # type: ignore[arg-type]
    return "{" + ",".join(["NULL" if value is None else _quoted(value) for value in values]) + "}"


def json_text(value: Any) -> str:
    """For jsonb, one value; several times quicker than the standard library, and as exact: whole numbers and text."""
    return to_json(value).decode()


def composites(rows: Iterable[str]) -> str:
    """For an array of a composite type; each row is the fields of one record with commas between."""
    quoted = [row.replace("\\", "\\\\").replace('"', '\\"') for row in rows]
    return '{"(' + ')","('.join(quoted) + ')"}' if quoted else "{}"


def text(value: str | None) -> str:
    """One text or JSON field of a record."""
    if value is None:
        return ""
    if '"' in value or "\\" in value:
        value = value.replace("\\", "\\\\").replace('"', '""')
    return f'"{value}"'


def number(value: int | None) -> int | str:
    """One whole number of a record."""
    return "" if value is None else value


def instant(value: datetime | None) -> str:
    """One timezone-aware instant of a record."""
    return "" if value is None else value.isoformat()


def _quoted(value: str) -> str:
    value = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{value}"'
