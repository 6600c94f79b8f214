"""Composes the finished pictures: one backdrop and one thing (or a small group) for each product and page."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.seed.pictures import cloth, packets, pots, tools
from sandbox.seed.pictures.sketch import Sketch

OAT, SAGE, BLUSH, MIST, BUTTER, STONE = "#efe8dc", "#e1e7da", "#f1e0d5", "#dfe6e8", "#f4ead0", "#e6e1da"
TALL, MIDDLE, LOW = 752, 700, 655
"""Where a thing stands, so that its middle is near the middle of the picture."""

Draw = Callable[[Sketch], None]


def _tea(
    colour: str, lines: tuple[str, str], heap: list[str], curl: float = 1.0, radius: float = 138
) -> Draw:
    def draw(s: Sketch) -> None:
        with s.at(-52, 0):
            packets.tin(s, colour, lines, radius=radius)
        with s.at(196, 58):
            packets.leaves(s, 112, heap, 84, curl)

    return draw


def _pouch(paper: str, accent: str, lines: tuple[str, str], heap: list[str]) -> Draw:
    def draw(s: Sketch) -> None:
        with s.at(-40, -8):
            packets.pouch(s, paper, accent, lines)
        with s.at(206, 56):
            packets.leaves(s, 92, heap, 66, 0.5)

    return draw


def _jasmine(s: Sketch) -> None:
    with s.at(-56, 0):
        packets.tin(s, "#8ea58a", ("Jasmine", "Dragon pearls"), radius=150, height=330)
    with s.at(196, 54):
        packets.pearls(s, 108, ["#7f8c62", "#97a377", "#b7bd97", "#6b7852"])


def _matcha(s: Sketch) -> None:
    with s.at(-92, 0):
        packets.tin(s, "#6f8f4e", ("Matcha", "Uji, first flush"), radius=126, height=262)
    with s.at(176, 44):
        packets.powder(s, 112, "#8fb057")


def _pair(s: Sketch) -> None:
    with s.at(-112, -26, 1.12):
        pots.cup(s, "#aab9b4", "#cfd8d3")
    with s.at(126, 26, 1.12):
        pots.cup(s, "#d9cdb8", "#e6dcc9", "#b5743a")


def _matcha_bowl(s: Sketch) -> None:
    with s.at(0, 0, 1.28):
        pots.tea_bowl(s, "#4f5a55", "#c9c3b1", "#9dbb62")


def _whisk(s: Sketch) -> None:
    with s.at(0, 0, 1.25):
        tools.whisk(s)


def _nested(s: Sketch) -> None:
    pots.nested_bowls(s, ("#8aa0a4", "#aebdbf"), ("#dccfb9", "#eae0cd"))


def _scaled(scale: float, draw: Draw, dy: float = 0) -> Draw:
    def wrapped(s: Sketch) -> None:
        with s.at(0, dy, scale):
            draw(s)

    return wrapped


def _shortbread(s: Sketch) -> None:
    with s.at(-70, -12):
        packets.tin(s, "#a9563f", ("Shortbread", "Butter, sea salt"), radius=160, height=250)
    with s.at(196, 44):
        packets.biscuits(s)


def _knife(s: Sketch) -> None:
    with s.at(-4, -150):
        tools.knife(s)


def _cup_and_saucer(s: Sketch) -> None:
    with s.at(0, 0, 1.2):
        pots.mug(s, "#c77f5a", "#e8cdb8", tea="#6f4527")


BLACK_LEAF = ["#3a2b22", "#4c382a", "#5d4431", "#2d221b"]
GREEN_LEAF = ["#4b5f3a", "#5f7546", "#39492d", "#768a58"]

PRODUCTS: dict[str, tuple[str, Draw]] = {
    # tea
    "first-harvest-sencha": (SAGE, _tea("#5d7a5a", ("Sencha", "First harvest"), GREEN_LEAF, 0.4)),
    "darjeeling-second-flush": (BLUSH, _tea("#a8583f", ("Darjeeling", "Second flush"), BLACK_LEAF)),
    "house-breakfast": (OAT, _tea("#35505c", ("Breakfast", "Assam and Ceylon"), BLACK_LEAF)),
    "smoked-lapsang": (STONE, _tea("#4a4541", ("Lapsang", "Pine smoked"), BLACK_LEAF, 1.6)),
    "jasmine-dragon-pearls": (MIST, _jasmine),
    "ceremonial-matcha": (SAGE, _matcha),
    "orange-rooibos": (BUTTER, _pouch("#d8b48c", "#b4532f", ("Rooibos", "Orange, cinnamon"), ["#a4512b", "#bb6a3c", "#8c4324", "#d99a4b"])),
    "chamomile-garden": (OAT, _pouch("#e3d9c4", "#8c8b3f", ("Chamomile", "Lemon balm"), ["#e3c14f", "#f0e2a4", "#9aa261", "#c9b04a"])),
    # teaware
    "round-teapot": (BLUSH, _scaled(1.08, lambda s: pots.teapot(s, "#7f9a94"))),
    "kyusu-side-handle-teapot": (STONE, _scaled(1.1, lambda s: pots.kyusu(s, "#8c4a35"))),
    "porcelain-gaiwan": (MIST, _scaled(1.18, lambda s: pots.gaiwan(s, "#f1eee6", "#4f7185"))),
    "stoneware-cups-pair": (OAT, _pair),
    "matcha-bowl": (SAGE, _matcha_bowl),
    "bamboo-whisk": (BUTTER, _whisk),
    "fine-mesh-strainer": (STONE, _scaled(1.16, lambda s: tools.sieve(s))),
    # tableware
    "dinner-plates-set-of-four": (MIST, _scaled(1.1, lambda s: pots.plate_stack(s, ["#cbbfa9", "#d8cdb9", "#cfc3ad", "#ded4c2"]), -30)),
    "nesting-bowls": (BLUSH, _scaled(1.08, _nested)),
    "morning-mug": (BUTTER, _cup_and_saucer),
    "milk-jug": (OAT, _scaled(1.06, lambda s: pots.jug(s, "#e9e1d0", "#d5c9b2"))),
    "moon-vase": (STONE, _scaled(0.86, lambda s: pots.vase(s, "#ece4d6", "#b9a98f", "#c9a66b"))),
    "egg-cups-pair": (SAGE, _scaled(1.12, lambda s: pots.egg_cups(s, "#9db0a0"))),
    "salt-pot": (BLUSH, _scaled(1.2, lambda s: pots.lidded_jar(s, "#55697a", tools.OAK))),
    # kitchen
    "oak-board": (MIST, _scaled(1.04, lambda s: tools.board(s))),
    "cooks-knife": (OAT, _knife),
    "spoons-in-a-crock": (SAGE, _scaled(1.06, lambda s: tools.spoons(s, "#e4dac7"))),
    "enamel-casserole": (BUTTER, _scaled(1.1, lambda s: tools.pot(s, "#3f5f57", "#2c443e"))),
    "enamel-kettle": (BLUSH, _scaled(1.14, lambda s: tools.kettle(s, "#e6ddca"))),
    "granite-mortar": (STONE, _scaled(1.1, lambda s: tools.mortar(s, "#8b8c8a"))),
    "walnut-pepper-mill": (OAT, _scaled(1.16, lambda s: tools.mill(s))),
    # linen
    "tea-towels-three": (BUTTER, _scaled(1.06, lambda s: cloth.folded(s, [("#8ea39d", "#f3eee2"), ("#e9e1d1", "#b4633f"), ("#c9806a", "#f3e6d8")]), -70)),
    "striped-tea-towel": (MIST, _scaled(1.08, lambda s: cloth.hanging(s, "#efe8da", "#4f6f7c", "towel"))),
    "work-apron": (OAT, _scaled(1.1, lambda s: cloth.hanging(s, "#5b6f62", "#e0c9a0", "apron"))),
    "oven-glove": (BLUSH, _scaled(1.1, lambda s: cloth.glove(s, "#c98a5e", "#5a4438"), -20)),
    "napkins-and-rings": (SAGE, _scaled(1.12, lambda s: cloth.napkins(s, "#e7dccb", tools.WALNUT), -100)),
    "table-runner": (STONE, _scaled(1.12, lambda s: cloth.runner(s, "#d3b48f", "#7d4a35"), -90)),
    "bread-basket": (OAT, _scaled(1.1, lambda s: cloth.basket(s, "#c9a46c"))),
    # pantry
    "heather-honey": (BUTTER, _scaled(1.2, lambda s: packets.jar(s, "#d9962e", "#c9b382", ("Honey", "Heather, raw")))),
    "damson-jam": (BLUSH, _scaled(1.2, lambda s: packets.jar(s, "#6b2740", "#8c8f8c", ("Damson", "Jam, low sugar"), "#3d1226"))),
    "olive-oil": (SAGE, _scaled(1.2, lambda s: packets.bottle(s, "#5c6a37", ("Olive oil", "Early harvest")))),
    "salted-shortbread": (OAT, _shortbread),
    "flaked-sea-salt": (MIST, _scaled(1.1, lambda s: packets.sack(s, "#f0ebe0", "#4f7185", ("Sea salt", "Flaked, by hand")))),
    "toasted-granola": (STONE, _scaled(1.2, lambda s: packets.jar(s, "#c48f4f", "#b9774a", ("Granola", "Oat and hazelnut"), "#8a5a2c"))),
}  # fmt: skip
"""Every product's slug with its backdrop and what stands in front of it."""


