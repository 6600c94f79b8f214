"""Holds payments against the holds they were reserved by: what stands of a charge is what the ledger used; mends nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from django.db.models import F, Sum

from loyalty_plugin.domain.paying import used
from loyalty_plugin.models.holds import HoldPortion
from loyalty_plugin.models.payments import Payment
from loyalty_plugin.queries.paying import OPEN, parts_of
from loyalty_plugin.queries.verifying.findings import Finding


def check(after: int, until: int) -> Iterator[Finding]:
    """What differs for members above `after` up to `until`. Two queries."""
    payments = list(Payment.objects.filter(member_id__gt=after, member_id__lte=until).order_by("created_at"))
    if not payments:
        return
    sums = (
        HoldPortion.objects.filter(hold_id__in=[one.hold_id for one in payments])
        .values_list("hold_id", "unit")
        .annotate(held=Sum("amount"), stands=Sum(F("captured") - F("returned")))
    )
    held: dict[int, Counter[str]] = defaultdict(Counter)
    stands: dict[int, Counter[str]] = defaultdict(Counter)
    for hold_id, unit, amount, left in sums:
        held[hold_id][unit] += amount
        stands[hold_id][unit] += left
    for one in payments:
        parts = parts_of(one)
        told = Counter(used(parts, one.charged - one.refunded).amounts(one.currency))
        if +stands[one.hold_id] != told:
            yield Finding(
                "payment_differs", f"payment {one.pk}", str(dict(told)), str(dict(+stands[one.hold_id]))
            )
        if one.state in OPEN and +held[one.hold_id] != Counter(parts.amounts(one.currency)):
            yield Finding(
                "payment_differs", f"payment {one.pk}: reserved", str(parts), str(dict(held[one.hold_id]))
            )
