"""Says what time it is in the stand-in: the real time, or a time set by the control door that runs on from there."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from .store import Store


def iso(moment: datetime) -> str:
    """Always with microseconds and +00:00, so that texts sort as times do."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


class Clock:
    def __init__(self, store: Store) -> None:
        self._store = store
        with store.read() as tx:
            row = tx.setting("clock")
        self._offset = timedelta(microseconds=row["offset"]) if row else timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def set(self, moment: datetime | None) -> None:
        """Go to a moment and run on from it; None returns to real time. Survives a restart."""
        self._offset = moment - datetime.now(UTC) if moment else timedelta()
        with self._store.write() as tx:
            tx.put_setting("clock", {"offset": self._offset // timedelta(microseconds=1)})