STANDS: dict[str, float] = dict.fromkeys(
    ("jasmine-dragon-pearls", "round-teapot", "kyusu-side-handle-teapot", "porcelain-gaiwan", "bamboo-whisk", "morning-mug",
     "enamel-casserole", "enamel-kettle", "granite-mortar", "salted-shortbread", "heather-honey", "damson-jam",
     "toasted-granola"),
    MIDDLE,
) | dict.fromkeys(
    ("ceremonial-matcha", "stoneware-cups-pair", "matcha-bowl", "fine-mesh-strainer", "dinner-plates-set-of-four",
     "nesting-bowls", "egg-cups-pair", "salt-pot", "cooks-knife", "tea-towels-three", "napkins-and-rings", "table-runner",
     "bread-basket"),
    LOW,
)  # fmt: skip


def product(slug: str) -> str:
    """The picture of one product, 800 × 960; KeyError for a slug without a drawing."""
    backdrop, draw = PRODUCTS[slug]
    s = Sketch(slug)
    s.backdrop(backdrop)
    with s.at(s.width / 2, STANDS.get(slug, TALL), 1.1):
        draw(s)
    return s.svg()


def table() -> str:
    """The wide picture of the front page: a laid tea table with room for words on the left, 2000 × 940."""
    s = Sketch("table", 2000, 940)
    s.backdrop("#e9e3d6", horizon=640)
    placed: list[tuple[float, float, float, Draw]] = [
        (1800, 690, 0.72, lambda s: pots.vase(s, "#ece4d6", "#b9a98f", "#c9a66b")),
        (1570, 674, 0.78, lambda s: packets.tin(s, "#5d7a5a", ("Sencha", "First harvest"))),
        (1200, 738, 0.98, lambda s: pots.teapot(s, "#7f9a94")),
        (1690, 812, 0.8, lambda s: pots.plate_stack(s, ["#cbbfa9", "#d8cdb9"], 210)),
        (1690, 768, 0.76, packets.biscuits),
        (1450, 806, 0.8, lambda s: pots.cup(s, "#d9cdb8", "#e6dcc9", "#b5743a")),
        (930, 812, 0.8, lambda s: pots.cup(s, "#c77f5a", "#e8cdb8", "#b5743a")),
    ]
    for x, y, scale, draw in placed:
        with s.at(x, y, scale):
            draw(s)
    return s.svg()


