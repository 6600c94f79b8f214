"""Shows what the shop owes its members on a day, and how it came to that; reads only."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError, CommandParser

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.ledger import POINTS, Account
from loyalty_plugin.domain.liability import AGES, ENDS, OF_LIABILITY, OF_RECEIVABLE, RollForward
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.errors import DateOutOfRange, LoyaltyError, UnknownProgramme
from loyalty_plugin.queries.explanations.numbers import money_text, whole_text
from loyalty_plugin.queries.liability import BREAKDOWNS, Books, Part, books_of, composition, programme_called
from loyalty_plugin.registry import ports

_STATES = {Account.AVAILABLE: "available", Account.PENDING: "on the way", Account.HELD: "reserved"}
_ORIGINS = {"sale": "earned by purchases", "free": "given free", "bought": "paid in by members"}


class Command(BaseCommand):
    help = (
        "What the shop owes its members at the end of a day of the programme, by the day of booking: opening, every "
        "movement in one column, closing. What members owe is shown apart and never netted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("programme", nargs="?", default="", help="its code, where there are several")
        parser.add_argument(
            "--as-of", type=date.fromisoformat, metavar="DATE", help="the last day (yesterday)"
        )
        parser.add_argument(
            "--from", dest="first", type=date.fromisoformat, metavar="DATE", help="the first day"
        )
        parser.add_argument("--by", choices=list(BREAKDOWNS), default="", help="break every figure down")
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--json", action="store_true", help="everything as JSON, in points and minor units")
        form.add_argument(
            "--csv", action="store_true", help="one row for each figure, in points and minor units"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        now = ports.clock.now()
        try:
            programme = programme_called(options["programme"])
            day = options["as_of"] or date.fromordinal(local_day(now, _zone(programme)).toordinal() - 1)
            books = books_of(SYSTEM, programme, day=day, now=now, first=options["first"], by=options["by"])
            parts = composition(SYSTEM, programme.pk, books.until)
        except DateOutOfRange as error:
            raise CommandError(_out_of_range(error.details)) from error
        except UnknownProgramme as error:
            raise CommandError(
                f"Name one of the programmes: {error.details.get('known') or 'there is none'}."
            ) from error
        except LoyaltyError as error:
            raise CommandError(f"{error.code} {error.details or ''}".strip()) from error
        if options["json"]:
            self.stdout.write(json.dumps(as_data(books, parts), indent=2))
        elif options["csv"]:
            writer = csv.writer(self.stdout)
            writer.writerow(["day", "from", books.by or "part", "unit", "figure", "amount"])
            writer.writerows(_figures(books))
        else:
            self._tell(books, parts)

    def _tell(self, books: Books, parts: list[Part]) -> None:
        since = f"{books.first} to " if books.first else ""
        self.stdout.write(
            f"{books.programme.name} ({books.programme.code}): {since}{books.day}, as booked, {books.programme.timezone}"
        )
        for key, units in books.parts.items():
            if books.by:
                self.stdout.write(f"\n{books.by}: {key or '(none)'}")
            if not units:
                self.stdout.write("Nothing was booked.")
            for unit, one in units.items():
                self.stdout.write(f"\n  {self.style.MIGRATE_HEADING(unit)}")
                self._lines(unit, one)
                if not books.by:
                    self._composed(unit, one.closing, parts)

    def _lines(self, unit: str, one: RollForward) -> None:
        self._line(unit, "opening", one.opening)
        for column in OF_LIABILITY:
            if amount := one.columns.get(column, 0):
                self._line(unit, f"{column.replace('_', ' ')}", amount, sign=True)
        self._line(unit, "closing", one.closing)
        for account, words in _STATES.items():
            self._line(unit, f"  {words}", one.states[account])
        if one.owed_opening or one.owed_columns or one.owed_closing:
            self.stdout.write("    owed by members, a receivable of its own:")
            self._line(unit, "opening", one.owed_opening)
            for column in OF_RECEIVABLE:
                if amount := one.owed_columns.get(column, 0):
                    self._line(unit, column.replace("_", " "), amount, sign=True)
            self._line(unit, "closing", one.owed_closing)

    def _composed(self, unit: str, closing: int, parts: list[Part]) -> None:
        """The closing by origin, age and end."""
        if not closing:
            return
        tables = composed(unit, parts)
        for heading, rows in tables.items():
            self.stdout.write(f"    closing by {heading}:")
            for words, amount in rows.items():
                self._line(unit, f"  {words}", amount)

    def _line(self, unit: str, words: str, amount: int, *, sign: bool = False) -> None:
        text = whole_text(amount) if unit == POINTS else money_text(amount, unit.split(".")[0])
        text = f"+{text}" if sign and amount > 0 else text
        self.stdout.write(f"    {words:<28}{text:>20}")


def _zone(programme: Any) -> Any:
    return ZoneInfo(programme.timezone)


def _out_of_range(details: Mapping[str, object]) -> str:
    if str(details.get("first", "")) > str(details["day"]):
        return f"--from {details['first']} is after --as-of {details['day']}."
    return (
        f"{details['day']} is not here yet: today is {details.get('today', '')} in the programme's time zone."
    )


def composed(unit: str, parts: list[Part]) -> dict[str, dict[str, int]]:
    """The closing of a unit three times over: by origin, by age and by end, each adding up to it."""
    ages = [*(f"up to {days} days old" for days in AGES), "older"]
    ends = [*(f"ends within {days} days" for days in ENDS), "ends later"]
    found: dict[str, dict[str, int]] = {"origin": {}, "age": {}, "end": {}}
    for part in (one for one in parts if one.unit == unit):
        named = (_ORIGINS[part.origin], ages[part.age], "never ends" if part.ends < 0 else ends[part.ends])
        for table, words in zip(found.values(), named, strict=True):
            table[words] = table.get(words, 0) + part.amount
    order = [*_ORIGINS.values(), *ages, *ends, "never ends"]
    return {
        name: dict(sorted(rows.items(), key=lambda row: order.index(row[0]))) for name, rows in found.items()
    }


def _figures(books: Books) -> Iterator[tuple[Any, ...]]:
    for key, units in books.parts.items():
        for unit, one in units.items():
            for name, amount in _named(one):
                yield books.day, books.first or "", key, unit, name, amount


def _named(one: RollForward) -> Iterator[tuple[str, int]]:
    yield "opening", one.opening
    yield from ((column.value, one.columns.get(column, 0)) for column in OF_LIABILITY)
    yield "closing", one.closing
    yield from ((account.value, amount) for account, amount in one.states.items())
    yield "owed.opening", one.owed_opening
    yield from ((f"owed.{column}", one.owed_columns.get(column, 0)) for column in OF_RECEIVABLE)
    yield "owed.closing", one.owed_closing


def as_data(books: Books, parts: list[Part]) -> dict[str, Any]:
    """JSON-able: points and minor units."""
    units = sorted({unit for found in books.parts.values() for unit in found})
    return {
        "programme": books.programme.code,
        "from": books.first.isoformat() if books.first else None,
        "as_of": books.day.isoformat(),
        "by": books.by or None,
        "parts": [
            {"key": key, "unit": unit, **dict(_named(one))}
            for key, found in books.parts.items()
            for unit, one in found.items()
        ],
        "closing_by": {unit: composed(unit, parts) for unit in units},
    }
