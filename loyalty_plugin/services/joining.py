"""Lets a customer of the shop join by themselves: asks the shop who they are, then makes them a member.

What the customer says of their name and e-mail is not taken: the account at the shop is.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.errors import NotFound, PermissionDenied
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.registry import ports
from loyalty_plugin.services import members


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
) -> Member:
    """The customer's membership, new or as it is. The shop is read first, outside any transaction.

    Raises NotFound for an account the shop does not have, PermissionDenied for one that is closed or another's,
    AlreadyMember, DateOutOfRange, UnknownProgramme, TryLater.
    """
    if actor.kind is ActorKind.MEMBER and actor.subject != user_id:
        raise PermissionDenied(operation="own_membership")
    realm = Realm.objects.get(pk=realm_id)
    account = ports.storefront.customers(realm.api_url, [user_id]).get(user_id)
    if account is None:
        raise NotFound(customer=user_id)
    if not account.active:
        raise PermissionDenied(operation="own_membership")
    person = members.Person(
        name=account.name,
        email=account.email,
        language=language or account.language,
        external_id=account.user_id,
    )
    return members.join(
        actor,
        programme_id=programme_id,
        person=replace(person, birthday=birthday, phone=phone),
        now=now,
        realm_id=realm_id,
        source="storefront",
        verified=account.confirmed,
        channel=channel,
    )
