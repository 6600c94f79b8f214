"""Promises a member the prices of their open checkout and has them carried to the shop; takes them back when they end.

The promise and the outgoing change are one transaction. The change is delivered at once, by the same row and the same
executor as later tries; an echo of our own write computes the same desired state and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import transaction

from loyalty_plugin import jobs
from loyalty_plugin.conf import settings
from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.domain.facts import CheckoutFact, CheckoutLineFact
from loyalty_plugin.domain.line_prices import Desired
from loyalty_plugin.domain.perks import QuotedLine, Thresholds
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.promises import MARK
from loyalty_plugin.errors import CurrencyMismatch, NotFound, PermissionDenied, UnknownChannel
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.orders import PricePromise
from loyalty_plugin.models.outbox import OutboxItem
from loyalty_plugin.models.realms import Mode, Realm
from loyalty_plugin.queries.offers import limits_of, price_fact
from loyalty_plugin.queries.programmes import programme_of_channel, version_at, versions_of
from loyalty_plugin.registry import ports
from loyalty_plugin.services import declines, limited, locks

_OPEN: Final = (PricePromise.Status.PROMISED, PricePromise.Status.APPLIED)
#: A promise that was renewed for so long while nobody touched its line ends: the cart was left behind.
IDLE: Final = timedelta(days=30)
_LONGEST: Final = timedelta(days=1)
#: An event that comes so soon after a price was taken back from a cart left behind is the echo of just that.
_ECHO: Final = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Promised:
    """Member prices promised on a checkout. `changed` says that the shop was told something new."""

    checkout_id: str
    lines: tuple[PricePromise, ...]
    changed: bool
    delivered: bool = True


def apply_benefits(
    actor: Actor,
    *,
    realm_url: str,
    checkout_id: str,
    now: datetime,
    untouched: bool = False,
    wanted: bool | None = None,
) -> Promised:
    """Promise the member's prices on a checkout and carry them to the shop before returning.

    Only the member whose checkout it is may ask, or the system. `untouched`: nobody did anything with it, a promise
    ran out; then one whose line has not changed for `IDLE` ends for good. `wanted` is the member's choice for this
    checkout from now on: False takes every benefit off and keeps them off whoever quotes it, True lays them on again.
    Reads the checkout first, outside any transaction.
    Raises NotFound, UnknownChannel, PermissionDenied, CurrencyMismatch, TryLater.
    """
    realm = Realm.objects.filter(api_url=realm_url).first()
    if realm is not None and realm.mode == Mode.ENFORCED:
        # Here whoever reads a checkout holds it, or would lay promises on one that is just being changed.
        from loyalty_plugin.services.shopping.requote import requote

        return requote(actor, realm, checkout_id, now=now, untouched=untouched, wanted=wanted)
    checkout = ports.storefront.checkout(realm_url, checkout_id)
    if checkout is None:
        raise NotFound(checkout=checkout_id)
    thresholds = ports.storefront.thresholds(checkout, now=now) if checkout.user_id else Thresholds()
    promised, item_id = _promise(actor, realm, checkout, thresholds, now, untouched, wanted)
    if item_id is None:
        return promised
    counts = ports.delivery.deliver([item_id], now=now)
    delivered = bool(counts.get("done"))
    if delivered:
        PricePromise.objects.filter(
            pk__in=[p.pk for p in promised.lines], status=PricePromise.Status.PROMISED
        ).update(status=PricePromise.Status.APPLIED)
    return Promised(checkout_id, promised.lines, True, delivered)


def _promise(
    actor: Actor,
    realm: Realm | None,
    checkout: CheckoutFact,
    thresholds: Thresholds,
    now: datetime,
    untouched: bool,
    wanted: bool | None,
) -> tuple[Promised, int | None]:
    programme = programme_of_channel(realm.pk, checkout.channel) if realm is not None else None
    if realm is None or programme is None:
        raise UnknownChannel(channel=checkout.channel)
    version = version_at(programme.pk, now)
    if checkout.currency != version.currency:
        raise CurrencyMismatch(left=checkout.currency, right=version.currency)
    target = f"{checkout.realm}|{checkout.checkout_id}"
    with transaction.atomic():
        locks.hold(target)
        member = member_of(realm, programme.pk, checkout.user_id)
        if actor.kind is ActorKind.MEMBER and (member is None or actor.member_id != member.pk):
            raise PermissionDenied(operation="own_checkout")
        if member is not None and wanted is not None:
            declines.choose(member, realm, checkout.checkout_id, wanted=wanted, now=now)
        kept, desired = promise_lines(
            realm, member, version, checkout, thresholds, now,
            untouched=untouched, told=actor.kind is ActorKind.SYSTEM,
        )  # fmt: skip
        promised = Promised(checkout.checkout_id, tuple(kept.values()), bool(desired))
        if not desired:
            return promised, None
        item = OutboxItem.objects.create(
            kind="checkout_prices",
            realm=realm,
            target=target,
            desired={"checkout": checkout.checkout_id, "lines": desired},
            next_attempt_at=now,
            created_at=now,
        )
        jobs.enqueue(jobs.DELIVER_OUTBOX)
        return promised, item.pk


def member_of(realm: Realm, programme_id: int, user_id: str) -> Member | None:
    """The active member whose account at the shop this is, None for a guest's empty id. One query."""
    found = Member.objects.filter(
        programme_id=programme_id, realm=realm, external_id=user_id, status=Member.Status.ACTIVE
    )
    return found.exclude(external_id="").first()


