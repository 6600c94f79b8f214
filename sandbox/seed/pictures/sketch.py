"""A small SVG drawing board with turned shapes, one light and one camera angle; it never knows a product."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sandbox.seed.pictures import lettering

TILT = 0.2
"""Height of a circle seen from our camera, as a share of its width: the same in every picture."""

Profile = Sequence[tuple[float, float]]
"""Outline of a turned thing from top to bottom: (y, radius), y growing downwards, ground at 0."""


def mix(a: str, b: str, share: float) -> str:
    """The colour `share` of the way from hex colour a to hex colour b."""
    pairs = zip(_rgb(a), _rgb(b), strict=True)
    return "#" + "".join(f"{round(x + (y - x) * share):02x}" for x, y in pairs)


def darker(colour: str, share: float = 0.2) -> str:
    return mix(colour, "#2a211a", share)


def lighter(colour: str, share: float = 0.3) -> str:
    return mix(colour, "#ffffff", share)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def n(value: float) -> str:
    """A coordinate with one decimal, without a trailing zero: pictures stay small and repeatable."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def smooth(points: Sequence[tuple[float, float]]) -> str:
    """Cubic segments through the points (Catmull-Rom), without the leading move."""
    out = []
    for i in range(len(points) - 1):
        before, a, b, after = (
            points[max(i - 1, 0)],
            points[i],
            points[i + 1],
            points[min(i + 2, len(points) - 1)],
        )
        c1 = a[0] + (b[0] - before[0]) / 6, a[1] + (b[1] - before[1]) / 6
        c2 = b[0] - (after[0] - a[0]) / 6, b[1] - (after[1] - a[1]) / 6
        out.append(f"C{n(c1[0])} {n(c1[1])} {n(c2[0])} {n(c2[1])} {n(b[0])} {n(b[1])}")
    return "".join(out)


