"""Fits a name into the room a card has: shrink, two lines, shorten; it measures with what it is given.

The rule, in this order, each step only where the one before leaves no room:
1. one line, as large as fits, from `largest` down to `middle`;
2. two lines broken at a space, as large as fits, down to `smallest`;
3. one line down to `smallest` (for names without a space);
4. the names between first and last become initials, then 1 to 3 again;
5. the end is cut at a whole character and marked with an ellipsis.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

#: Width of a text at size 1, in the same unit as `width` at size 1.
Measure = Callable[[str], float]

_JOINERS: Final = frozenset("\u200c\u200d")


@dataclass(frozen=True, slots=True)
class Room:
    """The room for a name: width and sizes in millimetres (size: height of the letters' em)."""

    width: float
    largest: float
    middle: float
    smallest: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """The lines to print, one or two, their size in millimetres, and whether anything was left out."""

    lines: tuple[str, ...]
    size: float
    shortened: bool = False


def clean(name: str) -> str:
    """The name without what can't be printed: control signs and direction overrides; spaces are single.

    The two joiners stay, since Persian and Indian names need them.
    """
    text = unicodedata.normalize("NFC", "".join(" " if c in "\t\n\r" else c for c in name))
    return " ".join("".join(c for c in text if c in _JOINERS or _printable(c)).split())


def _printable(sign: str) -> bool:
    return unicodedata.category(sign) not in ("Cc", "Cf", "Cs")


def fit(name: str, room: Room, measure: Measure) -> Fitted:
    """The name as it goes into the room. An empty name gives one empty line."""
    text = clean(name)
    if not text:
        return Fitted(("",), room.largest)
    for candidate in _wordings(text):
        lines = _lay(candidate, room, measure)
        if lines is not None:
            return Fitted(lines[0], lines[1], shortened=candidate != text)
    return Fitted((_cut(text, room, measure),), room.smallest, shortened=True)


def _wordings(text: str) -> Iterator[str]:
    yield text
    words = text.split()
    if len(words) > 2:
        yield " ".join([words[0], *(f"{_first_character(word)}." for word in words[1:-1]), words[-1]])
        yield f"{words[0]} {words[-1]}"


def _lay(text: str, room: Room, measure: Measure) -> tuple[tuple[str, ...], float] | None:
    size = _size((text,), room, measure)
    if size >= room.middle:
        return (text,), size
    halves = _halves(text, measure)
    if halves is not None:
        # Two lines are never larger than one may shrink to: a short line above a long one would shout.
        in_two = min(_size(halves, room, measure), room.middle)
        if in_two >= room.smallest:
            return halves, in_two
    return ((text,), size) if size >= room.smallest else None


def _size(lines: tuple[str, ...], room: Room, measure: Measure) -> float:
    widest = max(measure(line) for line in lines)
    return min(room.largest, room.width / widest) if widest else room.largest


def _halves(text: str, measure: Measure) -> tuple[str, str] | None:
    """The break at a space that leaves the narrowest block."""
    words = text.split()
    breaks = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    return min(breaks, key=lambda pair: max(measure(pair[0]), measure(pair[1])), default=None)


def _characters(text: str) -> list[str]:
    """What a reader takes for one letter: a sign with its marks and joined signs."""
    found: list[str] = []
    for sign in text:
        joins = unicodedata.category(sign).startswith("M") or sign in _JOINERS
        if found and (joins or found[-1][-1] == "\u200d"):
            found[-1] += sign
        else:
            found.append(sign)
    return found


def _first_character(word: str) -> str:
    return _characters(word)[0]


def _cut(text: str, room: Room, measure: Measure) -> str:
    characters = _characters(text)
    low, high = 0, len(characters)
    while low < high:
        middle = (low + high + 1) // 2
        if measure("".join(characters[:middle]) + "…") * room.smallest <= room.width:
            low = middle
        else:
            high = middle - 1
    return "".join(characters[:low]).rstrip() + "…"
