"""Chooses a card's colours by its tier and keeps them legible; it knows nothing of layouts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_DARK: Final = "#17171a"
_LIGHT: Final = "#ffffff"
_LOWEST: Final = ("#ece5d8", "#1f1d1a")
_BETWEEN: Final = (("#1d4a44", "#f4efe3"), ("#273f69", "#eef1f7"), ("#6a2a38", "#f8ece9"))
_HIGHEST: Final = ("#16161a", "#e0c592")


@dataclass(frozen=True, slots=True)
class Palette:
    """`field` is the ground, `ink` the letters on it, `tone` a large shape, `soft` lesser words, each "#rrggbb"."""

    field: str
    ink: str
    tone: str
    soft: str


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    parts = [c / 255 for c in _channels(colour)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast of two colours as WCAG defines it, 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def mix(one: str, other: str, percent: int) -> str:
    """So many per cent of the other colour in the one."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{(a * (100 - percent) + b * percent + 50) // 100:02x}" for a, b in pairs)


def palette(rank: int, ranks: int, colour: str | None = None) -> Palette:
    """The colours of a tier: its own, or by its place: paper for the lowest, night for the highest."""
    if colour:
        field = colour.lower()
        ink = max((_DARK, _LIGHT), key=lambda tried: contrast(field, tried))
    elif rank <= 0:
        field, ink = _LOWEST
    elif rank >= ranks - 1:
        field, ink = _HIGHEST
    else:
        field, ink = _BETWEEN[(rank - 1) % len(_BETWEEN)]
    return Palette(field, ink, tone=mix(field, ink, 9), soft=mix(ink, field, 18))
