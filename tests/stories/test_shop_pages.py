"""The demonstration shop, walked through as its visitors do, with and without a script; it proves no rule of points."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox.launch.world import World
from sandbox.seed import catalogue
from tests.stories.shopkit import ADDRESS, Visitor

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
    # The shop lists the order at once, its points come with the worker.
    visitor.wait_for("/account/", r"<dt>On the way</dt><dd>[1-9]")
    assert visitor.found(r"<dt>On the way</dt><dd>([\d,]+)<") == promised
    visitor.get("/account/orders/")
    page = visitor.get(visitor.found(r'href="(/account/orders/[^"]+/)"'))
    assert "1 × €64.60" in page


def test_a_member_checks_in_once_a_day_and_takes_a_card(visitor: Visitor) -> None:
    visitor.register("visits@example.com")
    visitor.confirm()
    visitor.sign_in("visits@example.com")
    visitor.wait_for("/account/", r"<b>(5[01])</b> points")
    assert "Tomorrow brings 2 points" in visitor.post("/loyalty/membership/check-in/")
    assert "<b>51</b> points" in visitor.post("/loyalty/membership/check-in/")
    assert "lp-card-number" in visitor.post("/loyalty/membership/card/")
    number = visitor.found(r'class="lp-card-number">([^<]+)<')
    visitor.post("/loyalty/membership/card/")
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
    page = browser.new_context(viewport={"width": width, "height": height}).new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    for path in PAGES:
        page.goto(world.shop_url + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert not broken
    page.context.close()


def test_the_drawer_shows_what_was_put_in(world: World, browser: Any) -> None:
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    page.goto(f"{world.shop_url}/products/first-harvest-sencha/")
    page.click("label:has-text('100 g')")
    assert page.inner_text(".lp-amount:visible") == "€27.50"
    page.click("text=Add to cart")
    page.wait_for_selector("dialog[open] .line")
    assert page.inner_text("[data-count]") == "1"
    page.click("dialog [aria-label*=' more']")
    page.wait_for_function("document.querySelector('[data-count]').textContent === '2'")
    assert "€55.00" in page.inner_text("dialog .sum")
    page.context.close()
