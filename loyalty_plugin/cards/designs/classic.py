"""The design `classic`: a field in the tier's colour and the shop's initial, larger than the card can hold.

It lays out what it is given; it looks nothing up and fetches nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Final

from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _
from pydantic import Field

from loyalty_plugin import registry
from loyalty_plugin.cards import colours, fonts
from loyalty_plugin.domain import extensions
from loyalty_plugin.domain.cards.names import Room, fit
from loyalty_plugin.errors import InvalidInput

_TEXT: Final = 32  # the optical size the large letters are drawn for
_NAME: Final = Room(width=64, largest=5.2, middle=4.1, smallest=3.1)
_BRAND: Final = Room(width=46, largest=5.2, middle=3.6, smallest=2.65)
_SMALL: Final = 2.65  # millimetres of the small type, 7.5 points
_COLUMN: Final = 38.4
#: Lines of small type that contact and terms may fill beside the code.
_LINES: Final = 9
#: Millimetres of the initial's height; where it begins at the left, unless it is narrow: then a fifth of it is
#: beyond the right edge.
_INITIAL: Final = 84
_INITIAL_LEFT: Final = 39.5


@registry.card_designs.register
class Classic:
    """Colour and type only."""

    code = "classic"
    label = _("Classic")

    class Params(extensions.Params):
        """`brand`: the shop's name (the programme's, when empty); `contact`: four lines at most."""

        brand: Annotated[str, Field(max_length=60)] = ""
        contact: Annotated[tuple[Annotated[str, Field(max_length=44)], ...], Field(max_length=4)] = ()
        terms: Annotated[str, Field(max_length=180)] = ""

    def texts(self, params: Params, card: Mapping[str, str]) -> dict[str, str]:
        """Everything this design would print, by field, for the check of signs before it does."""
        return {
            "name": card["name"],
            "brand": params.brand or card["programme"],
            "tier": card["tier"],
            "contact": "".join(params.contact),
            "terms": params.terms,
            "labels": card["since"] + card["prompt"],
        }

    def html(self, params: Params, card: Mapping[str, str]) -> str:
        """The document for print: front page, back page, CR80 with 3 mm of bleed."""
        return render_to_string("loyalty_plugin/cards/classic.html", self._context(params, card))

    def face(self, params: Params, card: Mapping[str, str], side: str) -> str:
        """One side as a part of a web page, as wide as its container; `side` is "front" or "back"."""
        context = self._context(params, card) | {"sides": (side,), "screen": True}
        return render_to_string("loyalty_plugin/cards/classic_sides.html", context)

    def _context(self, params: Params, card: Mapping[str, str]) -> dict[str, Any]:
        brand = params.brand or card["programme"]
        colour = colours.palette(int(card["rank"]), int(card["ranks"]), card["colour"] or None)
        return {
            "card": card,
            "colour": colour,
            "brand": fit(brand, _BRAND, lambda text: fonts.width(text, weight=680, optical=_TEXT)),
            "name": fit(card["name"], _NAME, lambda text: fonts.width(text, weight=420, optical=_TEXT)),
            "initial": _initial(brand),
            "contact": _must_fit(params).contact,
            "terms": params.terms,
            "small": _SMALL,
            "sides": ("front", "back"),
            "fonts_css": card["fonts_css"],
            "family": card["family"],
        }


def _must_fit(params: Classic.Params) -> Classic.Params:
    """The same, if contact and terms fit beside the code. Raises InvalidInput."""
    lines = sum(
        # A twentieth more for what is lost where lines break between words.
        math.ceil(fonts.width(text, weight=420, optical=14) * _SMALL * 1.05 / _COLUMN)
        for text in (*params.contact, params.terms)
    )
    if lines > _LINES:
        raise InvalidInput(field="terms", problem="does_not_fit", lines=lines, room=_LINES)
    return params


def _initial(brand: str) -> dict[str, str] | None:
    """The first letter or digit of the brand as an outline, with the matrix that lays it across the edge."""
    sign = next((s.upper()[:1] for s in brand if s.isalnum()), "")
    face = fonts.face_of(sign) if sign else None
    if face is None:
        return None
    path, (left, bottom, right, top) = face.outline(sign, 680)
    scale = _INITIAL / (top - bottom)
    start = max(_INITIAL_LEFT, 85.6 - 0.8 * scale * (right - left))
    # Centred on the card's height, so that head and foot run over the edge by the same length.
    drop = 53.98 / 2 + scale * (top + bottom) / 2
    return {
        "path": path,
        "matrix": f"matrix({scale:.4f} 0 0 {-scale:.4f} {start - scale * left:.3f} {drop:.3f})",
    }
