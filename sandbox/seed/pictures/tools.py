"""Draws kitchen tools of wood, stone, steel and enamel, standing or lying on y = 0."""

from __future__ import annotations

from sandbox.seed.pictures.sketch import TILT, Sketch, darker, lighter, n

OAK = "#c99a63"
WALNUT = "#7d5638"
STEEL = "#c3c8ca"


def grain(
    s: Sketch, outline: str, box: tuple[float, float, float, float], colour: str, count: int = 11
) -> None:
    """Fine lines of wood along the longer side of a box."""
    left, top, right, bottom = box
    with s.clipped(outline):
        for step in range(count):
            x = left + (right - left) * (step + s.random.uniform(0.2, 0.8)) / count
            sway = s.random.uniform(-9, 9)
            s.line(
                f"M{n(x)} {n(top)}C{n(x + sway)} {n(top * 0.66 + bottom * 0.34)} {n(x - sway)} "
                f"{n(top * 0.34 + bottom * 0.66)} {n(x + sway / 2)} {n(bottom)}",
                darker(colour, 0.13),
                1.6,
                opacity=".6",
            )


def board(s: Sketch, wood: str = OAK) -> None:
    """A chopping board leaning back against the wall."""
    s.shadow(170, 26, lean=0.36)
    outline = (
        "M-150 0C-158 0 -162 -6 -162 -14L-146 -400C-145 -424 -128 -440 -104 -442L-34 -446C-30 -500 -28 -540 -24 -560"
        "C-20 -582 20 -582 24 -560C28 -540 30 -500 34 -446L104 -442C128 -440 145 -424 146 -400L162 -14C162 -6 158 0 150 0Z"
    )
    with s.at(10, 4):
        s.path(outline, darker(wood, 0.34))
    s.shaded(outline, wood, 0.75)
    grain(s, outline, (-160, -570, 160, 0), wood)
    s.ellipse(0, -544, 10, 11, darker(wood, 0.5))


def knife(s: Sketch, wood: str = WALNUT) -> None:
    """A cook's knife lying on a folded cloth, seen along its edge."""
    with s.at(0, 0, turn=-16):
        s.path("M-300 34C-100 60 200 60 330 24L330 34C200 74 -100 74 -300 44Z", "#3b2c1c", opacity=".2")
        blade = "M-330 8C-240 -38 -120 -54 30 -54L60 -54L60 36L20 38C-120 42 -250 34 -330 8Z"
        s.path(blade, STEEL)
        s.path("M-330 8C-240 -38 -120 -54 30 -54L60 -54L60 -12C-80 -16 -220 -10 -330 8Z", lighter(STEEL, 0.4))
        s.line("M-322 9C-220 34 -100 38 56 35", "#fff", 3, opacity=".9")
        s.path("M56 -56L84 -56L84 20L70 38L56 38Z", darker(STEEL, 0.25))
        grip = "M84 -54C170 -64 270 -58 322 -46C346 -40 350 -6 326 8C290 26 250 2 200 6C150 10 120 22 84 22Z"
        s.shaded(grip, wood, 0.5)
        grain(s, grip, (90, -60, 330, 20), wood, 7)
        for x in (126, 200, 274):
            s.ellipse(x, -22, 7, 7, "#d8b87a")
            s.ellipse(x - 1.5, -23.5, 4, 4, "#efd9a8")


