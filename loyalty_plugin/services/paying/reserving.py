"""Reserves points and stored value for a member's open checkout, says what may be reserved, and takes it off again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.facts import CheckoutFact
from loyalty_plugin.domain.paying import Parts, Payable, Wallet, compose, payable
from loyalty_plugin.domain.paying.terms import GATEWAY
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.errors import CurrencyMismatch, NotFound, NotPayable, ReservedElsewhere
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.payments import Payment
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.queries.paying import OPEN, Rules, open_payment, rules_of, wallet_of
from loyalty_plugin.queries.programmes import programme_of_channel, version_at
from loyalty_plugin.registry import ports
from loyalty_plugin.services import holds, locks
from loyalty_plugin.services.benefits import member_of
from loyalty_plugin.services.paying import ending
from loyalty_plugin.services.paying.tokens import token_of


@dataclass(frozen=True, slots=True)
class Reserved:
    """A payment that is reserved: with `token` the shop's `gateway` authorises `amount` (minor units) of it, once."""

    payment: Payment
    token: str
    gateway: str
    until: datetime
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """What a checkout may be paid with: what there is, how much of it at most, and what is reserved already.

    `due` is what nobody has paid yet. Amounts in minor units, `points` the most points that are of use.
    """

    currency: str
    due: int
    wallet: Wallet
    room: Payable
    points: int
    least: int
    reserved: Payment | None


@dataclass(frozen=True, slots=True)
class _Asked:
    realm: Realm
    member: Member
    version: ProgrammeVersion
    checkout: CheckoutFact
    rules: Rules
    room: Payable

    @property
    def target(self) -> str:
        return f"{self.checkout.realm}|{self.checkout.checkout_id}"


def offer(actor: Actor, *, realm_url: str, checkout_id: str, now: datetime) -> Offer:
    """What a member's checkout may be paid with. Raises NotFound, CurrencyMismatch, TryLater."""
    asked = _look(actor, realm_url, checkout_id, now)
    wallet = wallet_of(asked.member.pk, asked.checkout.currency)
    terms = asked.rules.points
    return Offer(
        currency=asked.checkout.currency,
        due=max(asked.checkout.total_gross - asked.checkout.covered, 0),
        wallet=wallet,
        room=asked.room,
        points=min(wallet.points, terms.needed(asked.room.points)) if terms is not None else 0,
        least=terms.least if terms is not None else 0,
        reserved=open_payment(asked.realm.pk, checkout_id, asked.member.pk),
    )


def reserve(
    actor: Actor,
    *,
    realm_url: str,
    checkout_id: str,
    points: int = 0,
    stored: int = 0,
    key: str = "",
    now: datetime,
) -> Reserved:
    """Reserve so many points and so much stored value (minor units) for one's own checkout.

    What was reserved for it before and not yet used is taken off first. The same `key` with the same request gives the
    same payment. Reads the checkout first, outside any transaction.
    Raises NotFound, InvalidAmount, NotPayable, BelowMinimum, CapExceeded, InsufficientPoints, MemberFrozen, SpendingHeld,
    ReservedElsewhere (the shop counts on what was reserved before), KeyConflict, CurrencyMismatch, TryLater.
    """
    asked = _look(actor, realm_url, checkout_id, now)
    with transaction.atomic():
        locks.hold(f"{asked.target}|paying")
        before = (
            Payment.objects.select_for_update()
            .filter(realm=asked.realm, checkout_id=checkout_id, state__in=OPEN)
            .first()
        )
        name = key or f"n{Payment.objects.filter(realm=asked.realm, checkout_id=checkout_id).count()}"
        if before is not None:
            if key and before.hold.key.endswith(f"|{key}") and _asks_for(before, points, stored):
                return _reserved(before, replayed=True)
            if before.transaction_id:
                raise ReservedElsewhere(checkout=checkout_id)
            ending.let_go(before, "replaced", now)
        parts = compose(
            points=points,
            stored=stored,
            wallet=wallet_of(asked.member.pk, asked.checkout.currency),
            room=asked.room,
            terms=asked.rules.points,
            bonus_spent=asked.rules.bonus_spent,
        )
        held = holds.place(
            actor,
            key=f"pay|{asked.target}|{name}",
            member_id=asked.member.pk,
            realm_id=asked.realm.pk,
            target=checkout_id,
            channel=asked.checkout.channel,
            amounts=parts.amounts(asked.checkout.currency),
            lasting=timedelta(minutes=asked.version.document.paying.minutes),
            now=now,
        )
        payment = _payment(asked, held, parts, now)
        return _reserved(payment, replayed=held.replayed)


