"""Proves that events come back: makes a harmless change of our own at Saleor, and reads what became of a delivery.

The change is an empty checkout, which nobody sees and Saleor itself clears away. It decides nothing: whether the event
came is in the inbox, and what stood in its way is named by `obstacles`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from loyalty_plugin.errors import SaleorError
from loyalty_plugin.models.realms import Installation
from loyalty_plugin.saleor import obstacles
from loyalty_plugin.saleor.client import SaleorClient
from loyalty_plugin.saleor.connections import Connected


def ask(client: SaleorClient, ours: Connected, now: datetime) -> bool:
    """Make the change whose event must come; False where this Saleor has no channel or did not allow it."""
    try:
        channels = client.execute("channels")["channels"] or []
        open_ones = [one["slug"] for one in channels if one["isActive"]]
        if not open_ones:
            return False
        client.execute("checkout_empty", channel=open_ones[0])
    except SaleorError:
        return False  # a permission that was not granted is a finding of its own
    Installation.objects.filter(pk=ours.installation_id).update(proof_asked_at=now)
    return True


def obstacle(delivery: Mapping[str, Any], url: str) -> obstacles.Cause | None:
    """What the newest attempt of a delivery met (fields of `Delivery`), None where it met us or was not tried yet."""
    edges = delivery["attempts"]["edges"]
    if not edges:
        return None
    attempt = edges[0]["node"]
    return obstacles.cause(
        url,
        attempt["responseStatusCode"] or None,
        _headers(attempt["responseHeaders"]),
        attempt["response"] or "",
    )


def _headers(text: str | None) -> dict[str, str]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {}
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}
