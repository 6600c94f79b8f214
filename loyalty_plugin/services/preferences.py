"""What members change of their own: name, phone, language, birthday, consents; the e-mail is their account's."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from loyalty_plugin.conf import settings
from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.consents import LONGEST_LANGUAGE, Answer
from loyalty_plugin.domain.contacts import normal_phone
from loyalty_plugin.errors import ContactNeeded, CurrencyMismatch, InvalidInput, NotFound, PermissionDenied
from loyalty_plugin.models.declines import Decline
from loyalty_plugin.models.members import Member
from loyalty_plugin.policies import require_self
from loyalty_plugin.queries.declines import declined_checkouts
from loyalty_plugin.services import birthdays, members
from loyalty_plugin.services.benefits import apply_benefits
from loyalty_plugin.services.consents import record_consents
from loyalty_plugin.services.joining import LONGEST_NAME, one_at_a_time


def want_benefits_again(actor: Actor, *, member_id: int, now: datetime) -> int:
    """Take back the member's choice to have no benefits, on all carts of the last month; on how many.

    The shop is asked, outside any transaction. Carts that are gone, or no longer theirs, are forgotten. Raises
    PermissionDenied, UnknownMember, TryLater.
    """
    require_self(actor, member_id)
    done = 0
    for realm_url, checkout_id in declined_checkouts(actor, member_id, now=now):
        try:
            apply_benefits(actor, realm_url=realm_url, checkout_id=checkout_id, now=now, wanted=True)
            done += 1
        except (NotFound, PermissionDenied, CurrencyMismatch):
            gone = Decline.objects.filter(member_id=member_id, checkout_id=checkout_id)
            gone.filter(realm__api_url=realm_url).delete()
    return done


def change_own(
    actor: Actor,
    *,
    member_id: int,
    now: datetime,
    name: str | None = None,
    phone: str | None = None,
    language: str | None = None,
    birthday: date | None = None,
    consents: Sequence[Answer] = (),
) -> Member:
    """Change what is given, all of it or nothing; None leaves a value as it is, an empty phone removes it.

    A birthday can be corrected until its first benefit, and not be taken away. Raises PermissionDenied for another's
    record, InvalidInput, InvalidContact, ContactNeeded where nothing to reach them by would be left, AlreadyMember
    where the phone is another's, BirthdayLocked, DateOutOfRange, UnknownMember.
    """
    require_self(actor, member_id)
    if name is not None:
        name = " ".join(name.split())
        if not name or len(name) > LONGEST_NAME:
            raise InvalidInput(name="missing" if not name else "too_long")
    if language is not None and len(language) > LONGEST_LANGUAGE:
        raise InvalidInput(language="too_long")
    if phone is not None:
        phone = normal_phone(phone, settings.PHONE_REGION)
    with transaction.atomic():
        if phone:
            programme_id = (
                Member.objects.values_list("programme_id", flat=True).filter(pk=member_id).first() or 0
            )
            person = members.Person(phone=phone)
            one_at_a_time(programme_id, person)
            members.check_free(programme_id, person, but=member_id)
        member = members.get_locked(member_id)
        if phone == "" and not member.email:
            raise ContactNeeded(phone="missing")
        if birthday is not None:
            birthdays.set_birthday(actor, member_id=member_id, birthday=birthday, now=now)
        members.update_contact(actor, member_id=member_id, now=now, name=name, phone=phone, language=language)
        record_consents(actor, member_id=member_id, answers=consents, now=now)
        member.refresh_from_db()
    return member
