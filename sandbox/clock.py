"""The demonstration's time: one shared row that every process reads, empty for real time; it decides no dates."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
from django.conf import settings


class SharedRowClock:
    """The plugin's clock in the sandbox: the row's time while one is set, else the machine's."""

    def now(self) -> datetime:
        """This instant, timezone-aware."""
        from sandbox.shop.models import ClockRow

        return ClockRow.objects.values_list("now", flat=True).first() or datetime.now(UTC)


def set_time(now: datetime | None) -> None:
    """Moves the shop's, the worker's and the stand-in Saleor's time; None returns all to the real time."""
    from sandbox.shop.models import ClockRow

    ClockRow.objects.update_or_create(pk=1, defaults={"now": now})
    answer = httpx.post(
        f"{settings.SANDBOX_SALEOR_URL}/_standin/clock",
        json={"now": now.isoformat() if now else None},
        timeout=20,
    )
    answer.raise_for_status()
