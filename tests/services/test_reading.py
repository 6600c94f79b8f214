"""Long lists are read ahead of the work on them, in order, and not farther than a few pages."""

from __future__ import annotations

import threading
from itertools import islice

import pytest

from loyalty_plugin.domain.facts import Page
from loyalty_plugin.errors import TryLater
from loyalty_plugin.services.history import reading
from tests.scale import PATIENCE


class List:
    """Pages "1" to `last`, each of one number; `trouble` is raised instead of that page."""

    def __init__(self, last: int, trouble: str = "") -> None:
        self.last, self.trouble = last, trouble
        self.asked: list[str] = []
        self.settled = threading.Condition()

    def __call__(self, after: str) -> Page[int]:
        with self.settled:
            self.asked.append(after)
            self.settled.notify_all()
        number = int(after or 0) + 1
        if str(number) == self.trouble:
            raise TryLater(reason="away")
        return Page((number,), str(number), number < self.last, None, {})

    def wait_for(self, count: int) -> bool:
        with self.settled:
            return self.settled.wait_for(lambda: len(self.asked) >= count, timeout=PATIENCE)


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "PAUSES", (0.0,))


def numbers(pages: object) -> list[int]:
    return [number for page in pages for number in page.items]  # type: ignore[attr-defined]


@pytest.mark.parametrize("last", [1, 2, reading.AHEAD, 20])
def test_every_page_comes_once_and_in_order(last: int):
    shop = List(last)
    assert numbers(reading.pages(shop)) == list(range(1, last + 1))
    assert shop.asked == ["", *map(str, range(1, last))]


def test_it_goes_on_after_a_cursor():
    shop = List(9)
    assert numbers(reading.pages(shop, "6")) == [7, 8, 9]


def test_while_one_page_is_worked_on_the_next_few_are_read():
    shop = List(100)
    pages = reading.pages(shop)
    next(pages)
    # The one that is worked on, and as many more as may wait.
    assert shop.wait_for(1 + reading.AHEAD)
    pages.close()  # type: ignore[attr-defined]
    assert len(shop.asked) == 1 + reading.AHEAD


def test_who_stops_early_leaves_the_rest_unread():
    shop = List(100)
    assert numbers(islice(reading.pages(shop), 2)) == [1, 2]
    assert len(shop.asked) <= 2 + reading.AHEAD


def test_what_was_read_before_the_trouble_is_worked_on_first():
    shop = List(9, trouble="4")
    seen: list[int] = []

    def work() -> None:
        for page in reading.pages(shop):
            seen.extend(page.items)

    with pytest.raises(TryLater):
        work()
    assert seen == [1, 2, 3]
    # Asked again after the pause, and then no more by anybody who waited behind it.
    assert shop.asked == ["", "1", "2", "3", "3"]
