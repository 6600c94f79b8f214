"""The demonstration shop, walked through as its visitors do, with and without a script; it proves no rule of points."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from datetime import date
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from graphql import build_schema, parse, validate

from sandbox.launch.folder import DataFolder
from sandbox.launch.ports import free_ports
from sandbox.launch.world import World, story_world
from sandbox.seed import catalogue, history, pictures
from sandbox.seed.people import PASSWORD, PEOPLE
from sandbox.shop import saleor
from sandbox.shop.money import Money

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = {
    "first_name": "Žofia",
    "last_name": "Nováková-Ó Briain",
    "street": "Lange Straße 1",
    "postal_code": "10115",
    "city": "Berlin",
    "country": "DE",
    "phone": "",
}


# -- data ------------------------------------------------------------------------------------------------
def test_every_product_has_a_picture_that_is_drawn_the_same_each_time() -> None:
    assert {goods.slug for goods in catalogue.GOODS} == set(pictures.PRODUCTS)
    for slug in pictures.PRODUCTS:
        first = pictures.product(slug)
        assert first == pictures.product(slug)
        assert "NaN" not in first
        assert "--" not in first


def test_the_catalogue_is_a_shop_and_not_a_table() -> None:
    departments = {slug for slug, _name, _text in catalogue.CATEGORIES}
    assert len(catalogue.GOODS) >= 30
    assert {goods.category for goods in catalogue.GOODS} == departments
    assert {c for goods in catalogue.GOODS for c in goods.collections} == {
        s for s, _name in catalogue.COLLECTIONS
    }
    skus = [goods.sku(i) for goods in catalogue.GOODS for i in range(len(goods.sizes))]
    assert len(skus) == len(set(skus))
    assert all(cents > 0 for goods in catalogue.GOODS for _name, cents in goods.sizes)


def test_forty_people_and_the_same_half_year_each_time() -> None:
    assert len(PEOPLE) == len({person.email for person in PEOPLE}) == 40
    today = date(2026, 11, 23)
    first, second = list(history.fortnights(today)), list(history.fortnights(today))
    assert first == second
    skus = {goods.sku(i) for goods in catalogue.GOODS for i in range(len(goods.sizes))}
    bought = [purchase for part in first for purchase in part.purchases]
    assert {purchase.person for purchase in bought} == set(PEOPLE)
    for purchase in bought:
        assert purchase.lines
        assert history.joined(purchase.person, today) < purchase.at.date() < today
        assert {sku for sku, _quantity in purchase.lines} <= skus


# -- Saleor ----------------------------------------------------------------------------------------------
SCHEMAS = [ROOT / "sandbox" / "saleor" / "schema.graphql"]
if "SALEOR_FACTS" in os.environ:
    SCHEMAS.append(Path(os.environ["SALEOR_FACTS"]) / "schema.graphql")


@pytest.mark.parametrize("file", SCHEMAS, ids=lambda file: file.parent.name)
def test_what_the_shop_asks_saleor_is_valid(file: Path) -> None:
    schema = build_schema(file.read_text())
    for name, text in saleor.documents().items():
        assert not validate(schema, parse(text)), name


@pytest.mark.parametrize(
    ("money", "shown"),
    [
        (Money(123456, "EUR"), "€1,234.56"),
        (Money(-500, "EUR"), "\N{MINUS SIGN}€5.00"),
        (Money(1200, "JPY"), "¥1,200"),
        (Money(1, "KWD"), "0.001\N{NO-BREAK SPACE}KWD"),
    ],
)
def test_money_is_shown_with_its_currency(money: Money, shown: str) -> None:
    assert str(money) == shown


# -- the running shop ------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A shop of its own with goods, the plugin installed and its terms in force, and nobody in it yet."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    kept = {number: signal.getsignal(number) for number in numbers}
    folder = DataFolder(tmp_path_factory.mktemp("shop") / "data", kind="story")
    try:
        with story_world(folder, free_ports(2)) as made:
            seeded = made.manage(["sandbox_seed", "--without-history"])
            assert seeded.returncode == 0, seeded.stderr
            yield made
    finally:
        # The launcher ignores signals while it stops, since its process ends then; this one goes on.
        for number, handler in kept.items():
            signal.signal(number, handler)


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

    def wait_for(self, path: str, pattern: str, seconds: float = 60) -> None:
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


@pytest.fixture
def visitor(world: World) -> Iterator[Visitor]:
    made = Visitor(world)
    yield made
    made.http.close()


PAGES = [
    "/",
    "/shop/",
    *(f"/shop/{slug}/" for slug, _name, _text in catalogue.CATEGORIES),
    "/shop/?q=teapot&sort=high",
    "/shop/?q=nothing-is-called-this",
    "/products/first-harvest-sencha/",
    "/products/table-runner/",
    "/cart/",
    "/account/sign-in/",
    "/account/join/",
    "/delivery-and-returns/",
    "/the-circle/",
    "/about/",
]


@pytest.mark.parametrize("path", PAGES)
def test_a_guest_can_look_at_every_page(visitor: Visitor, path: str) -> None:
    page = visitor.get(path)
    assert len(re.findall(r"<h1\b", page)) <= 1
    assert "None" not in re.sub(r"<(script|style).*?</\1>|<[^>]+>", "", page, flags=re.S)
    for source in set(re.findall(r'<img[^>]+src="([^"]+)"', page)):
        assert visitor.http.head(unescape(source)).status_code == 200, source


def test_what_is_not_there_is_not_found(visitor: Visitor) -> None:
    visitor.get("/products/flying-carpet/", 404)
    visitor.get("/shop/carpets/", 404)


def test_a_guest_sees_the_shelf_price_and_what_members_pay(visitor: Visitor) -> None:
    visitor.get("/products/round-teapot/")
    assert visitor.found(r'class="lp-amount">([^<]+)<') == "€68.00"
    assert "Members pay €64.60 — join free" in visitor.page


def test_a_sale_shows_the_price_before(visitor: Visitor) -> None:
    visitor.get("/products/table-runner/")
    assert "<s>€46.00</s>" in visitor.page
    assert "€36.80" in visitor.page


def test_the_cart_works_without_a_script(visitor: Visitor) -> None:
    visitor.put_in_cart("salt-pot", 2)
    line = visitor.found(r'name="line" value="([^"]+)"')
    assert "€64.00" in visitor.page
    assert visitor.found(r"Members collect <b>(\d+) points</b>") in ("64", "128")  # double on the member day
    assert "€96.00" in visitor.post("/cart/change/", line=line, quantity="2", step="1")
    assert "Nothing in the cart yet" in visitor.post("/cart/change/", line=line, quantity="1", step="-1")


@pytest.mark.parametrize("quantity", ["-3", "a few", "", "999999"])
def test_an_odd_quantity_never_breaks_the_cart(visitor: Visitor, quantity: str) -> None:
    visitor.get("/products/salt-pot/")
    variant = visitor.found(r'name="variant" value="([^"]+)"')
    visitor.post("/cart/add/", variant=variant, quantity=quantity)
    assert 1 <= int(visitor.found(r'name="quantity" value="(\d+)"')) <= 20


def test_a_variant_that_does_not_exist_is_refused_in_words(visitor: Visitor) -> None:
    visitor.get("/products/salt-pot/")
    page = visitor.post("/cart/add/", variant="UHJvZHVjdFZhcmlhbnQ6OTk5OTk5", quantity="1")
    assert "can&#x27;t be added right now" in page


def test_a_guest_can_buy(visitor: Visitor) -> None:
    visitor.put_in_cart("morning-mug")
    assert visitor.check_out("guest@example.com")
    assert "Nothing in the cart yet" in visitor.get("/cart/")


def test_an_address_with_a_gap_keeps_what_was_typed(visitor: Visitor) -> None:
    visitor.put_in_cart("morning-mug")
    visitor.get("/checkout/")
    page = visitor.post("/checkout/", email="guest@example.com", **{**ADDRESS, "city": ""})
    assert visitor.at == "/checkout/"
    assert "Lange Straße 1" in page
    assert "Please fill this in" in page


def test_steps_of_the_checkout_cannot_be_skipped(visitor: Visitor) -> None:
    visitor.get("/checkout/payment/")
    assert visitor.at == "/cart/"
    visitor.put_in_cart("morning-mug")
    visitor.get("/checkout/payment/")
    assert visitor.at == "/checkout/"


def test_registering_needs_a_confirmed_address(visitor: Visitor) -> None:
    visitor.register("new@example.com")
    letter = visitor.page
    visitor.sign_in("new@example.com")
    assert "confirm your e-mail first" in visitor.page
    visitor.page = letter
    visitor.confirm()
    assert "your e-mail is confirmed" in visitor.page
    visitor.page = letter
    visitor.confirm()
    assert "has been used or is too old" in visitor.page
    visitor.sign_in("new@example.com")
    assert visitor.at == "/account/"


def test_a_wrong_password_says_no_more_than_that(visitor: Visitor) -> None:
    visitor.sign_in("nobody@example.com")
    assert "E-mail and password don&#x27;t match" in visitor.page


def test_a_customer_finds_their_orders_and_nobody_elses(visitor: Visitor, world: World) -> None:
    visitor.register("buyer@example.com")
    visitor.confirm()
    visitor.sign_in("buyer@example.com")
    visitor.put_in_cart("oak-board")
    number = visitor.check_out("buyer@example.com")
    assert f"Order {number}" in visitor.get("/account/orders/")
    own = visitor.found(r'href="(/account/orders/[^"]+/)"')
    assert "Oak chopping board" in visitor.get(own)

    stranger = Visitor(world)
    stranger.get(own)
    assert stranger.at == "/account/sign-in/"
    stranger.register("stranger@example.com")
    stranger.confirm()
    stranger.sign_in("stranger@example.com")
    stranger.get(own, 404)
    stranger.http.close()


def test_a_member_sees_one_price_on_shelf_cart_bill_and_order(visitor: Visitor) -> None:
    visitor.register("member@example.com")
    visitor.confirm()
    visitor.sign_in("member@example.com")
    # One more where the worker was faster than the log-in, which counts as a visit.
    visitor.wait_for("/account/", r"<b>(5[01])</b> points")
    visitor.get("/products/round-teapot/")
    assert visitor.found(r'class="lp-amount">.*?</span>\s*([^<]+)<') == "€64.60"
    assert "Basic price" in visitor.page
    visitor.put_in_cart("round-teapot")
    assert "Member price" in visitor.page
    assert "Saved with member prices" in visitor.page
    promised = visitor.found(r"This order brings you <b>([\d,]+) points</b>")
    number = visitor.check_out("member@example.com")
    visitor.wait_for("/account/", rf"(Order {number})\b")
    assert visitor.found(r"<dt>On the way</dt><dd>([\d,]+)<") == promised
    visitor.get("/account/orders/")
    page = visitor.get(visitor.found(r'href="(/account/orders/[^"]+/)"'))
    assert "1 × €64.60" in page


def test_a_member_checks_in_once_a_day_and_takes_a_card(visitor: Visitor) -> None:
    visitor.register("visits@example.com")
    visitor.confirm()
    visitor.sign_in("visits@example.com")
    visitor.wait_for("/account/", r"<b>(5[01])</b> points")
    assert "Tomorrow brings 2 points" in visitor.post("/account/check-in/")
    assert "<b>51</b> points" in visitor.post("/account/check-in/")
    assert "lp-card-number" in visitor.post("/account/card/")
    number = visitor.found(r'class="lp-card-number">([^<]+)<')
    visitor.post("/account/card/")
    assert visitor.found(r'class="lp-card-number">([^<]+)<') == number


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_signing_in_never_leads_away(world: World, away: str) -> None:
    visitor = Visitor(world)
    email = f"next{len(away)}@example.com"
    visitor.register(email)
    visitor.confirm()
    visitor.sign_in(email, next=away)
    assert visitor.at == "/account/"
    assert visitor.host == urlsplit(world.shop_url).netloc
    visitor.http.close()


def test_signing_out_leaves_nothing_behind(visitor: Visitor) -> None:
    visitor.register("leaver@example.com")
    visitor.confirm()
    visitor.sign_in("leaver@example.com")
    visitor.put_in_cart("oak-board")
    visitor.post("/account/sign-out/")
    assert "Nothing in the cart yet" in visitor.get("/cart/")
    visitor.get("/account/")
    assert visitor.at == "/account/sign-in/"


def test_logging_in_is_the_days_visit(visitor: Visitor) -> None:
    visitor.register("returning@example.com")
    visitor.confirm()
    visitor.sign_in("returning@example.com")
    visitor.wait_for("/account/", r"<b>(5[01])</b> points")
    for _ in range(2):
        visitor.post("/account/sign-out/")
        visitor.sign_in("returning@example.com")
        page = visitor.get("/account/")
        assert "Checked in today" in page
        assert "Tomorrow brings 2 points" in page
        assert "<b>51</b> points" in page


def test_what_was_bought_as_a_guest_is_credited_once_the_address_is_confirmed(visitor: Visitor) -> None:
    visitor.put_in_cart("round-teapot")
    number = visitor.check_out("later@example.com")
    visitor.register("later@example.com")
    visitor.confirm()
    visitor.sign_in("later@example.com")
    visitor.wait_for("/account/", rf"(Order {number})\b")
    assert "Bought as a guest" in visitor.page


# -- with a browser --------------------------------------------------------------------------------------
@pytest.mark.parametrize(("width", "height"), [(390, 844), (720, 450), (1440, 900)])
def test_no_page_is_wider_than_its_window(world: World, browser: Any, width: int, height: int) -> None:
    """720 × 450 is what a reader at 200 % sees of 1440 × 900."""
    page = browser.new_page(viewport={"width": width, "height": height})
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    for path in PAGES:
        page.goto(world.shop_url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert not broken
    page.close()


def test_the_drawer_shows_what_was_put_in(world: World, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(f"{world.shop_url}/products/first-harvest-sencha/")
    page.click("label:has-text('100 g')")
    assert page.inner_text(".lp-amount:visible") == "€27.50"
    page.click("text=Add to cart")
    page.wait_for_selector("dialog[open] .line")
    assert page.inner_text("[data-count]") == "1"
    page.click("dialog [aria-label*=' more']")
    page.wait_for_function("document.querySelector('[data-count]').textContent === '2'")
    assert "€55.00" in page.inner_text("dialog .sum")
    page.close()
