"""A version of a programme with what surrounds it: currency, time zone, start; decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from loyalty_plugin.domain.programmes.document import ProgrammeDocument


@dataclass(frozen=True, slots=True)
class ProgrammeVersion:
    """A published version, or a draft on trial. `max_award`: points one entry may bring without a person."""

    id: int
    programme_id: int
    code: str
    number: int
    name: str
    currency: str
    zone: ZoneInfo
    starts_at: datetime
    max_award: int
    document: ProgrammeDocument
