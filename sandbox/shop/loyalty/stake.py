"""How many points an open cart would bring, by the rules an order is booked by; promises and books nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

from loyalty_plugin.domain.earning.cuts import full_caps
from loyalty_plugin.domain.earning.decide import decide
from loyalty_plugin.domain.earning.occasions import order_occasion
from loyalty_plugin.domain.facts import LineFact, OrderFact
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.queries.offers import newcomer, price_fact
from loyalty_plugin.services.resolution import resolved
from sandbox.shop import catalogue
from sandbox.shop.loyalty.who import Scene, scene
from sandbox.shop.saleor import CHANNEL

if TYPE_CHECKING:
    from sandbox.shop.cart import Cart, Line


def points_at_stake(request: HttpRequest, cart: Cart) -> int | None:
    """Points this cart would earn, for a guest those a new member would; None when unknown.

    Limits by day, by member and by campaign are taken as unused: the booking has the last word.
    """
    found = scene(request)
    if found is None:
        return None
    who = price_fact(found.member, found.version) if found.member else newcomer(found.version, found.now)
    try:
        occasion = order_occasion(found.version, _order(found, cart), who, at=found.now)
        terms = found.version.document.earning
        return decide(found.version, occasion, full_caps(terms), resolved(found.version)).points or None
    except LoyaltyError:
        return None


def _order(found: Scene, cart: Cart) -> OrderFact:
    """The cart as if it were bought and paid now."""
    products = {p.slug: p for p in catalogue.products()}
    return OrderFact(
        realm=found.realm_url,
        order_id="",
        number="",
        channel=CHANNEL,
        currency=cart.total.currency,
        user_id=cart.customer_id or "",
        user_email=cart.email,
        created_at=found.now,
        updated_at=found.now,
        status="UNFULFILLED",
        lines=tuple(_line(line, products.get(line.slug)) for line in cart.lines),
        total_gross=cart.total.minor,
        total_net=cart.total.minor,
        shipping_gross=cart.delivery.minor,
        shipping_net=cart.delivery.minor,
        charged=cart.total.minor,
        refunded=0,
        paid_at=found.now,
    )


def _line(line: Line, product: catalogue.Product | None) -> LineFact:
    return LineFact(
        line_id=line.id,
        quantity=line.quantity,
        product_id=product.id if product else "",
        variant_id=line.variant_id,
        category_id=product.category.id if product else "",
        collection_ids=product.collection_ids if product else frozenset(),
        gross=line.total.minor,
        net=line.total.minor,
        undiscounted_gross=line.list_price.times(line.quantity).minor,
        member_priced=line.is_member_price,
    )
