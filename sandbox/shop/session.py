"""Keeps the signed-in customer: Saleor's tokens stay in the server's session, refreshed here, never in the browser."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

import jwt
from django.http import HttpRequest

from sandbox.shop import saleor

KEY = "saleor"
EARLY = 30
"""Seconds before its end at which an access token is refreshed."""


@dataclass(frozen=True)
class Customer:
    """Who is signed in, as Saleor named them at sign-in."""

    id: str
    email: str
    first_name: str
    last_name: str

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.email


def sign_in(request: HttpRequest, email: str, password: str) -> Customer:
    """Signs the customer in and gives the session a new key. Raises saleor.Refused, saleor.Unreachable."""
    visitor = request.META.get("REMOTE_ADDR", "")
    payload = saleor.mutate("SignIn", {"email": email, "password": password}, visitor=visitor)
    user = payload["user"]
    customer = Customer(user["id"], user["email"], user["firstName"], user["lastName"])
    request.session.cycle_key()
    request.session[KEY] = {
        "access": payload["token"],
        "refresh": payload["refreshToken"],
        "customer": asdict(customer),
    }
    return customer


def sign_out(request: HttpRequest) -> None:
    """Forgets the customer and their cart, so that the next person at this screen starts clean."""
    request.session.flush()


def customer(request: HttpRequest) -> Customer | None:
    kept = request.session.get(KEY)
    return Customer(**kept["customer"]) if kept else None


def access_token(request: HttpRequest) -> str | None:
    """A token that lives long enough for this request; None for a guest or when Saleor no longer takes the refresh token."""
    kept = request.session.get(KEY)
    if not kept:
        return None
    if _seconds_left(kept["access"]) > EARLY:
        return kept["access"]
    try:
        kept["access"] = saleor.mutate("Refresh", {"refreshToken": kept["refresh"]})["token"]
    except saleor.Refused:
        del request.session[KEY]
        return None
    request.session[KEY] = kept
    return kept["access"]


def _seconds_left(token: str) -> float:
    """Only Saleor judges a token; here its end is read to know when to ask for a new one."""
    return jwt.decode(token, options={"verify_signature": False})["exp"] - time.time()
