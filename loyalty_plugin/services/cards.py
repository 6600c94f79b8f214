"""Issues cards: draws a number, signs the code, notes it in the trail; it does not know how a card looks."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction

from loyalty_plugin import vault
from loyalty_plugin.conf import settings
from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.domain.cards import tokens
from loyalty_plugin.domain.cards.numbers import NumberScheme
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.errors import MemberFrozen, UnknownMember
from loyalty_plugin.models.cards import Card, CardKey
from loyalty_plugin.models.members import Member
from loyalty_plugin.policies import Operation, require, require_self
from loyalty_plugin.services import audit, locks

_TRIES: Final = 8


@dataclass(frozen=True, slots=True)
class IssuedCard:
    """A card as it was issued. `replayed` marks one the member had already."""

    id: uuid.UUID
    member_id: int
    number: str
    token: str
    replayed: bool


def issue_card(actor: Actor, *, member_id: int, now: datetime) -> IssuedCard:
    """Give a member their card; the one they have, if it is active. Makes the first signing key when needed.

    A member may take their own, staff need the permission to issue cards. Raises UnknownMember, MemberFrozen,
    PermissionDenied.
    """
    if actor.kind is ActorKind.MEMBER:
        require_self(actor, member_id)
    else:
        require(actor, Operation.ISSUE_CARDS)
    with transaction.atomic():
        # The lock makes two who ask at once get the same card.
        member = (
            Member.objects.select_for_update(of=("self",), no_key=True)
            .select_related("programme")
            .filter(pk=member_id)
            .exclude(status=Member.Status.ERASED)
            .first()
        )
        if member is None:
            raise UnknownMember(member=member_id)
        has = Card.objects.filter(member=member, status=Card.Status.ACTIVE).order_by("-issued_at").first()
        if has is not None:
            return IssuedCard(has.pk, member_id, has.number, has.token, replayed=True)
        if member.status == Member.Status.FROZEN:
            raise MemberFrozen(member=member_id)
        card = _insert(member, now)
        audit.record(
            actor,
            "card.issue",
            f"member:{member_id}",
            "done",
            now=now,
            detail={"card": str(card.pk), "number": card.number},
        )
    return IssuedCard(card.pk, member_id, card.number, card.token, replayed=False)


def rotate_key(actor: Actor, *, now: datetime) -> int:
    """Sign new cards with a new key; the old ones go on verifying the cards they signed. The new key's id."""
    require(actor, Operation.PUBLISH_PROGRAMME)
    with transaction.atomic():
        locks.hold("card_keys")
        CardKey.objects.filter(retired_at=None).update(retired_at=now)
        key = _new_key(now)
        audit.record(actor, "card.rotate_key", f"card_key:{key.pk}", "done", now=now)
    return key.key_id


def _insert(member: Member, now: datetime) -> Card:
    scheme = NumberScheme.model_validate(settings.CARD_NUMBERS)
    key = _signing_key(now)
    card_id = uuid.uuid4()
    issued = local_day(now, ZoneInfo(member.programme.timezone))
    code = tokens.encode(
        tokens.CardToken(key_id=key.key_id, card=card_id, issued=issued), vault.decrypt(key.private_key)
    )
    card = Card(id=card_id, member=member, key=key, token=code, design=settings.CARD_DESIGN, issued_at=now)
    for attempt in range(1, _TRIES + 1):
        card.number = scheme.compose(secrets.randbelow(scheme.room))
        try:
            with transaction.atomic():
                card.save(force_insert=True)
        except IntegrityError:
            # With a billion numbers and more a draw hits a taken one rarely, and never eight times in a row.
            if attempt == _TRIES or not Card.objects.filter(number=card.number).exists():
                raise
            continue
        break
    return card


def _signing_key(now: datetime) -> CardKey:
    return _newest_key() or _first_key(now)


def _newest_key() -> CardKey | None:
    return CardKey.objects.filter(retired_at=None).order_by("-key_id").first()


def _first_key(now: datetime) -> CardKey:
    locks.hold("card_keys")
    # Another may have made it while we waited.
    return _newest_key() or _new_key(now)


def _new_key(now: datetime) -> CardKey:
    private = secrets.token_bytes(32)
    last = CardKey.objects.order_by("-key_id").values_list("key_id", flat=True).first() or 0
    return CardKey.objects.create(
        key_id=last + 1,
        public_key=tokens.public_key_of(private),
        private_key=vault.encrypt(private),
        created_at=now,
    )
