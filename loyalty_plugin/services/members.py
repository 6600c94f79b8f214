"""Lets people join, verifies their contact and keeps their record; awards what joining and verifying bring.

Never decides how many points: that is the version's, through `services.bonuses`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Lower

from loyalty_plugin.domain.actors import SYSTEM, Actor, ActorKind
from loyalty_plugin.domain.birthdays import check_birthday, next_birthday
from loyalty_plugin.domain.extensions import OccasionKind
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.errors import (
    AlreadyMember,
    MembershipErased,
    UnknownMember,
    UnknownProgramme,
)
from loyalty_plugin.models.members import Member, TierEvent
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.policies import Operation, require, require_self
from loyalty_plugin.queries.programmes import versions_of
from loyalty_plugin.services import audit, bonuses, claims, posting, requoting
from loyalty_plugin.signals import announce, member_joined, tier_changed

_ALPHABET = "23456789"  # no digit that is read wrongly; eight ones of it are said over the phone


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of someone who joins."""

    name: str = ""
    email: str = ""
    phone: str = ""
    birthday: date | None = None
    language: str = ""
    external_id: str = ""
    #: When the shop last changed the account these are from.
    as_of: datetime | None = None


def fresh_number() -> str:
    """A member's number; whether somebody has it already, the database says."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(10))


def join(
    actor: Actor,
    *,
    programme_id: int,
    person: Person,
    now: datetime,
    realm_id: int | None = None,
    source: str = "automatic",
    source_ref: str = "",
    verified: bool = False,
    channel: str = "",
    joined_at: datetime | None = None,
    welcome: bool = True,
) -> Member:
    """Make someone a member, in the lowest tier, with whatever the version gives for joining.

    `joined_at` is when they did, if that was earlier than now. Without `welcome` joining brings nothing: for those
    who were customers before there was a programme. The same customer joining again gives the member there is; so
    does a customer whose confirmed e-mail is that of a member without an account, whose account it is from then on.
    Raises AlreadyMember where the e-mail or phone belongs to another membership, UnknownProgramme,
    PermissionDenied, and MembershipErased where a machine would undo an erasure.
    """
    if actor.kind is ActorKind.STAFF:
        require(actor, Operation.EDIT_MEMBERS)
    joined_at = joined_at or now
    with transaction.atomic():
        programme = Programme.objects.filter(pk=programme_id).first()
        if programme is None:
            raise UnknownProgramme(programme=programme_id)
        known = _of_customer(programme_id, realm_id, person)
        if known is not None:
            return known
        if actor.kind is ActorKind.SYSTEM and claims.was_erased(programme_id, realm_id, person.external_id):
            raise MembershipErased()
        taken = _with_contact(programme_id, person)
        mine = [one for one in taken if person.external_id and one.external_id == person.external_id]
        if mine and mine[0].realm_id == realm_id:
            return mine[0]  # a parallel act has just made them a member
        if verified and len(taken) == 1 and _is_without_account(taken[0], person):
            return _give_account(taken[0].pk, person, realm_id, now=now, channel=channel, welcome=welcome)
        if taken:
            raise AlreadyMember(member=taken[0].pk, reason="contact_taken")
        version = versions_of(programme_id).at(joined_at)
        joined_on = local_day(joined_at, version.zone)
        check_birthday(person.birthday, joined_on)
        lowest = version.document.tier_codes[0]
        member, was_made = _insert(
            Member(
                programme=programme,
                realm_id=realm_id,
                external_id=person.external_id,
                account_as_of=person.as_of,
                name=person.name,
                email=person.email,
                phone=person.phone,
                birthday=person.birthday,
                birthday_due=next_birthday(person.birthday, joined_on),
                language=person.language,
                joined_at=joined_at,
                source=source,
                source_ref=source_ref,
                source_channel=channel,
                verified_at=now if verified else None,
                tier=lowest,
                tier_since=joined_on,
            )
        )
        if was_made:
            return member
        if actor.kind is ActorKind.MEMBER:
            # From here on they act as this member: ledger and trail keep no customer's id.
            actor = replace(actor, subject=str(member.pk), member_id=member.pk)
        TierEvent.objects.create(
            member=member,
            day=joined_on,
            kind="entered",
            tier=lowest,
            reason={"code": "joined"},
            recorded_at=now,
        )
        posting.open_accounts([member.pk], (POINTS, QUALIFYING))
        audit.record(actor, "member.join", f"member:{member.pk}", "done", now=now, detail={"source": source})
        announce(member_joined, member_id=member.pk, programme_id=programme_id)
        announce(tier_changed, member_id=member.pk, day=joined_on, kind="entered", tier=lowest)
        if verified:
            claims.carry_debt(member, now=now)
        if welcome:
            bonuses.award(actor, member, OccasionKind.JOINED, now=now, at=joined_at, channel=channel)
        if verified:
            if welcome:
                bonuses.award(actor, member, OccasionKind.VERIFIED, now=now, at=joined_at, channel=channel)
            claims.look_for_guest_orders([member.pk], now=now)
        return member


def check_free(programme_id: int, person: Person, *, but: int) -> None:
    """Pass where this e-mail and phone are no other member's. Raises AlreadyMember."""
    for taken in _with_contact(programme_id, person):
        if taken.pk != but:
            raise AlreadyMember(member=taken.pk, reason="contact_taken")


def _of_customer(programme_id: int, realm_id: int | None, person: Person) -> Member | None:
    if not person.external_id or realm_id is None:
        return None
    rows = Member.objects.filter(programme_id=programme_id, realm_id=realm_id, external_id=person.external_id)
    return rows.first()


