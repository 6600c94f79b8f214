"""Turns short words into SVG outlines with the shop's own display face; it never measures paragraphs."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any

from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

FACE = Path(__file__).resolve().parents[2] / "shop" / "static" / "shop" / "fonts" / "newsreader-latin.woff2"


@cache
def _face() -> tuple[Any, dict[int, str], int]:
    font = TTFont(FACE)
    return font.getGlyphSet(), font.getBestCmap(), font["head"].unitsPerEm


def outline(text: str, *, y: float, size: float, track: float, wrap: float, tilt: float) -> str:
    """Path data of `text` centred on x = 0; letters further out sit higher, as on a label seen from above."""
    glyphs, names, em = _face()
    scale = size / em
    letters = [names.get(ord(char), names[ord(" ")]) for char in text]
    widths = [glyphs[letter].width * scale + track for letter in letters]
    x = -(sum(widths) - track) / 2
    parts = []
    for letter, width in zip(letters, widths, strict=True):
        middle = x + width / 2
        lift = wrap * tilt * (1 - math.sqrt(max(0.0, 1 - (middle / wrap) ** 2))) if wrap else 0.0
        pen = SVGPathPen(glyphs, ntos=lambda value: f"{value:.1f}".removesuffix(".0"))
        glyphs[letter].draw(TransformPen(pen, (scale, 0, 0, -scale, x, y - lift)))
        parts.append(pen.getCommands())
        x += width
    return "".join(parts)
