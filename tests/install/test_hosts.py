"""A project made by `wagtail start` takes an order's webhook after exactly the printed lines; so does an odd one."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import httpx
import pytest

from sandbox.launch.ports import free_ports
from sandbox.postgres import Server
from sandbox.saleor.app import App
from sandbox.saleor.options import Options
from sandbox.saleor.standin import Standin
from tests.install.host import Host, printed_lines
from tests.saleor.standinkit import CHANNEL, SEED, Caller, Shop

_numbers = itertools.count(1)

PROGRAMME = f"""
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.registry import ports
from loyalty_plugin.services import programmes

now = ports.clock.now()
document = {{
    "tiers": [{{"code": "basic", "name": {{"en": "Basic"}}, "rank": 0}}],
    "earning": {{"rules": [{{"id": "base", "rule": "amount", "params": {{"points": 1, "per": "1.00"}}}}]}},
    "pending": {{"starts": "none"}},
}}
draft = programmes.create_programme(
    SYSTEM, code="club", name="Club", currency="USD", timezone="UTC", document=document, now=now
)
programmes.serve_channels(
    SYSTEM, programme_id=draft.programme_id, realm_id=Realm.objects.get().pk, slugs=["{CHANNEL}"], now=now
)
programmes.publish(SYSTEM, version_id=draft.pk, now=now)
"""
TWICE = """
from loyalty_plugin import registry
from loyalty_plugin.builtin.rules.amount import AmountRule


@registry.rules.register
class Other(AmountRule):
    pass
"""
SECOND_SITE = """
from wagtail.models import Page, Site

Site.objects.create(hostname="second.example", root_page=Page.objects.get(depth=2), site_name="Second")
assert Site.objects.count() == 2
"""
TAGS = f"""
from django.template import engines
from django.test import RequestFactory
from django.test.utils import override_settings
from django.conf import settings

with override_settings(LOYALTY={{**settings.LOYALTY, "STOREFRONT_CHANNELS": "{CHANNEL}"}}):
    text = "{{% load loyalty %}}{{% loyalty_css %}}{{% loyalty_join %}}{{% loyalty_tiers %}}{{% loyalty_membership %}}"
    print(engines["django"].from_string(text).render({{}}, RequestFactory().get("/")))
"""
INSTALL = "mutation($i:AppInstallInput!){appInstall(input:$i){appInstallation{id} errors{message}}}"
INSTALLATIONS = "{appsInstallations{status message}}"
MINE = "{loyalty{me{tier{name} points{available onTheWay}}}}"


class _Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        """The test's report is the place for findings."""


