"""One order of a batch on its way through the steps: what was read of it, and what was decided so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from loyalty_plugin.domain.facts import OrderFact
from loyalty_plugin.domain.intents import Plan
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.tiers.history import QualifyingFact
from loyalty_plugin.services.holders import Holder
from loyalty_plugin.services.orders.records import Record


@dataclass(slots=True)
class Work:
    """One order of a batch on its way."""

    fact: OrderFact
    record: Record
    member: Holder
    version: ProgrammeVersion
    plans: list[Plan] = field(default_factory=list)
    facts: list[QualifyingFact] = field(default_factory=list)
    earned_before: int = 0
    #: A birthday brought its first benefit by this order.
    locks_birthday: bool = False
    #: Placed as a guest, and claimed by the member since.
    claimed: bool = False
    #: Paid before the programme began in this shop.
    past: bool = False
    #: A past order whose points were accepted: the name of that act.
    credit: str = ""
    #: The tier the member had then, where that is not the one they have.
    tier: str | None = None
    #: Money paid by hand waits for a second person, or was refused: the stable code of that.
    waits_for: str = ""
    #: Points and qualifying points that stood before this fact.
    stood: tuple[int, int] = (0, 0)
