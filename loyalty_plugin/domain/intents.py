"""What an act intends to do to a member's accounts, and the plan that carries it to the ledger; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from loyalty_plugin.domain.ledger import LOTLESS, Account, Kind, Shortfall


@dataclass(frozen=True, slots=True)
class Award:
    """Open a lot: pending with `matures_at` or `needs_verification`, else available after repaying what is owed."""

    unit: str
    amount: int
    matures_at: datetime | None = None
    expires_at: datetime | None = None
    source: Account = Account.ISSUANCE
    origin_lot: int | None = None
    #: Stays pending until the member's contact is verified (and `matures_at`, if any, has passed).
    needs_verification: bool = False
    #: Stays pending until a later act says otherwise (a return window that starts with fulfilment).
    waits: bool = False
    #: Gives back what was awarded once and taken back since: no new value, so no hard maximum applies.
    restores: bool = False
    #: So much of it was written off when it was taken back: the member kept it, so that is undone first.
    written_off: int = 0

    @property
    def pending(self) -> bool:
        """Whether the lot starts as points on the way."""
        return self.matures_at is not None or self.needs_verification or self.waits


@dataclass(frozen=True, slots=True)
class Mature:
    """Move what is pending in these lots to available, repaying what is owed first."""

    unit: str
    lots: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Consume:
    """Take from available, soonest expiry first."""

    unit: str
    amount: int
    to: Account = Account.REDEEMED
    shortfall: Shortfall = Shortfall.REFUSE


@dataclass(frozen=True, slots=True)
class ConsumeAll:
    """Take everything that is available and pending, whatever it is (clearing)."""

    unit: str
    to: Account = Account.CLEARED


@dataclass(frozen=True, slots=True)
class Hold:
    """Reserve available points, soonest expiry first; never more than is there."""

    unit: str
    amount: int


@dataclass(frozen=True, slots=True)
class Capture:
    """Use held points: pairs of lot and amount."""

    unit: str
    portions: tuple[tuple[int, int], ...]
    to: Account = Account.REDEEMED


@dataclass(frozen=True, slots=True)
class Release:
    """Give held points back to their lots, repaying what is owed first: pairs of lot and amount."""

    unit: str
    portions: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Return what was spent to the lots it was taken from, repaying what is owed first: pairs of lot and amount.

    `lapsed` is so much that has no lot to return to, since that ended meanwhile: it has expired.
    """

    unit: str
    portions: tuple[tuple[int, int], ...]
    lapsed: int = 0


@dataclass(frozen=True, slots=True)
class Expire:
    """End these lots: what is pending or available in them is gone; held parts stay."""

    unit: str
    lots: tuple[int, ...]
    to: Account = Account.EXPIRED


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Undo an award: from its own lots, pending first, then what ended of it, then any lot, then by the policy.

    What is held of a lot stays held: a checkout counts on it. What is missing for that is owed, or written off, and
    a later release repays what is owed. Lots that the same plan opened are its own, too. What `expired` or was
    `cleared` of it is gone already: it is undone there, since the member would else lose it twice.
    """

    unit: str
    amount: int
    lots: tuple[int, ...] = ()
    shortfall: Shortfall = Shortfall.OWE
    to: Account = Account.ISSUANCE
    expired: int = 0
    cleared: int = 0


Intent = Award | Mature | Consume | ConsumeAll | Hold | Capture | Release | GiveBack | Expire | TakeBack
_NEEDS_NO_LOTS: Final = (Award,)


@dataclass(frozen=True, slots=True)
class Plan:
    """One act on one member's accounts, decided but not yet posted.

    `key` is the business key, unique for ever, beginning with its realm or programme; `digest` is the hash of
    the input that was asked (see `input_digest`). `occurred_at` is when it happened, for lots and tiers.
    """

    key: str
    digest: bytes
    kind: Kind
    programme_id: int
    version_id: int
    member_id: int
    occurred_at: datetime
    intents: tuple[Intent, ...]
    channel: str = ""
    issuing_shop: str = ""
    acting_shop: str = ""
    order_ref: str = ""
    reverses_id: int | None = None
    batch: str = ""
    actor: str = ""
    source: str = ""
    note_digest: bytes | None = None
    #: This act counts as activity: lots that expire by inactivity live until then.
    active_until: datetime | None = None
    explanation: Mapping[str, Any] | None = None

    @property
    def units(self) -> tuple[str, ...]:
        """The units this plan touches, each once, in order."""
        return tuple(dict.fromkeys(intent.unit for intent in self.intents))

    @property
    def lot_units(self) -> tuple[str, ...]:
        """The units whose lots must be read before this plan can be settled."""
        return tuple(
            dict.fromkeys(
                i.unit for i in self.intents if not isinstance(i, _NEEDS_NO_LOTS) and i.unit not in LOTLESS
            )
        )

    @property
    def named_lots(self) -> tuple[int, ...]:
        """The lots that must be read though nothing may be left in them."""
        return tuple(lot for i in self.intents if isinstance(i, GiveBack) for lot, _ in i.portions)

    @property
    def awarded(self) -> int:
        """What this plan creates in all, whatever it is for: to be held against the programme's hard maximum."""
        given = sum(
            i.amount
            for i in self.intents
            if isinstance(i, Award) and i.unit not in LOTLESS and not i.restores
        )
        taken = sum(i.amount for i in self.intents if isinstance(i, TakeBack) and i.unit not in LOTLESS)
        return max(given - taken, 0)

    @property
    def only_awards(self) -> bool:
        """Whether it creates value and does nothing else."""
        for intent in self.intents:
            if type(intent) is not Award or intent.written_off or intent.source is not Account.ISSUANCE:
                return False
        return True

    @property
    def opens(self) -> int:
        """The largest number of lots this plan may open."""
        # A list, not a generator: asked for each of thousands of plans.
        return len([i for i in self.intents if isinstance(i, Award) and i.unit not in LOTLESS])
