"""Makes up half a year of orders, the same every time for the same last day; pure data, nothing is placed here."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sandbox.seed.catalogue import GOODS, Goods
from sandbox.seed.people import PEOPLE, Person

FORTNIGHTS = 13
WEEKS = 2 * FORTNIGHTS
ORDERS = 1.2
"""Orders a person places in the half year, for each point of their habit."""
RETURNS = 9
"""Of a hundred orders, how many are sent back in part."""


@dataclass(frozen=True)
class Purchase:
    """One order: who, when (UTC), what as (sku, quantity), and how many days later the parcel left (None: not yet)."""

    person: Person
    at: datetime
    lines: tuple[tuple[str, int], ...]
    sent_after: int | None
    returned: bool

    def sent_by(self, moment: datetime) -> bool:
        """The parcel had left at this moment."""
        return self.sent_after is not None and self.at + timedelta(days=self.sent_after) <= moment


@dataclass(frozen=True)
class Fortnight:
    """Fourteen days up to and with `last`, and the purchases in them by time."""

    number: int
    first: date
    last: date
    purchases: tuple[Purchase, ...]


def fortnights(today: date) -> Iterator[Fortnight]:
    """The half year before `today`, oldest first."""
    purchases = sorted(_purchases(today), key=lambda p: (p.at, p.person.email))
    for number in range(FORTNIGHTS):
        last = today - timedelta(days=14 * (FORTNIGHTS - 1 - number) + 1)
        first = last - timedelta(days=13)
        found = tuple(p for p in purchases if first <= p.at.date() <= last)
        yield Fortnight(number + 1, first, last, found)


def joined(person: Person, today: date) -> date:
    """When somebody registered: keen customers early, the last ones a few weeks ago."""
    order = PEOPLE.index(person)
    return today - timedelta(days=WEEKS * 7) + timedelta(days=order * 3)


def _purchases(today: date) -> Iterator[Purchase]:
    for person in PEOPLE:
        dice = random.Random(f"orders of {person.email}")
        start = joined(person, today) + timedelta(days=1)
        days = (today - start).days - 1
        for _ in range(max(1, round(person.habit * ORDERS))):
            day = start + timedelta(days=dice.randrange(days))
            moment = datetime.combine(day, time(dice.randrange(7, 20), dice.randrange(60)), UTC)
            recent = (today - day).days <= 3
            yield Purchase(
                person,
                moment,
                tuple(_basket(dice, person)),
                None if recent else dice.choice((1, 1, 2)),
                not recent and dice.randrange(100) < RETURNS,
            )


def _basket(dice: random.Random, person: Person) -> Iterator[tuple[str, int]]:
    """A few goods, mostly of the person's taste; bigger spenders take more and larger."""
    seen = set()
    for _ in range(dice.randint(1, person.spend + 1)):
        goods = dice.choice([g for g in GOODS if dice.random() < 0.35 or g.category == person.taste])
        if goods.slug not in seen:
            seen.add(goods.slug)
            yield _size(dice, goods, person), dice.choice((1, 1, 1, 2))


def _size(dice: random.Random, goods: Goods, person: Person) -> str:
    largest = min(len(goods.sizes), person.spend)
    return goods.sku(dice.randrange(largest))
