"""How far long work is and about how long it still takes, in words; it watches nothing itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def progress(done: int, total: int, since: datetime, now: datetime) -> dict[str, Any]:
    """Percent and time left, judged by the pace since it began."""
    total = max(total, 1)
    rest = (now - since) * max(total - done, 0) / done if done else None
    return {
        "percent": min(done * 100 // total, 100),
        "time_left": _time_left(rest.total_seconds() if rest is not None else None),
    }


def _time_left(seconds: float | None) -> str:
    if seconds is None:
        return _("It begins as soon as a worker is free.")
    minutes = round(seconds / 60)
    if minutes < 1:
        return _("Less than a minute left.")
    return ngettext("About %(n)s minute left.", "About %(n)s minutes left.", minutes) % {"n": minutes}