@pytest.fixture
def saleor(django_db_setup: None, postgres: Server) -> Iterator[Shop]:
    """A stand-in Saleor that processes reach over HTTP."""
    name = f"host_standin_{time.time_ns()}"
    database = postgres.create_database(name)
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    app = App(Standin(Options(database, url=url, instant=True, retry_scale=0.01, access_seconds=3600)))
    server = make_server("127.0.0.1", port, app, _Threads, _Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with httpx.Client(base_url=url, timeout=60) as client:
        anonymous = Caller(client)
        yield Shop(app.standin, anonymous, anonymous.control("seed", **SEED))
    server.shutdown()
    thread.join()
    server.server_close()
    app.close()
    postgres.drop_database(name)


@pytest.fixture
def new_host(tmp_path: Path) -> Iterator[Callable[[], Host]]:
    """Makes projects, and stops their servers."""
    made: list[Host] = []

    def make() -> Host:
        made.append(Host(tmp_path / f"host{next(_numbers)}", free_ports(1)[0]))
        return made[-1]

    yield make
    for one in made:
        one.stop()


def examined(host: Host, *options: str) -> dict[str, str]:
    """What the doctor finds: id to level."""
    done = host.manage("loyalty_doctor", "--json", *options, succeed=False)
    assert done.stdout, done.stderr
    report = json.loads(done.stdout)
    assert done.returncode == (0 if report["ok"] else 1)
    assert all(one["what"] and one["next"] for one in report["findings"])
    return {one["id"]: one["level"] for one in report["findings"]}


def takes_an_order(host: Host, saleor: Shop) -> None:
    """From empty tables to points of a paid order, through every door a shop uses."""
    checked = host.manage("check", "--database", "default", "--fail-level", "WARNING")
    assert "no issues" in checked.stdout + checked.stderr
    host.manage("makemigrations", "--check", "--dry-run", "loyalty_plugin")
    host.serve()
    manifest = f"{host.url}/loyalty/saleor/manifest"
    wanted = httpx.get(manifest, timeout=60).json()["permissions"]
    saleor.owner.data(INSTALL, i={"appName": "Membership", "manifestUrl": manifest, "permissions": wanted})
    _wait(lambda: not saleor.owner.data(INSTALLATIONS)["appsInstallations"], host, saleor)
    host.manage("loyalty_tick")  # our own secret goes to Saleor
    host.shell(PROGRAMME)

    email, customer = saleor.customer()
    saleor.placed(customer=email, lines=[{"sku": "S-250", "quantity": 2}])
    assert saleor.settled(120)["failed"] == 0, host.log()
    host.manage("loyalty_tick")

    answer = httpx.post(
        f"{host.url}/loyalty/graphql/",
        json={"query": MINE},
        headers={"Authorization": f"Bearer {customer.token}"},
        timeout=60,
    )
    assert answer.json() == {
        "data": {"loyalty": {"me": {"tier": {"name": "Basic"}, "points": {"available": 70, "onTheWay": 0}}}}
    }
    # The shipped pages and tags, as they come.
    page = httpx.get(f"{host.url}/loyalty/join/?channel={CHANNEL}", timeout=60)
    assert page.status_code == 200, host.log()
    assert "Join Club" in page.text
    assert "lp-tier-card" in host.shell(TAGS)
    left = examined(host)
    assert set(left.values()) <= {"warning", "info"}, left
    assert not {"not_installed", "no_programme", "nobody_works"} & set(left)
    assert not [one for one in left if one.startswith("url_")]


def _wait(ready: Callable[[], bool], host: Host, saleor: Shop) -> None:
    until = time.monotonic() + 120
    while not ready():
        assert time.monotonic() < until, f"{saleor.owner.data(INSTALLATIONS)}\n{host.log()}"
        time.sleep(0.05)


def test_a_stock_project(
    new_host: Callable[[], Host], saleor: Shop, empty_database: str, tmp_path: Path
) -> None:
    host = new_host()
    lines = printed_lines(tmp_path)
    assert len(lines.splitlines()) == 10
    host.apply(lines, saleor_url=saleor.standin.options.api_url)
    # As it was made it lives on SQLite, which the first command refuses in words.
    refused = host.manage("check", succeed=False)
    assert refused.returncode == 1
    assert "loyalty_plugin.E001" in refused.stderr
    assert refused.stderr.count("loyalty_plugin.") == 1
    host.use_database(empty_database)
    host.settled()
    assert examined(host, "--offline")["not_migrated"] == "error"
    host.manage("migrate", "--verbosity", "0")
    assert {"not_installed", "no_programme", "nobody_works", "url_away"} <= set(examined(host))
    takes_an_order(host, saleor)


def test_two_apps_with_one_code_stop_the_start(new_host: Callable[[], Host], tmp_path: Path) -> None:
    host = new_host()
    host.apply(printed_lines(tmp_path), saleor_url="https://saleor.example/graphql/")
    host.use_database("dbname=never-asked")
    host.add_app("twice", "loyalty_extension", TWICE)
    stopped = host.manage("check", succeed=False)
    assert stopped.returncode != 0
    said = stopped.stderr.splitlines()[-1]
    assert "earning rule 'amount' is registered by" in said
    assert "twice.loyalty_extension" in said
    assert "loyalty_plugin.builtin.rules.amount" in said


def test_an_odd_project(
    new_host: Callable[[], Host], saleor: Shop, empty_database: str, tmp_path: Path
) -> None:
    """UUID users, ATOMIC_REQUESTS, languages around everything else, two Sites, another admin path."""
    host = new_host()
    host.number_users_by_uuid()
    host.move_the_back_office("back-office/")
    host.speak(["en", "de", "zh-hans"])
    host.apply(printed_lines(tmp_path), saleor_url=saleor.standin.options.api_url)
    host.use_database(empty_database, ATOMIC_REQUESTS=True)
    host.settled()
    host.manage("makemigrations", "people", "--verbosity", "0")
    host.manage("migrate", "--verbosity", "0")
    host.shell(SECOND_SITE)
    takes_an_order(host, saleor)
    page = httpx.get(f"{host.url}/de/back-office/login/", timeout=60)
    assert page.status_code == 200
