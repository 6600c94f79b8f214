"""Writes down an act that waits for a second person, once for each key, and announces it; it judges and decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from loyalty_plugin.conf import settings
from loyalty_plugin.errors import KeyConflict
from loyalty_plugin.models.requests import Request
from loyalty_plugin.signals import announce, request_opened

FOR_EVER: Final = timedelta(days=36_500)


def open_request(
    *,
    key: str,
    programme_id: int,
    operation: str,
    amount: int,
    payload: Mapping[str, Any],
    cause: Mapping[str, Any],
    requested_by_id: int | None,
    now: datetime,
    member_id: int | None = None,
    unit: str = "points",
    reason: str = "",
    words: str = "",
    runs_out: bool = True,
) -> tuple[Request, bool]:
    """The request under this key, and whether it is new; in the caller's transaction.

    `payload` holds the `digest` of what is asked, `amount` is in points or in minor units of `unit`. It runs out after
    REQUEST_DAYS, or never. Raises KeyConflict where the same key came with another digest.
    """
    request, created = Request.objects.get_or_create(
        key=key,
        defaults={
            "programme_id": programme_id,
            "member_id": member_id,
            "operation": operation,
            "amount": amount,
            "unit": unit,
            "payload": dict(payload),
            "reason": reason,
            "words": words,
            "cause": dict(cause),
            "requested_by_id": requested_by_id,
            "created_at": now,
            "expires_at": now + (timedelta(days=settings.REQUEST_DAYS) if runs_out else FOR_EVER),
        },
    )
    if created:
        announce(request_opened, request_id=request.pk)
    elif request.payload["digest"] != payload["digest"]:
        raise KeyConflict(key=key, request=request.pk)
    return request, created
