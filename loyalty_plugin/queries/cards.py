"""Reads cards, the keys that verify them and what they say; it refuses cards that are no longer good."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.domain.cards import tokens
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.texts import text_in
from loyalty_plugin.domain.tiers.terms import TierTerms
from loyalty_plugin.errors import CardRefused, NotFound
from loyalty_plugin.models.cards import Card, CardKey
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.programmes import versions_of


@dataclass(frozen=True, slots=True)
class CardView:
    """A card with all that is printed on it. `rank` is the tier's place from 0 up to `ranks` - 1."""

    id: UUID
    number: str
    token: str
    status: str
    design: str
    issued_on: date
    ended_on: date | None
    member_id: int
    name: str
    language: str
    member_since: date
    programme: str
    tier: str
    tier_name: str
    tier_colour: str | None
    rank: int
    ranks: int


def card(actor: Actor, *, card_id: UUID, now: datetime) -> CardView:
    """One card. Raises NotFound, also for a card this actor may not see."""
    return _one(actor, now, pk=card_id)


def active_card(actor: Actor, *, member_id: int, now: datetime) -> CardView | None:
    """The card a member uses now, None where there is none. Raises NotFound for another's."""
    _guard(actor, member_id)
    rows = _rows(member_id=member_id, status=Card.Status.ACTIVE).order_by("-issued_at")[:1]
    return next(iter(_views(rows, now)), None)


def cards_of(actor: Actor, *, member_id: int, now: datetime) -> list[CardView]:
    """All cards a member ever had, newest first. Raises NotFound for another's."""
    _guard(actor, member_id)
    return _views(_rows(member_id=member_id).order_by("-issued_at"), now)


def public_keys() -> dict[int, bytes]:
    """The keys that verify card codes, by id, retired ones too; anyone may have them."""
    return {key_id: bytes(key) for key_id, key in CardKey.objects.values_list("key_id", "public_key")}


def identify(actor: Actor, *, code: str, now: datetime) -> CardView:
    """The card behind the text of a scanned code. It identifies; it authorises nothing.

    Raises CardRefused, with details `reason` (not_a_card, damaged, unknown_kind, unknown_key, forged,
    unknown, lost, replaced or returned) and, for a card that was ended, `on` (a day); PermissionDenied.
    """
    require(actor, Operation.VIEW_MEMBERS)
    token = tokens.verify(code, public_keys())
    found = _views(_rows(pk=token.card), now)
    if not found or found[0].token != code:
        raise CardRefused(reason="unknown")
    if found[0].status != Card.Status.ACTIVE:
        raise CardRefused(reason=found[0].status, on=found[0].ended_on)
    return found[0]


def _guard(actor: Actor, member_id: int) -> None:
    if actor.kind is ActorKind.MEMBER and actor.member_id == member_id:
        return
    if actor.kind is ActorKind.MEMBER:
        raise NotFound()
    require(actor, Operation.VIEW_MEMBERS)


def _rows(**which: object):  # type: ignore[no-untyped-def]
    return Card.objects.filter(**which).select_related("member__programme")


def _one(actor: Actor, now: datetime, **which: object) -> CardView:
    found = _views(_rows(**which), now)
    if not found:
        raise NotFound()
    _guard(actor, found[0].member_id)
    return found[0]


def _views(rows: Sequence[Card], now: datetime) -> list[CardView]:
    ladders: dict[int, tuple[TierTerms, ...]] = {}
    views = []
    for row in rows:
        programme = row.member.programme
        if programme.pk not in ladders:
            ladders[programme.pk] = versions_of(programme.pk).at(now).document.ladder
        views.append(_view(row, ladders[programme.pk]))
    return views


def _view(row: Card, ladder: tuple[TierTerms, ...]) -> CardView:
    member = row.member
    zone = ZoneInfo(member.programme.timezone)
    rank = next((i for i, tier in enumerate(ladder) if tier.code == member.tier), 0)
    return CardView(
        id=row.pk,
        number=row.number,
        token=row.token,
        status=row.status,
        design=row.design,
        issued_on=local_day(row.issued_at, zone),
        ended_on=local_day(row.ended_at, zone) if row.ended_at else None,
        member_id=member.pk,
        name=member.name,
        language=member.language,
        member_since=local_day(member.joined_at, zone),
        programme=member.programme.name,
        tier=ladder[rank].code,
        tier_name=text_in(ladder[rank].name, member.language),
        tier_colour=ladder[rank].colour,
        rank=rank,
        ranks=len(ladder),
    )
