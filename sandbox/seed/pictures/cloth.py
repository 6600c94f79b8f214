"""Draws linen and woven things, folded, rolled or hanging from a peg; colours come in, nothing is chosen here."""

from __future__ import annotations

from sandbox.seed.pictures.sketch import TILT, Sketch, darker, lighter, n
from sandbox.seed.pictures.tools import OAK


def folded(s: Sketch, cloths: list[tuple[str, str]], width: float = 420, thick: float = 46) -> None:
    """A pile of folded cloths: (colour, stripe) from bottom to top."""
    s.shadow(width * 0.46, 34)
    y = 0.0
    for index, (cloth, stripe) in enumerate(cloths):
        w = width / 2 - index * 7
        shape = (
            f"M{n(-w + 10)} {n(y)}C{n(-w - 14)} {n(y - 4)} {n(-w - 14)} {n(y - thick + 4)} {n(-w + 10)} {n(y - thick)}"
            f"L{n(w)} {n(y - thick)}C{n(w + 6)} {n(y - thick * 0.7)} {n(w + 6)} {n(y - thick * 0.3)} {n(w)} {n(y)}Z"
        )
        s.shaded(shape, cloth, 0.55)
        for gap in (0.32, 0.64):
            s.line(
                f"M{n(-w + 16)} {n(y - thick * gap)}L{n(w)} {n(y - thick * gap)}",
                darker(cloth, 0.2),
                1.6,
                opacity=".6",
            )
        with s.clipped(shape):
            for dx in (0.34, 0.42, 0.62):
                s.path(f"M{n(-w + 2 * w * dx)} {n(y)}v{n(-thick)}h12v{n(thick)}Z", stripe, opacity=".85")
        y -= thick
    cloth, stripe = cloths[-1]
    w = width / 2 - (len(cloths) - 1) * 7
    top = f"M{n(-w + 10)} {n(y)}L{n(-w + 58)} {n(y - 62)}L{n(w - 42)} {n(y - 62)}L{n(w)} {n(y)}Z"
    s.path(top, lighter(cloth, 0.22))
    with s.clipped(top):
        for dx in (0.34, 0.42, 0.62):
            x = -w + 2 * w * dx
            s.path(
                f"M{n(x)} {n(y)}L{n(x * 0.78 + 8)} {n(y - 62)}h10L{n(x + 12)} {n(y)}Z", stripe, opacity=".8"
            )


def hanging(s: Sketch, cloth: str, stripe: str, kind: str) -> None:
    """A tea towel or an apron on a wooden peg; its own ground is the wall."""
    s.ellipse(0, -596, 15, 15, OAK)
    s.ellipse(-3, -600, 8, 7, lighter(OAK, 0.35))
    if kind == "apron":
        s.line("M-74 -470C-60 -560 -30 -598 0 -598C30 -598 60 -560 74 -470", darker(cloth, 0.1), 9)
        shape = (
            "M-86 -474C-30 -462 30 -462 86 -474C90 -410 110 -366 158 -338C170 -200 174 -90 168 10C60 26 -60 26 -168 10"
            "C-174 -90 -170 -200 -158 -338C-110 -366 -90 -410 -86 -474Z"
        )
    else:
        s.line("M-6 -566C-14 -590 14 -590 6 -566", darker(cloth, 0.2), 5)
        shape = (
            "M-16 -572C-60 -520 -110 -470 -128 -420C-140 -280 -136 -120 -142 10C-90 22 -40 8 0 16C50 24 96 8 138 14"
            "C132 -130 138 -290 124 -424C108 -474 58 -524 16 -572Z"
        )
    with s.at(16, 10):
        s.path(shape, "#3b2c1c", opacity=".13")
    s.shaded(shape, cloth, 0.65)
    with s.clipped(shape):
        if kind == "apron":
            s.path(
                "M-92 -150C-30 -140 30 -140 92 -150L88 -16C30 -4 -30 -4 -88 -16Z",
                lighter(cloth, 0.08),
                stroke=darker(cloth, 0.25),
                stroke_width="2.5",
            )
            s.line("M-92 -136C-30 -126 30 -126 92 -136", stripe, 7)
            s.line("M0 -143L0 -6", darker(cloth, 0.2), 2, opacity=".6")
            s.line("M-86 -462C-30 -450 30 -450 86 -462", stripe, 7)
        else:
            for y in (-86, -70, -38):
                s.line(
                    f"M-150 {y}C-90 {y + 12} -40 {y - 2} 0 {y + 6}C50 {y + 14} 96 {y - 2} 150 {y + 4}",
                    stripe,
                    9 if y != -70 else 4,
                )
        for d in ("M-60 -440C-70 -300 -64 -150 -70 4", "M54 -440C66 -300 58 -150 66 4"):
            s.line(d, darker(cloth, 0.22), 5, opacity=".22")


def glove(s: Sketch, cloth: str, trim: str) -> None:
    """An oven glove, quilted, hanging from its loop."""
    s.ellipse(0, -516, 14, 14, OAK)
    s.line("M-8 -470C-16 -512 16 -512 8 -470", trim, 7)
    shape = (
        "M-104 -462C-40 -478 40 -478 104 -462C112 -400 112 -340 112 -300C140 -340 190 -346 204 -310C214 -280 170 -216 132 -170"
        "C134 -90 116 -10 20 0C-80 8 -120 -60 -122 -150C-124 -260 -112 -370 -104 -462Z"
    )
    with s.at(16, 10):
        s.path(shape, "#3b2c1c", opacity=".13")
    s.shaded(shape, cloth, 0.8)
    with s.clipped(shape):
        for step in range(-12, 16):
            s.line(
                f"M{step * 44 - 300} 20L{step * 44 + 200} -480M{step * 44 + 300} 20L{step * 44 - 200} -480",
                darker(cloth, 0.13),
                2.2,
                opacity=".55",
            )
        s.path("M-130 -482C-40 -500 40 -500 130 -482L130 -424C40 -440 -40 -440 -130 -424Z", trim)


