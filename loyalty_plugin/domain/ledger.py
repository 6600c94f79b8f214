"""The ledger's nouns: accounts, units, balances, lots and postings; what they mean, never what happens to them.

A posting moves an amount > 0 from one account to another, so double entry holds by the row's own shape. A
member's accounts are `pending`, `available`, `held` and `owed`, kept per unit; `owed` is at most zero, all
others at least zero. System accounts carry no balance: their totals are sums of postings.
Lots are what was earned together: they say which points are spent first (soonest expiry) and where points
return to. Every move of a lot unit names its lot; `owed` has none, and neither have lotless units.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from pydantic_core import to_json

from loyalty_plugin.errors import InsufficientPoints

POINTS: Final = "points"
#: Points that count for tiers only; they are never spent, so they need no lots.
QUALIFYING: Final = "qualifying"
LOTLESS: Final = frozenset({QUALIFYING})


def principal(currency: str) -> str:
    """The unit of real money a member paid in, per currency (minor units)."""
    return f"{currency}.principal"


def bonus(currency: str) -> str:
    """The unit of money given on top by the shop, per currency (minor units)."""
    return f"{currency}.bonus"


class Account(StrEnum):
    """Where an amount lies: four accounts of a member, the rest of the system."""

    PENDING = "pending"
    AVAILABLE = "available"
    HELD = "held"
    OWED = "owed"
    ISSUANCE = "issuance"
    ADJUSTMENT = "adjustment"
    EXPIRED = "expired"
    REDEEMED = "redeemed"
    CLEARED = "cleared"
    WRITTEN_OFF = "written_off"


MEMBER_ACCOUNTS: Final = frozenset({Account.PENDING, Account.AVAILABLE, Account.HELD, Account.OWED})
LOT_ACCOUNTS: Final = frozenset({Account.PENDING, Account.AVAILABLE, Account.HELD})


class Shortfall(StrEnum):
    """What happens when more is taken than is there: refuse, owe it, or write it off."""

    REFUSE = "refuse"
    OWE = "owe"
    WRITE_OFF = "write_off"


class Kind(StrEnum):
    """What an entry is about."""

    EARN = "earn"
    BONUS = "bonus"
    MATURE = "mature"
    REFUND = "refund"
    SPEND = "spend"
    HOLD = "hold"
    CAPTURE = "capture"
    RELEASE = "release"
    GIVE_BACK = "give_back"
    EXPIRE = "expire"
    BRING_BACK = "bring_back"
    CLEAR = "clear"
    ADJUST = "adjust"
    REVERSE = "reverse"
    OPENING = "opening"


# Named tuples: each order and each lot of a night makes several, and a frozen dataclass takes four times as long.
class Balance(NamedTuple):
    """A member's four accounts in one unit."""

    pending: int = 0
    available: int = 0
    held: int = 0
    owed: int = 0
    #: Ever issued less taken back, whatever became of it: what milestones look at.
    earned: int = 0

    def check(self) -> Balance:
        """Itself, if the laws of signs hold. Raises InsufficientPoints."""
        if self.pending < 0 or self.available < 0 or self.held < 0 or self.owed > 0:
            raise InsufficientPoints(balance=str(self))
        return self


#: In a unit that was never touched.
NOTHING: Final = Balance()


class Lot(NamedTuple):
    """What is left of one award, by account."""

    id: int
    unit: str
    pending: int = 0
    available: int = 0
    held: int = 0
    matures_at: datetime | None = None
    expires_at: datetime | None = None
    needs_verification: bool = False

    @property
    def open(self) -> bool:
        """Something is left in it."""
        return bool(self.pending or self.available or self.held)


def spending_order(lots: Iterable[Lot]) -> list[Lot]:
    """Soonest expiry first, those that never expire last, older lots before younger."""
    return sorted(lots, key=lambda lot: (lot.expires_at is None, lot.expires_at or 0, lot.id))


class Posting(NamedTuple):
    """Amount > 0 from one account to another. Lots are named on the side of a member's lot account."""

    unit: str
    source: Account
    destination: Account
    amount: int
    source_lot: int | None = None
    destination_lot: int | None = None


class NewLot(NamedTuple):
    """A lot this entry opens; its terms never change."""

    id: int
    unit: str
    amount: int
    matures_at: datetime | None
    expires_at: datetime | None
    origin_lot: int | None
    needs_verification: bool


@dataclass(slots=True)
class Books:
    """One member's accounts while plans are settled against them, in memory, one after the other."""

    balances: dict[str, Balance] = field(default_factory=dict)
    lots: dict[int, Lot] = field(default_factory=dict)
    changed_lots: set[int] = field(default_factory=set)

    def balance(self, unit: str) -> Balance:
        """The balance in this unit, zero if never touched."""
        return self.balances.get(unit, NOTHING)

    def lots_of(self, unit: str) -> list[Lot]:
        """Lots with something left, in spending order."""
        return spending_order(lot for lot in self.lots.values() if lot.unit == unit and lot.open)

    def copy(self) -> Books:
        """An independent copy, so that a refused plan leaves no trace."""
        return Books(dict(self.balances), dict(self.lots), set(self.changed_lots))


class Settled(NamedTuple):
    """What one plan does to the books: rows to insert."""

    postings: tuple[Posting, ...]
    lots: tuple[NewLot, ...]


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(str(item) for item in value)
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


#: Made once: `json.dumps` would make one for each call.
_CANONICAL: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain
)


def input_digest(request: Mapping[str, object]) -> bytes:
    """SHA-256 of what was asked, canonical JSON: the same request gives the same 32 bytes anywhere."""
    flat: dict[str, object] = {}
    for key in sorted(request):
        value = request[key]
        if type(value) is datetime:
            value = value.isoformat()
        elif type(value) is not str and type(value) is not int:
            return hashlib.sha256(_CANONICAL.encode(request).encode()).digest()
        flat[key] = value
    # The quicker encoder writes text and whole numbers alike; a property test holds it to that.
    return hashlib.sha256(to_json(flat)).digest()
