"""Finds the fonts cards are set in, says which signs they have and how wide a text is; it draws nothing.

Only fonts installed as Python packages count, never the machine's: a card must not look different, or have
boxes for letters, because another machine draws it. Any installed `fontpkg-*` package adds its script.
"""

from __future__ import annotations

import importlib.util
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Final

from loyalty_plugin.errors import CardsUnavailable, CardUnprintable

#: Left, bottom, right, top.
Box = tuple[float, float, float, float]

#: The letters of our own designs; what it lacks comes from the other families, Chinese last.
MAIN: Final = "fontpkg_inter"
_CJK: Final = ("noto_cjk_sans_otc", "NotoSansCJK-Regular.ttc")
#: Signs that have no shape of their own.
_SHAPELESS: Final = frozenset("\u200c\u200d ")


@dataclass(frozen=True)
class Face:
    """One font file. `family` is its name in our style sheets."""

    family: str
    path: Path

    @cached_property
    def _font(self) -> Any:
        from fontTools.ttLib import TTFont

        return TTFont(self.path, fontNumber=0, lazy=True)

    @cached_property
    def signs(self) -> dict[int, str]:
        """Glyph names by code point."""
        return self._font.getBestCmap() or {}

    @cached_property
    def _axes(self) -> dict[str, tuple[float, float]]:
        if "fvar" not in self._font:
            return {}
        return {axis.axisTag: (axis.minValue, axis.maxValue) for axis in self._font["fvar"].axes}

    @property
    def variable(self) -> bool:
        """Whether one file holds all weights."""
        return bool(self._axes)

    @lru_cache(maxsize=16)  # noqa: B019 - faces live as long as the process
    def _glyphs(self, weight: int, optical: int) -> Any:
        wanted = {"wght": weight, "opsz": optical}
        location = {
            tag: min(max(wanted[tag], low), high) for tag, (low, high) in self._axes.items() if tag in wanted
        }
        return self._font.getGlyphSet(location=location)

    def advance(self, sign: str, weight: int, optical: int) -> float:
        """Width of a sign in ems."""
        return self._glyphs(weight, optical)[self.signs[ord(sign)]].width / self._font["head"].unitsPerEm

    def outline(self, sign: str, weight: int, optical: int = 32) -> tuple[str, Box]:
        """A sign as the data of an SVG path, y upwards, and its box; in thousandths of an em."""
        from fontTools.pens.boundsPen import BoundsPen
        from fontTools.pens.svgPathPen import SVGPathPen
        from fontTools.pens.transformPen import TransformPen

        glyphs = self._glyphs(weight, optical)
        glyph = glyphs[self.signs[ord(sign)]]
        scale = 1000 / self._font["head"].unitsPerEm
        pen = SVGPathPen(glyphs, ntos=lambda number: f"{number:.1f}".rstrip("0").rstrip("."))
        bounds = BoundsPen(glyphs)
        glyph.draw(TransformPen(pen, (scale, 0, 0, scale, 0, 0)))
        glyph.draw(TransformPen(bounds, (scale, 0, 0, scale, 0, 0)))
        return pen.getCommands(), bounds.bounds or (0, 0, 0, 0)

    def css(self) -> str:
        """The @font-face rule."""
        weight = "100 900" if self.variable else "400"
        return (
            f"@font-face{{font-family:'{self.family}';src:url('{self.path.as_uri()}');font-weight:{weight}}}"
        )


def _upright(root: Path) -> Path | None:
    files = sorted(f for f in (root / "files").glob("*.[ot]tf") if "Italic" not in f.name)
    variable = [f for f in files if "[" in f.name]
    regular = [f for f in files if f.stem.endswith("-Regular")]
    return next(iter(variable or regular or files), None)


def _root(module: str) -> Path | None:
    spec = importlib.util.find_spec(module)
    return Path(spec.origin).parent if spec and spec.origin else None


@lru_cache(maxsize=1)
def faces() -> tuple[Face, ...]:
    """The fonts at hand, the main one first. Raises CardsUnavailable without it."""
    modules = [MAIN, *sorted(point.value for point in entry_points(group="fontpkg.family"))]
    found = []
    for module in dict.fromkeys(modules):
        root = _root(module)
        file = _upright(root) if root else None
        if file is not None:
            found.append(Face(f"card {module.removeprefix('fontpkg_')}", file))
        elif module == MAIN:
            raise CardsUnavailable(missing="fontpkg-inter")
    cjk = _root(_CJK[0])
    if cjk is not None and (cjk / _CJK[1]).exists():
        found.append(Face("card cjk", cjk / _CJK[1]))
    return tuple(found)


def face_of(sign: str) -> Face | None:
    """The first font that has this sign."""
    return next((face for face in faces() if ord(sign) in face.signs), None)


def needed(texts: Iterable[str]) -> tuple[Face, ...]:
    """The fonts these texts are set in, in order of preference, the main one always."""
    wanted = {face_of(sign) for sign in set().union(*texts) - _SHAPELESS}
    return tuple(face for face in faces() if face in wanted or face is faces()[0])


def check(field: str, text: str) -> None:
    """Pass if every sign can be printed, else CardUnprintable that names those which can't."""
    lacking = sorted({sign for sign in text if sign not in _SHAPELESS and face_of(sign) is None})
    if lacking:
        names = [unicodedata.name(sign, f"U+{ord(sign):04X}") for sign in lacking]
        raise CardUnprintable(field=field, signs="".join(lacking), names=names)


def width(text: str, *, weight: int, optical: int = 32) -> float:
    """Width of a text in ems, sign by sign; joined scripts come out narrower, never wider."""
    return sum(
        face.advance(sign, weight, optical)
        for sign in text
        if sign not in "\u200c\u200d" and (face := face_of(sign)) is not None
    )


def css(chosen: Sequence[Face]) -> str:
    """The style rules that make these fonts known."""
    return "".join(face.css() for face in chosen)


def family(chosen: Sequence[Face]) -> str:
    """The value of `font-family` that falls back through these fonts."""
    return ",".join(f"'{face.family}'" for face in chosen)
