"""Finds who looks at a page of the shop and by which rules, once a request; shows nothing and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.http import HttpRequest
from django.utils.module_loading import import_string

from loyalty_plugin.conf import settings
from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.errors import UnknownProgramme
from loyalty_plugin.models.members import Member
from loyalty_plugin.queries.members import find_customer
from loyalty_plugin.queries.programmes import served
from loyalty_plugin.registry import ports

_KEPT = "_loyalty_scene"
#: The actor of somebody who is no member yet.
VISITOR = Actor(ActorKind.MEMBER, "visitor", via="storefront")


@dataclass(frozen=True, slots=True)
class Customer:
    """Who is signed in at the shop: `realm` is the API URL of its Saleor, `user_id` the account's global id there."""

    realm: str
    user_id: str


@dataclass(frozen=True, slots=True)
class Scene:
    """The rules in force and, where one is signed in, the customer and the member; `now` is one for the request."""

    realm_id: int
    channel: str
    version: ProgrammeVersion
    customer: Customer | None
    member: Member | None
    now: datetime
    #: The customer has a membership that staff froze: they are shown as a guest, and neither join nor see it.
    frozen: bool = False

    @property
    def actor(self) -> Actor:
        """The member acting for themselves; where there is none, a visitor."""
        if self.member is None:
            return VISITOR
        return Actor(ActorKind.MEMBER, str(self.member.pk), via="storefront", member_id=self.member.pk)


def scene(request: HttpRequest | None) -> Scene | None:
    """The scene of this request, None while no programme serves the channel of its host. Read once: two queries.

    Without a request (a preview, a letter) it is that of a guest.
    """
    if request is None:
        return _read(None)
    if not hasattr(request, _KEPT):
        setattr(request, _KEPT, _read(request))
    found: Scene | None = getattr(request, _KEPT)
    return found


def forget(request: HttpRequest) -> None:
    """Read anew what is asked for from here on: after something was written."""
    for kept in [name for name in vars(request) if name.startswith("_loyalty_")]:
        delattr(request, kept)


def _read(request: HttpRequest | None) -> Scene | None:
    customer = customer_of(request)
    channel = channel_of(request)
    serving = served(channel, customer.realm if customer else None) if channel else None
    if serving is None:
        return None
    now = ports.clock.now()
    try:
        version = serving.versions.at(now)
    except UnknownProgramme:
        return None
    member = find_customer(customer.realm, customer.user_id, serving.programme_id) if customer else None
    frozen = member is not None and member.status == Member.Status.FROZEN
    if member is not None and member.status != Member.Status.ACTIVE:
        member = None
    return Scene(serving.realm_id, channel, version, customer, member, now, frozen)


def customer_of(request: HttpRequest | None) -> Customer | None:
    """Who is signed in, as the function named by `STOREFRONT_CUSTOMER` says; nobody where none is named."""
    path = settings.STOREFRONT_CUSTOMER
    if request is None or not path:
        return None
    found: Customer | None = _function(path)(request)
    return found


def channel_of(request: HttpRequest | None) -> str:
    """The slug of the channel of a request's host by `STOREFRONT_CHANNELS`; empty where it has none."""
    channels = settings.STOREFRONT_CHANNELS
    if isinstance(channels, str):
        return channels
    host = request.get_host().partition(":")[0] if request is not None else ""
    return str(channels.get(host) or channels.get("*", ""))


@lru_cache(maxsize=8)
def _function(path: str) -> Any:
    return import_string(path)
