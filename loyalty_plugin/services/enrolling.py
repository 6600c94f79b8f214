"""Makes members of many customers at once who were customers before there was a programme: nothing is awarded.

What one of them would be refused for, `members.join` refuses them for, too; a test holds the two to the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models.functions import Lower

from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.facts import CustomerFact
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.errors import AlreadyMember, MembershipErased
from loyalty_plugin.models.members import ClaimedBenefit, Member, TierEvent
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.queries.programmes import versions_of
from loyalty_plugin.services import audit, bulk, claims, posting
from loyalty_plugin.services.members import fresh_number
from loyalty_plugin.signals import announce, member_joined, tier_changed


def enrol(
    programme: Programme, realm: Realm, facts: Sequence[CustomerFact], *, now: datetime
) -> Mapping[str, str]:
    """A code for each customer, by id: joined, or the code of a refusal. Empty where somebody else was quicker.

    They must have no membership here yet, and the programme must have a version. A dozen queries, however many. A
    member's number that is taken, as good as never, is one of those cases of somebody quicker.
    """
    refused = _refused(programme, realm, facts)
    wanted = [fact for fact in facts if fact.user_id not in refused]
    try:
        with transaction.atomic():
            made = _members(programme, realm, wanted, now)
            _complete(made, now)
    except IntegrityError:
        return {}
    return {**refused, **{fact.user_id: "joined" for fact in wanted}}


def _refused(programme: Programme, realm: Realm, facts: Sequence[CustomerFact]) -> dict[str, str]:
    """Whose e-mail is another member's, or comes twice, and whose membership was erased."""
    mails = {fact.email.lower() for fact in facts if fact.email}
    taken = set(
        Member.objects.filter(programme=programme)
        .alias(address=Lower("email"))
        .filter(address__in=mails)
        .exclude(status=Member.Status.ERASED)
        .values_list(Lower("email"), flat=True)
    )
    digests = {fact.user_id: claims.customer_digest(programme.pk, realm.pk, fact.user_id) for fact in facts}
    erased = {
        bytes(contact)
        for contact in ClaimedBenefit.objects.filter(
            programme=programme, contact__in=list(digests.values()), benefit=claims.ERASED
        ).values_list("contact", flat=True)
    }
    refused = {}
    for fact in facts:
        if fact.email and fact.email.lower() in taken:
            refused[fact.user_id] = AlreadyMember.code
        elif digests[fact.user_id] in erased:
            refused[fact.user_id] = MembershipErased.code
        else:
            taken.add(fact.email.lower())
    return refused


def _members(
    programme: Programme, realm: Realm, facts: Sequence[CustomerFact], now: datetime
) -> list[Member]:
    versions = versions_of(programme.pk)
    rows = []
    for fact in facts:
        version = versions.at(fact.joined_at)
        rows.append(
            {
                "programme_id": programme.pk,
                "number": fresh_number(),
                "realm_id": realm.pk,
                "external_id": fact.user_id,
                "name": fact.name,
                "email": fact.email,
                "language": fact.language,
                "joined_at": fact.joined_at,
                "source": "automatic",
                "verified_at": now if fact.confirmed else None,
                "account_as_of": fact.updated_at,
                "tier": version.document.tier_codes[0],
                "tier_since": local_day(fact.joined_at, version.zone),
            }
        )
    ids = bulk.insert(Member, rows, "number")
    return [Member(pk=ids[row["number"]], **row) for row in rows]


def _complete(made: Sequence[Member], now: datetime) -> None:
    """What belongs to each new membership."""
    if not made:
        return
    days = [(member, member.tier_since) for member in made if member.tier_since is not None]
    bulk.insert(
        TierEvent,
        [
            {
                "member_id": member.pk,
                "day": day,
                "kind": "entered",
                "tier": member.tier,
                "reason": {"code": "joined"},
                "recorded_at": now,
            }
            for member, day in days
        ],
    )
    posting.open_accounts([member.pk for member in made], (POINTS, QUALIFYING))
    targets = [f"member:{member.pk}" for member in made]
    audit.record_each(SYSTEM, "member.join", targets, "done", now=now, detail={"source": "automatic"})
    for member, day in days:
        announce(member_joined, member_id=member.pk, programme_id=member.programme_id)
        announce(tier_changed, member_id=member.pk, day=day, kind="entered", tier=member.tier)
    verified = [member for member in made if member.verified_at is not None]
    digests = {claims.contact_digest(member): member for member in verified}
    owing = ClaimedBenefit.objects.filter(
        programme_id=made[0].programme_id,
        contact__in=[digest for digest in digests if digest is not None],
        benefit=claims.DEBT,
        owed__lt=0,
    )
    for contact in owing.values_list("contact", flat=True):
        claims.carry_debt(digests[bytes(contact)], now=now)
    claims.look_for_guest_orders([member.pk for member in verified], now=now)
