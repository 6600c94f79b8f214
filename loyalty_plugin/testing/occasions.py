"""Hypothesis strategies for what extensions look at: members, orders, occasions, checkout lines; asserts nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from hypothesis import strategies as st

from loyalty_plugin.domain.earning.basis import count_order
from loyalty_plugin.domain.earning.terms import Basis
from loyalty_plugin.domain.extensions import Occasion, OccasionKind
from loyalty_plugin.domain.facts import CheckoutLineFact, LineFact, MemberFact, OrderFact

#: What generated lines are made of; name these in an extension's parameters, so that it has work to do.
PRODUCTS = ("product-1", "product-2", "product-3")
CATEGORIES = ("category-1", "category-2")
COLLECTIONS = ("collection-1", "collection-2")
CHANNELS = ("web", "shop")
TIERS = ("basic", "premium", "vip")
LABELS = ("staff", "press")

days = st.dates(date(2020, 1, 1), date(2035, 12, 31))
amounts = st.one_of(st.integers(0, 5_000), st.integers(0, 50_000_000))


def members(*, counted: Collection[str] = PRODUCTS) -> st.SearchStrategy[MemberFact]:
    """Members of every kind: without birthday, born on 29 February, with a long past."""
    return st.builds(
        MemberFact,
        member_id=st.integers(1, 10**9),
        tier=st.sampled_from(TIERS),
        joined_on=st.dates(date(2015, 1, 1), date(2020, 1, 1)),
        birthday=st.one_of(
            st.none(), st.just(date(1992, 2, 29)), st.dates(date(1930, 1, 1), date(2015, 1, 1))
        ),
        verified=st.booleans(),
        orders_before=st.one_of(st.just(0), st.integers(1, 30)),
        spend_before=amounts,
        earned_before=st.integers(0, 100_000),
        labels=st.frozensets(st.sampled_from(LABELS)),
        pieces_before=st.fixed_dictionaries({product: st.integers(0, 50) for product in sorted(counted)}),
    )


@st.composite
def lines(draw: st.DrawFn, line_id: str) -> LineFact:
    """One line of an order, also a free one, a gift card, a member-priced one."""
    net = draw(amounts)
    gross = net + net * draw(st.sampled_from([0, 5, 19, 25])) // 100
    return LineFact(
        line_id=line_id,
        quantity=draw(st.integers(1, 30)),
        product_id=draw(st.sampled_from(PRODUCTS)),
        variant_id=f"variant-{line_id}",
        category_id=draw(st.sampled_from(CATEGORIES)),
        collection_ids=draw(st.frozensets(st.sampled_from(COLLECTIONS))),
        gross=gross,
        net=net,
        undiscounted_gross=gross + draw(st.integers(0, 5_000)),
        member_priced=draw(st.booleans()),
        gift_card=draw(st.integers(0, 9)) == 0,
    )


@st.composite
def orders(draw: st.DrawFn, currency: str = "EUR") -> OrderFact:
    """A paid order of one to six lines, with shipping, perhaps partly paid with a gift card."""
    count = draw(st.integers(1, 6))
    drawn = tuple(draw(lines(f"line-{place}")) for place in range(count))
    shipping_net = draw(st.integers(0, 2_000))
    shipping_gross = shipping_net + shipping_net * 19 // 100
    gross = sum(line.gross for line in drawn) + shipping_gross
    at = datetime.combine(draw(days), draw(st.times()), tzinfo=UTC)
    return OrderFact(
        realm="https://shop.example/graphql/",
        order_id="order-1",
        number="1",
        channel=draw(st.sampled_from(CHANNELS)),
        currency=currency,
        user_id="user-1",
        user_email="",
        created_at=at,
        updated_at=at,
        status="UNFULFILLED",
        lines=drawn,
        total_gross=gross,
        total_net=sum(line.net for line in drawn) + shipping_net,
        shipping_gross=shipping_gross,
        shipping_net=shipping_net,
        charged=gross,
        refunded=0,
        gift_card_paid=draw(st.one_of(st.just(0), st.integers(0, gross))),
        paid_at=at,
    )


@st.composite
def occasions(
    draw: st.DrawFn,
    kinds: Collection[OccasionKind] = tuple(OccasionKind),
    *,
    currency: str = "EUR",
    extra: st.SearchStrategy[dict[str, Any]] | None = None,
    counted: Collection[str] = PRODUCTS,
) -> Occasion:
    """An occasion of one of these kinds. Amounts count after discounts, with tax, without shipping."""
    kind = draw(st.sampled_from(sorted(kinds)))
    member = draw(members(counted=counted))
    facts = draw(extra) if extra is not None else {}
    if kind is OccasionKind.ORDER:
        order = draw(orders(currency))
        paid_at = order.created_at
        counted_amount = count_order(order, Basis())
        return Occasion(
            kind=kind,
            at=paid_at,
            day=paid_at.date(),
            currency=currency,
            member=member,
            order=order,
            lines=counted_amount.lines,
            basis=counted_amount.total,
            left_out=counted_amount.left_out,
            channel=order.channel,
            extra=facts,
        )
    day = draw(days)
    if kind is OccasionKind.BIRTHDAY:
        born = member.birthday or date(1990, 6, 15)
        member = replace(member, birthday=born)
        day = date(day.year, born.month, min(born.day, 28))
    return Occasion(
        kind=kind,
        at=datetime.combine(day, draw(st.times()), tzinfo=UTC),
        day=day,
        currency=currency,
        member=member,
        streak=draw(st.integers(1, 400)) if kind is OccasionKind.CHECK_IN else 0,
        earned_after=member.earned_before + draw(st.integers(0, 100_000)),
        channel=draw(st.sampled_from(CHANNELS)),
        extra=facts,
    )


@st.composite
def checkout_lines(draw: st.DrawFn, line_id: str = "line-1") -> CheckoutLineFact:
    """One line of a checkout, perhaps on promotion."""
    list_price = draw(st.integers(1, 1_000_000))
    promotion = draw(st.one_of(st.just(list_price), st.integers(1, list_price)))
    return CheckoutLineFact(
        line_id=line_id,
        variant_id=f"variant-{line_id}",
        product_id=draw(st.sampled_from(PRODUCTS)),
        quantity=draw(st.integers(1, 30)),
        list_price=list_price,
        promotion_price=promotion,
        unit_price=promotion,
        category_id=draw(st.sampled_from(CATEGORIES)),
        collection_ids=draw(st.frozensets(st.sampled_from(COLLECTIONS))),
        gift_card=draw(st.integers(0, 9)) == 0,
        is_gift=draw(st.integers(0, 9)) == 0,
    )
