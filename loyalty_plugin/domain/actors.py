"""Who acts: a frozen statement made by a door and judged by policies; it never looks anything up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class ActorKind(StrEnum):
    """What kind of party acts."""

    MEMBER = "member"
    STAFF = "staff"
    PARTNER = "partner"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """The second factor an actor has shown, and when."""

    method: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Scope:
    """A role in a channel; an empty channel means everywhere."""

    role: str
    channel: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, with what right, through which door. `subject` is an account or member id with its realm."""

    kind: ActorKind
    subject: str
    permissions: frozenset[str] = frozenset()
    scopes: tuple[Scope, ...] = ()
    second_factor: SecondFactor | None = None
    via: str = ""
    #: The human behind a staff account; without one nothing may be approved or asked above a limit.
    person_id: int | None = None
    #: The member who acts, or the staff person's own membership.
    member_id: int | None = None

    @property
    def name(self) -> str:
        """For ledger and trail: kind and subject, no personal data."""
        return f"{self.kind}:{self.subject}"

    @property
    def source(self) -> str:
        """What an entry that somebody decided names as its source: the human, where one is known."""
        return f"person:{self.person_id}" if self.person_id else self.name


#: The plugin itself, for what follows from facts and rules without anybody asking.
SYSTEM: Final = Actor(ActorKind.SYSTEM, "loyalty", via="job")