def _with_contact(programme_id: int, person: Person) -> list[Member]:
    """Whose e-mail or phone this is: two at most, one for each."""
    same = Q(pk__in=())
    if person.email:
        same |= Q(address=person.email.lower())
    if person.phone:
        same |= Q(phone=person.phone)
    rows = Member.objects.filter(programme_id=programme_id).alias(address=Lower("email")).filter(same)
    return list(rows.exclude(status=Member.Status.ERASED).order_by("pk")[:2])


def _is_without_account(member: Member, person: Person) -> bool:
    """Whether the customer's own address is that of a membership which is no customer's yet."""
    same = bool(person.email) and member.email.lower() == person.email.lower()
    return same and not member.external_id and member.status == Member.Status.ACTIVE


def _give_account(
    member_id: int, person: Person, realm_id: int | None, *, now: datetime, channel: str, welcome: bool
) -> Member:
    """They joined before they had an account, or before they had confirmed its address; the address is confirmed now."""
    member = get_locked(member_id)
    member.realm_id, member.external_id, member.account_as_of = realm_id, person.external_id, person.as_of
    member.name = person.name or member.name
    member.language = member.language or person.language
    member.save(update_fields=["realm", "external_id", "account_as_of", "name", "language"])
    audit.record(SYSTEM, "member.account", f"member:{member.pk}", "done", now=now)
    return verify_contact(SYSTEM, member_id=member.pk, now=now, channel=channel, welcome=welcome)


def _insert(member: Member) -> tuple[Member, bool]:
    """The member under a number of its own; or, with True, the one whom a parallel act made of the same customer."""
    for attempt in range(8):
        member.number = fresh_number()
        try:
            with transaction.atomic():
                member.save(force_insert=True)
        except IntegrityError as error:
            if "lp_member_of_customer" in str(error):
                same = Member.objects.filter(programme=member.programme, realm=member.realm)
                return same.get(external_id=member.external_id), True
            if "lp_member_number" not in str(error) or attempt == 7:
                raise
            continue
        break
    return member, False


def get_locked(member_id: int) -> Member:
    """The member under lock. Raises UnknownMember, also for one who was erased."""
    # Never FOR UPDATE: entries refer to their member, and whoever posts would wait here with a balance in hand.
    rows = Member.objects.select_for_update(no_key=True).exclude(status=Member.Status.ERASED)
    member = rows.filter(pk=member_id).first()
    if member is None:
        raise UnknownMember(member=member_id)
    return member


def verify_contact(
    actor: Actor, *, member_id: int, now: datetime, channel: str = "", welcome: bool = True
) -> Member:
    """Mark the contact as verified: what was earned for free becomes spendable, welcome points are due.

    Without `welcome` they are not: the shop verified this contact before there was a programme. Doing it again
    changes nothing. Nobody says so of themselves. Raises PermissionDenied, UnknownMember.
    """
    require(actor, Operation.EDIT_MEMBERS)
    with transaction.atomic():
        member = get_locked(member_id)
        if member.verified_at is not None:
            return member
        member.verified_at = now
        member.save(update_fields=["verified_at"])
        audit.record(actor, "member.verify", f"member:{member.pk}", "done", now=now)
        claims.carry_debt(member, now=now)
        if welcome:
            bonuses.award(actor, member, OccasionKind.VERIFIED, now=now, channel=channel)
        claims.release(member, now=now)
        claims.look_for_guest_orders([member.pk], now=now)
    return member


def update_contact(
    actor: Actor,
    *,
    member_id: int,
    now: datetime,
    name: str | None = None,
    email: str | None = None,
    phone: str | None = None,
    language: str | None = None,
    as_of: datetime | None = None,
) -> Member:
    """Take over what the shop knows newer, or what is said anew.

    A contact that changes is no longer verified: the e-mail, or the phone of somebody who has none.

    `as_of` says when the shop last changed it: what was taken over since is not undone by an older reading.
    """
    if actor.kind is ActorKind.STAFF:
        require(actor, Operation.EDIT_MEMBERS)
    elif actor.kind is ActorKind.MEMBER:
        require_self(actor, member_id)
    with transaction.atomic():
        member = get_locked(member_id)
        changed = []
        if as_of is not None:
            if member.account_as_of is not None and as_of < member.account_as_of:
                return member
            member.account_as_of = as_of
        for field, value in (("name", name), ("email", email), ("phone", phone), ("language", language)):
            if value is not None and value != getattr(member, field):
                setattr(member, field, value)
                changed.append(field)
        contact = "email" if member.email or "email" in changed else "phone"
        if contact in changed and actor.kind is not ActorKind.SYSTEM:
            member.verified_at = None
            changed.append("verified_at")
        if as_of is not None:
            member.save(update_fields=["account_as_of"])
        if changed:
            member.save(update_fields=changed)
            audit.record(
                actor, "member.edit", f"member:{member.pk}", "done", now=now, detail={"fields": changed}
            )
    return member


def leave(actor: Actor, *, member_ids: Sequence[int], now: datetime) -> None:
    """The account at the shop is gone: nothing more is earned, and points end when the version says, or before."""
    require(actor, Operation.EDIT_MEMBERS)
    with transaction.atomic():
        requoting.of_members(member_ids, since=now)
        for member in Member.objects.select_for_update(no_key=True).filter(pk__in=member_ids).order_by("pk"):
            if member.status != Member.Status.ACTIVE:
                continue
            member.status = Member.Status.FROZEN
            version = versions_of(member.programme_id).at(now)
            last = local_day(now, version.zone) + timedelta(days=version.document.closed_days)
            member.points_end_on = last
            member.save(update_fields=["status", "points_end_on"])
            detail = {"points_end": last.isoformat()}
            audit.record(actor, "member.leave", f"member:{member.pk}", "frozen", now=now, detail=detail)
