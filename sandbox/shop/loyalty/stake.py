"""How many points an open cart would bring, by the rules an order is booked by; promises and books nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.http import HttpRequest

from loyalty_plugin.domain.earning.cuts import full_caps
from loyalty_plugin.domain.earning.decide import decide
from loyalty_plugin.domain.earning.occasions import order_occasion
from loyalty_plugin.domain.facts import LineFact, OrderFact
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.programmes import CampaignBudget
from loyalty_plugin.queries.offers import newcomer, price_fact
from loyalty_plugin.services.resolution import resolved
from sandbox.shop import catalogue
from sandbox.shop.loyalty.who import Scene, scene
from sandbox.shop.saleor import CHANNEL

if TYPE_CHECKING:
    from sandbox.shop.cart import Cart, Line


def points_at_stake(request: HttpRequest, cart: Cart) -> int | None:
    """Points this cart would earn, for a guest those a new member would; None when unknown.

    A campaign gives what is left of its budget now; limits by day and by member are taken as unused. The booking
    has the last word.
    """
    found = scene(request)
    if found is None:
        return None
    who = price_fact(found.member, found.version) if found.member else newcomer(found.version, found.now)
    try:
        occasion = order_occasion(found.version, _order(found, cart), who, at=found.now)
        left = full_caps(found.version.document.earning)
        if left.budgets:
            left = replace(left, budgets={**left.budgets, **_budgets_left(found.version.programme_id)})
        return decide(found.version, occasion, left, resolved(found.version)).points or None
    except LoyaltyError:
        return None


def _budgets_left(programme_id: int) -> dict[str, int]:
    rows = CampaignBudget.objects.filter(programme_id=programme_id)
    return {row.code: row.budget - row.used for row in rows}


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
