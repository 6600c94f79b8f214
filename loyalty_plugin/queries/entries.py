"""Reads of the ledger that services decide by: small, exact, and always for members that are named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db.models import F, Sum
from django.db.models.functions import TruncDate

from loyalty_plugin.domain.ledger import POINTS, Account, Kind
from loyalty_plugin.models.ledger import Entry, Lot, Posting


def entry_by_key(key: str) -> int | None:
    """The id of the entry with this business key."""
    return Entry.objects.filter(business_key=key).values_list("pk", flat=True).first()


def earned_on(member_ids: Sequence[int], zone: ZoneInfo, since: datetime) -> dict[tuple[int, date], int]:
    """Points issued by member and day of the programme, for members whose day is capped."""
    rows = (
        Posting.objects.filter(
            entry__member_id__in=member_ids,
            entry__kind__in=[Kind.EARN, Kind.BONUS],
            entry__occurred_at__gte=since,
            unit=POINTS,
            source=Account.ISSUANCE,
        )
        .values(owner=F("entry__member_id"), day=TruncDate("entry__occurred_at", tzinfo=zone))
        .annotate(points=Sum("amount"))
        .order_by()
    )
    return {(row["owner"], row["day"]): row["points"] for row in rows}


@dataclass(frozen=True, slots=True)
class UnverifiedLot:
    """A lot that waits for a verified contact."""

    lot_id: int
    entry_id: int
    version_id: int
    source: str
    pending: int
    matures_at: datetime | None


def unverified_lots(member_id: int) -> list[UnverifiedLot]:
    """The member's lots that wait for a verified contact, oldest first."""
    rows = (
        Lot.objects.filter(member_id=member_id, needs_verification=True, pending__gt=0)
        .order_by("pk")
        .values_list("pk", "entry_id", "entry__version_id", "entry__source", "pending", "matures_at")
    )
    return [UnverifiedLot(*row) for row in rows]


def lots_of_order(order_refs: Sequence[str]) -> dict[str, list[int]]:
    """The point lots that orders opened, oldest first."""
    rows = (
        Lot.objects.filter(entry__order_ref__in=order_refs, unit=POINTS)
        .order_by("pk")
        .values_list("entry__order_ref", "pk")
    )
    found: dict[str, list[int]] = {}
    for order_ref, lot_id in rows:
        found.setdefault(order_ref, []).append(lot_id)
    return found


def pending_lots_of_order(order_refs: Sequence[str]) -> dict[str, list[int]]:
    """Those point lots of orders that are still on the way and wait for nothing but the window."""
    rows = (
        Lot.objects.filter(
            entry__order_ref__in=order_refs, unit=POINTS, pending__gt=0, needs_verification=False
        )
        .order_by("pk")
        .values_list("entry__order_ref", "pk")
    )
    found: dict[str, list[int]] = {}
    for order_ref, lot_id in rows:
        found.setdefault(order_ref, []).append(lot_id)
    return found


@dataclass(frozen=True, slots=True)
class Adjustment:
    """An adjustment by staff: signed points, the lots it opened, and from which lots (with expiry) it took."""

    entry_id: int
    member_id: int
    member: str
    amount: int
    opened: tuple[int, ...]
    taken: tuple[tuple[int, int, datetime | None], ...]
    undone: bool


def adjustment(entry_id: int) -> Adjustment | None:
    """One adjustment, None where the entry is something else."""
    entry = Entry.objects.filter(pk=entry_id, kind=Kind.ADJUST).select_related("member").first()
    if entry is None:
        return None
    postings = list(entry.postings.filter(unit=POINTS).select_related("source_lot"))
    given = sum(p.amount for p in postings if p.source == Account.ADJUSTMENT)
    taken = [p for p in postings if p.destination == Account.ADJUSTMENT]
    return Adjustment(
        entry.pk,
        entry.member_id,
        str(entry.member),
        given - sum(p.amount for p in taken),
        tuple(entry.lots.order_by("pk").values_list("pk", flat=True)),
        tuple(
            (p.source_lot.pk, p.amount, p.source_lot.expires_at) for p in taken if p.source_lot is not None
        ),
        Entry.objects.filter(reverses_id=entry.pk, kind=Kind.REVERSE).exists(),
    )
