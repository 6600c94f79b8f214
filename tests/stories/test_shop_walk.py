"""A customer's whole way in a real browser: guest, member, buyer, guest again; one price from the shelf to the order."""

from __future__ import annotations

import re
import time
from typing import Any

import httpx
import pytest

from sandbox.launch.world import World
from sandbox.seed.people import PASSWORD
from tests.scale import PATIENCE
from tests.stories.shopkit import ADDRESS, Visitor

EMAIL = "walk@example.com"
TEAPOT, RUNNER = "/products/round-teapot/", "/products/table-runner/"
SIGN_IN = "mutation($e:String!,$p:String!){tokenCreate(email:$e,password:$p){token}}"
ORDER = """{me{orders(first:1){edges{node{number total{gross{amount}} totalCharged{amount}
lines{productName unitPrice{gross{amount}}}}}}}}"""


class Walker:
    """A page of a browser, and the reader's eye on it."""

    def __init__(self, page: Any, url: str) -> None:
        self.page, self.url = page, url

    def open(self, path: str) -> str:
        self.page.goto(self.url + path)
        return self.text("main")

    def text(self, selector: str) -> str:
        return " ".join(self.page.inner_text(selector).split())

    def price(self, path: str) -> str:
        self.open(path)
        return self.text(".product-words .lp-amount:visible").split()[-1]

    def fill(self, form: dict[str, str]) -> None:
        for name, value in form.items():
            field = self.page.locator(f'main [name="{name}"]').first
            if field.evaluate("one => one.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)

    def send(self, button: str) -> None:
        with self.page.expect_navigation():
            self.page.click(f"main form button:has-text('{button}')")

    def put_in(self, path: str) -> None:
        self.open(path)
        self.page.click("text=Add to cart")
        self.page.wait_for_selector("dialog[open] .line")

    def sign_in(self) -> None:
        self.open("/account/sign-in/")
        while "/sign-in/" in self.page.url:  # all visitors come from one address, which Saleor slows down
            self.fill({"email": EMAIL, "password": PASSWORD})
            self.send("Sign in")


def test_one_price_from_the_shelf_to_the_order(world: World, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    walker = Walker(context.new_page(), world.shop_url)

    # A guest sees the shop's prices and what members pay; one of the two is on sale.
    assert walker.price(TEAPOT) == "€68.00"
    assert "Members pay €64.60 — join free" in walker.text("main")
    assert walker.price(RUNNER) == "€36.80"
    for path in (TEAPOT, RUNNER):
        walker.put_in(path)
    assert walker.text("dialog .sum").endswith("€104.80")

    # Joins with the cart as it is, agreeing to one thing of two; nothing is ticked beforehand.
    walker.open("/account/join/")
    assert walker.page.locator("main input[type=checkbox]:checked").count() == 0
    walker.fill({"first_name": "Žofia", "last_name": "Nováková", "email": EMAIL, "password": PASSWORD})
    _no_barrier(walker, "main form")
    walker.page.check("main [name=consent_email]")
    walker.send("Join free")
    walker.page.click("text=Confirm my e-mail")
    walker.sign_in()
    _wait(walker, "/account/", r"\b5[01] points")

    # The member price everywhere, and why one line has none.
    assert walker.price(TEAPOT) == "€64.60"
    assert "Basic price" in walker.text(".product-words")
    assert walker.price(RUNNER) == "€36.80"
    assert "The sale price is the better one" in walker.text(".product-words")
    assert "€64.60" in walker.open("/shop/?q=round+teapot")
    cart = walker.open("/cart/")
    assert "Member price" in cart
    assert "The sale price is the better one" in cart
    assert walker.text(".sums .sum").endswith("€101.40")
    assert "Saved with member prices €3.40" in cart

    # Pays what was shown.
    walker.open("/checkout/")
    walker.fill({"email": EMAIL, **{name: value for name, value in ADDRESS.items() if value}})
    walker.send("On to delivery")
    walker.send("On to payment")
    asked = walker.text("main form[data-once] button").removeprefix("Pay ")
    promised = re.search(r"This order brings you ([\d,]+) points", walker.text(".summary"))
    assert promised
    walker.send("Pay")
    order = _order(world)
    charged = f"€{order['totalCharged']['amount']:.2f}"
    assert asked == charged == f"€{order['total']['gross']['amount']:.2f}"
    paid = {line["productName"]: f"{line['unitPrice']['gross']['amount']:.2f}" for line in order["lines"]}
    assert sorted(paid.values()) == ["36.80", "64.60"]

    # The points, with why; then a guest again.
    _wait(walker, "/account/", rf"Order {order['number']}(?!\d)")
    # The order may be booked between the page's two reads: balances are read before the statement.
    _wait(walker, "/account/", rf"On the way {promised[1]}\b")
    assert walker.text(".lp-states").startswith(f"On the way {promised[1]}")
    _no_barrier(walker, ".lp-page")
    walker.page.click(f"summary:has-text('Order {order['number']}')")
    assert promised[1] in walker.text(".lp-lines details[open] .lp-why")
    _again_with_a_code(walker, world)
    walker.open("/account/")
    walker.page.locator("main button:has-text('Sign out')").click()
    walker.page.wait_for_url(f"{world.shop_url}/")
    assert walker.price(TEAPOT) == "€68.00"
    assert "Nothing in the cart yet" in walker.open("/cart/")
    context.close()


def _again_with_a_code(walker: Walker, world: World) -> None:
    """A code comes on top of the member price; one that is none is refused, and taken off everything is as before."""
    seed = {"vouchers": [{"code": "TENTH", "percentage": "10"}]}
    httpx.post(f"{world.saleor_url}/_standin/seed", json=seed, timeout=60).raise_for_status()
    walker.put_in(TEAPOT)
    walker.open("/cart/")
    _no_barrier(walker, ".code-form")
    walker.fill({"code": "NOSUCH"})
    walker.send("Enter")
    assert "This code is not known, or was used already." in walker.text("body")
    assert walker.text(".sums .sum").endswith("€64.60")
    walker.fill({"code": "TENTH"})
    walker.send("Enter")
    assert walker.text(".sums .sum").endswith("€58.14")
    assert "Saved with member prices €3.40 Taken off by TENTH €6.46" in walker.text(".sums")
    walker.send("Take it off")
    assert walker.text(".sums .sum").endswith("€64.60")
    walker.fill({"code": "TENTH"})
    walker.send("Enter")
    walker.open("/checkout/")
    walker.fill({"email": EMAIL, **{name: value for name, value in ADDRESS.items() if value}})
    walker.send("On to delivery")
    walker.send("On to payment")
    asked = walker.text("main form[data-once] button").removeprefix("Pay ")
    walker.send("Pay")
    order = _order(world)
    assert asked == f"€{order['totalCharged']['amount']:.2f}" == f"€{order['total']['gross']['amount']:.2f}"
    assert [f"{line['unitPrice']['gross']['amount']:.2f}" for line in order["lines"]] == ["58.14"]


def _wait(walker: Walker, path: str, pattern: str) -> None:
    """Load a page until the worker has booked what it is to show."""
    until = time.monotonic() + PATIENCE
    while not re.search(pattern, walker.open(path)):
        assert time.monotonic() < until, f"{path} never showed {pattern}: {walker.text('main')}"
        walker.page.wait_for_timeout(500)


def _no_barrier(walker: Walker, part: str) -> None:
    """What the plugin put there breaks no rule of accessibility."""
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is missing"
    )
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"], "resultTypes": ["violations"]}
    found = axe.Axe().run(walker.page, context={"include": [[part]]}, options=options)
    assert found.violations_count == 0, found.generate_report()


def _order(world: World) -> dict[str, Any]:
    """The newest order as Saleor has it for its customer."""
    url = f"{world.saleor_url}/graphql/"
    with httpx.Client(timeout=60, headers={"X-Forwarded-For": "203.0.113.9"}) as http:
        signed = http.post(url, json={"query": SIGN_IN, "variables": {"e": EMAIL, "p": PASSWORD}}).json()
        token = signed["data"]["tokenCreate"]["token"]
        answer = http.post(url, json={"query": ORDER}, headers={"Authorization": f"Bearer {token}"}).json()
    found: dict[str, Any] = answer["data"]["me"]["orders"]["edges"][0]["node"]
    return found


def test_joining_at_the_checkout_keeps_the_cart(visitor: Visitor) -> None:
    visitor.put_in_cart("round-teapot")
    visitor.get("/checkout/")
    consent = visitor.found(r'value="([^"]+)"[^>]*id="id_member-consent_email"')
    email = "at-checkout@example.com"
    visitor.post("/checkout/", email=email, join="1", **{"member-consent_email": consent}, **ADDRESS)
    assert visitor.at == "/checkout/delivery/"
    assert "You have joined." in visitor.page
    visitor.get("/checkout/")
    visitor.post("/checkout/", email=email, join="1", **ADDRESS)
    assert "You have joined." in visitor.page  # the same one, in the same session
    stranger = Visitor(visitor.world)
    stranger.put_in_cart("round-teapot")
    stranger.get("/checkout/")
    stranger.post("/checkout/", email=email, join="1", **ADDRESS)
    assert "There is a membership with this e-mail address" in stranger.page
    assert stranger.at == "/checkout/delivery/"
    stranger.http.close()
