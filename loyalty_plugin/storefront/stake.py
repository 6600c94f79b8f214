"""How many points an open cart would bring, by the rules an order is booked by; promises and books nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.http import HttpRequest

from loyalty_plugin.domain.earning.cuts import full_caps
from loyalty_plugin.domain.earning.decide import decide
from loyalty_plugin.domain.earning.occasions import order_occasion
from loyalty_plugin.domain.facts import LineFact, OrderFact
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.programmes import CampaignBudget
from loyalty_plugin.queries.offers import newcomer, price_fact
from loyalty_plugin.services.resolution import resolved
from loyalty_plugin.storefront.visitor import Scene, scene


@dataclass(frozen=True, slots=True)
class CartLine:
    """One line of the cart: `total` is what it costs now, `list_total` what it would without any discount; gross,
    minor units."""

    line_id: str
    quantity: int
    total: int
    list_total: int
    product_id: str = ""
    variant_id: str = ""
    category_id: str = ""
    collection_ids: frozenset[str] = frozenset()
    member_priced: bool = False
    gift_card: bool = False


@dataclass(frozen=True, slots=True)
class Cart:
    """An open checkout as the shop's page shows it: totals in minor units of `currency`, `shipping` part of `total`.

    `given` is what points pay of it.
    """

    currency: str
    total: int
    shipping: int = 0
    lines: Sequence[CartLine] = field(default=())
    given: int = 0


def points_at_stake(request: HttpRequest | None, cart: Cart) -> int | None:
    """Points this cart would earn, for a guest those a new member would; None when unknown or none.

    A campaign gives what is left of its budget now; limits by day and by member are taken as unused. The booking
    has the last word.
    """
    found = scene(request)
    if found is None or cart.currency != found.version.currency:
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
    return OrderFact(
        realm="",
        order_id="",
        number="",
        channel=found.channel,
        currency=cart.currency,
        user_id=found.customer.user_id if found.customer else "",
        user_email="",
        created_at=found.now,
        updated_at=found.now,
        status="UNFULFILLED",
        lines=tuple(_line(line) for line in cart.lines),
        total_gross=cart.total,
        total_net=cart.total,
        shipping_gross=cart.shipping,
        shipping_net=cart.shipping,
        charged=cart.total,
        refunded=0,
        given_paid=cart.given,
        paid_at=found.now,
    )


def _line(line: CartLine) -> LineFact:
    return LineFact(
        line_id=line.line_id,
        quantity=line.quantity,
        product_id=line.product_id,
        variant_id=line.variant_id,
        category_id=line.category_id,
        collection_ids=line.collection_ids,
        gross=line.total,
        net=line.total,
        undiscounted_gross=line.list_total,
        member_priced=line.member_priced,
        gift_card=line.gift_card,
    )
