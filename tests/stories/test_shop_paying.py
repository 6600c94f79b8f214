"""Points at the demo shop's till, without a script: reserved in one window, missing in a second, charged, told."""

from __future__ import annotations

from sandbox.launch.world import World
from tests.stories.shopkit import ADDRESS, Visitor


def at_the_till(visitor: Visitor, email: str, slug: str) -> str:
    visitor.put_in_cart(slug)
    visitor.get("/checkout/")
    visitor.post("/checkout/", email=email, **ADDRESS)
    visitor.post("/checkout/delivery/", delivery=visitor.found(r'name="delivery" value="([^"]+)"'))
    assert visitor.at == "/checkout/payment/"
    return visitor.page


def test_points_pay_once_whichever_window_is_quicker(world: World, visitor: Visitor) -> None:
    email = "points@pay.example"
    visitor.register(email)
    visitor.confirm()
    visitor.sign_in(email)
    # The welcome, and the day's visit: that signing in counted it depends on how quick the worker was.
    visitor.wait_for("/account/", r"<b>(5[01])</b> points")
    assert "<b>51</b> points" in visitor.post("/loyalty/membership/check-in/")
    page = at_the_till(visitor, email, "salt-pot")
    assert "You have 51 points. Up to 51 of them pay €0.51 here." in page
    assert "At least 50 at once." in page

    for typed, why in (("49", "So few points"), ("52", "You don’t have that many"), ("", "whole number"),
                       ("5.5", "whole number"), ("-50", "whole number")):  # fmt: skip
        page = visitor.post("/checkout/payment/", loyalty_points=typed)
        assert why in page, typed
    page = visitor.post("/checkout/payment/", loyalty_points="50")
    assert "50 points pay €0.50 of this order." in page
    assert "Left to pay" in page

    second = Visitor(world)
    try:
        second.sign_in(email)
        page = at_the_till(second, email, "salt-pot")
        assert "You have 1 points. From 50 on they pay a part of your order." in page
        assert "You don’t have that many" in second.post("/checkout/payment/", loyalty_points="50")
        assert "<dd>50 <span" in second.get("/account/"), "reserved, until when"
        # Taken off in the first window, they can be used in the second; and the first one has none.
        page = visitor.post("/checkout/payment/", loyalty_points="0")
        assert "You have 51 points." in page
        at_the_till(second, email, "salt-pot")
        assert "pay €0.51" in second.post("/checkout/payment/", loyalty_points="51")
        assert "You don’t have that many" in visitor.post("/checkout/payment/", loyalty_points="51")
        second.post("/checkout/payment/")
        number = second.found(r"Your order (\d+) is with us")
        second.wait_for("/account/", rf"Paid for order {number}")
    finally:
        second.http.close()
