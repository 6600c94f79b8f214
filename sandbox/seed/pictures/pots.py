"""Draws turned ceramics — cups, bowls, pots, jugs, plates — standing on y = 0; colours come in, nothing is chosen here."""

from __future__ import annotations

from sandbox.seed.pictures.sketch import TILT, Sketch, darker, lighter, n

CLAY = "#b98a63"


def handle(
    s: Sketch, x: float, top: float, bottom: float, reach: float, colour: str, width: float = 24
) -> None:
    """An ear to the right of a body (or to the left when `reach` is negative)."""
    d = (
        f"M{n(x)} {n(top)}C{n(x + reach)} {n(top - 14)} {n(x + reach * 1.08)} {n(bottom - 10)} "
        f"{n(x - reach * 0.08)} {n(bottom)}"
    )
    s.line(d, darker(colour, 0.24), width)
    s.line(d, darker(colour, 0.06), width * 0.72, transform="translate(-1.5 -2.5)")
    s.line(d, lighter(colour, 0.28), width * 0.16, opacity=".7", transform="translate(-3 -6)")


def cup(
    s: Sketch, glaze: str, inside: str, tea: str | None = None, clay: str = CLAY, speckles: int = 60
) -> None:
    s.shadow(96)
    s.turned(
        [(-190, 104), (-150, 106), (-80, 100), (-26, 84), (-10, 74), (0, 72)],
        clay,
        dip=(-34, glaze),
        inside=inside,
        filled=(16, tea) if tea else None,
        speckles=speckles,
    )


def mug(s: Sketch, glaze: str, inside: str, clay: str = CLAY, tea: str | None = None) -> None:
    s.shadow(132)
    handle(s, 118, -210, -70, 92, glaze, 30)
    s.turned(
        [(-258, 126), (-200, 128), (-90, 127), (-30, 116), (-8, 104), (0, 102)],
        clay,
        dip=(-44, glaze),
        inside=inside,
        filled=(20, tea) if tea else None,
        speckles=90,
    )


def bowl(
    s: Sketch, glaze: str, inside: str, radius: float = 210, height: float = 170, clay: str = CLAY,
    filled: tuple[float, str] | None = None,
) -> None:  # fmt: skip
    s.shadow(radius * 0.62, radius * 0.2)
    s.turned(
        _bowl_profile(radius, height),
        clay,
        dip=(-height * 0.2, glaze),
        inside=inside,
        filled=filled,
        lip=7,
        speckles=110,
    )


def _bowl_profile(r: float, h: float) -> list[tuple[float, float]]:
    return [
        (-h, r),
        (-h * 0.8, r * 0.985),
        (-h * 0.5, r * 0.86),
        (-h * 0.22, r * 0.6),
        (-h * 0.1, r * 0.46),
        (-h * 0.06, r * 0.42),
        (0, r * 0.42),
    ]


def nested_bowls(s: Sketch, outer: tuple[str, str], inner: tuple[str, str]) -> None:
    """A smaller bowl sitting in a larger one: the larger one's near wall is laid over it again."""
    bowl(s, *outer, 232, 170)
    front = s.outline(_bowl_profile(232, 170), near=True)
    with s.at(0, -46):
        bowl(s, *inner, 204, 168)
    s.path(front, outer[0])
    with s.clipped(front):
        s.speckle((-232, -170, 232, 30), 110, "#4a3524")
        s.path(s.ring(232, -20, 80), CLAY)
    s.shaded(front, "none")
    s.line("M-229 -168A229 45.6 0 0 0 229 -168", lighter(outer[0], 0.34), 6)


def tea_bowl(s: Sketch, glaze: str, inside: str, tea: str | None = None, clay: str = "#8d5f45") -> None:
    s.shadow(150, 34)
    s.turned(
        [(-190, 172), (-140, 176), (-84, 166), (-42, 136), (-22, 94), (-14, 82), (0, 80)],
        clay,
        dip=(-52, glaze),
        inside=inside,
        filled=(22, tea) if tea else None,
        lip=9,
        speckles=80,
    )


