"""What the demonstration shop sells: departments, goods, sizes, prices in cents, collections and one sale; pure data."""

from __future__ import annotations

from dataclasses import dataclass

CHANNEL = "default-channel"
CURRENCY = "EUR"

CATEGORIES = [
    ("tea", "Tea", "Leaves from seven gardens, packed by hand in tins that keep them fresh."),
    ("teaware", "Teaware", "Pots, cups and the small tools that make a good brew easy."),
    ("tableware", "Tableware", "Stoneware thrown in small batches. No two glazes run alike."),
    ("kitchen", "Kitchen", "Wood, steel and enamel, made to be used every day and mended once in a while."),
    ("linen", "Linen", "Flax and cotton that get better with every wash."),
    ("pantry", "Pantry", "Honey, salt, oil and biscuits from people we visit."),
]

COLLECTIONS = [
    ("new", "New this season"),
    ("tea-table", "The tea table"),
    ("gifts", "Small gifts"),
    ("faces", "Faces of the departments"),
]

SALE = {"name": "Linen weeks", "percent": 20, "products": ["table-runner", "oven-glove"]}
"""The one promotion everybody gets: a share off some goods."""


@dataclass(frozen=True)
class Goods:
    """One product; `sizes` are (name, cents); a product with one size shows no choice."""

    slug: str
    name: str
    category: str
    text: str
    sizes: tuple[tuple[str, int], ...]
    collections: tuple[str, ...] = ()

    def sku(self, index: int) -> str:
        return f"{self.slug.upper()}-{index + 1}"


