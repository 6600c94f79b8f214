"""Keeps members in step with the shop's customer accounts as they were just read; asks nobody, drops nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.facts import CustomerFact
from loyalty_plugin.errors import AlreadyMember, LoyaltyError
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.queries.programmes import versions_of
from loyalty_plugin.services import members
from loyalty_plugin.services.enrolling import enrol
from loyalty_plugin.services.orders.past import begins


def keep_customers(realm: Realm, facts: Sequence[CustomerFact], *, now: datetime) -> Mapping[str, str]:
    """Make customers members where a programme takes everybody, and take over what changed; a code for each, by id.

    Accounts from before the programme began in this shop get nothing for joining by themselves. Codes: joined,
    verified, a member's state, the code of a refusal, or several of them with commas between.
    """
    ids = [fact.user_id for fact in facts]
    known: dict[str, list[Member]] = {}
    for member in Member.objects.filter(realm=realm, external_id__in=ids).exclude(external_id=""):
        known.setdefault(member.external_id, []).append(member)
    served = list(Programme.objects.filter(channels__realm=realm, auto_join=True).distinct())
    starts = {programme.pk: _begins(realm, programme) for programme in served}
    many = {
        programme.pk: _enrolled(programme, realm, facts, known, starts.get(programme.pk), now)
        for programme in served
    }
    codes = {}
    for fact in facts:
        mine = known.get(fact.user_id, [])
        found = {_keep(member, fact, starts.get(member.programme_id), now) for member in mine}
        for programme in served:
            code = many[programme.pk].get(fact.user_id, "")
            if code and not (code == AlreadyMember.code and fact.confirmed):
                found.add(code)
            elif programme.pk not in {member.programme_id for member in mine}:
                found.add(_join(programme.pk, realm.pk, fact, starts.get(programme.pk), now))
        codes[fact.user_id] = ",".join(sorted(found - {""}))
    _note_newer({fact.user_id: fact for fact in facts}, known)
    return codes


def _note_newer(facts: Mapping[str, CustomerFact], known: Mapping[str, Sequence[Member]]) -> None:
    """A reading that says what we hold is the newest, too: what is older must not undo it. One query, or none."""
    same = {
        member.pk: facts[user_id].updated_at
        for user_id, members_here in known.items()
        for member in members_here
        if _held(member) == _said(facts[user_id]) and _is_newer(member, facts[user_id].updated_at)
    }
    if not same:
        return
    with transaction.atomic():
        rows = Member.objects.select_for_update(no_key=True).filter(pk__in=same).order_by("pk")
        stale = [member for member in rows if _is_newer(member, same[member.pk])]
        for member in stale:
            member.account_as_of = same[member.pk]
        Member.objects.bulk_update(stale, ["account_as_of"])


def _is_newer(member: Member, at: datetime) -> bool:
    return member.account_as_of is None or at > member.account_as_of


def _held(member: Member) -> tuple[str, str, str]:
    return (member.name, member.email, member.language)


def _said(fact: CustomerFact) -> tuple[str, str, str]:
    return (fact.name, fact.email, fact.language)


def _enrolled(
    programme: Programme,
    realm: Realm,
    facts: Sequence[CustomerFact],
    known: Mapping[str, Sequence[Member]],
    starts: datetime | None,
    now: datetime,
) -> Mapping[str, str]:
    """What became of those who join without anything to be awarded: all of them at once."""
    wanted = [
        fact
        for fact in facts
        if not _welcome(fact, starts)
        and programme.pk not in {member.programme_id for member in known.get(fact.user_id, ())}
    ]
    return enrol(programme, realm, wanted, now=now) if wanted else {}


def _begins(realm: Realm, programme: Programme) -> datetime | None:
    versions = versions_of(programme.pk)
    return begins(realm.connected_at, versions) if versions.all else None


def _welcome(fact: CustomerFact, starts: datetime | None) -> bool:
    return starts is None or fact.joined_at >= starts


def _keep(member: Member, fact: CustomerFact, starts: datetime | None, now: datetime) -> str:
    if member.status != Member.Status.ACTIVE:
        return str(member.status)
    if member.account_as_of is not None and fact.updated_at < member.account_as_of:
        return ""  # read before what was taken over, and worked off after it
    if _held(member) != _said(fact):
        members.update_contact(
            SYSTEM,
            member_id=member.pk,
            now=now,
            name=fact.name,
            email=fact.email,
            language=fact.language,
            as_of=fact.updated_at,
        )
    if fact.confirmed and member.verified_at is None:
        members.verify_contact(SYSTEM, member_id=member.pk, now=now, welcome=_welcome(fact, starts))
        return "verified"
    return ""


def _join(
    programme_id: int, realm_id: int, fact: CustomerFact, starts: datetime | None, now: datetime
) -> str:
    person = members.Person(
        name=fact.name,
        email=fact.email,
        language=fact.language,
        external_id=fact.user_id,
        as_of=fact.updated_at,
    )
    welcome = _welcome(fact, starts)
    try:
        members.join(
            SYSTEM,
            programme_id=programme_id,
            person=person,
            now=now,
            realm_id=realm_id,
            verified=fact.confirmed,
            welcome=welcome,
            joined_at=None if welcome else fact.joined_at,
        )
    except LoyaltyError as refusal:
        # A contact that is another member's, a programme without a version yet: stated, not retried.
        return refusal.code
    return "joined"
