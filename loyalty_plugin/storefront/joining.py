"""Joins whoever filled in the form, on our page or on one of the shop's; the service decides, this reads the request."""

from __future__ import annotations

import contextlib
from typing import Any, Final

from django.http import HttpRequest
from django.utils.translation import get_language

from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.domain.consents import JoinSource
from loyalty_plugin.errors import LoyaltyError, UnknownChannel
from loyalty_plugin.models.members import Member
from loyalty_plugin.queries.programmes import channel_served
from loyalty_plugin.registry import ports
from loyalty_plugin.services.cards import issue_card
from loyalty_plugin.services.joining import join_customer, join_person
from loyalty_plugin.storefront import visitor
from loyalty_plugin.storefront.forms import JoinForm

#: Where the session keeps who has joined in it.
JOINED: Final = "loyalty_joined"


def join(
    request: HttpRequest,
    form: JoinForm,
    *,
    name: str = "",
    email: str = "",
    channel: str = "",
    source: JoinSource = JoinSource.STOREFRONT,
    source_ref: str = "",
) -> Member:
    """Join by a valid form; the session remembers who did. `name` and `email` where the shop's own form asks for them.

    Somebody who is signed in joins with their account. A guest needs no account: once one with the same confirmed e-mail
    address is there, the membership is its. Who joined in this session with this address already is not asked twice.
    Raises UnknownChannel, and what `services.joining` raises.
    """
    customer = visitor.customer_of(request)
    channel = channel or visitor.channel_of(request)
    served = channel_served(channel, customer.realm if customer else None) if channel else None
    if served is None:
        raise UnknownChannel(channel=channel)
    data = form.cleaned_data
    said: dict[str, Any] = {
        "programme_id": served[0],
        "now": ports.clock.now(),
        "phone": data["phone"],
        "birthday": data["birthday"],
        "language": get_language() or "",
        "channel": channel,
        "source": source,
        "source_ref": source_ref[:50],
        "consents": form.answers(),
    }
    if customer is not None:
        actor = Actor(ActorKind.MEMBER, customer.user_id, via="storefront")
        member = join_customer(actor, realm_id=served[1], user_id=customer.user_id, **said)
    else:
        name, email = name or data.get("name", ""), email or data.get("email", "")
        before = joined_here(request)
        if before is not None and email and before.email.lower() == email.strip().lower():
            return before
        member = join_person(visitor.VISITOR, name=name, email=email, **said)
    visitor.forget(request)
    request.session[JOINED] = str(member.public_id)
    return member


def joined_here(request: HttpRequest) -> Member | None:
    """Who joined in this session, while they are a member.

    Once an account has the membership, only that account sees it here: whoever typed somebody else's address does not.
    """
    public_id = request.session.get(JOINED)
    if not public_id:
        return None
    rows = Member.objects.select_related("realm").filter(status=Member.Status.ACTIVE, public_id=public_id)
    member = rows.first()
    if member is None or not member.external_id:
        return member
    customer = visitor.customer_of(request)
    own = visitor.Customer(member.realm.api_url, member.external_id) if member.realm else None
    return member if customer == own else None


def give_card(member: Member) -> None:
    """What they show at the counter from now on. Where none can be made they have joined all the same."""
    with contextlib.suppress(LoyaltyError):
        issue_card(as_member(member), member_id=member.pk, now=ports.clock.now())


def as_member(member: Member) -> Actor:
    """The member acting for themselves."""
    return Actor(ActorKind.MEMBER, str(member.pk), via="storefront", member_id=member.pk)
