"""Lets people join by themselves or at the counter, with what they agree to; finds those who are members already.

Of a customer of the shop, name and e-mail are not taken from what they say: the account at the shop is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from django.db import transaction

from loyalty_plugin.conf import settings
from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.domain.consents import Answer, JoinSource, check_answers
from loyalty_plugin.domain.contacts import normal_email, normal_phone
from loyalty_plugin.errors import ContactNeeded, InvalidInput, NotFound, PermissionDenied
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.registry import ports
from loyalty_plugin.services import birthdays, locks, members
from loyalty_plugin.services.consents import record_consents

LONGEST_NAME = 500
_LONGEST_REF = 50


def join_customer(
    actor: Actor,
    *,
    programme_id: int,
    realm_id: int,
    user_id: str,
    now: datetime,
    birthday: date | None = None,
    phone: str = "",
    language: str = "",
    channel: str = "",
    source: JoinSource = JoinSource.STOREFRONT,
    source_ref: str = "",
    consents: Sequence[Answer] = (),
) -> Member:
    """The customer's membership, new or as it is. The shop is read first, outside any transaction.

    Who is a member already keeps what is known of them; phone and birthday are added where there was none. Consents
    are kept in either case. Raises NotFound for an account the shop does not have, PermissionDenied for one that is
    closed or another's, AlreadyMember, InvalidContact, InvalidInput, DateOutOfRange, UnknownProgramme, TryLater.
    """
    if actor.kind is ActorKind.MEMBER and actor.subject != user_id:
        raise PermissionDenied(operation="own_membership")
    phone = normal_phone(phone, settings.PHONE_REGION)
    check_answers(consents)
    realm = Realm.objects.get(pk=realm_id)
    account = ports.storefront.customers(realm.api_url, [user_id]).get(user_id)
    if account is None:
        raise NotFound(customer=user_id)
    if not account.active:
        raise PermissionDenied(operation="own_membership")
    person = members.Person(
        name=account.name,
        email=account.email,
        phone=phone,
        birthday=birthday,
        language=language or account.language,
        external_id=account.user_id,
    )
    with transaction.atomic():
        one_at_a_time(programme_id, person)
        member = members.join(
            actor,
            programme_id=programme_id,
            person=person,
            now=now,
            realm_id=realm_id,
            source=source.value,
            source_ref=_ref(source_ref),
            verified=account.confirmed,
            channel=channel,
        )
        actor = _as(actor, member)
        _complete(actor, member, person, now)
        record_consents(actor, member_id=member.pk, answers=consents, now=now, source=source.value)
    return member


def join_person(
    actor: Actor,
    *,
    programme_id: int,
    name: str,
    now: datetime,
    email: str = "",
    phone: str = "",
    birthday: date | None = None,
    language: str = "",
    channel: str = "",
    source: JoinSource = JoinSource.STOREFRONT,
    source_ref: str = "",
    consents: Sequence[Answer] = (),
) -> Member:
    """A new membership of somebody without an account at the shop: by a form, at checkout, at the counter.

    It needs an e-mail address or a phone number, which nobody has confirmed: what it is given for free waits. Once a
    customer of the shop has confirmed the same e-mail address, the membership is theirs. `source_ref` names the
    poster, till or campaign. Raises ContactNeeded, InvalidContact, AlreadyMember where e-mail or phone is a member's,
    InvalidInput, DateOutOfRange, UnknownProgramme, PermissionDenied.
    """
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise InvalidInput(name="missing" if not name else "too_long")
    email, phone = normal_email(email), normal_phone(phone, settings.PHONE_REGION)
    if not email and not phone:
        raise ContactNeeded()
    check_answers(consents)
    person = members.Person(name=name, email=email, phone=phone, birthday=birthday, language=language)
    with transaction.atomic():
        one_at_a_time(programme_id, person)
        member = members.join(
            actor,
            programme_id=programme_id,
            person=person,
            now=now,
            source=source.value,
            source_ref=_ref(source_ref),
            channel=channel,
        )
        answers = list(consents)
        record_consents(
            _as(actor, member), member_id=member.pk, answers=answers, now=now, source=source.value
        )
    return member


def _ref(source_ref: str) -> str:
    if len(source_ref) > _LONGEST_REF:
        raise InvalidInput(source_ref="too_long")
    return source_ref


def _as(actor: Actor, member: Member) -> Actor:
    """Whoever joined acts as that member from here on."""
    if actor.kind is not ActorKind.MEMBER:
        return actor
    return replace(actor, subject=str(member.pk), member_id=member.pk)


def _complete(actor: Actor, member: Member, person: members.Person, now: datetime) -> None:
    """What a member who was one already says for the first time."""
    if member.status != Member.Status.ACTIVE:
        return
    if person.phone and not member.phone:
        members.check_free(member.programme_id, replace(person, email=""), but=member.pk)
        member.phone = members.update_contact(actor, member_id=member.pk, now=now, phone=person.phone).phone
    if person.birthday and member.birthday is None and member.birthday_locked_at is None:
        known = birthdays.set_birthday(actor, member_id=member.pk, birthday=person.birthday, now=now)
        member.birthday = known.birthday


def one_at_a_time(programme_id: int, person: members.Person) -> None:
    """Until the end of the transaction nobody else joins here with this e-mail or phone: two would find it free."""
    keys = sorted(
        f"loyalty.join|{programme_id}|{contact}"
        for contact in (person.email.lower(), person.phone)
        if contact
    )
    for key in keys:
        locks.hold(key)