class Sketch:
    """Collects shapes and their definitions; `svg()` returns the finished picture."""

    def __init__(self, seed: str, width: int = 800, height: int = 960) -> None:
        self.width, self.height = width, height
        self.random = random.Random(seed)
        self._defs: list[str] = []
        self._body: list[str] = []

    # -- plumbing ---------------------------------------------------------------------------------------
    def add(self, shape: str) -> None:
        self._body.append(shape)

    def define(self, template: str) -> str:
        """Adds a definition whose id is written as @ and returns the id."""
        name = f"d{len(self._defs)}"
        self._defs.append(template.replace("@", name))
        return name

    @contextmanager
    def at(self, x: float, y: float, scale: float = 1.0, turn: float = 0.0) -> Iterator[None]:
        rotate = f" rotate({n(turn)})" if turn else ""
        grow = f" scale({scale:.3f})" if scale != 1 else ""
        self.add(f'<g transform="translate({n(x)} {n(y)}){rotate}{grow}">')
        yield
        self.add("</g>")

    @contextmanager
    def clipped(self, path: str) -> Iterator[None]:
        clip = self.define(f'<clipPath id="@"><path d="{path}"/></clipPath>')
        self.add(f'<g clip-path="url(#{clip})">')
        yield
        self.add("</g>")

    def svg(self) -> str:
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" '
            f'width="{self.width}" height="{self.height}"><defs>{"".join(self._defs)}</defs>'
            f"{''.join(self._body)}</svg>"
        )

    # -- flat shapes ------------------------------------------------------------------------------------
    def path(self, d: str, fill: str = "none", **style: object) -> None:
        extra = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in style.items())
        self.add(f'<path d="{d}" fill="{fill}"{extra}/>')

    def ellipse(self, cx: float, cy: float, rx: float, ry: float, fill: str, **style: object) -> None:
        extra = "".join(f' {key.replace("_", "-")}="{value}"' for key, value in style.items())
        self.add(f'<ellipse cx="{n(cx)}" cy="{n(cy)}" rx="{n(rx)}" ry="{n(ry)}" fill="{fill}"{extra}/>')

    def line(self, d: str, colour: str, width: float, **style: object) -> None:
        self.path(
            d, stroke=colour, stroke_width=n(width), stroke_linecap="round", stroke_linejoin="round", **style
        )

    # -- light ------------------------------------------------------------------------------------------
    def backdrop(self, colour: str, horizon: float | None = None) -> None:
        """One flat wall, lit from the upper left, with a table a shade deeper when a horizon is given."""
        self.add(f'<rect width="{self.width}" height="{self.height}" fill="{colour}"/>')
        glow = self.define(
            '<radialGradient id="@" cx=".34" cy=".26" r=".9"><stop offset="0" stop-color="#fff" stop-opacity=".5"/>'
            '<stop offset="1" stop-color="#fff" stop-opacity="0"/></radialGradient>'
        )
        if horizon is not None:
            self.add(
                f'<rect y="{n(horizon)}" width="{self.width}" height="{n(self.height - horizon)}" '
                f'fill="{darker(colour, 0.055)}"/>'
            )
        self.add(f'<rect width="{self.width}" height="{self.height}" fill="url(#{glow})"/>')

    def shadow(self, radius: float, depth: float | None = None, lean: float = 0.28, x: float = 0) -> None:
        """Soft shadow on the table: a tight one at the foot, a wide one leaning away from the light."""
        soft = self.define(
            '<radialGradient id="@"><stop offset="0" stop-color="#3b2c1c" stop-opacity=".34"/>'
            '<stop offset=".55" stop-color="#3b2c1c" stop-opacity=".16"/>'
            '<stop offset="1" stop-color="#3b2c1c" stop-opacity="0"/></radialGradient>'
        )
        depth = radius * TILT if depth is None else depth
        self.ellipse(x + radius * lean, depth * 0.35, radius * 1.5, depth * 1.75, f"url(#{soft})")
        self.ellipse(x + radius * 0.05, depth * 0.25, radius * 1.12, depth * 1.25, f"url(#{soft})")

    def shaded(self, outline: str, fill: str, strength: float = 1.0) -> None:
        """A body in one colour with the light falling across it from left to right."""
        light = self.define(
            '<linearGradient id="@"><stop offset="0" stop-color="#fff" stop-opacity=".10"/>'
            f'<stop offset=".2" stop-color="#fff" stop-opacity="{0.34 * strength:.2f}"/>'
            '<stop offset=".46" stop-color="#fff" stop-opacity="0"/>'
            f'<stop offset=".7" stop-color="#2b1d12" stop-opacity="{0.07 * strength:.2f}"/>'
            f'<stop offset="1" stop-color="#2b1d12" stop-opacity="{0.30 * strength:.2f}"/></linearGradient>'
        )
        self.path(outline, fill)
        self.path(outline, f"url(#{light})")

    def speckle(self, box: tuple[float, float, float, float], count: int, colour: str) -> None:
        """Iron spots of a stoneware glaze inside a box (left, top, right, bottom)."""
        left, top, right, bottom = box
        dots = []
        for _ in range(count):
            x, y = self.random.uniform(left, right), self.random.uniform(top, bottom)
            r = self.random.choice((0.9, 1.1, 1.4, 2.1))
            dots.append(f"M{n(x - r)} {n(y)}a{r} {r} 0 1 0 {2 * r:.1f} 0a{r} {r} 0 1 0 {-2 * r:.1f} 0")
        self.path("".join(dots), colour, opacity=".38")

    # -- turned shapes ----------------------------------------------------------------------------------
    def outline(self, profile: Profile, *, near: bool = False) -> str:
        """Closed outline of a turned body, over the far edge of its rim, or the `near` one to leave the mouth free."""
        (top, r_top), (bottom, r_bottom) = profile[0], profile[-1]
        left = [(-r, y) for y, r in profile]
        right = [(r, y) for y, r in reversed(profile)]
        return (
            f"M{n(-r_top)} {n(top)}{smooth(left)}"
            f"A{n(r_bottom)} {n(r_bottom * TILT)} 0 0 0 {n(r_bottom)} {n(bottom)}{smooth(right)}"
            f"A{n(r_top)} {n(max(r_top * TILT, 0.1))} 0 0 {int(near)} {n(-r_top)} {n(top)}Z"
        )

    def turned(
        self,
        profile: Profile,
        fill: str,
        *,
        dip: tuple[float, str] | None = None,
        bands: Sequence[tuple[float, float, str]] = (),
        foot: tuple[float, str] | None = None,
        speckles: int = 0,
        inside: str | None = None,
        filled: tuple[float, str] | None = None,
        lip: float = 5.0,
        strength: float = 1.0,
    ) -> None:
        """A turned body; `dip` glazes it down to a height, `foot` leaves the clay bare below a height.

        `inside` opens the top and paints the inner wall, `filled` puts a liquid (depth under the rim, colour) in it.
        """
        shape = self.outline(profile)
        (top, r_top), (bottom, _) = profile[0], profile[-1]
        widest = max(r for _, r in profile)
        self.path(shape, fill)
        with self.clipped(shape):
            for upper, lower, colour in bands:
                self.path(self.ring(widest, upper, lower), colour)
            if dip:
                self.path(self._dipped(widest, top - 60, dip[0]), dip[1])
            if foot:
                self.path(self.ring(widest, foot[0], bottom + 80), foot[1])
            if speckles:
                self.speckle((-widest, top, widest, bottom + widest * TILT), speckles, "#4a3524")
        self.shaded(shape, "none", strength)
        if inside:
            self._opening(top, r_top, inside, dip[1] if dip else fill, filled, lip)

    def _opening(
        self, top: float, radius: float, inside: str, wall: str, filled: tuple[float, str] | None, lip: float
    ) -> None:
        self.ellipse(0, top, radius, radius * TILT, lighter(wall, 0.34))
        inner_r = radius - lip
        inner = (
            f"M{n(-inner_r)} {n(top)}A{n(inner_r)} {n(inner_r * TILT)} 0 1 0 {n(inner_r)} {n(top)}"
            f"A{n(inner_r)} {n(inner_r * TILT)} 0 1 0 {n(-inner_r)} {n(top)}Z"
        )
        depth = self.define(
            f'<linearGradient id="@"><stop offset="0" stop-color="{darker(inside, 0.34)}"/>'
            f'<stop offset=".6" stop-color="{darker(inside, 0.1)}"/>'
            f'<stop offset="1" stop-color="{lighter(inside, 0.12)}"/></linearGradient>'
        )
        self.path(inner, f"url(#{depth})")
        if filled:
            with self.clipped(inner):
                under, colour = filled
                self.ellipse(0, top + under, inner_r * 0.97, inner_r * TILT * 0.97, darker(colour, 0.15))
                self.ellipse(-2, top + under + 2, inner_r * 0.94, inner_r * TILT * 0.93, colour)
                self.path(
                    f"M{n(-inner_r * 0.6)} {n(top + under + 1)}q{n(inner_r * 0.3)} {n(-inner_r * 0.09)} "
                    f"{n(inner_r * 0.62)} {n(-inner_r * 0.05)}",
                    stroke="#fff",
                    stroke_opacity=".45",
                    stroke_width="3",
                    stroke_linecap="round",
                )

    def ring(self, widest: float, upper: float, lower: float) -> str:
        r, ry = widest + 1, (widest + 1) * TILT
        return (
            f"M{n(-r)} {n(upper)}A{n(r)} {n(ry)} 0 0 0 {n(r)} {n(upper)}V{n(lower)}"
            f"A{n(r)} {n(ry)} 0 0 1 {n(-r)} {n(lower)}Z"
        )

    def _dipped(self, widest: float, upper: float, lower: float) -> str:
        r = widest + 2
        edge = []
        for step in range(13):
            x = -r + 2 * r * step / 12
            sag = TILT * r * math.sqrt(max(0.0, 1 - (x / r) ** 2))
            edge.append((x, lower + sag + self.random.uniform(-5, 7)))
        return f"M{n(-r)} {n(upper)}L{n(edge[0][0])} {n(edge[0][1])}{smooth(edge)}L{n(r)} {n(upper)}Z"

    # -- words ------------------------------------------------------------------------------------------
    def words(
        self, text: str, y: float, size: float, colour: str, *, wrap: float = 0.0, track: float = 0.0
    ) -> None:
        """Centred lettering as outlines (no font is needed to show it), bent round a radius `wrap`."""
        self.path(lettering.outline(text, y=y, size=size, track=track, wrap=wrap, tilt=TILT), colour)