def kiln() -> str:
    """The picture beside the shop's story: bowls drying on a board, 1200 × 900."""
    s = Sketch("kiln", 1200, 900)
    s.backdrop("#e4ddd0", horizon=640)
    for x, y, scale, glaze, inside in (
        (240, 640, 0.72, "#d9cdb8", "#e6dcc9"), (600, 640, 0.72, "#cfc3ad", "#e0d6c4"), (960, 640, 0.72, "#d3c6b0", "#e6dcc9"),
        (400, 770, 0.9, "#8aa0a4", "#aebdbf"), (800, 770, 0.9, "#c77f5a", "#e0a988"),
    ):  # fmt: skip
        with s.at(x, y, scale):
            pots.bowl(s, glaze, inside, 200, 150)
    return s.svg()


def circle() -> str:
    """The picture of the membership: gaiwan, kettle and honey, 1200 × 900."""
    s = Sketch("circle", 1200, 900)
    s.backdrop("#dfe5d9", horizon=640)
    for x, y, scale, draw in (
        (880, 680, 0.94, lambda s: tools.kettle(s, "#3f5f57")),
        (330, 668, 0.8, lambda s: packets.jar(s, "#d9962e", "#c9b382", ("Honey", "Heather, raw"))),
        (580, 780, 1.0, lambda s: pots.gaiwan(s, "#f1eee6", "#4f7185")),
    ):
        with s.at(x, y, scale):
            draw(s)
    return s.svg()


PAGES: dict[str, Callable[[], str]] = {"table": table, "kiln": kiln, "circle": circle}