def promise_lines(
    realm: Realm,
    member: Member | None,
    version: ProgrammeVersion,
    checkout: CheckoutFact,
    thresholds: Thresholds,
    now: datetime,
    *,
    untouched: bool = False,
    told: bool = False,
    sent: Mapping[str, int] | None = None,
) -> tuple[dict[str, PricePromise], Desired]:
    """Quote a checkout and store what is promised on it from now on; the promises by line, and what the shop is to be told.

    `untouched` as for `apply_benefits`; `told`: an event asks, which may be the echo of what we did ourselves. `sent` are
    base prices by the mark they were given with, in the change that made the line: where that price is right, the mark
    is the promise's. In the caller's transaction, which holds the checkout.
    """
    quotes: Sequence[QuotedLine] = ()
    # What a copy for staging sells is no sale: nothing is promised there, and what was is taken back. So is what the
    # member does not want here.
    if member is not None and realm.live and not declines.declined(member, realm, checkout.checkout_id):
        fact = price_fact(member, version)
        quotes = limited.quote_in_turn(version, fact, checkout, now=now, thresholds=thresholds)
    before = {
        promise.line_id: promise
        for promise in PricePromise.objects.select_for_update()
        .filter(realm=realm, checkout_id=checkout.checkout_id, status__in=_OPEN)
        .order_by("created_at")
    }
    kept = _keep_or_make(member, version, realm, checkout, quotes, before, now, dict(sent or {}))
    if untouched:
        left = {key for key, one in kept.items() if _left_behind(one, now)}
        PricePromise.objects.filter(pk__in=[kept[key].pk for key in left]).update(left_at=now)
        kept = {key: one for key, one in kept.items() if key not in left}
    elif told:
        kept = _without_echo(realm, checkout, kept, now)
    _withdraw(before.values(), kept.values())
    _renew(kept.values(), version, now)
    made = [one for one in kept.values() if one._state.adding]
    PricePromise.objects.bulk_create(made)
    limited.keep(made, version.programme_id)
    return kept, _desired(checkout, kept)


def _keep_or_make(
    member: Member | None,
    version: ProgrammeVersion,
    realm: Realm,
    checkout: CheckoutFact,
    quotes: Sequence[QuotedLine],
    before: dict[str, PricePromise],
    now: datetime,
    sent: dict[str, int],
) -> dict[str, PricePromise]:
    """The promises that stand now, by line: those that said the same already, and new ones not yet stored."""
    kept: dict[str, PricePromise] = {}
    perks = limits_of(version, price_fact(member, version), checkout.channel, now) if member else {}
    for line, quote in zip(checkout.lines, quotes, strict=bool(quotes)):
        if quote.base is None or member is None:
            continue
        known = before.get(line.line_id)
        pieces = limited.pieces_of(quote, perks, line.quantity)
        if (
            known is not None
            and _same(known, member, version, line, quote)
            and limited.held_by(known) == pieces
        ):
            kept[line.line_id] = known
            continue
        kept[line.line_id] = PricePromise(
            id=_id_sent(sent, line, quote) or uuid4(),
            member=member,
            version_id=version.id,
            realm=realm,
            checkout_id=checkout.checkout_id,
            line_id=line.line_id,
            variant_id=line.variant_id,
            quantity=line.quantity,
            unit_price=quote.unit_price,
            base_price=quote.base,
            guest_price=line.promotion_price,
            with_tax=checkout.with_tax,
            currency=checkout.currency,
            reason={
                "perk": quote.perk_id,
                "reason": quote.reason,
                "data": dict(quote.data),
                "tier": member.tier,
                **({"limited": pieces} if pieces else {}),
                **({"floor": floor} if (floor := version.document.prices.floor(line)) else {}),
            },
            created_at=now,
            valid_until=now,
        )
    return kept


