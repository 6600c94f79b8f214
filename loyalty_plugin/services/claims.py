"""Remembers which free benefits a verified contact has had, and frees what waited for the verification.

The memory is a keyed digest that outlives the member's record; it says nothing of who they are.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import Any, Final

from django.conf import settings as django_settings

from loyalty_plugin import jobs
from loyalty_plugin.conf import settings
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.earning.decide import Decision, decide
from loyalty_plugin.domain.extensions import Occasion, OccasionKind
from loyalty_plugin.domain.facts import RemainingCaps
from loyalty_plugin.domain.intents import Consume, Intent, Mature, Plan, TakeBack
from loyalty_plugin.domain.ledger import POINTS, Account, Kind, Shortfall, input_digest
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.models.members import ClaimedBenefit, Member
from loyalty_plugin.queries.entries import UnverifiedLot, unverified_lots, windows_over
from loyalty_plugin.queries.programmes import version_at, version_by_id
from loyalty_plugin.services import posting
from loyalty_plugin.services.holders import Holder
from loyalty_plugin.services.resolution import resolved

#: Benefits a contact may have once; the others are once a day or a year by their business key alone.
ONCE: Final = frozenset({OccasionKind.JOINED, OccasionKind.VERIFIED, OccasionKind.BIRTHDAY})
#: What is remembered besides benefits: guest orders that were claimed, and what an erased member owed.
GUEST_ORDERS: Final = "guest_orders"
DEBT: Final = "debt"
#: Of a customer, not of a contact: their membership was erased, so no machine makes them a member again.
ERASED: Final = "erased"


def digest_of(programme_id: int, contact: str) -> bytes | None:
    """The keyed digest of a contact (an e-mail, or digits of a phone number) in a programme; None of nothing."""
    contact = contact.strip().casefold()
    if not contact:
        return None
    key = settings.CONTACT_DIGEST_KEY or f"loyalty-contact:{django_settings.SECRET_KEY}"
    return hmac.new(key.encode(), f"{programme_id}:{contact}".encode(), hashlib.sha256).digest()


def customer_digest(programme_id: int, realm_id: int | None, external_id: str) -> bytes:
    """The keyed digest of a customer's account, by which an erased one is known."""
    digest = digest_of(programme_id, f"customer|{realm_id}|{external_id}")
    assert digest is not None  # there are words in it
    return digest


def was_erased(programme_id: int, realm_id: int | None, external_id: str) -> bool:
    """Whether a membership of this customer was erased."""
    contact = customer_digest(programme_id, realm_id, external_id)
    rows = ClaimedBenefit.objects.filter(programme_id=programme_id, contact=contact, benefit=ERASED)
    return bool(external_id) and rows.exists()


def contact_of(programme_id: int, email: str) -> str:
    """The digest of an e-mail as an order placed by a guest keeps it, hex; empty for none."""
    digest = digest_of(programme_id, email)
    return digest.hex() if digest is not None else ""


def contact_digest(member: Holder) -> bytes | None:
    """The keyed digest by which this member's verified contact is remembered; None without any contact."""
    contact = (member.email or "").strip() or "".join(filter(str.isdigit, member.phone or ""))
    return digest_of(member.programme_id, contact)


def claim(member: Holder, benefit: str, now: datetime) -> bool:
    """Remember that this contact has had the benefit; whether nobody had it in another membership."""
    digest = contact_digest(member)
    if digest is None:
        return True
    row, created = ClaimedBenefit.objects.get_or_create(
        programme_id=member.programme_id,
        contact=digest,
        benefit=benefit,
        defaults={"claimed_at": now, "member_id": member.pk},
    )
    return created or row.member_id == member.pk


def had(member: Holder, benefit: str) -> bool:
    """Whether the verified contact had the benefit in another membership; remembers nothing."""
    digest = contact_digest(member) if member.verified_at is not None else None
    rows = ClaimedBenefit.objects.filter(programme_id=member.programme_id, contact=digest, benefit=benefit)
    return digest is not None and rows.exclude(member_id=member.pk).exists()


def look_for_guest_orders(member_ids: Iterable[int], *, now: datetime) -> None:
    """Orders placed as a guest with a verified e-mail are looked for by a job: the shop has to be asked."""
    rows = list(
        Member.objects.filter(pk__in=member_ids)
        .exclude(email="")
        .values_list("programme_id", "pk")
        .order_by("pk")
    )
    granting = {
        programme_id
        for programme_id in {programme_id for programme_id, _ in rows}
        if version_at(programme_id, now).document.claims.days
    }
    if wanted := [pk for programme_id, pk in rows if programme_id in granting]:
        Member.objects.filter(pk__in=wanted).update(claims_due=now)
        jobs.enqueue(jobs.CLAIM_ORDERS)


def once_in(explanation: Mapping[str, Any] | None) -> dict[str, int]:
    """The benefits of an order that a contact has once, with the points each brought."""
    found = {}
    for note in (explanation or {}).get("rules", ()):
        points = int(Fraction(note["taken"]))
        if points and note["data"].get("once"):
            found[note["data"]["once"]] = points
    return found


