"""What member prices saved a member on the orders they placed; adds up promises that were kept, judges none."""

from __future__ import annotations

from django.db.models import F, Sum

from loyalty_plugin.models.orders import PricePromise


def saved_by(member_id: int) -> int:
    """Minor units of the programme's currency, against what anybody else would have paid then. One query."""
    kept = PricePromise.objects.filter(
        member_id=member_id, status=PricePromise.Status.KEPT, guest_price__gt=F("unit_price")
    )
    less = (F("guest_price") - F("unit_price")) * F("quantity")
    return int(kept.aggregate(saved=Sum(less))["saved"] or 0)
