"""Lays out the shop's pages, pictures and staff accounts; safe to run again; touches no goods and no members."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.files.images import ImageFile
from wagtail.images import get_image_model
from wagtail.models import Locale, Page, Site

from loyalty_plugin.models.staff import Person, RoleScope
from loyalty_plugin.services.roles import PREFIX
from sandbox.seed import pictures
from sandbox.seed.people import PASSWORD, STAFF
from sandbox.shop.context import BRAND
from sandbox.shop.models import HomePage, TextPage

TEXTS = [
    (
        "delivery-and-returns",
        "Delivery and returns",
        "We pack within two working days and send with people who ring the bell.",
        "<h2>Delivery</h2><p>Standard delivery is 4.90 and takes two to four working days. Express is 9.90 and "
        "arrives the next working day.</p><h2>Returns</h2><p>Anything unused may come back within 14 days. Points you "
        "earned with it go back with it; points you spent return to you.</p>"
        "<h2>Something broke?</h2><p>Send us a photograph and we send another piece. You need not return the shards.</p>",
    ),
    (
        "the-circle",
        "How the Circle works",
        "Membership costs nothing. Here is all of it on one page.",
        "<h2>Points</h2><p>You collect points with every order. They are on the way until the return window has passed, "
        "then they are yours to spend. Each line of your statement says why you got as many as you did.</p>"
        "<h2>Tiers</h2><p>The more often you come by, the better your member prices. Before anything is taken away "
        "you hear about it, with the date.</p><h2>Leaving</h2><p>Write to us and we delete what we know of you.</p>",
    ),
    (
        "about",
        "About us",
        "Two sisters, one kiln, and a wall full of tea tins.",
        "<p>We started with six bowls and a van. Today eleven potters, four tea gardens and a handful of makers "
        "send us what they are proud of. We try everything at our own table first, for a year, and keep what "
        "we still reach for.</p>",
    ),
]


def staff() -> None:
    """Accounts of the back office, each in the group of its role that the plugin made."""
    users = get_user_model()
    for person in STAFF:
        account, _created = users.objects.get_or_create(
            username=person.username,
            defaults={"email": person.email, "first_name": person.first, "last_name": person.last},
        )
        account.is_staff = account.is_superuser = person.superuser
        account.set_password(PASSWORD)
        account.save()
        account.groups.set(Group.objects.filter(name=f"{PREFIX}{person.role}"))
        # Limits and four eyes count humans with a role, not accounts.
        human, _created = Person.objects.update_or_create(
            user=account, defaults={"name": f"{person.first} {person.last}"}
        )
        RoleScope.objects.get_or_create(person=human, role=person.role)


def pages() -> None:
    """The front page and the texts, and the site that shows them."""
    if HomePage.objects.exists():
        return
    locale, _created = Locale.objects.get_or_create(language_code=settings.LANGUAGE_CODE)
    root = Page.objects.filter(depth=1).first() or Page.add_root(title="Root", slug="root", locale=locale)
    Page.objects.filter(depth=2, slug="home").delete()
    root.refresh_from_db()
    home = HomePage(
        title=BRAND,
        slug="home",
        seo_title="tea, pottery and good things for the kitchen",
        locale=locale,
        body=_body({name: _picture(name, draw()).pk for name, draw in pictures.PAGES.items()}),
    )
    root.add_child(instance=home)
    for slug, title, intro, body in TEXTS:
        home.add_child(
            instance=TextPage(
                title=title, slug=slug, intro=intro, body=body, locale=locale, show_in_menus=True
            )
        )
    address = urlsplit(settings.SANDBOX_SHOP_URL)
    Site.objects.all().delete()
    Site.objects.create(
        hostname=address.hostname or "localhost",
        port=address.port or 80,
        site_name=BRAND,
        root_page=home,
        is_default_site=True,
    )


def _picture(name: str, svg: str) -> Any:
    file = ImageFile(BytesIO(svg.encode()), name=f"{name}.svg")
    return get_image_model().objects.create(title=PICTURES[name], file=file)


PICTURES = {
    "table": "A tea table with a pot, two cups, a tin and grasses",
    "kiln": "Bowls drying before they are fired",
    "circle": "Honey, a lidded cup and a kettle",
}


def _body(images: dict[str, int]) -> list[dict[str, object]]:
    def image(name: str) -> dict[str, object]:
        return {"image": images[name], "alt_text": PICTURES[name], "decorative": False}

    return [
        {
            "type": "hero",
            "value": {
                "title": "Put the kettle on",
                "text": "Tea from seven gardens and stoneware thrown in small batches, for the quiet half hour of the day.",
                "button": "See what's new",
                "link": "/shop/",
                "picture": image("table"),
            },
        },
        {"type": "categories", "value": {"title": "Where would you like to start?"}},
        {
            "type": "products",
            "value": {
                "title": "New this season",
                "text": "Just unpacked, in small numbers.",
                "collection": "new",
                "link": "/shop/",
            },
        },
        {
            "type": "story",
            "value": {
                "title": "No two glazes run alike",
                "text": "<p>Our bowls stand on boards for nine days before they see the kiln. Then the glaze does "
                "what it wants. We think that is the point.</p><p>Each piece is food safe, goes in the "
                "dishwasher and wears its fingerprint under the foot.</p>",
                "picture": image("kiln"),
                "picture_first": False,
            },
        },
        {
            "type": "products",
            "value": {"title": "The tea table", "text": "", "collection": "tea-table", "link": "/shop/teaware/"},
        },
        {
            "type": "membership",
            "value": {
                "title": "Join the Circle",
                "text": "Our membership costs nothing. It remembers what you like and thanks you for coming back.",
                "points": [
                    "Member prices on the shelf, in the cart and on the bill",
                    "Points with every order, and the reason for each of them",
                    "A present on your birthday",
                ],
                "picture": image("circle"),
            },
        },
        {
            "type": "products",
            "value": {
                "title": "Small gifts",
                "text": "For the neighbour who waters the plants.",
                "collection": "gifts",
                "link": "/shop/",
            },
        },
    ]  # fmt: skip


def product_pictures() -> None:
    """Draws every product's picture into the media folder."""
    folder = settings.MEDIA_ROOT / "catalogue"
    folder.mkdir(parents=True, exist_ok=True)
    for slug in pictures.PRODUCTS:
        (folder / f"{slug}.svg").write_text(pictures.product(slug), encoding="utf-8")
