"""Names on a card: the rule by which they shrink, break and shorten, and what is cleaned away before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_plugin.domain.cards.names import Room, clean, fit

ROOM = Room(width=60, largest=6, middle=4.5, smallest=3)


def measure(text: str) -> float:
    """As if every sign were half as wide as high."""
    return len(text) / 2


@pytest.mark.parametrize(
    ("name", "lines", "size", "shortened"),
    [
        ("", ("",), 6, False),
        ("Ann Lee", ("Ann Lee",), 6, False),
        ("Maximiliane Oberhuber-Li", ("Maximiliane Oberhuber-Li",), 5, False),
        ("Wilhelmina Alexandra Featherstonehaugh", ("Wilhelmina Alexandra", "Featherstonehaugh"), 4.5, False),
        ("x" * 30, ("x" * 30,), 4, False),
        (
            "Ana Maria Leopoldina Francisca Theresa Isabella de Habsburgo Lorena e Braganza Monteiro",
            ("Ana M. L. F. T. I. d.", "H. L. e. B. Monteiro"),
            4.5,
            True,
        ),
        ("y" * 500, ("y" * 39 + "…",), 3, True),
    ],
)
def test_the_rule(name: str, lines: tuple[str, ...], size: float, shortened: bool) -> None:
    fitted = fit(name, ROOM, measure)
    assert (fitted.lines, fitted.size, fitted.shortened) == (lines, size, shortened)


@given(st.text(max_size=120))
def test_whatever_the_name_it_fits(name: str) -> None:
    fitted = fit(name, ROOM, measure)
    assert 1 <= len(fitted.lines) <= 2
    assert ROOM.smallest <= fitted.size <= ROOM.largest
    assert all(measure(line) * fitted.size <= ROOM.width + 1e-9 for line in fitted.lines)
    if not fitted.shortened:
        assert " ".join(fitted.lines) == clean(name)


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("  Ann \t\n Lee ", "Ann Lee"),
        ("Ann\u202egol\u202c", "Anngol"),  # an override would print it backwards
        ("A\x00n\u200bn\ufeff", "Ann"),
        ("Zoe\u0301", "Zo\u00e9"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("<b>Ann</b>", "<b>Ann</b>"),  # nobody's business here: the drawing escapes it
    ],
)
def test_what_can_not_be_printed_is_cleaned_away(name: str, cleaned: str) -> None:
    assert clean(name) == cleaned


def test_a_cut_leaves_no_mark_without_its_letter() -> None:
    fitted = fit("कि" * 200, ROOM, measure)
    assert fitted.lines[0].endswith("कि…")
