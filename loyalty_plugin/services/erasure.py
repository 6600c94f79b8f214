"""Erases a member: personal data go, the ledger stays whole, and what a contact has had is kept as a keyed digest.

Points that are left are cleared by an ordinary entry. It erases nothing at the shop: that is the shop's own act.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.domain.extensions import OccasionKind
from loyalty_plugin.domain.intents import Award, Consume, ConsumeAll, Intent, Plan
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING, Account, Kind, input_digest
from loyalty_plugin.errors import InvalidInput, SamePerson, TryLater, UnknownMember, ValueInUse
from loyalty_plugin.models.cards import Card
from loyalty_plugin.models.declines import Decline
from loyalty_plugin.models.gifts import Gift
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.members import CheckIn, ClaimedBenefit, Member
from loyalty_plugin.models.notes import Note
from loyalty_plugin.models.requests import Request
from loyalty_plugin.models.staff import Person
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.balances import Standing, by_unit
from loyalty_plugin.queries.entries import milestones_had, note_digests
from loyalty_plugin.queries.events import naming
from loyalty_plugin.queries.programmes import version_at
from loyalty_plugin.services import approvals, audit, claims, posting
from loyalty_plugin.signals import announce, member_erased

#: Reasons staff choose from; the code is stored, the words are for people.
REASONS: Final = {
    "asked": _("The member asked for it"),
    "retention": _("Kept long enough by law or by our own rule"),
    "mistake": _("Should never have been a member"),
}
OPERATION: Final = "member.erase"
#: Shorter words are found in too many events.
_SHORTEST: Final = 5


@dataclass(frozen=True, slots=True)
class Consequences:
    """What erasing does: points that end (available and on the way), points owed, and rows that go or close."""

    available: int
    pending: int
    owed: int
    #: Whether what was had and owed is remembered: only a verified contact has a memory.
    remembered: bool
    cards: int
    requests: int
    notes: int
    events: int


def preview(actor: Actor, *, member_id: int, now: datetime) -> Consequences:
    """What `erase` would do, without doing it. Raises as `erase` does."""
    with transaction.atomic():
        return _consequences(_get(actor, member_id))


def erase(actor: Actor, *, member_id: int, reason: str, now: datetime) -> Consequences:
    """Erase a member for good; what it did. Nothing brings the data back.

    `reason` is one of REASONS. Raises PermissionDenied, SamePerson (one's own membership), UnknownMember (also where
    it was erased before), InvalidInput, ValueInUse (points reserved for an open checkout, or money on the account),
    TryLater (events about the member are still being worked off).
    """
    if reason not in REASONS:
        raise InvalidInput(reason=reason)
    with transaction.atomic():
        member = _get(actor, member_id)
        done = _consequences(member)
        for request in Request.objects.filter(member=member, status=Request.Status.WAITING).order_by("pk"):
            approvals.withdraw(actor, request_id=request.pk, now=now)
        Request.objects.filter(member=member).exclude(words="").update(words="")
        entry_id = _end_points(actor, member, reason, now)
        _remember(member, done.owed, now)
        Note.objects.filter(digest__in=note_digests(member.pk)).delete()
        InboxItem.objects.filter(pk__in=_events(member)).update(body=None)
        Card.objects.filter(member=member, status=Card.Status.ACTIVE).update(
            status=Card.Status.RETURNED, ended_at=now
        )
        Gift.objects.filter(member=member).delete()
        Decline.objects.filter(member=member).delete()
        Person.objects.filter(member=member).update(member=None)
        _empty(member)
        detail = {"reason": reason, "amount": done.available + done.pending, "entry": entry_id}
        audit.record(actor, OPERATION, f"member:{member.pk}", "done", now=now, detail=detail)
        announce(member_erased, member_id=member.pk, programme_id=member.programme_id)
    return done


def _get(actor: Actor, member_id: int) -> Member:
    require(actor, Operation.ERASE_MEMBERS)
    if actor.member_id == member_id:
        raise SamePerson(reason="own_membership")
    rows = Member.objects.select_for_update(no_key=True).exclude(status=Member.Status.ERASED)
    member = rows.filter(pk=member_id).first()
    if member is None:
        raise UnknownMember(member=member_id)
    return member


def _consequences(member: Member) -> Consequences:
    posting.lock([(member.pk, POINTS), (member.pk, QUALIFYING)], lots=False)
    standing = by_unit(member.pk)
    for unit, found in standing.items():
        own = unit in (POINTS, QUALIFYING)
        if found.held or (not own and (found.available or found.pending or found.owed)):
            raise ValueInUse(unit=unit, amount=found.held or found.available)
    events = _events(member)
    if InboxItem.objects.filter(pk__in=events, status=InboxItem.Status.NEW).exists():
        raise TryLater(reason="events_waiting")
    points = standing.get(POINTS, Standing())
    return Consequences(
        points.available,
        points.pending,
        points.owed,
        member.verified_at is not None and claims.contact_digest(member) is not None,
        Card.objects.filter(member=member, status=Card.Status.ACTIVE).count(),
        Request.objects.filter(member=member, status=Request.Status.WAITING).count(),
        Note.objects.filter(digest__in=note_digests(member.pk)).count(),
        len(events),
    )


def _events(member: Member) -> list[int]:
    """Received events whose body names the member by customer id, e-mail or phone, however JSON writes it."""
    words = {member.external_id, member.email, member.email.lower(), member.phone}
    written = {json.dumps(word)[1:-1] for word in words} | words
    return naming(sorted(word for word in written if len(word) >= _SHORTEST))


def _end_points(actor: Actor, member: Member, reason: str, now: datetime) -> int | None:
    """Clear what is left and write off what is owed: the membership ends at zero."""
    standing = by_unit(member.pk)
    points, qualifying = standing.get(POINTS, Standing()), standing.get(QUALIFYING, Standing())
    intents: list[Intent] = []
    if points.available or points.pending:
        intents.append(ConsumeAll(POINTS, to=Account.CLEARED))
    if points.owed:
        # Nothing new: it pays the debt and leaves nothing.
        intents.append(Award(POINTS, -points.owed, source=Account.WRITTEN_OFF, restores=True))
    if qualifying.available:
        intents.append(Consume(QUALIFYING, qualifying.available, to=Account.CLEARED))
    if not intents:
        return None
    version = version_at(member.programme_id, now)
    plan = Plan(
        key=f"{version.code}|erase|{member.pk}",
        digest=input_digest({"erase": member.pk}),
        kind=Kind.CLEAR,
        programme_id=version.programme_id,
        version_id=version.id,
        member_id=member.pk,
        occurred_at=now,
        intents=tuple(intents),
        actor=actor.name,
        source=actor.source,
        explanation={"erased": {"reason": reason}},
    )
    return posting.post([plan], recorded_at=now)[0].entry_id


def _remember(member: Member, owed: int, now: datetime) -> None:
    """Keep what the verified contact had and owed, and cut the thread between that memory and this history."""
    programme_id, digest = member.programme_id, claims.contact_digest(member)
    rows = []
    if member.verified_at is not None and digest is not None:
        # What is once a contact was remembered when it was had, maybe by an earlier address; milestones and visits
        # are once a membership or a day, and remembered only now.
        own = ClaimedBenefit.objects.filter(member=member).values_list("benefit", flat=True)
        had = [*own, *milestones_had(member.pk)]
        last = CheckIn.objects.filter(member=member).order_by("-day").values_list("day", flat=True).first()
        if last is not None:
            had.append(f"{OccasionKind.CHECK_IN.value}:{last.isoformat()}")
        rows = [(digest, benefit) for benefit in had]
        if owed:
            _owe(programme_id, digest, owed, now)
    if member.external_id:
        customer = claims.customer_digest(programme_id, member.realm_id, member.external_id)
        rows.append((customer, claims.ERASED))
    ClaimedBenefit.objects.bulk_create(
        (
            ClaimedBenefit(programme_id=programme_id, contact=contact, benefit=benefit, claimed_at=now)
            for contact, benefit in rows
        ),
        ignore_conflicts=True,
    )
    ClaimedBenefit.objects.filter(member=member).update(member=None)


def _owe(programme_id: int, contact: bytes, owed: int, now: datetime) -> None:
    row, _made = ClaimedBenefit.objects.select_for_update().get_or_create(
        programme_id=programme_id, contact=contact, benefit=claims.DEBT, defaults={"claimed_at": now}
    )
    row.owed += owed
    row.save(update_fields=["owed"])


def _empty(member: Member) -> None:
    member.external_id = member.name = member.email = member.phone = member.language = ""
    member.birthday = member.birthday_due = member.birthday_from = member.birthday_locked_at = None
    member.tier_due = member.claims_due = member.points_end_on = None
    member.labels = []
    member.status = Member.Status.ERASED
    member.save()
