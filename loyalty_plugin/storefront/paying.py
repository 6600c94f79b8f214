"""What a shop's payment page shows of points, and what its visitor does with them; the shop begins the payment itself."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest

from loyalty_plugin.errors import LoyaltyError, NotFound, TokenRefused
from loyalty_plugin.models.payments import Payment
from loyalty_plugin.services import paying
from loyalty_plugin.services.paying import Reserved
from loyalty_plugin.storefront.visitor import Customer, Scene, forget, scene
from loyalty_plugin.storefront.words import money

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InUse:
    """What is reserved for this cart, in words; `minor` is what it pays, `begun` whether the shop counts on it."""

    points: int
    pays: str
    minor: int
    until: datetime
    begun: bool


@dataclass(frozen=True, slots=True)
class PayOffer:
    """What points may pay of a cart: the visitor has `available`, at most `points` are of use and pay `pays`."""

    available: int
    points: int
    pays: str
    least: int
    in_use: InUse | None

    @property
    def enough(self) -> bool:
        """Whether there is something to be used."""
        return self.points >= max(self.least, 1)


def pay_offer(request: HttpRequest, checkout_id: str) -> PayOffer | None:
    """What a member may pay of this cart; None for a guest, where no points are taken, and while the shop is away."""
    found, customer = _who(request)
    if found is None or customer is None or found.version.document.paying.points is None:
        return None
    try:
        offer = paying.offer(found.actor, realm_url=customer.realm, checkout_id=checkout_id, now=found.now)
    except LoyaltyError as error:
        _log.info("no points are offered for a cart: %s", error.code)
        return None
    terms = found.version.document.paying.points
    in_use = _in_use(offer.reserved)
    return PayOffer(
        offer.wallet.points,
        offer.points,
        money(terms.pays(offer.points, offer.room.points), offer.currency),
        terms.least,
        in_use,
    )


def use_points(request: HttpRequest, checkout_id: str, points: int) -> Reserved:
    """Reserve so many points for the visitor's cart; begin a payment with the token. Raises as `services.paying.reserve`."""
    found, customer = _who(request)
    if found is None or customer is None:
        raise TokenRefused(reason="missing")
    made = paying.reserve(
        found.actor, realm_url=customer.realm, checkout_id=checkout_id, points=points, now=found.now
    )
    forget(request)
    return made


def take_off(request: HttpRequest, checkout_id: str) -> bool:
    """Take what is reserved off the visitor's cart; whether it is free by now. Nothing there is nothing to do."""
    found, customer = _who(request)
    if found is None or customer is None:
        raise TokenRefused(reason="missing")
    try:
        return paying.remove(found.actor, realm_url=customer.realm, checkout_id=checkout_id, now=found.now)
    except NotFound:
        return True
    finally:
        forget(request)


def _who(request: HttpRequest) -> tuple[Scene | None, Customer | None]:
    found = scene(request)
    if found is None or found.member is None:
        return None, None
    return found, found.customer


def _in_use(row: Payment | None) -> InUse | None:
    if row is None or row.state != Payment.State.RESERVED:
        return None
    return InUse(
        row.points, money(row.amount, row.currency), row.amount, row.hold.until, bool(row.transaction_id)
    )