def spoons(s: Sketch, glaze: str, woods: tuple[str, str, str] = (OAK, WALNUT, "#dcb98a")) -> None:
    """A stoneware crock full of wooden spoons."""
    s.shadow(128, 32)
    back = [(-70, -11, woods[0], "spoon"), (62, 10, woods[1], "fork"), (-8, -2, woods[2], "spatula")]
    for x, turn, wood, kind in back:
        with s.at(x * 0.6, -230, turn=turn):
            s.line("M0 60L0 -200", darker(wood, 0.2), 17)
            s.line("M-2 60L-2 -200", wood, 13)
            if kind == "spoon":
                s.shaded(
                    "M0 -170C-40 -200 -50 -260 -34 -300C-24 -322 24 -322 34 -300C50 -260 40 -200 0 -170Z",
                    wood,
                    0.7,
                )
                s.ellipse(2, -252, 24, 40, darker(wood, 0.16))
            elif kind == "fork":
                s.shaded(
                    "M0 -170C-38 -196 -40 -236 -36 -310L-20 -312L-18 -240L-8 -240L-8 -316L8 -316L8 -240L18 -240L20 -312"
                    "L36 -310C40 -236 38 -196 0 -170Z",
                    wood,
                    0.6,
                )
            else:
                s.shaded(
                    "M-14 -170C-34 -210 -40 -280 -38 -330C-20 -344 22 -336 38 -322C40 -280 34 -210 14 -170Z",
                    wood,
                    0.7,
                )
    s.turned(
        [(-246, 118), (-200, 122), (-90, 124), (-20, 114), (0, 108)],
        "#b98a63",
        dip=(-40, glaze),
        speckles=110,
    )
    s.line(f"M-117 -242A117 {n(117 * TILT)} 0 0 0 117 -242", lighter(glaze, 0.35), 7)


def pot(s: Sketch, enamel: str, rim: str, knob: str = OAK) -> None:
    """An enamel casserole with lid and two ears."""
    s.shadow(206, 42)
    for side in (-1, 1):
        s.line(
            f"M{n(side * 196)} -196C{n(side * 262)} -208 {n(side * 262)} -150 {n(side * 196)} -150",
            darker(enamel, 0.3),
            20,
        )
        s.line(
            f"M{n(side * 196)} -199C{n(side * 258)} -210 {n(side * 258)} -154 {n(side * 196)} -153",
            lighter(enamel, 0.08),
            11,
        )
    s.turned([(-238, 204), (-200, 206), (-60, 204), (-16, 192), (0, 176)], enamel, bands=[(-246, -230, rim)])
    with s.at(0, -240):
        s.turned([(-66, 24), (-58, 90), (-36, 164), (-12, 202), (0, 210)], enamel, bands=[(-8, 30, rim)])
        with s.at(0, -62):
            s.turned([(-44, 24), (-36, 32), (-22, 28), (-10, 16), (0, 20)], knob)
            s.ellipse(0, -44, 24, 24 * TILT, lighter(knob, 0.28))


def kettle(s: Sketch, enamel: str, grip: str = WALNUT) -> None:
    s.shadow(176, 40)
    spout = "M-136 -150C-190 -168 -214 -226 -262 -300L-226 -318C-190 -262 -150 -226 -110 -220Z"
    s.shaded(spout, enamel, 0.8)
    s.ellipse(-244, -309, 19, 8, "#3a322b", transform="rotate(-26 -244 -309)")
    s.turned(
        [(-262, 74), (-250, 104), (-206, 146), (-120, 176), (-50, 180), (-14, 172), (0, 160)],
        enamel,
        strength=1.15,
    )
    s.line("M-108 -236C-128 -380 -70 -424 0 -424C70 -424 128 -380 108 -236", "#57504a", 13)
    s.line("M-64 -416C-30 -428 30 -428 64 -416", darker(grip, 0.2), 34)
    s.line("M-64 -420C-30 -432 30 -432 64 -420", grip, 26)
    s.line("M-60 -428C-30 -438 20 -438 50 -431", lighter(grip, 0.35), 4)
    s.ellipse(0, -260, 78, 78 * TILT, darker(enamel, 0.4))
    with s.at(0, -262):
        s.turned([(-34, 10), (-28, 38), (-12, 68), (0, 74)], enamel)
        s.turned([(-70, 14), (-62, 20), (-48, 17), (-34, 9)], grip)
        s.ellipse(0, -70, 14, 14 * TILT, lighter(grip, 0.3))


