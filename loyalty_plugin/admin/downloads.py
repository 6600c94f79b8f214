"""Lists of the back office as CSV files: sent while they are read, and no cell is a formula; what is in them, others say."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final, cast

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.translation import get_language, override

#: A cell that begins with one of these is a formula to a spreadsheet.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class _Lines:
    """A file to write to that hands each line on instead of keeping it."""

    def write(self, value: str) -> str:
        return value


def safe_cell(value: Any) -> str:
    """A cell that no spreadsheet takes for a formula; a number stays one."""
    if isinstance(value, int):
        return str(value)
    text = value.isoformat() if isinstance(value, date) else str("" if value is None else value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_file(
    name: str,
    headings: Callable[[], Sequence[Any]],
    rows: Iterable[Any],
    cells: Callable[[Any], Sequence[Any]],
) -> HttpResponse:
    """The file, however long. `headings` and `cells` are asked in the language of the request."""
    language = get_language() or "en"

    def lines() -> Iterator[str]:
        writer = csv.writer(_Lines())
        # Without the mark a spreadsheet reads names in another encoding.
        yield "\ufeff"
        with override(language):
            yield writer.writerow(map(str, headings()))
        for row in rows:
            # The reader's language is that of the request, which is over by now.
            with override(language):
                yield writer.writerow(map(safe_cell, cells(row)))

    response = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return cast(HttpResponse, response)
