"""The member price from shelf to bill, and a forged message that leaves no trace."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sandbox.launch.steps import Step
from sandbox.seed.people import PASSWORD
from sandbox.story.stage import EMAIL, FIRST, LAST, Stage, berlin, told
from sandbox.story.visitor import Page

SHELF = "/products/kettle/"
ADDRESS = {
    "email": EMAIL,
    "first_name": FIRST,
    "last_name": LAST,
    "street": "Lindenstraße 8",
    "postal_code": "04107",
    "city": "Leipzig",
    "country": "DE",
}


def play(stage: Stage) -> Iterator[Step]:
    """One purchase at the shop, one attempt to cheat."""
    stage.go_to(berlin(4, 28))
    yield _member_price(stage)
    yield _forged(stage)


def _member_price(stage: Stage) -> Step:
    visitor = stage.customer()
    guest = visitor.open(SHELF)
    visitor.open("/account/sign-in/").submit({"email": EMAIL, "password": PASSWORD})
    shelf = visitor.open(SHELF)
    cart = shelf.submit({"quantity": "1"}, action="/cart/add/")
    delivery = visitor.open("/checkout/").submit(ADDRESS)
    payment = delivery.submit({})
    asked = payment.text("form button")
    payment.submit({})
    stage.settle()
    order = stage.last_order(
        "totalCharged{amount} isPaid lines{unitPrice{gross{amount}} undiscountedUnitPrice{gross{amount}}}"
    )
    [line] = order["lines"]
    return told(
        "A member buys a kettle of €80.00 at the shop; Premium pays 10 % less, delivery is €4.90",
        "guest €80.00; member €72.00 on the shelf, €72.00 in the cart, Pay €76.90; 72.00 on the order, charged 76.90",
        f"guest {_price(guest)}; member {_price(shelf)} on the shelf, {cart.text('.line-total')} in the cart,"
        f" {asked}; {line['unitPrice']['gross']['amount']:.2f} on the order,"
        f" charged {order['totalCharged']['amount']:.2f}",
    )


def _price(page: Page) -> str:
    """The large price, without the words for those who hear the page."""
    return page.text(".lp-amount").split()[-1]


def _forged(stage: Stage) -> Step:
    before = (stage.standing(), _received(stage))
    body = json.dumps(
        {
            "__typename": "OrderPaid",
            "issuedAt": stage.now.isoformat(),
            "recipient": {"id": stage.app_id},
            "order": {"id": stage.last_order("id")["id"], "total": {"gross": {"amount": 1000000}}},
        }
    ).encode()
    [key] = httpx.get(f"{stage.context.saleor_url}/.well-known/jwks.json", timeout=60).json()["keys"]
    answer = httpx.post(
        f"{stage.context.shop_url}/loyalty/saleor/events",
        content=body,
        headers={
            "Content-Type": "application/json",
            "Saleor-Api-Url": f"{stage.context.saleor_url}/graphql/",
            "Saleor-Event": "order_paid",
            "Saleor-Signature": _signed(body, key["kid"]),
            "X-Loyalty-Secret": "a guess",
        },
        timeout=60,
    )
    stage.settle()
    same = (stage.standing(), _received(stage)) == before
    return told(
        "Somebody sends an order_paid signed with a key of their own, under the name of Saleor's key",
        "answered 401, nothing kept, nothing changed",
        f"answered {answer.status_code}, " + ("nothing kept, nothing changed" if same else "something kept"),
    )


def _received(stage: Stage) -> int:
    return stage.count("SELECT count(*) FROM loyalty_plugin_inboxitem")


def _signed(body: bytes, key_id: str) -> str:
    """A detached signature as Saleor makes them, by a key that is not Saleor's."""
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    header: dict[str, Any] = {"alg": "RS256", "b64": False, "crit": ["b64"], "kid": key_id, "typ": "JWT"}
    protected = _b64(json.dumps(header).encode())
    signature = stranger.sign(protected + b"." + body, padding.PKCS1v15(), hashes.SHA256())
    return f"{protected.decode()}..{_b64(signature).decode()}"


def _b64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
