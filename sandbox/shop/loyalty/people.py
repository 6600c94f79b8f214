"""Who is signed in at the shop, as the plugin asks it; and that they have just done so."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from loyalty_plugin.registry import ports
from loyalty_plugin.services.checkins import count_login
from loyalty_plugin.storefront.membership import CheckIn, Membership, membership
from loyalty_plugin.storefront.visitor import Customer, forget
from sandbox.shop import session
from sandbox.shop.saleor import CHANNEL


def saleor_url() -> str:
    """The API URL by which the plugin knows the shop's Saleor."""
    return f"{settings.SANDBOX_SALEOR_URL}/graphql/"


def customer(request: HttpRequest) -> Customer | None:
    """Named by the setting STOREFRONT_CUSTOMER: whom Saleor let sign in, from the server's session."""
    known = session.customer(request)
    return Customer(saleor_url(), known.id) if known else None


def member_for(request: HttpRequest) -> Membership | None:
    """The signed-in customer's membership, None for a guest or a customer who is no member."""
    return membership(request)


def signed_in(request: HttpRequest) -> CheckIn | None:
    """Tells the programme that a customer has just logged in; the state where that was today's visit, else None."""
    known = session.customer(request)
    if known is None:
        return None
    counted = count_login(realm_url=saleor_url(), user_id=known.id, channel=CHANNEL, now=ports.clock.now())
    forget(request)
    found = membership(request) if counted is not None and counted.first else None
    return found.check_in if found is not None else None
