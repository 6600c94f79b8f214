"""Draws what is sold packed — tins, pouches, jars, bottles, bags — with the shop's printed labels."""

from __future__ import annotations

import math

from sandbox.seed.pictures.sketch import TILT, Sketch, darker, lighter, mix, n

PAPER = "#fbf6ec"
INK = "#33302a"


def label(s: Sketch, radius: float, top: float, bottom: float, lines: tuple[str, str], accent: str) -> None:
    """A paper band round a body: house mark, name, kind, with a rule in the product's colour."""
    middle = (top + bottom) / 2 + radius * TILT
    leaf_mark(s, 0, middle - (bottom - top) * 0.29, 15, accent)
    size = min(38.0, radius * 1.72 / max(len(lines[0]), 7) * 1.9)
    s.words(lines[0], middle + size * 0.22, size, INK, wrap=radius)
    s.words(
        lines[1].upper(),
        middle + (bottom - top) * 0.27,
        min(14.5, radius * 0.115),
        accent,
        wrap=radius,
        track=2.4,
    )


def leaf_mark(s: Sketch, x: float, y: float, size: float, colour: str) -> None:
    """The house mark: two leaves over the mouth of a kiln."""
    a = size
    s.path(
        f"M{n(x)} {n(y + a * 0.5)}C{n(x - a * 1.1)} {n(y + a * 0.3)} {n(x - a)} {n(y - a * 0.7)} {n(x)} {n(y - a)}"
        f"C{n(x + a)} {n(y - a * 0.7)} {n(x + a * 1.1)} {n(y + a * 0.3)} {n(x)} {n(y + a * 0.5)}Z"
        f"M{n(x)} {n(y - a * 0.72)}V{n(y + a * 0.5)}",
        colour,
        stroke=PAPER,
        stroke_width=n(a * 0.13),
    )
    s.line(
        f"M{n(x - a)} {n(y + a * 0.86)}A{n(a)} {n(a * 0.36)} 0 0 0 {n(x + a)} {n(y + a * 0.86)}",
        colour,
        a * 0.15,
    )


def tin(s: Sketch, colour: str, lines: tuple[str, str], radius: float = 150, height: float = 420) -> None:
    """A cylindrical caddy with a slip lid."""
    r, h = radius, height
    cap = h * 0.2
    s.shadow(r, r * 0.22)
    s.turned([(-h, r), (-h / 2, r), (0, r)], colour, bands=[(-h + cap + 26, -44, PAPER)])
    for y in (-h + cap + 34, -52):
        s.line(f"M{n(-r)} {n(y)}A{n(r)} {n(r * TILT)} 0 0 0 {n(r)} {n(y)}", colour, 3, opacity=".75")
    label(s, r, -h + cap + 26, -44, lines, darker(colour, 0.12))
    with s.at(0, -h + cap):
        s.turned([(-cap, r * 0.985), (-cap + 8, r + 3), (0, r + 3)], mix(colour, "#ffffff", 0.06))
        s.ellipse(0, -cap, r * 0.985, r * 0.985 * TILT, lighter(colour, 0.26))
        s.ellipse(2, -cap + 1.5, r * 0.9, r * 0.9 * TILT, lighter(colour, 0.12))