def decide_once(
    member: Holder, version: ProgrammeVersion, occasion: Occasion, left: RemainingCaps, now: datetime
) -> Decision:
    """What an order earns, without what the verified contact had before. Remembers what it has now.

    An unverified contact's benefits wait, and are judged when it is verified.
    """
    terms = resolved(version)
    decision = decide(version, occasion, left, terms)
    once = once_in(decision.explanation) if decision.free_points else {}
    if not once or member.verified_at is None:
        return decision
    known = frozenset(benefit for benefit in once if not claim(member, benefit, now))
    if not known:
        return decision
    return decide(version, replace(occasion, member=replace(occasion.member, had=known)), left, terms)


def release(member: Holder, *, now: datetime) -> None:
    """The contact is verified: free points become available, or go back where the contact had them before."""
    lots = unverified_lots(member.pk)
    if not lots:
        return
    over = windows_over(member.pk)
    plans = []
    for lot in lots:
        version = version_by_id(lot.version_id)
        again = _had_of(member, lot, now)
        if again:
            plans.append(_taken_back(member, version, lot, again, now))
        starts_later = version.document.pending.starts == "fulfilment" and lot.matures_at is None
        unknown = bool(lot.order_ref) and starts_later and lot.order_ref not in over
        if again == lot.pending or unknown or (lot.matures_at is not None and lot.matures_at > now):
            continue  # gone, or still within the return window; the nightly jobs see to it
        plans.append(
            _plan(
                member,
                version,
                lot,
                f"release|{lot.lot_id}",
                Kind.MATURE,
                Mature(POINTS, (lot.lot_id,)),
                now,
            )
        )
    posting.post(plans, recorded_at=now)


def _had_of(member: Holder, lot: UnverifiedLot, now: datetime) -> int:
    """The points of a lot that the contact had before; what it has for the first time is remembered."""
    if not lot.source.startswith("benefit:"):
        once = once_in(lot.explanation)
        known = sum(points for benefit, points in once.items() if not claim(member, benefit, now))
        return min(known, lot.pending)
    benefit = lot.source.removeprefix("benefit:")
    known_benefit = not claim(member, benefit, now) if benefit.split(":")[0] in ONCE else had(member, benefit)
    return lot.pending if known_benefit else 0


def _taken_back(
    member: Holder, version: ProgrammeVersion, lot: UnverifiedLot, points: int, now: datetime
) -> Plan:
    # Of an order it is cleared, not undone: a refund then finds it gone, and does not take it once more.
    of_order = bool(lot.order_ref)
    to = Account.CLEARED if of_order else Account.ISSUANCE
    intent = TakeBack(POINTS, points, (lot.lot_id,), Shortfall.WRITE_OFF, to)
    kind = Kind.CLEAR if of_order else Kind.REVERSE
    plan = _plan(member, version, lot, f"had_before|{lot.lot_id}", kind, intent, now)
    return replace(
        plan,
        reverses_id=None if of_order else lot.entry_id,
        source="benefit:had_before",
        explanation={"had_before": {"points": points}},
    )


def _plan(
    member: Holder,
    version: ProgrammeVersion,
    lot: UnverifiedLot,
    key: str,
    kind: Kind,
    intent: Intent,
    now: datetime,
) -> Plan:
    return Plan(
        key=f"{version.code}|{key}",
        digest=input_digest({"lot": lot.lot_id}),
        kind=kind,
        programme_id=version.programme_id,
        version_id=version.id,
        member_id=member.pk,
        occurred_at=now,
        intents=(intent,),
        order_ref=lot.order_ref,
        actor=SYSTEM.name,
        source=f"member:{member.pk}",
    )


def carry_debt(member: Holder, *, now: datetime) -> None:
    """What the verified contact owed when a former membership was erased is owed again, once."""
    digest = contact_digest(member)
    row = (
        ClaimedBenefit.objects.select_for_update()
        .filter(programme_id=member.programme_id, contact=digest, benefit=DEBT, owed__lt=0)
        .first()
        if digest is not None
        else None
    )
    if row is None:
        return
    version = version_at(member.programme_id, now)
    plan = Plan(
        key=f"{version.code}|carried|{row.pk}|{member.pk}",
        digest=input_digest({"member": member.pk, "owed": row.owed}),
        kind=Kind.OPENING,
        programme_id=version.programme_id,
        version_id=version.id,
        member_id=member.pk,
        occurred_at=now,
        intents=(Consume(POINTS, -row.owed, to=Account.WRITTEN_OFF, shortfall=Shortfall.OWE),),
        actor=SYSTEM.name,
        source=f"member:{member.pk}",
        explanation={"carried": {"owed": -row.owed}},
    )
    posting.post([plan], recorded_at=now)
    row.owed = 0
    row.save(update_fields=["owed"])
