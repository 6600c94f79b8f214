"""Members as they are shown: found and filtered by who asks, with tier, points and what lies ahead; frozen views."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from loyalty_plugin.domain.actors import Actor, ActorKind
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.tiers.forecast import Forecast
from loyalty_plugin.domain.tiers.standing import Standing
from loyalty_plugin.domain.tiers.terms import TierTerms
from loyalty_plugin.errors import PermissionDenied, UnknownMember
from loyalty_plugin.models.cards import Card
from loyalty_plugin.models.members import Member
from loyalty_plugin.policies import Operation, allows
from loyalty_plugin.queries.balances import PointsView, points_of
from loyalty_plugin.queries.programmes import versions_of
from loyalty_plugin.queries.tiers import standing_of


@dataclass(frozen=True, slots=True)
class MembershipView:
    """One membership in one look. Texts of the tier are in its terms, by language."""

    member_id: int
    public_id: str
    number: str
    name: str
    status: str
    joined_at: datetime
    verified: bool
    version: ProgrammeVersion
    tier: TierTerms
    standing: Standing
    forecast: Forecast
    points: PointsView


def visible_members(actor: Actor) -> QuerySet[Member]:
    """The members this actor may see: all for the system and for staff who may look members up, else one's own."""
    if actor.kind is ActorKind.SYSTEM or allows(actor, Operation.VIEW_MEMBERS):
        return Member.objects.all()
    if actor.kind is ActorKind.MEMBER and actor.member_id is not None:
        return Member.objects.filter(pk=actor.member_id)
    return Member.objects.none()


def find_customer(realm_url: str, external_id: str, programme_id: int | None = None) -> Member | None:
    """The membership of a customer account at a live Saleor; of several programmes the first joined."""
    rows = Member.objects.filter(realm__api_url=realm_url, realm__live=True, external_id=external_id).exclude(
        external_id=""
    )
    if programme_id is not None:
        rows = rows.filter(programme_id=programme_id)
    return rows.select_related("programme").order_by("pk").first()


def customers_memberships(realm_url: str, external_id: str, *, limit: int = 20) -> list[Member]:
    """The memberships of a customer account at a live Saleor in all programmes, the first joined first. One query."""
    rows = Member.objects.filter(realm__api_url=realm_url, realm__live=True, external_id=external_id)
    rows = rows.exclude(external_id="").exclude(status=Member.Status.ERASED)
    return list(rows.select_related("programme").order_by("pk")[:limit])


def get_member(actor: Actor, member_id: int) -> Member:
    """One member, if this actor may see it. Raises UnknownMember, the same as for one that is not there."""
    member = visible_members(actor).select_related("programme").filter(pk=member_id).first()
    if member is None:
        raise UnknownMember(member=member_id)
    return member


def search(actor: Actor, text: str = "", *, tier: str = "", state: str = "") -> QuerySet[Member]:
    """Members by number, card number, phone, or part of the name or e-mail, newest first. Raises PermissionDenied."""
    if not allows(actor, Operation.VIEW_MEMBERS):
        raise PermissionDenied(operation=Operation.VIEW_MEMBERS.value)
    rows = visible_members(actor).select_related("programme").order_by("-joined_at", "-pk")
    rows = rows.filter(status=state) if state else rows.exclude(status=Member.Status.ERASED)
    if tier:
        rows = rows.filter(tier=tier)
    text = text.strip()
    if not text:
        return rows
    digits = "".join(filter(str.isdigit, text))
    match = Q(number=text) | Q(email__icontains=text) | Q(name__icontains=text)
    if len(digits) >= 5:
        carded = Card.objects.filter(number=digits).values("member_id")
        match |= Q(phone__endswith=digits[-9:]) | Q(number=digits) | Q(pk__in=carded)
    return rows.filter(match)


def membership(actor: Actor, member_id: int, now: datetime) -> MembershipView:
    """Everything a membership page answers. Raises UnknownMember."""
    return membership_of(get_member(actor, member_id), now)


def membership_of(member: Member, now: datetime) -> MembershipView:
    """The same for a member that was read already, by who may see it. Four queries."""
    versions = versions_of(member.programme_id)
    version = versions.at(now)
    found, ahead = standing_of(member, versions, now)
    tier = version.document.tier(found.tier) or version.document.ladder[0]
    return MembershipView(
        member_id=member.pk,
        public_id=str(member.public_id),
        number=member.number,
        name=member.name,
        status=member.status,
        joined_at=member.joined_at,
        verified=member.verified_at is not None,
        version=version,
        tier=tier,
        standing=found,
        forecast=ahead,
        points=points_of(member.pk, version, now),
    )