def pouch(s: Sketch, paper: str, accent: str, lines: tuple[str, str]) -> None:
    """A standing paper bag, folded over and tied with a label."""
    s.shadow(168, 34)
    body = (
        "M-152 -420C-158 -300 -176 -140 -168 -18C-166 0 -150 8 -120 14C-40 26 40 26 120 14C150 8 166 0 168 -18"
        "C176 -140 158 -300 152 -420Z"
    )
    s.shaded(body, paper, 0.85)
    s.path("M-60 -400C-92 -280 -108 -120 -96 4", stroke=darker(paper, 0.14), stroke_width="2.2", opacity=".5")
    s.path(
        "M152 -420L104 -404C118 -290 134 -120 126 14C150 8 166 0 168 -18C176 -140 158 -300 152 -420Z",
        darker(paper, 0.16),
        opacity=".32",
    )
    s.shaded("M-158 -498L158 -498L154 -412C60 -402 -60 -402 -154 -412Z", lighter(paper, 0.1), 0.7)
    s.path(
        "M-154 -412C-60 -402 60 -402 154 -412L152 -398C60 -388 -60 -388 -152 -398Z", "#2b1d12", opacity=".12"
    )
    s.path("M-104 -330C-34 -322 34 -322 104 -330L112 -92C36 -80 -36 -80 -112 -92Z", PAPER)
    s.path("M-104 -330C-34 -322 34 -322 104 -330L105 -312C34 -304 -34 -304 -105 -312Z", accent)
    leaf_mark(s, 0, -266, 17, accent)
    size = min(36.0, 340 / max(len(lines[0]), 7))
    s.words(lines[0], -186, size, INK, wrap=900)
    s.words(lines[1].upper(), -140, 14, accent, wrap=900, track=2.2)


def leaves(s: Sketch, radius: float, colours: list[str], count: int = 70, curl: float = 1.0) -> None:
    """A little heap of dry leaf on the table."""
    s.shadow(radius * 0.9, radius * 0.2)
    for _ in range(count):
        angle, reach = s.random.uniform(0, math.tau), math.sqrt(s.random.random())
        x = math.cos(angle) * reach * radius
        y = math.sin(angle) * reach * radius * 0.3 - (1 - reach) * radius * 0.26
        colour = s.random.choice(colours)
        length, bend = s.random.uniform(12, 26), s.random.uniform(-9, 9) * curl
        with s.at(x, y, turn=s.random.uniform(-80, 80)):
            s.line(f"M{n(-length / 2)} 0Q0 {n(bend)} {n(length / 2)} 0", colour, s.random.uniform(4, 7.5))


def pearls(s: Sketch, radius: float, colours: list[str], count: int = 42) -> None:
    s.shadow(radius * 0.9, radius * 0.2)
    spots = []
    for _ in range(count):
        angle, reach = s.random.uniform(0, math.tau), math.sqrt(s.random.random())
        lift = (1 - reach) * radius * 0.3
        spots.append((math.sin(angle) * reach * radius * 0.3 - lift, math.cos(angle) * reach * radius))
    for y, x in sorted(spots):
        colour = s.random.choice(colours)
        s.ellipse(x, y, 12, 11, darker(colour, 0.2))
        s.ellipse(x - 1.5, y - 1.5, 10, 9, colour)
        s.line(f"M{n(x - 6)} {n(y - 3)}q5 -5 11 -1", lighter(colour, 0.45), 2)


def powder(s: Sketch, radius: float, colour: str) -> None:
    """A soft cone of powder."""
    s.shadow(radius * 0.86, radius * 0.2)
    s.shaded(
        f"M{n(-radius)} 0C{n(-radius * 0.6)} {n(-radius * 0.2)} {n(-radius * 0.28)} {n(-radius * 0.56)} 0 "
        f"{n(-radius * 0.6)}C{n(radius * 0.28)} {n(-radius * 0.56)} {n(radius * 0.6)} {n(-radius * 0.2)} {n(radius)} 0"
        f"C{n(radius * 0.6)} {n(radius * 0.2)} {n(-radius * 0.6)} {n(radius * 0.2)} {n(-radius)} 0Z",
        colour,
        0.8,
    )
    s.speckle((-radius * 0.9, -radius * 0.1, radius * 0.9, radius * 0.14), 40, darker(colour, 0.3))


