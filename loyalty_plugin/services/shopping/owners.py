"""Decides whose a checkout, a line, a payment or an order is; what is another's is as if it were not there.

A customer's checkout is theirs because the shop says so at this moment; a guest's belongs to the session that made it,
which only we know. The two never mix: a session opens nothing that is a customer's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet

from loyalty_plugin.conf import settings
from loyalty_plugin.domain.facts import CheckoutFact
from loyalty_plugin.domain.shopping import PlacedOrder
from loyalty_plugin.errors import NotEnforced, NotFound
from loyalty_plugin.models.realms import Mode, Realm
from loyalty_plugin.models.shopping import ShopCheckout
from loyalty_plugin.queries.programmes import channel_served


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who asks: a customer of the shop (realm and id), a guest's session (its digest), or both; and from where.

    The door has verified them; before an act on money it has had the shop confirm the customer.
    """

    realm: str = ""
    user_id: str = ""
    session: str = ""
    address: str = ""


def realm_of(buyer: Buyer, channel: str = "") -> Realm:
    """The Saleor this is about: the customer's, the one the session has bought at, or the one with the channel.

    Raises NotFound, NotEnforced.
    """
    if buyer.user_id:
        found = Realm.objects.filter(api_url=buyer.realm).first()
    elif channel:
        found = _of_channel(channel)
    else:
        row = ShopCheckout.objects.filter(session=buyer.session).exclude(session="").order_by("-pk").first()
        found = row.realm if row is not None else None
    if found is None:
        raise NotFound()
    if found.mode != Mode.ENFORCED:
        raise NotEnforced()
    return found


def _of_channel(channel: str) -> Realm | None:
    enforced = list(Realm.objects.filter(mode=Mode.ENFORCED)[:2])
    if len(enforced) == 1:
        return enforced[0]
    served = channel_served(channel)
    return Realm.objects.get(pk=served[1]) if served is not None else None


def known(buyer: Buyer, realm: Realm, checkout_id: str) -> bool:
    """Whether we made this checkout for them. It may have changed hands since: the shop is asked all the same."""
    return _mine(buyer, realm, checkout_id).exists()


def require_checkout(buyer: Buyer, realm: Realm, checkout: CheckoutFact | None) -> CheckoutFact:
    """The checkout, which is theirs. Raises NotFound, as for one that is not there."""
    if checkout is None:
        raise NotFound()
    if checkout.user_id:
        mine = buyer.realm == realm.api_url and checkout.user_id == buyer.user_id
    else:
        mine = _of_session(buyer, realm, checkout.checkout_id).exists()
    if not mine:
        raise NotFound()
    return checkout


def require_lines(checkout: CheckoutFact, line_ids: Iterable[str]) -> None:
    """All of them are lines of this checkout, which shows no other's. Raises NotFound."""
    if not set(line_ids) <= {line.line_id for line in checkout.lines}:
        raise NotFound()


def require_order(buyer: Buyer, realm: Realm, order: PlacedOrder | None) -> PlacedOrder:
    """The order, which is theirs: their account's, or made of a checkout of their session. Raises NotFound."""
    if order is None:
        raise NotFound()
    if order.user_id and order.user_id == buyer.user_id and buyer.realm == realm.api_url:
        return order
    if order.checkout_id and _of_session(buyer, realm, order.checkout_id).exists():
        return order
    raise NotFound()


def keep(buyer: Buyer, realm: Realm, checkout_id: str, *, guest: bool, now: datetime) -> None:
    """Write down whose the checkout is from now on: the session's, or the customer's, in which case no session opens it."""
    whose = {"session": buyer.session, "user_id": ""} if guest else {"session": "", "user_id": buyer.user_id}
    ShopCheckout.objects.update_or_create(
        realm=realm, checkout_id=checkout_id, defaults=whose, create_defaults={**whose, "created_at": now}
    )


def forget(*, now: datetime, limit: int = 5_000) -> int:
    """Forget whose checkouts were that no session can open any more, at most `limit`; how many it were.

    A session may have been signed anew with a later cart, and its guest look at an order of theirs: twice its time.
    """
    old = ShopCheckout.objects.filter(created_at__lt=now - timedelta(days=2 * settings.SESSION_DAYS))
    return ShopCheckout.objects.filter(pk__in=old.order_by("created_at").values("pk")[:limit]).delete()[0]


def _mine(buyer: Buyer, realm: Realm, checkout_id: str) -> QuerySet[ShopCheckout]:
    rows = ShopCheckout.objects.filter(realm=realm, checkout_id=checkout_id)
    if buyer.user_id and buyer.realm == realm.api_url:
        return rows.filter(user_id=buyer.user_id) | _of_session(buyer, realm, checkout_id)
    return _of_session(buyer, realm, checkout_id)


def _of_session(buyer: Buyer, realm: Realm, checkout_id: str) -> QuerySet[ShopCheckout]:
    rows = ShopCheckout.objects.filter(realm=realm, checkout_id=checkout_id)
    return rows.filter(session=buyer.session) if buyer.session else rows.none()
