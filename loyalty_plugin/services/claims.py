"""Remembers which free benefits a verified contact has had, and frees what waited for the verification.

The memory is a keyed digest that outlives the member's record; it says nothing of who they are.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime

from django.conf import settings as django_settings

from loyalty_plugin.conf import settings
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.domain.extensions import OccasionKind
from loyalty_plugin.domain.intents import Mature, Plan, TakeBack
from loyalty_plugin.domain.ledger import POINTS, Account, Kind, Shortfall, input_digest
from loyalty_plugin.models.members import ClaimedBenefit, Member
from loyalty_plugin.queries.entries import unverified_lots, windows_over
from loyalty_plugin.queries.programmes import version_by_id
from loyalty_plugin.services import posting

#: Benefits a contact may have once; the others are once a day or a year by their business key alone.
ONCE = frozenset({OccasionKind.JOINED, OccasionKind.VERIFIED, OccasionKind.BIRTHDAY})


def contact_digest(member: Member) -> bytes | None:
    """The keyed digest by which this member's verified contact is remembered; None without any contact."""
    contact = (member.email or "").strip().casefold() or "".join(filter(str.isdigit, member.phone or ""))
    if not contact:
        return None
    key = settings.CONTACT_DIGEST_KEY or f"loyalty-contact:{django_settings.SECRET_KEY}"
    return hmac.new(key.encode(), f"{member.programme_id}:{contact}".encode(), hashlib.sha256).digest()


def claim(member: Member, benefit: str, now: datetime) -> bool:
    """Remember that this contact has had the benefit; whether it is the first time."""
    digest = contact_digest(member)
    if digest is None:
        return True
    _, created = ClaimedBenefit.objects.get_or_create(
        programme_id=member.programme_id, contact=digest, benefit=benefit, defaults={"claimed_at": now}
    )
    return created


def release(member: Member, *, now: datetime) -> None:
    """The contact is verified: free points become available, or go back where the contact had them before."""
    lots = unverified_lots(member.pk)
    if not lots:
        return
    over = windows_over(member.pk)
    plans = []
    for lot in lots:
        version = version_by_id(lot.version_id)
        benefit = lot.source.removeprefix("benefit:")
        once = benefit.split(":")[0] in ONCE
        had = once and not claim(member, benefit, now)
        starts_later = version.document.pending.starts == "fulfilment" and lot.matures_at is None
        unknown = bool(lot.order_ref) and starts_later and lot.order_ref not in over
        if not had and (unknown or (lot.matures_at is not None and lot.matures_at > now)):
            continue  # still within the return window; the nightly jobs see to it
        plans.append(
            Plan(
                key=f"{version.code}|verified|{lot.lot_id}",
                digest=input_digest({"lot": lot.lot_id, "had": had}),
                kind=Kind.REVERSE if had else Kind.MATURE,
                programme_id=version.programme_id,
                version_id=version.id,
                member_id=member.pk,
                occurred_at=now,
                intents=(
                    TakeBack(POINTS, lot.pending, (lot.lot_id,), Shortfall.WRITE_OFF, Account.ISSUANCE)
                    if had
                    else Mature(POINTS, (lot.lot_id,)),
                ),
                order_ref=lot.order_ref,
                reverses_id=lot.entry_id if had else None,
                actor=SYSTEM.name,
                source="benefit:had_before" if had else f"member:{member.pk}",
            )
        )
    posting.post(plans, recorded_at=now)