def jar(s: Sketch, content: str, lid: str, lines: tuple[str, str], fruit: str | None = None) -> None:
    """A glass jar, filled, with a paper label and a metal lid."""
    s.shadow(136, 32)
    profile = [(-316, 104), (-300, 116), (-274, 132), (-230, 136), (-60, 136), (-16, 128), (0, 120)]
    shape = s.outline(profile)
    s.path(shape, lighter(content, 0.5))
    inner = s.outline([(-284, 122), (-250, 128), (-60, 129), (-22, 122), (-9, 114)])
    s.path(inner, content)
    with s.clipped(inner):
        if fruit:
            for _ in range(26):
                x, y = s.random.uniform(-120, 120), s.random.uniform(-270, 0)
                s.ellipse(x, y, s.random.uniform(10, 24), s.random.uniform(9, 18), fruit, opacity=".35")
        s.path(s.ring(140, -300, -270), lighter(content, 0.3), opacity=".7")
        s.path(s.ring(140, -226, -58), PAPER)
    label(s, 136, -226, -58, lines, darker(mix(content, lid, 0.4), 0.3))
    s.shaded(shape, "none", 0.9)
    s.line("M-112 -262C-124 -200 -122 -110 -118 -44", "#fff", 7, opacity=".5")
    with s.at(0, -312):
        s.turned([(-58, 112), (-52, 118), (0, 118)], lid)
        s.ellipse(0, -58, 112, 112 * TILT, lighter(lid, 0.3))
        s.ellipse(1, -57, 102, 102 * TILT, lighter(lid, 0.16))


def bottle(s: Sketch, glass: str, lines: tuple[str, str], cork: str = "#c79a6b") -> None:
    s.shadow(92, 24)
    s.turned([(-506, 27), (-470, 26), (-440, 26)], cork)
    s.turned(
        [
            (-486, 34),
            (-470, 34),
            (-466, 30),
            (-390, 32),
            (-340, 54),
            (-300, 84),
            (-262, 94),
            (-40, 94),
            (-8, 88),
            (0, 84),
        ],
        glass,
        bands=[(-226, -66, PAPER)],
        strength=1.2,
    )
    label(s, 94, -226, -66, lines, darker(glass, 0.1))
    s.line("M-70 -280C-76 -200 -74 -110 -72 -40", "#fff", 6, opacity=".35")
    s.line("M-20 -460L-21 -390", "#fff", 5, opacity=".35")


def biscuits(s: Sketch, colour: str = "#d9b078") -> None:
    """Three shortbread rounds leaning on each other."""
    for x, y in ((-70, 0), (24, 10), (-22, -26)):
        with s.at(x, y):
            s.shadow(70, 16)
            s.turned([(-20, 78), (-14, 80), (0, 78)], colour)
            s.ellipse(0, -20, 78, 78 * TILT, lighter(colour, 0.24))
            for dx, dy in ((-34, 0), (0, -7), (34, 0), (0, 7), (0, 0)):
                s.ellipse(dx, -20 + dy, 3.6, 1.6, darker(colour, 0.3))


def sack(s: Sketch, cloth: str, string: str, lines: tuple[str, str]) -> None:
    """A gathered cotton bag."""
    s.shadow(176, 38)
    body = (
        "M-60 -356C-140 -300 -188 -190 -178 -70C-174 -16 -140 14 -60 22C0 28 60 28 110 18C160 8 180 -30 180 -80"
        "C182 -190 134 -300 60 -356Z"
    )
    s.shaded(body, cloth, 0.9)
    for d in (
        "M-40 -346C-80 -270 -104 -190 -100 -110",
        "M34 -348C70 -280 96 -210 96 -130",
        "M0 -350C-6 -310 -10 -280 -8 -250",
    ):
        s.line(d, darker(cloth, 0.16), 2.4, opacity=".55")
    s.shaded(
        "M-58 -362C-96 -404 -104 -446 -92 -470C-60 -452 -36 -474 -4 -460C30 -476 62 -452 92 -468C102 -440 92 -402 58 -362"
        "C20 -352 -20 -352 -58 -362Z",
        lighter(cloth, 0.14),
        0.8,
    )
    for y in (-366, -356):
        s.line(f"M-62 {y}C-20 {y + 13} 20 {y + 13} 62 {y}", string, 6)
    s.line("M20 -350C44 -310 30 -280 52 -250M26 -350C60 -330 70 -300 66 -276", string, 4.5)
    leaf_mark(s, 0, -186, 26, darker(string, 0.05))
    s.words(lines[0], -112, 38, INK, wrap=700)
    s.words(lines[1].upper(), -70, 15, darker(string, 0.1), wrap=700, track=2.4)
