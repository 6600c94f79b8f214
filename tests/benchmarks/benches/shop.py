"""A page of 24 products of the demo shop with member prices, against the same page of a shop that has no programme.

Both are asked for through Django's whole stack, in one process of the shop's own settings, in turn; the catalogue is
remembered in either case, as the shop does it, so that no time of Saleor's hides ours.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from sandbox.launch.folder import DataFolder
from sandbox.launch.ports import free_ports
from sandbox.launch.world import story_world
from tests.benchmarks.measures import Measure
from tests.benchmarks.world import World

#: Runs in the shop: milliseconds of the middle page of each kind, and its queries.
PAGES = """
import gc, json, statistics, time
from django.conf import settings
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.services import members
from loyalty_plugin.registry import ports
from sandbox.shop import catalogue

shelf = catalogue.products()[:24]
assert len(shelf) == 24
catalogue.products = lambda **_: shelf
departments = catalogue.categories()
catalogue.categories = lambda: departments
club, realm = Programme.objects.get(), Realm.objects.get()
person = members.Person(name="Ada", email="ada@bench.example", external_id="VXNlcjo5OTk=")
members.join(SYSTEM, programme_id=club.pk, person=person, realm_id=realm.pk, now=ports.clock.now(), verified=True)
customer = {"id": person.external_id, "email": person.email, "first_name": "Ada", "last_name": "L"}
off = {**settings.LOYALTY, "STOREFRONT_CHANNELS": ""}

def client(known):
    made = Client()
    made.get("/shop/")
    session = made.session
    if known:
        session["saleor"] = {"access": "", "refresh": "", "customer": customer}
        session.save()
        made.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return made

def page(of, plain):
    with override_settings(LOYALTY=off if plain else settings.LOYALTY):
        begun = time.perf_counter()
        answer = of.get("/shop/")
        taken = time.perf_counter() - begun
    assert answer.content.count(b"lp-amount") == 24, answer.status_code
    return taken * 1000

found = {}
for who in ("guest", "member"):
    of = client(who == "member")
    figures = {True: [], False: []}
    for turn in range(ROUNDS + 5):
        gc.collect()
        for plain in ((True, False) if turn % 2 else (False, True)):
            taken = page(of, plain)
            if turn >= 5:
                figures[plain].append(taken)
    queries = {}
    for plain in (True, False):
        with CaptureQueriesContext(connection) as seen:
            page(of, plain)
        queries[plain] = len(seen)
    found[who] = {
        "with": statistics.median(figures[False]), "without": statistics.median(figures[True]),
        "queries": queries[False], "queries_without": queries[True],
    }
print("FIGURES", json.dumps(found))
"""


def run(world: World) -> Iterator[Measure]:
    """One shop, asked as a guest and as a member."""
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.dict(os.environ, {"DATABASE_URL": world.server.url("postgres")}),
        story_world(DataFolder(Path(folder) / "data", kind="story"), free_ports(2)) as shop,
    ):
        seeded = shop.manage(["sandbox_seed", "--without-history"])
        assert seeded.returncode == 0, seeded.stderr
        code = PAGES.replace("ROUNDS", str(world.size(60, 200)))
        done = shop.manage(["shell", "--no-imports", "-c", code])
        assert "FIGURES" in done.stdout, done.stderr
    found = json.loads(done.stdout.partition("FIGURES")[2])
    for who, told in found.items():
        yield Measure(
            "shop", f"24 products to a {who}", told["with"], "ms", told["without"], "no programme", 1.3, "at most",
            spread=f"{told['queries']} queries against {told['queries_without']}",
        )  # fmt: skip