def remove(actor: Actor, *, realm_url: str, checkout_id: str, now: datetime) -> bool:
    """Take what one reserved for a checkout off it; whether it is off by now, or the shop is still to be told.

    Raises NotFound where nothing is reserved.
    """
    realm = Realm.objects.filter(api_url=realm_url).first()
    found = open_payment(realm.pk, checkout_id, actor.member_id) if realm and actor.member_id else None
    if found is None:
        raise NotFound(checkout=checkout_id)
    with transaction.atomic():
        payment = Payment.objects.select_for_update().select_related("hold", "realm").get(pk=found.pk)
        if payment.state not in OPEN:
            return payment.state == Payment.State.RELEASED
        if not payment.transaction_id:
            ending.let_go(payment, "removed", now)
            return True
        item = ending.leave(payment, "removed", now)
    ports.delivery.deliver([item.pk], now=now)
    # An order may have been placed with it at this very moment: then it is the order's.
    return Payment.objects.filter(pk=payment.pk, state=Payment.State.RELEASED).exists()


def _look(actor: Actor, realm_url: str, checkout_id: str, now: datetime) -> _Asked:
    realm = Realm.objects.filter(api_url=realm_url).first()
    checkout = ports.storefront.checkout(realm_url, checkout_id) if realm is not None else None
    if realm is None or checkout is None:
        raise NotFound(checkout=checkout_id)
    programme = programme_of_channel(realm.pk, checkout.channel)
    member = member_of(realm, programme.pk, checkout.user_id) if programme is not None else None
    if programme is None or member is None or member.pk != actor.member_id:
        # Whoever asks for another's checkout learns nothing of it.
        raise NotFound(checkout=checkout_id)
    if not realm.live:
        raise NotPayable(unit="staging")
    version = version_at(programme.pk, now)
    if checkout.currency != version.currency:
        raise CurrencyMismatch(left=checkout.currency, right=version.currency)
    rules = rules_of(version)
    room = payable(
        checkout,
        rules.points,
        due=max(checkout.total_gross - checkout.covered, 0),
        not_by_points=rules.not_by_points,
        not_by_stored=rules.not_by_stored,
    )
    return _Asked(realm, member, version, checkout, rules, room)


def _asks_for(payment: Payment, points: int, stored: int) -> bool:
    return payment.points <= points and payment.principal + payment.bonus == stored


def _payment(asked: _Asked, held: holds.Held, parts: Parts, now: datetime) -> Payment:
    payment, _ = Payment.objects.get_or_create(
        hold_id=held.hold_id,
        defaults={
            "member": asked.member,
            "realm": asked.realm,
            "version_id": asked.version.id,
            "checkout_id": asked.checkout.checkout_id,
            "channel": asked.checkout.channel,
            "currency": asked.checkout.currency,
            "amount": parts.money,
            "points": parts.points,
            "points_money": parts.points_money,
            "principal": parts.principal,
            "bonus": parts.bonus,
            "bonus_spent": parts.bonus_spent,
            "created_at": now,
        },
    )
    return payment


def _reserved(payment: Payment, *, replayed: bool) -> Reserved:
    return Reserved(payment, token_of(payment), GATEWAY, payment.hold.until, replayed)