def plate_stack(s: Sketch, glazes: list[str], radius: float = 250) -> None:
    """Plates of one size on each other, the top one showing its well."""
    s.shadow(radius * 0.72, radius * 0.2)
    y = 0.0
    for index, glaze in enumerate(glazes):
        r = radius - (index % 2) * 2
        with s.at((index % 3 - 1) * 3, y):
            s.turned(
                [(-34, r), (-29, r), (-16, r * 0.78), (-6, r * 0.56), (0, r * 0.54)],
                glaze,
                foot=(-3, CLAY),
                strength=0.9,
            )
            s.ellipse(0, -34, r, r * TILT, lighter(glaze, 0.3))
            s.ellipse(0, -33, r - 5, (r - 5) * TILT, glaze)
            if index == len(glazes) - 1:
                _well(s, r, glaze)
        y -= 22


def _well(s: Sketch, r: float, glaze: str) -> None:
    depth = s.define(
        f'<linearGradient id="@"><stop offset="0" stop-color="{darker(glaze, 0.16)}"/>'
        f'<stop offset="1" stop-color="{lighter(glaze, 0.22)}"/></linearGradient>'
    )
    s.ellipse(0, -30, r * 0.72, r * 0.72 * TILT, f"url(#{depth})")
    s.ellipse(2, -27, r * 0.68, r * 0.67 * TILT, glaze)
    s.speckle((-r * 0.5, -30 - r * 0.1, r * 0.5, -24 + r * 0.1), 40, "#4a3524")


def teapot(s: Sketch, glaze: str, clay: str = CLAY, knob: str | None = None) -> None:
    """Round pot with a spout to the left and an ear to the right."""
    s.shadow(176, 40)
    handle(s, 150, -236, -86, 118, glaze, 30)
    spout = "M-150 -92C-214 -104 -226 -206 -282 -258L-246 -274C-198 -240 -166 -206 -118 -196Z"
    s.shaded(spout, glaze, 0.8)
    s.ellipse(-264, -266, 19, 8.5, darker(glaze, 0.45), transform="rotate(-24 -264 -266)")
    s.turned(
        [(-270, 78), (-258, 116), (-214, 168), (-150, 190), (-80, 172), (-28, 124), (-10, 104), (0, 102)],
        clay,
        dip=(-36, glaze),
        speckles=150,
    )
    s.ellipse(0, -268, 84, 84 * TILT, darker(glaze, 0.3))
    _lid(s, 80, -270, glaze, knob or clay)


def _lid(s: Sketch, radius: float, y: float, glaze: str, knob: str) -> None:
    with s.at(0, y):
        s.turned(
            [(-40, 8), (-36, radius * 0.4), (-22, radius * 0.8), (-6, radius), (0, radius)],
            glaze,
            speckles=30,
        )
        s.turned([(-76, 6), (-72, 18), (-60, 22), (-50, 15), (-36, 12)], knob)


def kyusu(s: Sketch, glaze: str) -> None:
    """Side-handled pot: the handle comes towards us on the right, the spout points left."""
    s.shadow(170, 40)
    stick = "M118 -150C170 -176 228 -206 276 -232C292 -240 306 -216 292 -204C246 -168 190 -130 138 -104Z"
    spout = "M-140 -100C-190 -116 -206 -176 -244 -206L-214 -222C-180 -196 -150 -176 -116 -170Z"
    s.shaded(spout, glaze, 0.8)
    s.ellipse(-229, -214, 17, 7.5, darker(glaze, 0.5), transform="rotate(-26 -229 -214)")
    s.turned(
        [(-216, 96), (-206, 128), (-160, 170), (-104, 178), (-46, 152), (-12, 118), (0, 112)],
        glaze,
        speckles=40,
    )
    s.shaded(stick, darker(glaze, 0.06), 0.9)
    s.ellipse(292, -220, 10, 17, darker(glaze, 0.4), transform="rotate(30 292 -220)")
    s.ellipse(0, -214, 100, 100 * TILT, darker(glaze, 0.35))
    _lid(s, 94, -215, glaze, glaze)


def gaiwan(s: Sketch, glaze: str, rim: str) -> None:
    """Lidded cup on its saucer."""
    s.shadow(150, 34)
    s.turned([(-32, 178), (-26, 178), (-12, 120), (0, 84)], glaze)
    s.ellipse(0, -32, 178, 178 * TILT, lighter(glaze, 0.35))
    s.ellipse(0, -31, 172, 172 * TILT, darker(glaze, 0.05))
    s.ellipse(6, -26, 98, 98 * TILT, darker(glaze, 0.26), opacity=".5")
    with s.at(0, -26):
        s.turned(
            [(-186, 148), (-176, 140), (-120, 124), (-60, 96), (-20, 66), (-12, 60), (0, 60)],
            glaze,
            bands=[(-190, -181, rim)],
            inside=glaze,
        )
        with s.at(0, -192):
            s.turned([(-50, 30), (-44, 66), (-24, 106), (0, 128)], glaze, bands=[(-9, 6, rim)])
            s.turned([(-82, 36), (-74, 32), (-60, 26), (-48, 28)], glaze, inside=lighter(glaze, 0.1), lip=4)


