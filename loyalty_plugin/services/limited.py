"""Lets one quote at a time take of a perk with limits, and tells what an order took above one; it decides no price.

An open promise holds its pieces, an order keeps them. What is taken back, or lapsed and could not be asked about, holds
nothing any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from django.db.models import F

from loyalty_plugin.domain.facts import CheckoutFact, MemberFact, OrderFact
from loyalty_plugin.domain.perks import QuotedLine, Thresholds
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.models.orders import PerkUse, PricePromise
from loyalty_plugin.queries.offers import (
    HELD_ON,
    all_limits,
    limits_of,
    quote_checkout,
    taken_before,
)
from loyalty_plugin.queries.programmes import version_by_id
from loyalty_plugin.services import locks

#: Orders are compared as they are read, which takes its time: so long before its pieces go a promise counts as late.
_MARGIN: Final = timedelta(minutes=10)


def quote_in_turn(
    version: ProgrammeVersion,
    member: MemberFact,
    checkout: CheckoutFact,
    *,
    now: datetime,
    thresholds: Thresholds,
) -> Sequence[QuotedLine]:
    """Quote a checkout; where that takes of a limited perk, after everybody who is at it, until the transaction ends.

    In a transaction, before any row of a promise is locked.
    """
    quotes = quote_checkout(version, member, checkout, now=now, thresholds=thresholds)
    limited = limits_of(version, member, checkout.channel, now)
    if not any(pieces_of(quote, limited) for quote in quotes):
        return quotes
    _hold((version.programme_id, perk_id) for perk_id in limited)
    return quote_checkout(version, member, checkout, now=now, thresholds=thresholds)


def pieces_of(quote: QuotedLine, limited: Collection[str], quantity: int = 1) -> dict[str, int]:
    """How many pieces of each of these perks a price is made of, by the perk's id; a line is of so many pieces."""
    return {
        part.perk_id: quantity if part.pieces is None else part.pieces
        for part in quote.parts
        if part.perk_id in limited
    }


def keep(promises: Iterable[PricePromise], programme_id: int) -> None:
    """Write down what new promises hold. In the transaction they are made in."""
    PerkUse.objects.bulk_create(
        PerkUse(
            promise=promise,
            programme_id=programme_id,
            perk=perk_id,
            member_id=promise.member_id,
            pieces=pieces,
        )
        for promise in promises
        for perk_id, pieces in held_by(promise).items()
    )


def keep_more(promise: PricePromise, units: int) -> None:
    """Note that an order had more units at a promise's price than it was for. In the caller's transaction."""
    if held_by(promise) and units > promise.quantity:
        PerkUse.objects.filter(promise=promise).update(pieces=F("pieces") + units - promise.quantity)


def give_back(facts: Iterable[OrderFact]) -> None:
    """Pieces of orders that were cancelled are there for others; one query where any was. In the caller's transaction.

    Nothing brings a cancelled order back at the shop. A returned one keeps its pieces: it was bought.
    """
    cancelled = [fact for fact in facts if fact.cancelled]
    if cancelled:
        PerkUse.objects.filter(
            promise__order_id__in={fact.order_id for fact in cancelled},
            promise__checkout_id__in={fact.checkout_id for fact in cancelled} - {""},
            promise__realm__api_url__in={fact.realm for fact in cancelled},
        ).delete()


def held_by(promise: PricePromise) -> Mapping[str, int]:
    """Pieces of limited perks that a promise is for, by the perk's id; empty for most."""
    held: Mapping[str, int] = promise.reason.get("limited") or {}
    return held


def lapsed(promise: PricePromise, now: datetime) -> bool:
    """Whether a promise of a limited perk is past its time: it is not renewed for a cart that nobody touches."""
    return bool(held_by(promise)) and promise.valid_until <= now


def overdrawn(promises: Iterable[PricePromise], now: datetime) -> dict[str, int]:
    """Pieces above a perk's limit that late promises stand for, by the promise's id.

    Late: nobody kept them for this order any more. While there are pieces left it has them all the same. In the
    transaction that notes what became of the promises; they are its own afterwards.
    """
    late = [one for one in promises if held_by(one) and one.valid_until + HELD_ON - _MARGIN <= now]
    if not late:
        return {}
    _hold((one.version.programme_id, perk_id) for one in late for perk_id in held_by(one))
    found: dict[str, int] = {}
    for one in late:
        limited = all_limits(version_by_id(one.version_id))
        held = {perk_id: pieces for perk_id, pieces in held_by(one).items() if perk_id in limited}
        taken = taken_before(
            one.version.programme_id,
            {perk_id: limited[perk_id] for perk_id in held},
            one.member_id,
            one.checkout_id,
            now,
        )
        over = 0
        for perk_id, pieces in held.items():
            left = limited[perk_id].left(taken[perk_id])
            over = max(over, 0 if left is None else pieces - max(left, 0))
        if over > 0:
            found[str(one.pk)] = min(over, max(held.values()))
        # So that the next one, maybe of the same batch, counts it.
        PricePromise.objects.filter(pk=one.pk).update(status=PricePromise.Status.KEPT)
    return found


def _hold(perks: Iterable[tuple[int, str]]) -> None:
    """In one order, whoever comes: two that want the same two perks must not wait for each other."""
    for programme_id, perk_id in sorted(set(perks)):
        locks.hold(f"perk|{programme_id}|{perk_id}")
