"""Reads of the ledger that services decide by: small, exact, and always for members that are named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import F, Q, Sum
from django.db.models.functions import TruncDate

from loyalty_plugin.domain.ledger import POINTS, Account, Kind
from loyalty_plugin.models.ledger import Entry, Lot, Posting
from loyalty_plugin.models.orders import OrderRecord


def entry_by_key(key: str) -> int | None:
    """The id of the entry with this business key."""
    return Entry.objects.filter(business_key=key).values_list("pk", flat=True).first()


def earned_on(
    programme_id: int, member_ids: Sequence[int], zone: ZoneInfo, since: datetime
) -> dict[tuple[int, date], int]:
    """Points issued by member and day of the programme, for members whose day is capped."""
    rows = (
        Posting.objects.filter(
            entry__member_id__in=member_ids,
            entry__programme_id=programme_id,
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
    order_ref: str
    explanation: Mapping[str, Any] | None


def unverified_lots(member_id: int) -> list[UnverifiedLot]:
    """The member's lots that wait for a verified contact, oldest first."""
    rows = (
        Lot.objects.filter(member_id=member_id, needs_verification=True, pending__gt=0)
        .order_by("pk")
        .values_list(
            "pk",
            "entry_id",
            "entry__version_id",
            "entry__source",
            "pending",
            "matures_at",
            "entry__order_ref",
            "entry__explanation",
        )
    )
    return [UnverifiedLot(*row) for row in rows]


def windows_over(member_id: int) -> set[str]:
    """The member's orders whose return window began with fulfilment and is over, by reference."""
    rows = OrderRecord.objects.filter(member_id=member_id, matured_at__isnull=False)
    return {f"{url}|{order}" for url, order in rows.values_list("realm__api_url", "order_id")}


def _by_order(rows: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    """Lots under the order that opened them, in the order given."""
    found: dict[str, list[int]] = {}
    for order_ref, lot_id in rows:
        found.setdefault(order_ref, []).append(lot_id)
    return found


def lots_of_order(order_refs: Sequence[str]) -> dict[str, list[int]]:
    """The point lots that orders opened, oldest first."""
    rows = (
        Lot.objects.filter(entry__order_ref__in=order_refs, unit=POINTS)
        .order_by("pk")
        .values_list("entry__order_ref", "pk")
    )
    return _by_order(rows)


_ENDED: Final = """
WITH own AS (
  SELECT l.id, l.member_id, o.order_ref
    FROM loyalty_plugin_entry o JOIN loyalty_plugin_lot l ON l.entry_id = o.id
   WHERE o.order_ref = ANY(%s) AND o.order_ref <> '' AND l.unit = 'points'
     AND l.amount > l.pending + l.available + l.held
)
SELECT ref, sum(expired)::bigint, sum(cleared)::bigint, sum(written_off)::bigint
  FROM (
    SELECT own.order_ref AS ref,
           coalesce(sum(p.amount) FILTER (WHERE p.destination = 'expired' AND p.source_lot_id = own.id), 0)
           - coalesce(sum(p.amount) FILTER (WHERE p.source = 'expired' AND back.origin_lot_id = own.id), 0) AS expired,
           coalesce(sum(p.amount) FILTER (WHERE p.destination = 'cleared' AND p.source_lot_id = own.id), 0)
           - coalesce(sum(p.amount) FILTER (WHERE p.source = 'cleared' AND back.origin_lot_id = own.id), 0) AS cleared,
           0 AS written_off
      FROM own
      JOIN loyalty_plugin_entry e ON e.member_id = own.member_id
      JOIN loyalty_plugin_posting p ON p.entry_id = e.id
      LEFT JOIN loyalty_plugin_lot back ON back.id = p.destination_lot_id AND p.source IN ('expired', 'cleared')
     GROUP BY own.order_ref, own.id
    UNION ALL
    SELECT e.order_ref,
           -coalesce(sum(p.amount) FILTER (WHERE p.source = 'expired'), 0),
           -coalesce(sum(p.amount) FILTER (WHERE p.source = 'cleared'), 0),
           coalesce(sum(p.amount) FILTER (WHERE p.source = 'written_off'), 0)
           - coalesce(sum(p.amount) FILTER (WHERE p.destination = 'written_off'), 0)
      FROM loyalty_plugin_entry e JOIN loyalty_plugin_posting p ON p.entry_id = e.id
     WHERE e.order_ref = ANY(%s) AND e.order_ref <> '' AND p.unit = 'points'
     GROUP BY e.order_ref
  ) AS moved
 GROUP BY ref
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """Points of an order that expired or were cleared unused, and of what was to be taken back, what was written off."""

    expired: int = 0
    cleared: int = 0
    written_off: int = 0


def ended_of_orders(order_refs: Sequence[str]) -> dict[str, Ended]:
    """What became of points that orders brought, less what came back since. One query."""
    refs = list(order_refs)
    with connection.cursor() as cursor:
        cursor.execute(_ENDED, [refs, refs])
        return {ref: Ended(*(max(part, 0) for part in parts)) for ref, *parts in cursor.fetchall()}


def unverified_of_order(order_ref: str, earn_entry: int | None) -> tuple[int, int]:
    """Points of an order that wait for a verified contact: as first awarded, and those that stand now."""
    lots = Lot.objects.filter(entry__order_ref=order_ref, unit=POINTS, needs_verification=True)
    found = lots.aggregate(
        first=Sum("amount", filter=Q(entry_id=earn_entry), default=0), now=Sum("pending", default=0)
    )
    return found["first"], found["now"]


def pending_lots_of_order(order_refs: Sequence[str]) -> dict[str, list[int]]:
    """Those point lots of orders that are still on the way and wait for nothing but the window."""
    rows = (
        Lot.objects.filter(
            Q(needs_verification=False) | Q(member__verified_at__isnull=False),
            entry__order_ref__in=order_refs,
            unit=POINTS,
            pending__gt=0,
        )
        .order_by("pk")
        .values_list("entry__order_ref", "pk")
    )
    return _by_order(rows)


def note_digests(member_id: int) -> list[bytes]:
    """Digests of the words that were written about a member's entries."""
    rows = Entry.objects.filter(member_id=member_id, note_digest__isnull=False)
    return [bytes(digest) for digest in rows.values_list("note_digest", flat=True) if digest is not None]


def milestones_had(member_id: int) -> list[str]:
    """The milestones a member was paid, as they are named when they are remembered: "milestone:century"."""
    rows = Entry.objects.filter(
        member_id=member_id, kind=Kind.BONUS, source__startswith="benefit:milestone:"
    ).values_list("source", flat=True)
    return sorted({source.removeprefix("benefit:") for source in rows})


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
    #: It took a second person, so taking it back takes one, too.
    approved: bool


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
        # By the member, whose entries have an index; reversed entries have none.
        Entry.objects.filter(member_id=entry.member_id, reverses_id=entry.pk, kind=Kind.REVERSE).exists(),
        entry.source.startswith("request:"),
    )
