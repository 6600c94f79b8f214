"""What a movement of the ledger is to the shop's books: its one column, and what it does to what is owed to members.

Liability is what members have (available, on the way, reserved). What members owe is a receivable of its own and is
never netted with it. Decides by kind, unit and accounts alone; reads nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from loyalty_plugin.domain.ledger import LOT_ACCOUNTS, Account, Kind


class Column(StrEnum):
    """Where a posting is counted. Every posting is in exactly one."""

    EARNED = "earned"
    BOUGHT = "bought"
    BROUGHT_BACK = "brought_back"
    GIVEN_BACK = "given_back"
    USED = "used"
    EXPIRED = "expired"
    CLEARED = "cleared"
    REFUNDED = "refunded"
    WRITTEN_OFF = "written_off"
    ADJUSTED = "adjusted"
    TRANSFERRED = "transferred"
    #: What a member had repaid what they owed: less liability and less receivable.
    SET_OFF = "set_off"
    #: Only the receivable: taken back from somebody who no longer had it; repaid by new value; forgiven.
    NEWLY_OWED = "newly_owed"
    REPAID = "repaid"
    FORGIVEN = "forgiven"
    #: From one of a member's states to another.
    MOVED = "moved"
    #: Between accounts that are no member's: a refund of what had expired, or was written off.
    OUTSIDE = "outside"


#: In the order of a roll-forward.
OF_LIABILITY: Final = (
    Column.EARNED,
    Column.BOUGHT,
    Column.BROUGHT_BACK,
    Column.GIVEN_BACK,
    Column.USED,
    Column.EXPIRED,
    Column.CLEARED,
    Column.REFUNDED,
    Column.WRITTEN_OFF,
    Column.ADJUSTED,
    Column.TRANSFERRED,
    Column.SET_OFF,
)
OF_RECEIVABLE: Final = (Column.NEWLY_OWED, Column.REPAID, Column.FORGIVEN, Column.SET_OFF)

#: What new value is, by the kind of its entry. A new kind is not in the books before it is named here.
ISSUED: Final[dict[Kind, Column]] = {
    Kind.EARN: Column.EARNED,
    Kind.BONUS: Column.EARNED,
    Kind.MATURE: Column.EARNED,
    Kind.SPEND: Column.EARNED,
    Kind.HOLD: Column.EARNED,
    Kind.CAPTURE: Column.EARNED,
    Kind.RELEASE: Column.EARNED,
    Kind.GIVE_BACK: Column.GIVEN_BACK,
    Kind.EXPIRE: Column.EARNED,
    Kind.BRING_BACK: Column.BROUGHT_BACK,
    Kind.CLEAR: Column.EARNED,
    Kind.ADJUST: Column.ADJUSTED,
    # A refund that did not last gives again what it took.
    Kind.REFUND: Column.REFUNDED,
    Kind.REVERSE: Column.REFUNDED,
    Kind.OPENING: Column.TRANSFERRED,
}
_CAME: Final[dict[Account, Column]] = {
    Account.ADJUSTMENT: Column.ADJUSTED,
    Account.EXPIRED: Column.BROUGHT_BACK,
    Account.CLEARED: Column.BROUGHT_BACK,
    Account.REDEEMED: Column.GIVEN_BACK,
    Account.WRITTEN_OFF: Column.WRITTEN_OFF,
}
_WENT: Final[dict[Account, Column]] = {
    Account.ISSUANCE: Column.REFUNDED,
    Account.ADJUSTMENT: Column.ADJUSTED,
    Account.EXPIRED: Column.EXPIRED,
    Account.CLEARED: Column.CLEARED,
    Account.REDEEMED: Column.USED,
    Account.WRITTEN_OFF: Column.WRITTEN_OFF,
}


def is_principal(unit: str) -> bool:
    """Whether it is money that members paid in."""
    return unit.endswith(".principal")


def column_of(kind: Kind, unit: str, source: Account, destination: Account) -> Column:
    """The column of a posting: a total function. Raises KeyError only for a kind or account nobody classified."""
    if source in LOT_ACCOUNTS and destination in LOT_ACCOUNTS:
        return Column.MOVED
    if Account.OWED in (source, destination):
        other = destination if source is Account.OWED else source
        if other in LOT_ACCOUNTS:
            return Column.SET_OFF
        if source is Account.OWED:
            return Column.NEWLY_OWED
        return Column.FORGIVEN if other is Account.WRITTEN_OFF else Column.REPAID
    if destination in LOT_ACCOUNTS:
        if source is not Account.ISSUANCE:
            return _CAME[source]
        column = ISSUED[kind]
        return Column.BOUGHT if column is Column.EARNED and is_principal(unit) else column
    return _WENT[destination] if source in LOT_ACCOUNTS else Column.OUTSIDE


def on_liability(source: Account, destination: Account) -> int:
    """+1 where what members have grows by the amount, -1 where it falls, else 0."""
    return (destination in LOT_ACCOUNTS) - (source in LOT_ACCOUNTS)


def on_receivable(source: Account, destination: Account) -> int:
    """+1 where what members owe grows by the amount, -1 where it falls, else 0."""
    return (source is Account.OWED) - (destination is Account.OWED)


class Moved(NamedTuple):
    """All postings of one shape, under one key of a breakdown: their sum before a period and within it."""

    key: str
    unit: str
    kind: Kind
    source: Account
    destination: Account
    before: int
    within: int


_STATES: Final = (Account.AVAILABLE, Account.PENDING, Account.HELD)


@dataclass(slots=True)
class RollForward:
    """One unit from opening to closing. Columns are signed: what makes the liability (the receivable) larger is above 0."""

    unit: str
    opening: int = 0
    columns: dict[Column, int] = field(default_factory=dict)
    closing: int = 0
    owed_opening: int = 0
    owed_columns: dict[Column, int] = field(default_factory=dict)
    owed_closing: int = 0
    #: What the closing consists of.
    states: dict[Account, int] = field(default_factory=lambda: dict.fromkeys(_STATES, 0))
    #: Amounts that changed nothing here: moved between a member's states, or between accounts of no member.
    beside: dict[Column, int] = field(default_factory=dict)

    @property
    def touched(self) -> bool:
        """Something is, was or happened."""
        return bool(
            self.opening
            or self.closing
            or self.columns
            or self.owed_opening
            or self.owed_columns
            or self.beside
        )

    def add(self, one: Moved) -> None:
        """Count one sum in."""
        column = column_of(one.kind, one.unit, one.source, one.destination)
        liability = on_liability(one.source, one.destination)
        receivable = on_receivable(one.source, one.destination)
        total = one.before + one.within
        self.opening += liability * one.before
        self.closing += liability * total
        self.owed_opening += receivable * one.before
        self.owed_closing += receivable * total
        for account, signed in ((one.destination, total), (one.source, -total)):
            if account in self.states:
                self.states[account] += signed
        if one.within and liability:
            self.columns[column] = self.columns.get(column, 0) + liability * one.within
        if one.within and receivable:
            self.owed_columns[column] = self.owed_columns.get(column, 0) + receivable * one.within
        if one.within and not liability and not receivable:
            self.beside[column] = self.beside.get(column, 0) + one.within


def roll_forward(sums: Iterable[Moved]) -> dict[str, dict[str, RollForward]]:
    """By key of the breakdown (an empty one without), then by unit; both in order. Sums of the keys are the total's."""
    found: dict[str, dict[str, RollForward]] = {}
    for one in sums:
        units = found.setdefault(one.key, {})
        units.setdefault(one.unit, RollForward(one.unit)).add(one)
    return {
        key: {unit: units[unit] for unit in sorted(units, key=in_order) if units[unit].touched}
        for key, units in sorted(found.items())
    }


def in_order(unit: str) -> tuple[bool, str]:
    """Points first, then money by currency."""
    return unit != "points", unit


#: Days, each the last of its class; what is older, or ends later, is in one more class.
AGES: Final = (30, 90, 180, 365)
ENDS: Final = (30, 90, 365)
