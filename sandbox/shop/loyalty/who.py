"""Finds the programme that serves the shop and the member behind a request, once a request; shows nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest

from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.errors import UnknownProgramme
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.queries.members import find_customer
from loyalty_plugin.queries.programmes import programme_of_channel, version_at
from loyalty_plugin.registry import ports
from sandbox.shop import session
from sandbox.shop.saleor import CHANNEL

KEPT = "_shop_membership"


@dataclass(frozen=True)
class Scene:
    """The rules in force now and, for a signed-in member, the member; `now` is the same for the whole request."""

    realm_url: str
    version: ProgrammeVersion
    member: Member | None
    now: datetime

    @property
    def actor(self) -> Actor:
        """The member acting for themselves; only where there is one."""
        assert self.member is not None
        return Actor(ActorKind.MEMBER, str(self.member.pk), via="shop", member_id=self.member.pk)


def saleor_url() -> str:
    """The API URL by which the plugin knows the shop's Saleor."""
    return f"{settings.SANDBOX_SALEOR_URL}/graphql/"


def scene(request: HttpRequest | None) -> Scene | None:
    """The scene of this request, None while no programme serves the shop."""
    if request is None:
        return _read(None)
    if not hasattr(request, KEPT):
        customer = session.customer(request)
        setattr(request, KEPT, _read(customer.id if customer else None))
    found: Scene | None = getattr(request, KEPT)
    return found


def _read(customer_id: str | None) -> Scene | None:
    now = ports.clock.now()
    url = saleor_url()
    realm = Realm.objects.filter(api_url=url).first()
    programme = programme_of_channel(realm.pk, CHANNEL) if realm else None
    if programme is None:
        return None
    try:
        version = version_at(programme.pk, now)
    except UnknownProgramme:
        return None
    member = find_customer(url, customer_id, programme.pk) if customer_id else None
    if member is not None and member.status != Member.Status.ACTIVE:
        member = None
    return Scene(url, version, member, now)
