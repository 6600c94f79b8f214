"""Who asks: turns the bearer token of a request into customer, member and actor; cookies count for nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any

import strawberry
from django.http import HttpRequest
from strawberry.types import Info

from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.errors import TokenRefused, UnknownChannel, UnknownMember
from loyalty_plugin.graphql.batches import Batch
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.queries.members import MembershipView, customers_memberships, find_customer, membership_of
from loyalty_plugin.queries.programmes import Served, served
from loyalty_plugin.registry import ports
from loyalty_plugin.saleor.tokens import Customer, verify_customer_token


class Caller:
    """One request: who asks, when, and what was read for them already. Nothing is read before it is asked for."""

    #: Whether the document was found valid and is answered now.
    began = False

    def __init__(self, request: HttpRequest) -> None:
        self._authorization = request.headers.get("Authorization", "")
        self._members: dict[int | None, Member | None] = {}
        self._all: list[Member] | None = None
        self._views: dict[int, MembershipView] = {}
        self._served: dict[str, Served] = {}
        self._batches: dict[str, Batch[Any, Any]] = {}

    @cached_property
    def now(self) -> datetime:
        """One instant for the whole request."""
        return ports.clock.now()

    @cached_property
    def customer(self) -> Customer | None:
        """The customer of the token, None without one. Raises TokenRefused for a bad one, TryLater."""
        if not self._authorization:
            return None
        return verify_customer_token(self._token())

    def _token(self) -> str:
        scheme, _, token = self._authorization.partition(" ")
        if scheme.lower() not in ("bearer", "jwt") or not token.strip():
            raise TokenRefused(reason="scheme")
        return token.strip()

    def require_customer(self) -> Customer:
        """The customer. Raises TokenRefused, also without a token."""
        if self.customer is None:
            raise TokenRefused(reason="missing")
        return self.customer

    def confirm_customer(self) -> Customer:
        """The customer, once Saleor confirms that their token still stands: before an act on money.

        Raises TokenRefused where it was revoked, or never was an access token; TryLater.
        """
        customer = self.require_customer()
        if ports.storefront.confirm_token(customer.realm, self._token()) != customer.user_id:
            raise TokenRefused(reason="not_confirmed")
        return customer

    def serving(self, channel: str) -> tuple[int, int]:
        """Programme and realm (ids) that serve a channel; the token's realm counts. Raises UnknownChannel."""
        found = self._serving(channel)
        return found.programme_id, found.realm_id

    def version(self, channel: str) -> ProgrammeVersion:
        """The version in force in a channel. Raises UnknownChannel, UnknownProgramme."""
        return self._serving(channel).versions.at(self.now)

    def _serving(self, channel: str) -> Served:
        if channel not in self._served:
            found = served(channel, self.customer.realm if self.customer else None)
            if found is None:
                raise UnknownChannel(channel=channel)
            self._served[channel] = found
        return self._served[channel]

    def realm(self, channel: str) -> str:
        """The URL of the shop's API that has the channel. Raises UnknownChannel."""
        _, realm_id = self.serving(channel)
        if self.customer is not None:
            return self.customer.realm
        return Realm.objects.values_list("api_url", flat=True).get(pk=realm_id)

    def batch(self, name: str, load: Callable[[list[Any]], Mapping[Any, Any]]) -> Batch[Any, Any]:
        """What loads many at once in this request, by its name."""
        return self._batches.setdefault(name, Batch(load))

    def member(self, channel: str | None = None) -> Member | None:
        """The customer's membership in the channel's programme, or the first they joined; None without."""
        if self.customer is None:
            return None
        programme_id = self.serving(channel)[0] if channel else None
        if programme_id not in self._members:
            found = find_customer(self.customer.realm, self.customer.user_id, programme_id)
            gone = found is None or found.status == Member.Status.ERASED
            self._members[programme_id] = None if gone else found
        return self._members[programme_id]

    def memberships(self) -> list[Member]:
        """All the customer's memberships, in whichever programme, read once a request."""
        if self.customer is None:
            return []
        if self._all is None:
            self._all = customers_memberships(self.customer.realm, self.customer.user_id)
        return self._all

    def require_member(self, channel: str | None = None) -> Member:
        """The membership. Raises TokenRefused without a customer, UnknownMember without one."""
        self.require_customer()
        member = self.member(channel)
        if member is None:
            raise UnknownMember()
        return member

    def actor(self, member: Member | None = None) -> Actor:
        """The customer acting for themselves; before they joined there is no member."""
        if member is not None:
            return Actor(ActorKind.MEMBER, str(member.pk), via="graphql", member_id=member.pk)
        return Actor(ActorKind.MEMBER, self.require_customer().user_id, via="graphql")

    def view(self, member: Member) -> MembershipView:
        """The membership in one look, read once a request."""
        if member.pk not in self._views:
            self._views[member.pk] = membership_of(member, self.now)
        return self._views[member.pk]

    def forget(self) -> None:
        """Read anew what is asked for from here on: after a mutation has written."""
        self._members.clear()
        self._all = None
        self._views.clear()


Asked = Info[Caller, None]
OptionalChannel = Annotated[
    str | None,
    strawberry.argument(description="The slug of a channel; without one, the programme joined first."),
]
