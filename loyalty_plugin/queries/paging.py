"""Reads long lists page by page, each page a query of its own: no transaction is open while somebody downloads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


def in_pages(rows: QuerySet[Row], size: int = 2_000) -> Iterator[Row]:
    """All rows in the order of their keys."""
    after = 0
    while page := list(rows.order_by("pk").filter(pk__gt=after)[:size]):
        yield from page
        after = page[-1].pk
