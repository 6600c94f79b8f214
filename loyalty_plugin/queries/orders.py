"""What orders are called: the numbers people know them by, for the names the ledger keeps; reads only."""

from __future__ import annotations

from collections.abc import Iterable

from loyalty_plugin.models.orders import OrderRecord


def order_numbers(refs: Iterable[str]) -> dict[str, str]:
    """Numbers by the ledger's name of an order (realm and id); what names no order of ours is left out. One query."""
    wanted = set(filter(None, refs))
    ids = {ref.rpartition("|")[2] for ref in wanted}
    rows = OrderRecord.objects.filter(order_id__in=ids).values_list("realm__api_url", "order_id", "number")
    found = {f"{realm}|{order_id}": number for realm, order_id, number in rows}
    return {ref: number for ref, number in found.items() if ref in wanted}