def napkins(s: Sketch, cloth: str, ring: str) -> None:
    """Two napkins rolled in turned rings."""
    for x, y, turn in ((-30, -70, -8), (36, 4, -8)):
        with s.at(x, y, turn=turn):
            s.path("M-226 8C-100 28 100 28 236 8L236 20C100 44 -100 44 -226 20Z", "#3b2c1c", opacity=".16")
            shape = "M-226 -6C-240 -40 -228 -86 -204 -92C-80 -106 90 -106 210 -94C240 -84 246 -30 232 -4C110 18 -100 18 -226 -6Z"
            s.shaded(shape, cloth, 0.0)
            s.path(
                "M-226 -6C-100 18 110 18 232 -4C238 -20 238 -34 236 -48C110 -30 -100 -30 -232 -50C-234 -34 -232 -18 -226 -6Z",
                darker(cloth, 0.2),
                opacity=".5",
            )
            s.path(
                "M-216 -84C-80 -98 90 -98 214 -86", stroke=lighter(cloth, 0.4), stroke_width="6", opacity=".8"
            )
            for w in (20, 12, 5):
                s.ellipse(226, -48, w * 0.72, w * 2.2, "none", stroke=darker(cloth, 0.22), stroke_width="3")
            s.path("M-36 -106C-54 -60 -54 -20 -36 18L34 18C16 -20 16 -60 34 -106Z", ring)
            s.path("M-36 -106C-54 -60 -54 -20 -36 18L-24 18C-42 -20 -42 -60 -24 -106Z", lighter(ring, 0.3))
            s.path("M20 -106C2 -60 2 -20 20 18L34 18C16 -20 16 -60 34 -106Z", darker(ring, 0.25))


def runner(s: Sketch, cloth: str, stripe: str) -> None:
    """A rolled table runner with its end lying out."""
    tail = "M-60 16L300 26L336 -40L-40 -60Z"
    s.path("M-60 22L310 36L346 -26L-40 -60Z", "#3b2c1c", opacity=".16")
    s.shaded(tail, cloth, 0.4)
    s.path("M262 25L276 25L312 -41L298 -42Z", stripe)
    s.path("M226 24L234 24L270 -43L262 -44Z", stripe)
    s.shadow(120, 26, x=-90)
    body = "M-246 -40C-246 -110 -190 -150 -120 -150C-46 -150 0 -104 0 -52C0 0 -50 30 -116 28C-190 26 -246 10 -246 -40Z"
    s.shaded(body, cloth, 0.9)
    for scale in (0.86, 0.66, 0.46, 0.26):
        r = 122 * scale
        s.ellipse(
            -122,
            -60,
            r,
            r * 0.72,
            "none",
            stroke=darker(cloth, 0.24) if scale != 0.66 else stripe,
            stroke_width="5",
        )


def basket(s: Sketch, straw: str) -> None:
    """A woven bread basket."""
    s.shadow(200, 44)
    profile = [(-150, 222), (-120, 220), (-60, 204), (-14, 176), (0, 166)]
    s.turned(profile, straw)
    with s.clipped(s.outline(profile)):
        for row in range(7):
            y = -142 + row * 22
            for step in range(-11, 12):
                x = step * 21 + (row % 2) * 10
                lift = 44 * (1 - (1 - min((x / 222) ** 2, 1)) ** 0.5)
                s.ellipse(
                    x,
                    y + 44 - lift,
                    12,
                    8,
                    lighter(straw, 0.22) if row % 2 else darker(straw, 0.1),
                    stroke=darker(straw, 0.34),
                    stroke_width="1.6",
                )
    s.shaded(s.outline(profile), "none", 0.9)
    s.ellipse(0, -150, 222, 222 * TILT, darker(straw, 0.3))
    for x, y, r, crust in ((-96, -176, 92, "#c98e4d"), (86, -184, 100, "#b97b3c"), (-4, -160, 96, "#d3a05e")):
        s.shaded(
            f"M{x - r} {y + 30}C{x - r} {y - 50} {x + r} {y - 50} {x + r} {y + 30}C{x + r * 0.5} {y + 52} {x - r * 0.5} {y + 52} {x - r} {y + 30}Z",
            crust,
            0.7,
        )
        for dx in (-34, 0, 34):
            s.line(f"M{x + dx - 12} {y + 6}q12 -20 26 -22", "#f2dfbd", 6, opacity=".85")
    s.path(
        f"M-222 -150A222 {n(222 * TILT)} 0 0 0 222 -150L214 -150A214 {n(206 * TILT)} 0 0 1 -214 -150Z",
        lighter(straw, 0.2),
    )
    s.line(f"M-219 -146A219 {n(219 * TILT)} 0 0 0 219 -146", lighter(straw, 0.12), 14)
    s.line(f"M-219 -150A219 {n(219 * TILT)} 0 0 0 219 -150", darker(straw, 0.18), 2)
