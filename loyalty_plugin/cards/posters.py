"""Draws the poster for the counter, A4 or A6: its code opens the page to join by. It fetches only our own fonts."""

from __future__ import annotations

from typing import Any, Final, Literal

from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import override

from loyalty_plugin.cards import codes, fonts
from loyalty_plugin.cards.colours import palette
from loyalty_plugin.cards.rendering import print_pdf
from loyalty_plugin.conf import settings
from loyalty_plugin.queries.posters import PosterView

Size = Literal["A4", "A6"]
#: Page and, in millimetres, what one unit of the drawing is: an A6 is the same picture at half the size.
SIZES: Final[dict[str, float]] = {"A4": 1.0, "A6": 0.5}


def render_poster(poster: PosterView, *, size: Size = "A4") -> bytes:
    """The poster as a PDF of one page, fonts embedded. Raises CardUnprintable, CardsUnavailable."""
    with override(poster.language):
        brand = str(settings.CARD_DESIGN_PARAMS.get("brand") or "")
        texts = {
            "headline": _("Join %(programme)s") % {"programme": poster.programme},
            "lead": _("It costs nothing. Point your phone’s camera here:"),
            "brand": brand,
            "shown": poster.shown,
            "ref": poster.ref,
        }
        lines = poster.lines or (_("Points with every order, and a reason for each of them"),)
    told = [*texts.values(), *lines]
    for field, text in {**texts, **{f"line {n}": line for n, line in enumerate(lines, 1)}}.items():
        fonts.check(field, text)
    chosen = fonts.needed(told)
    colours = palette(1, 3, poster.colour or None)
    context: dict[str, Any] = {
        **texts,
        "lines": lines,
        "language": poster.language,
        "qr": codes.qr_svg(poster.address),
        "colours": colours,
        "page": size,
        "unit": SIZES[size],
        "long": len(texts["headline"]) > 22,
        "fonts_css": fonts.css(chosen),
        "family": fonts.family(chosen),
    }
    html = render_to_string("loyalty_plugin/cards/poster.html", context)
    return print_pdf(html, frozenset(face.path.as_uri() for face in chosen))