def jug(s: Sketch, glaze: str, inside: str, clay: str = CLAY) -> None:
    s.shadow(128, 34)
    handle(s, 96, -330, -130, 112, glaze, 30)
    s.turned(
        [(-392, 104), (-360, 96), (-300, 94), (-220, 116), (-130, 140), (-60, 134), (-14, 112), (0, 108)],
        clay,
        dip=(-58, glaze),
        inside=inside,
        speckles=130,
    )
    lip = "M-104 -392C-128 -398 -146 -404 -158 -402C-148 -384 -124 -356 -98 -346Z"
    s.shaded(lip, lighter(glaze, 0.12), 0.6)


def vase(s: Sketch, glaze: str, inside: str, stems: str | None = None, clay: str = CLAY) -> None:
    s.shadow(118, 30)
    s.turned(
        [
            (-352, 46),
            (-330, 40),
            (-286, 44),
            (-236, 86),
            (-170, 130),
            (-100, 136),
            (-40, 110),
            (-10, 86),
            (0, 82),
        ],
        clay,
        dip=(-70, glaze),
        inside=inside,
        speckles=130,
    )
    if stems:
        _stems(s, stems)


def _stems(s: Sketch, colour: str) -> None:
    """Dry grasses: a few arcs with seed heads, drawn inside the neck."""
    for tip_x, tip_y, bend in (
        (-150, -620, -40),
        (-70, -690, -30),
        (20, -720, 10),
        (104, -660, 44),
        (164, -590, 66),
    ):
        s.line(f"M{n(tip_x * 0.1)} -350Q{n(bend)} -500 {n(tip_x)} {n(tip_y)}", darker(colour, 0.25), 3.4)
        for step in range(9):
            share = step / 9
            x, y = tip_x - bend * 0.22 * share + share * -tip_x * 0.16, tip_y + share * 92
            for side in (-1, 1):
                s.ellipse(
                    x + side * 7,
                    y,
                    4.2,
                    11,
                    colour if side > 0 else lighter(colour, 0.22),
                    transform=f"rotate({side * 28} {n(x + side * 7)} {n(y)})",
                )


def lidded_jar(s: Sketch, glaze: str, lid: str, clay: str = CLAY) -> None:
    """A low salt or butter pot with a wooden lid."""
    s.shadow(138, 34)
    s.turned(
        [(-170, 134), (-150, 138), (-80, 140), (-30, 126), (-8, 110), (0, 108)],
        clay,
        dip=(-40, glaze),
        speckles=100,
    )
    s.ellipse(0, -168, 138, 138 * TILT, darker(glaze, 0.4))
    with s.at(0, -170):
        s.turned([(-26, 136), (-20, 140), (0, 140)], lid)
        s.ellipse(0, -26, 136, 136 * TILT, lighter(lid, 0.22))
        for ring in (0.86, 0.62, 0.36):
            s.ellipse(
                6, -26, 136 * ring, 136 * ring * TILT, "none", stroke=darker(lid, 0.16), stroke_width="1.6"
            )
        with s.at(0, -28):
            s.turned([(-38, 16), (-32, 24), (-20, 24), (-8, 15), (0, 18)], lid)
            s.ellipse(0, -38, 16, 16 * TILT, lighter(lid, 0.3))


def egg_cups(s: Sketch, glaze: str) -> None:
    for x, y, egg in ((-108, -6, None), (104, 14, "#f1dcc2")):
        with s.at(x, y):
            s.shadow(56)
            s.turned(
                [(-120, 72), (-96, 70), (-62, 48), (-44, 30), (-28, 30), (-10, 50), (0, 54)],
                glaze,
                inside=glaze,
                speckles=40,
            )
            if egg:
                s.shaded(
                    "M-58 -118C-62 -176 -34 -226 0 -226C34 -226 62 -176 58 -118C40 -104 -40 -104 -58 -118Z",
                    egg,
                    0.7,
                )
                s.line("M-66 -112A66 13 0 0 0 66 -112", lighter(glaze, 0.3), 8)