def _tea(slug: str, name: str, text: str, cents: int, *collections: str) -> Goods:
    sizes = (("50 g", cents), ("100 g", cents * 19 // 10 // 10 * 10), ("250 g", cents * 44 // 10 // 10 * 10))
    return Goods(slug, name, "tea", text, sizes, collections)


def _one(slug: str, name: str, category: str, text: str, cents: int, *collections: str) -> Goods:
    return Goods(slug, name, category, text, ((name, cents),), collections)


GOODS = [
    _tea("first-harvest-sencha", "First harvest sencha", "Steamed within hours of picking, on the slopes above Wazuka. Sweet, green, a little salty. Brew at 70 degrees and no hotter.", 1450, "new", "faces"),
    _tea("darjeeling-second-flush", "Darjeeling second flush", "Muscat and warm wood from a garden at 1,900 metres. Good from the first cup to the third.", 1280, "tea-table"),
    _tea("house-breakfast", "House breakfast", "Assam for strength, Ceylon for brightness. The tea we drink ourselves, with milk or without.", 840),
    _tea("smoked-lapsang", "Smoked lapsang", "Dried over pine. A campfire in a cup, gentler than it smells.", 1120),
    _tea("jasmine-dragon-pearls", "Jasmine dragon pearls", "Young leaves rolled by hand and laid under fresh blossom seven nights in a row.", 1690, "gifts"),
    _one("ceremonial-matcha", "Ceremonial matcha, 30 g", "tea", "First flush from Uji, ground on granite. Bright, thick, without bitterness.", 2950, "new"),
    _tea("orange-rooibos", "Orange rooibos", "Red bush with dried orange and a stick of cinnamon. No caffeine, so for the evening as well.", 780),
    _tea("chamomile-garden", "Chamomile garden", "Whole flowers, lemon balm and a little apple mint from a garden in Thuringia.", 720),
    _one("round-teapot", "Round teapot, 0.9 l", "teaware", "Thrown in one piece, with a spout that doesn't drip. The lid stays on when you pour the last cup.", 6800, "tea-table", "faces"),
    _one("kyusu-side-handle-teapot", "Kyusu with a side handle, 0.3 l", "teaware", "Iron-rich clay from Tokoname. The fine holes behind the spout hold back even broken leaf.", 7400, "new"),
    _one("porcelain-gaiwan", "Porcelain gaiwan", "teaware", "Lid, cup and saucer: all one needs to brew the same leaves six times.", 3900, "gifts"),
    _one("stoneware-cups-pair", "Stoneware cups, pair", "teaware", "Two cups that sit well in the hand. One in lichen, one in oat.", 3400, "tea-table"),
    _one("matcha-bowl", "Matcha bowl", "teaware", "Wide enough to whisk in, with a foot that keeps the table cool.", 4600),
    _one("bamboo-whisk", "Bamboo whisk", "teaware", "Eighty tines split from a single piece. Rinse it in clear water and let it dry standing.", 1900),
    _one("fine-mesh-strainer", "Fine mesh strainer with bowl", "teaware", "Steel mesh on an oak handle. Hangs over a cup, rests in its bowl.", 2200),
    _one("dinner-plates-set-of-four", "Dinner plates, set of four", "tableware", "26 centimetres, with a low rim and room for a real helping.", 9600, "faces"),
    _one("nesting-bowls", "Nesting bowls, pair", "tableware", "The large one for salad, the small one for everything else. They stack.", 5800, "new"),
    _one("morning-mug", "Morning mug", "tableware", "Holds 0.35 litres and keeps it warm. The handle takes three fingers.", 2400, "gifts"),
    _one("milk-jug", "Milk jug, 1 l", "tableware", "For milk, water, or the first tulips.", 4200),
    _one("moon-vase", "Moon vase", "tableware", "Round as its name, with a neck for three stems. The grasses come with it.", 5200),
    _one("egg-cups-pair", "Egg cups, pair", "tableware", "For a slow Sunday. Deep enough that nothing tips.", 1800, "gifts"),
    _one("salt-pot", "Salt pot with oak lid", "tableware", "Stays beside the stove, opens with one hand.", 3200),
    _one("oak-board", "Oak chopping board", "kitchen", "One plank, 24 by 40 centimetres. Oil it twice a year and it outlives you.", 4900, "faces"),
    _one("cooks-knife", "Cook's knife, 20 cm", "kitchen", "Carbon steel from Solingen with a walnut grip. Sharpened by hand before it leaves.", 11900),
    _one("spoons-in-a-crock", "Three spoons in a crock", "kitchen", "Spoon, fork and spatula of oak, walnut and beech, in the crock they live in.", 5400, "gifts"),
    _one("enamel-casserole", "Enamel casserole, 4 l", "kitchen", "For soup, bread and Sunday roast. On gas, induction and in the oven.", 13900),
    _one("enamel-kettle", "Enamel kettle, 1.8 l", "kitchen", "Whistles quietly. The grip of walnut stays cool.", 7900, "new"),
    _one("granite-mortar", "Granite mortar", "kitchen", "Five kilos, so it stays where it is. For pesto, curry paste and patience.", 4400),
    _one("walnut-pepper-mill", "Walnut pepper mill", "kitchen", "Ceramic works, set from dust to cracked with a turn of the knob.", 5600),
    _one("tea-towels-three", "Tea towels, set of three", "linen", "Half linen, woven in the Vogtland. They dry glass without a thread left behind.", 2900, "faces", "gifts"),
    _one("striped-tea-towel", "Striped tea towel", "linen", "Pure linen with a blue stripe and a loop to hang it by.", 1450),
    Goods("work-apron", "Work apron", "linen", "Heavy cotton with a deep pocket. The straps cross at the back, so the neck stays free.", (("Small", 5200), ("Medium", 5200), ("Large", 5600)), ("new",)),
    _one("oven-glove", "Quilted oven glove", "linen", "Wool inside, cotton outside. Long enough for the back of the oven.", 2600),
    _one("napkins-and-rings", "Two napkins with rings", "linen", "Washed linen, walnut rings. They look better creased.", 3800),
    _one("table-runner", "Table runner, 160 cm", "linen", "Linen with a woven edge in rust. Rolls up, never needs folding.", 4600),
    _one("bread-basket", "Bread basket", "linen", "Plaited willow and straw from the Upper Main. Rolls not included.", 3600),
    Goods("heather-honey", "Raw heather honey", "pantry", "From hives on the Lüneburg heath, stirred and nothing else. Tastes of late August.", (("250 g", 950), ("500 g", 1690)), ("faces", "gifts")),
    _one("damson-jam", "Damson jam", "pantry", "Two parts fruit, one part sugar, a little clove.", 690),
    Goods("olive-oil", "Early harvest olive oil", "pantry", "Green, peppery, pressed the day the olives came down. From the hills behind Kalamata.", (("250 ml", 1290), ("500 ml", 2190))),
    _one("salted-shortbread", "Salted shortbread", "pantry", "Butter, flour, sugar, sea salt. Twenty-four pieces in a tin worth keeping.", 1480, "tea-table"),
    _one("flaked-sea-salt", "Flaked sea salt, 500 g", "pantry", "Raked by hand on the Guérande marshes, in a cotton bag.", 890),
    _one("toasted-granola", "Toasted granola", "pantry", "Oats, hazelnut and honey, baked slowly until it rings in the bowl.", 980),
]  # fmt: skip
