"""What lines would cost a member, as the GraphQL door shows it; promises nothing and asks the shop nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import strawberry

from loyalty_plugin.domain.facts import CheckoutLineFact, MemberFact
from loyalty_plugin.errors import InvalidInput
from loyalty_plugin.graphql.context import Caller
from loyalty_plugin.graphql.scalars import MoneyType, Whole, money
from loyalty_plugin.graphql.segments import tier_of
from loyalty_plugin.graphql.types.points import MOST
from loyalty_plugin.graphql.types.tiers import TierType
from loyalty_plugin.models.members import Member
from loyalty_plugin.queries.explanations.offers import for_whom_it_is
from loyalty_plugin.queries.offers import kept_lines, newcomer, price_fact, quote_lines


@strawberry.input(
    name="LoyaltyPriceInput",
    description="A variant as the shop's catalogue shows it. The quote is only as true as this; "
    "what is charged is computed from the shop's own checkout.",
)
class PriceInput:
    variant_id: strawberry.ID = strawberry.field(description="The variant's id at the shop.")
    product_id: strawberry.ID = strawberry.field(description="The product's id at the shop.")
    list_price: Whole = strawberry.field(description="Undiscounted unit price, in minor units.")
    price: Whole = strawberry.field(description="Unit price with the shop's own promotions, in minor units.")
    category_id: strawberry.ID = strawberry.field(
        default=strawberry.ID(""), description="The product's category, for offers by category."
    )
    collection_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="The product's collections, for offers by collection."
    )


@strawberry.type(name="LoyaltyPrice", description="What one variant costs a member.")
class PriceType:
    variant_id: strawberry.ID = strawberry.field(description="The variant's id at the shop.")
    price: MoneyType = strawberry.field(description="What everybody pays.")
    member_price: MoneyType | None = strawberry.field(description="What a member pays, where that is less.")
    by_joining: bool = strawberry.field(
        description="Whether who asks is no member, so that the member price is for those who join."
    )
    tier: TierType = strawberry.field(description="The tier the price is for.")
    reason: str | None = strawberry.field(description="A stable code of what lowers the price.")
    why_not: str | None = strawberry.field(
        description="A stable code of why there is no member price; docs/prices.md explains each."
    )
    members_only: bool = strawberry.field(description="Whether who asks may not buy it as what they are.")
    barred: str | None = strawberry.field(
        description="A sentence that says for whom it is kept, where who asks may not buy it."
    )
    kept_for: list[TierType] = strawberry.field(
        description="The tiers whose members may buy it, lowest first, where not everybody may. Empty for what "
        "everybody may buy, and for what is kept for chosen members."
    )


def prices(
    caller: Caller, channel: str, lines: Sequence[PriceInput], segment: str | None = None
) -> list[PriceType]:
    """Quotes in the order given, for who asks or for the tier of a segment.

    Raises InvalidInput for more than a hundred lines, for negative prices, and for a segment that is none.
    """
    if len(lines) > MOST or any(line.list_price < 0 or line.price < 0 for line in lines):
        raise InvalidInput(lines=len(lines))
    facts = [_fact(number, line) for number, line in enumerate(lines)]
    if segment is None:
        return quoted(caller, channel, facts)
    version = caller.version(channel)
    somebody = newcomer(version, caller.now)
    tier = tier_of(segment, version, somebody.joined_on)
    return _quoted(caller, channel, facts, replace(somebody, tier=tier), by_joining=False)


def quoted(caller: Caller, channel: str, lines: Sequence[CheckoutLineFact]) -> list[PriceType]:
    """What lines of one piece cost who asks, in the order given; a guest is told what joining would bring."""
    version = caller.version(channel)
    member = caller.member(channel)
    if member is None or member.status != Member.Status.ACTIVE:
        return _quoted(caller, channel, lines, newcomer(version, caller.now), by_joining=True)
    return _quoted(caller, channel, lines, price_fact(member, version), by_joining=False)


def _quoted(
    caller: Caller, channel: str, lines: Sequence[CheckoutLineFact], fact: MemberFact, *, by_joining: bool
) -> list[PriceType]:
    version = caller.version(channel)
    terms = version.document.tier(fact.tier) or version.document.ladder[0]
    tier = TierType(terms=terms, version=version)
    quotes = quote_lines(version, fact, lines, now=caller.now, channel=channel)
    kept = kept_lines(version, lines, now=caller.now, channel=channel)
    barred = {
        line.line_id
        for line, quote in zip(lines, quotes, strict=True)
        # A guest is quoted as whoever joins, and may not buy what is kept all the same.
        if quote.barred or (by_joining and line.line_id in kept)
    }
    return [
        PriceType(
            variant_id=strawberry.ID(line.variant_id),
            price=money(line.promotion_price, version.currency),
            member_price=money(quote.unit_price, version.currency) if quote.base is not None else None,
            by_joining=by_joining,
            tier=tier,
            reason=quote.reason or None,
            why_not=quote.why_not or None,
            members_only=line.line_id in barred,
            barred=for_whom_it_is(version, kept.get(line.line_id, ())) if line.line_id in barred else None,
            kept_for=[
                TierType(terms=one, version=version)
                for code in kept.get(line.line_id, ())
                if (one := version.document.tier(code)) is not None
            ],
        )
        for line, quote in zip(lines, quotes, strict=True)
    ]


def _fact(number: int, line: PriceInput) -> CheckoutLineFact:
    return CheckoutLineFact(
        line_id=str(number),
        variant_id=line.variant_id,
        product_id=line.product_id,
        quantity=1,
        list_price=line.list_price,
        promotion_price=line.price,
        unit_price=line.price,
        category_id=line.category_id,
        collection_ids=frozenset(line.collection_ids),
    )