def mortar(s: Sketch, stone: str) -> None:
    s.shadow(166, 40)
    s.turned(
        [(-216, 174), (-190, 178), (-120, 164), (-70, 126), (-48, 112), (-24, 120), (0, 130)],
        stone,
        inside=darker(stone, 0.06),
        lip=24,
        speckles=240,
    )
    with s.at(30, -196, turn=34):
        stick = "M-22 26C-30 0 -20 -40 -17 -120C-16 -190 -20 -220 -14 -238C-8 -256 14 -256 19 -238C24 -220 18 -190 20 -120C24 -40 34 0 26 26Z"
        s.shaded(stick, lighter(stone, 0.12), 0.9)
    s.path("M-150 -214A150 30 0 0 0 150 -214A174 34.8 0 0 1 -150 -214Z", stone)
    s.line("M-150 -210A158 32 0 0 0 150 -210", lighter(stone, 0.2), 5)


def mill(s: Sketch, wood: str = WALNUT) -> None:
    """A pepper mill with a few peppercorns."""
    s.shadow(84, 22)
    s.turned(
        [(-330, 44), (-312, 52), (-262, 46), (-210, 42), (-150, 54), (-80, 70), (-22, 76), (0, 74)], wood
    )
    s.line("M-50 -330A50 10 0 0 0 50 -330", "#d8b87a", 7)
    s.turned([(-440, 10), (-430, 34), (-396, 52), (-362, 44), (-340, 46), (-334, 47)], wood)
    s.turned([(-462, 8), (-456, 13), (-446, 13), (-438, 7)], "#d8b87a")
    for x, y in ((120, -2), (146, 14), (170, -8), (-132, 10), (-156, -6)):
        s.ellipse(x, y, 10, 9, "#3f342c")
        s.ellipse(x - 2, y - 3, 4, 3, "#7b6a5c")


def whisk(s: Sketch, bamboo: str = "#dcbc82") -> None:
    """A bamboo tea whisk standing on its handle's end, tines up."""
    s.shadow(86, 22)
    for step in range(-13, 14):
        x = step * 7.6
        s.line(
            f"M{n(step * 4.6)} -176C{n(x * 1.25)} -236 {n(x * 1.32)} -290 {n(x * 0.92)} -346",
            darker(bamboo, 0.05 + 0.2 * (step % 2)),
            4,
        )
    for step in range(-6, 7):
        s.line(
            f"M{n(step * 5)} -176C{n(step * 8)} -230 {n(step * 7)} -280 {n(step * 5)} -322",
            lighter(bamboo, 0.2),
            3.4,
        )
    s.turned([(-190, 62), (-176, 60), (-160, 56), (-20, 56), (0, 58)], bamboo)
    for y in (-168, -160, -152):
        s.line(f"M-57 {y}A57 11.4 0 0 0 57 {y}", "#45382c", 3.4)
    s.line("M-56 -66A56 11 0 0 0 56 -66", darker(bamboo, 0.22), 3)


def sieve(s: Sketch, wood: str = OAK) -> None:
    """A tea strainer of fine mesh resting on its bowl."""
    s.shadow(130, 30)
    s.turned(
        [(-130, 120), (-110, 122), (-50, 104), (-14, 74), (0, 70)], "#e9e2d4", inside="#e9e2d4", speckles=60
    )
    s.line("M110 -150L300 -206", darker(wood, 0.2), 22)
    s.line("M110 -153L298 -209", wood, 17)
    mesh = s.outline([(-148, 126), (-120, 112), (-86, 66), (-76, 30)])
    with s.clipped(mesh):
        s.path(mesh, "#b7bcbd")
        for step in range(-16, 17):
            s.line(f"M{step * 9} -190L{n(step * 6)} -60", "#8f9698", 1.3)
        for step in range(9):
            y = -150 + step * 10
            s.line(f"M-130 {y}A130 26 0 0 0 130 {y}", "#8f9698", 1.3)
    s.ellipse(0, -148, 126, 126 * TILT, "none", stroke="#9aa1a3", stroke_width="9")
    s.ellipse(0, -150, 126, 126 * TILT, "none", stroke="#e5e9ea", stroke_width="3.4")
