"""Somebody who visits the running shop without a script, and what they type; for the tests of its pages."""

from __future__ import annotations

import re
import time
from html import unescape
from typing import Any

import httpx
import pytest

from sandbox.launch.world import World
from sandbox.postgres import Server
from sandbox.seed.people import PASSWORD
from tests import database
from tests.scale import PATIENCE

ADDRESS = {
    "first_name": "Žofia",
    "last_name": "Nováková-Ó Briain",
    "street": "Lange Straße 1",
    "postal_code": "10115",
    "city": "Berlin",
    "country": "DE",
    "phone": "",
}


def copy_migrated(patching: pytest.MonkeyPatch) -> None:
    """Have a shop's tables copied from what the tests have migrated already, which saves half of its start."""
    plain, migrated = Server.create_database, database.template()

    def create(server: Server, name: str, template: str | None = None) -> Any:
        return plain(server, name, template or (None if name.endswith("_standin") else migrated))

    patching.setattr(Server, "create_database", create)


class Visitor:
    """Somebody with cookies and no script."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.http = httpx.Client(base_url=world.shop_url, follow_redirects=True, timeout=60)
        self.page = ""

    def get(self, path: str, status: int = 200) -> str:
        answer = self.http.get(path)
        assert answer.status_code == status, f"{path}: {answer.status_code}"
        self.page, self.at, self.host = answer.text, answer.url.path, answer.url.netloc.decode()
        return self.page

    def post(self, path: str, **fields: str) -> str:
        token = self.http.cookies.get("csrftoken", "")
        headers = {"Referer": self.world.shop_url}
        answer = self.http.post(path, data={"csrfmiddlewaretoken": token, **fields}, headers=headers)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        self.page, self.at, self.host = answer.text, answer.url.path, answer.url.netloc.decode()
        return self.page

    def found(self, pattern: str) -> str:
        match = re.search(pattern, self.page)
        assert match, pattern
        return unescape(match[1])

    def wait_for(self, path: str, pattern: str, seconds: float = PATIENCE) -> None:
        """Loads a page until the worker has booked what it is to show."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, self.get(path)):
            assert time.monotonic() < deadline, f"{path} never showed {pattern}"
            time.sleep(0.2)

    def put_in_cart(self, slug: str, quantity: int = 1) -> None:
        self.get(f"/products/{slug}/")
        variant = self.found(r'name="variant" value="([^"]+)"')
        self.post("/cart/add/", variant=variant, quantity=str(quantity))
        assert self.at == "/cart/"

    def check_out(self, email: str) -> str:
        """From the cart to the thank-you page; the order's number."""
        self.get("/checkout/")
        self.post("/checkout/", email=email, **ADDRESS)
        assert self.at == "/checkout/delivery/"
        self.post("/checkout/delivery/", delivery=self.found(r'name="delivery" value="([^"]+)"'))
        assert self.at == "/checkout/payment/"
        self.post("/checkout/payment/")
        assert self.at == "/checkout/thank-you/"
        return self.found(r"Your order (\d+) is with us")

    def register(self, email: str) -> None:
        self.get("/account/join/")
        self.post("/account/join/", email=email, password=PASSWORD, first_name="Žofia", last_name="Nováková")
        assert self.at == "/account/joined/"

    def confirm(self) -> None:
        self.get(self.found(r'href="(/account/confirm/[^"]+)"'))

    def sign_in(self, email: str, **more: str) -> None:
        """Signs in, patiently: all visitors of a test come from one address, and Saleor slows that down."""
        self.get("/account/sign-in/")
        while "Too many tries" in self.post("/account/sign-in/", email=email, password=PASSWORD, **more):
            time.sleep(1)