def _id_sent(sent: dict[str, int], line: CheckoutLineFact, quote: QuotedLine) -> UUID | None:
    """The id that the line's mark gives its promise, where that mark came with this very price; once for each."""
    if sent.pop(line.override_reason, None) != quote.base:
        return None
    return UUID(line.override_reason.removeprefix(MARK))


def _renew(kept: Iterable[PricePromise], version: ProgrammeVersion, now: datetime) -> None:
    """Say until when they hold: longer each time one is found to hold still, never beyond the version's end."""
    stored = []
    for promise in kept:
        if promise.valid_until <= now:
            # What holds limited pieces is never held for longer.
            times = 1 if limited.held_by(promise) else 2**promise.renewals
            span = min(timedelta(minutes=settings.PROMISE_MINUTES) * times, _LONGEST)
            starts = (one.starts_at for one in versions_of(version.programme_id).all)
            promise.valid_until = min([now + span, *(start for start in starts if start > now)])
            promise.renewals = min(promise.renewals + 1, 20)
        if promise.quote_due != promise.valid_until or promise.quote_tries:
            promise.quote_due, promise.quote_tries, promise.quote_fault = promise.valid_until, 0, ""
            stored.append(promise)
    old = [promise for promise in stored if not promise._state.adding]
    if old:
        PricePromise.objects.bulk_update(
            old, ["valid_until", "renewals", "quote_due", "quote_tries", "quote_fault"]
        )


def _left_behind(promise: PricePromise, now: datetime) -> bool:
    if promise._state.adding:
        return False
    return promise.created_at + IDLE <= now or limited.lapsed(promise, now)


def _without_echo(
    realm: Realm, checkout: CheckoutFact, kept: dict[str, PricePromise], now: datetime
) -> dict[str, PricePromise]:
    """The promises without new ones on lines that just lost theirs for being left behind: our own change echoes."""
    if not any(one._state.adding for one in kept.values()):
        return kept
    left = set(
        PricePromise.objects.filter(
            realm=realm, checkout_id=checkout.checkout_id, left_at__gt=now - _ECHO
        ).values_list("line_id", "quantity")
    )
    return {key: one for key, one in kept.items() if not one._state.adding or (key, one.quantity) not in left}


def _same(
    known: PricePromise,
    member: Member,
    version: ProgrammeVersion,
    line: CheckoutLineFact,
    quote: QuotedLine,
) -> bool:
    return (
        known.member_id == member.pk
        and known.version_id == version.id
        and known.variant_id == line.variant_id
        and known.quantity == line.quantity
        and (known.unit_price, known.base_price) == (quote.unit_price, quote.base)
    )


def _desired(checkout: CheckoutFact, kept: dict[str, PricePromise]) -> Desired:
    """What the shop is to be told, by line; empty where everything is as it should be."""
    desired: dict[str, Any] = {}
    for line in checkout.lines:
        promise = kept.get(line.line_id)
        mark = f"{MARK}{promise.pk}" if promise is not None else ""
        if promise is not None and line.override_reason != mark:
            desired[line.line_id] = {
                "price": promise.base_price,
                "reason": mark,
                "unit_price": promise.unit_price,
            }
        elif promise is None and line.override_reason.startswith(MARK):
            desired[line.line_id] = {"price": None, "reason": ""}
    return desired


def _withdraw(before: Iterable[PricePromise], kept: Iterable[PricePromise]) -> None:
    standing = {promise.pk for promise in kept}
    ended = [promise.pk for promise in before if promise.pk not in standing]
    if ended:
        PricePromise.objects.filter(pk__in=ended).update(status=PricePromise.Status.WITHDRAWN)
