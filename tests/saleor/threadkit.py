"""A shop on the plugin and its Saleor, the stand-in, one driven by the other: handshakes and webhooks over real HTTP."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty_plugin.models.realms import Installation
from loyalty_plugin.saleor import http
from loyalty_plugin.saleor.executors import deliver_outbox
from loyalty_plugin.saleor.manifest import PERMISSIONS
from loyalty_plugin.webhooks.processing import drain_inbox
from tests.saleor.standinkit import Shop
from tests.scale import PATIENCE

API = "http://saleor.example/graphql/"
INSTALL = """mutation($i: AppInstallInput!) { appInstall(input: $i) { appInstallation { id } errors { code message } } }"""
INSTALLATIONS = "{ appsInstallations { status message } }"
APPS = "{apps(first:100){edges{node{id identifier isActive}}}}"


def now() -> datetime:
    return datetime.now(UTC)


class Thread:
    """A shop on the plugin and its Saleor."""

    def __init__(self, shop: Shop, url: str) -> None:
        self.shop = shop
        self.url = url

    def begin(self, permissions: Any = PERMISSIONS) -> None:
        """Installed from the Dashboard: a handshake, and nothing besides."""
        self.shop.owner.data(
            INSTALL,
            i={
                "appName": "Membership",
                "manifestUrl": f"{self.url}/loyalty/saleor/manifest",
                "permissions": list(permissions),
            },
        )
        self.wait(lambda: not self.shop.owner.data(INSTALLATIONS)["appsInstallations"], "the handshake")

    def install(self, permissions: Any = PERMISSIONS) -> Installation:
        self.begin(permissions)
        assert deliver_outbox(10, now()) == {"done": 1}
        return Installation.objects.select_related("realm").get(state=Installation.State.ACTIVE)

    def wait(self, ready: Callable[[], Any], what: str) -> None:
        until = time.monotonic() + PATIENCE
        while not ready():
            assert time.monotonic() < until, f"{what}: {self.shop.owner.data(INSTALLATIONS)}"
            time.sleep(0.02)

    def settle(self) -> dict[str, int]:
        """Everything Saleor has to tell is told, and worked off; the counts."""
        assert self.shop.settled(60)["failed"] == 0
        return dict(drain_inbox(1000, now()))

    def app(self) -> dict[str, Any] | None:
        """Our App as the Dashboard lists it."""
        found = [edge["node"] for edge in self.shop.owner.data(APPS)["apps"]["edges"]]
        return next((one for one in found if one["identifier"] == "loyalty_plugin"), None)

    def act(self, mutation: str) -> None:
        """appActivate, appDeactivate or appDelete, as staff does it."""
        app = self.app()
        assert app
        self.shop.owner.data(f"mutation($i:ID!){{{mutation}(id:$i){{errors{{code}}}}}}", i=app["id"])

    def leave(self) -> None:
        """Let the stand-in forget us."""
        if self.app():
            self.act("appDelete")
        self.shop.settled(60)


@pytest.fixture
def bare(
    fresh_db: None, shop: Shop, live_server: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Thread]:
    """Both run, and neither knows of the other yet."""
    settings.LOYALTY = {"SALEOR_API_URLS": (API,), "PUBLIC_URL": live_server.url}
    monkeypatch.setattr(http, "pool", lambda: shop.anonymous.client)
    made = Thread(shop, live_server.url)
    yield made
    made.leave()
