"""The contract of perks: what they may answer for any line, any cart and any tier."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any

from hypothesis import strategies as st

from loyalty_plugin import registry
from loyalty_plugin.domain.extensions import (
    Cart,
    CartPerk,
    Declined,
    Gating,
    Gift,
    Giving,
    LinePerk,
    OccasionKind,
    PriceOffer,
    Promise,
    Shipping,
    ShippingMethod,
    Taken,
    Telling,
)
from loyalty_plugin.domain.facts import CheckoutLineFact
from loyalty_plugin.testing.contracts import (
    ContractBroken,
    ask,
    check_data,
    check_params,
    check_shape,
    demand,
    exact,
    for_all,
)
from loyalty_plugin.testing.occasions import CHANNELS, TIERS, checkout_lines, days, members

_METHODS = ("price", "prices", "bars", "ships", "gives")


def check_perk(
    perk: type,
    params: Mapping[str, Any],
    *,
    examples: int = 200,
    read: st.SearchStrategy[Mapping[str, Any]] | None = None,
) -> None:
    """Check a perk with example parameters (JSON data) on random lines, carts and tiers. Raises ContractBroken.

    `read`: what a `Reading` perk may have read, where it needs that.
    """
    method = next((name for name in _METHODS if callable(getattr(perk, name, None))), "price")
    made = check_shape(perk, registry.perks, method)
    parsed = check_params(made, params)
    applied: list[bool] = []
    if isinstance(made, CartPerk):
        _check_carts(made, parsed, st.just({}) if read is None else read, examples, applied)
    elif isinstance(made, LinePerk):
        _check_lines(made, parsed, examples, applied)
    if isinstance(made, Gating):
        _check_gate(made, parsed, examples, applied)
    if isinstance(made, Shipping):
        _check_sending(made, parsed, applied)
    if isinstance(made, Giving):
        _check_giving(made, parsed, applied)
    if isinstance(made, Telling):
        _check_told(made, parsed)
    who = perk.__name__
    demand(bool(applied), f"{who} applied to none of {examples} lines; can its parameters ever be met?")


def _check_lines(made: LinePerk, parsed: Any, examples: int, applied: list[bool]) -> None:
    who = type(made).__name__

    def on(case: tuple[Any, Any, Any]) -> None:
        line, member, day = case
        offer = ask(f"{who}.price", lambda: made.price(parsed, line, member, day))
        if offer is not None:
            _check_offer(f"{who}.price", line, offer, applied)

    for_all(st.tuples(checkout_lines(), members(), days), on, examples)


def _check_carts(
    made: CartPerk,
    parsed: Any,
    read: st.SearchStrategy[Mapping[str, Any]],
    examples: int,
    applied: list[bool],
) -> None:
    who = type(made).__name__

    def on(cart: Cart) -> None:
        answers = ask(f"{who}.prices", lambda: dict(made.prices(parsed, cart)))
        lines = {line.line_id: line for line in cart.lines}
        for line_id, answer in answers.items():
            demand(line_id in lines, f"{who}.prices answers for a line that is not in the cart")
            _check_offer(f"{who}.prices", lines[line_id], answer, applied)

    for_all(carts(read), on, examples)


@st.composite
def carts(draw: st.DrawFn, read: st.SearchStrategy[Mapping[str, Any]] | None = None) -> Cart:
    """A cart of one to five lines, with what was bought before."""
    lines = tuple(draw(checkout_lines(f"line-{place}")) for place in range(draw(st.integers(1, 5))))
    day = draw(days)
    mine = draw(st.integers(0, 5))
    return Cart(
        lines,
        draw(members()),
        day,
        datetime.combine(day, draw(st.times()).replace(tzinfo=None) or time(0), UTC),
        draw(st.sampled_from(CHANNELS)),
        "EUR",
        Taken(mine + draw(st.integers(0, 20)), mine),
        draw(read) if read is not None else {},
    )


def _check_offer(who: str, line: CheckoutLineFact, offer: object, applied: list[bool]) -> None:
    if isinstance(offer, Declined):
        demand(isinstance(offer.why_not, str) and bool(offer.why_not), f"{who} declines without saying why")
        return
    if not isinstance(offer, PriceOffer):
        raise ContractBroken(f"{who} must answer with a PriceOffer, a Declined or None")
    demand(exact(offer.unit_price), f"{who} answers {offer.unit_price!r}; a price is in exact minor units")
    demand(offer.unit_price >= 0, f"{who} answers a price below zero")
    demand(offer.unit_price <= line.list_price, f"{who} answers a price above the list price")
    demand(isinstance(offer.reason, str) and bool(offer.reason), f"{who} gives a price without a reason")
    right = offer.pieces is None or (isinstance(offer.pieces, int) and 0 < offer.pieces <= line.quantity)
    demand(right, f"{who} prices {offer.pieces!r} pieces of a line of {line.quantity}")
    check_data(who, offer.data)
    applied.append(True)


def _check_gate(made: Gating, parsed: Any, examples: int, applied: list[bool]) -> None:
    who = f"{type(made).__name__}.bars"

    def on(line: CheckoutLineFact) -> None:
        barred = ask(who, lambda: made.bars(parsed, line))
        demand(isinstance(barred, bool), f"{who} must answer with True or False")
        if barred:
            applied.append(True)

    for_all(checkout_lines(), on, examples)


def _check_sending(made: Shipping, parsed: Any, applied: list[bool]) -> None:
    who = f"{type(made).__name__}.ships"
    for tier in TIERS:
        method = ask(who, lambda tier=tier: made.ships(parsed, tier))  # type: ignore[misc]
        if method is None:
            continue
        if not isinstance(method, ShippingMethod):
            raise ContractBroken(f"{who} must answer with a ShippingMethod or None")
        whole = isinstance(method.amount, int) and not isinstance(method.amount, bool)
        demand(whole and method.amount >= 0, f"{who} answers {method.amount!r}; minor units from 0")
        demand(bool(str(method.name)), f"{who} names no way of sending")
        applied.append(True)


def _check_giving(made: Giving, parsed: Any, applied: list[bool]) -> None:
    who = f"{type(made).__name__}.gives"
    for kind in OccasionKind:
        gift = ask(who, lambda kind=kind: made.gives(parsed, kind))  # type: ignore[misc]
        if gift is None:
            continue
        if not isinstance(gift, Gift):
            raise ContractBroken(f"{who} must answer with a Gift or None")
        whole = isinstance(gift.days, int) and not isinstance(gift.days, bool)
        demand(whole and gift.days >= 1, f"{who} gives for {gift.days!r} days; whole days from 1")
        demand(bool(str(gift.title)), f"{who} gives something without a name")
        some = gift.products or gift.variants or gift.categories or gift.collections
        demand(bool(some), f"{who} gives a piece of anything; a gift is of chosen goods")
        applied.append(True)


def _check_told(made: Telling, parsed: Any) -> None:
    who = f"{type(made).__name__}.tell"
    for tier in TIERS:
        told = ask(who, lambda tier=tier: made.tell(parsed, tier))  # type: ignore[misc]
        if told is None:
            continue
        if not isinstance(told, Promise):
            raise ContractBroken(f"{who} must answer with a Promise or None")
        demand(bool(str(told.text)), f"{who} promises without words")
        check_data(who, told.terms)
