"""Quotes a checkout of enforced mode again though no buyer asked at the door: an event, or what its prices rest on changed.

It acts only while it holds the checkout. Who holds it already settles its prices themselves.
"""

from __future__ import annotations

from datetime import datetime

from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.errors import LeaseTaken, NotFound, PermissionDenied
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import PricePromise
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.registry import ports
from loyalty_plugin.services import declines, leases
from loyalty_plugin.services.benefits import Promised
from loyalty_plugin.services.shopping.prices import settle
from loyalty_plugin.services.shopping.turns import PATIENCE


def requote(
    actor: Actor,
    realm: Realm,
    checkout_id: str,
    *,
    now: datetime,
    untouched: bool = False,
    wanted: bool | None = None,
) -> Promised:
    """As `benefits.apply_benefits`, which see. A member who asks waits; an event that finds the checkout held does not."""
    waits = actor.kind is ActorKind.MEMBER
    try:
        with leases.lease(f"{realm.api_url}|{checkout_id}", wait=PATIENCE if waits else 0.0) as held:
            checkout = ports.storefront.checkout(realm.api_url, checkout_id)
            if checkout is None:
                raise NotFound(checkout=checkout_id)
            if waits:
                member = _theirs(actor, realm, checkout.user_id)
                if wanted is not None:
                    declines.choose(member, realm, checkout_id, wanted=wanted, now=now)
            settled = settle(realm, checkout, now=now, before_writing=held.renew, untouched=untouched)
    except LeaseTaken:
        if waits:
            raise
        return Promised(checkout_id, (), False)
    rows = PricePromise.objects.filter(
        realm=realm, checkout_id=checkout_id, status__in=("promised", "applied")
    ).order_by("created_at")
    return Promised(checkout_id, tuple(rows), settled.written)


def _theirs(actor: Actor, realm: Realm, user_id: str) -> Member:
    """The member, if this is their checkout. Raises PermissionDenied."""
    rows = Member.objects.filter(pk=actor.member_id or 0, realm=realm, external_id=user_id).exclude(
        external_id=""
    )
    member = rows.first()
    if member is None:
        raise PermissionDenied(operation="own_checkout")
    return member
