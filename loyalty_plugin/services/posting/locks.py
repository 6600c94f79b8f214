"""Locks balances in one global order and reads what lies under the locks; changes nothing but empty balances.

Lock order of the whole plugin: order rows, campaign budgets by code, balances by (member, unit). A lot is
only ever written under the balance of its member and unit, so lots need no locks of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db.backends.utils import CursorWrapper

from loyalty_plugin.cursors import cursor, execute
from loyalty_plugin.domain.ledger import POINTS, Balance, Books, Lot
from loyalty_plugin.services.posting import sql
from loyalty_plugin.services.posting.arrays import integers, texts

MemberUnit = tuple[int, str]


@dataclass(slots=True)
class Locked:
    """Balances this transaction holds the locks of, and the lots read under them."""

    books: dict[int, Books] = field(default_factory=lambda: defaultdict(Books))
    units: set[MemberUnit] = field(default_factory=set)
    with_lots: set[MemberUnit] = field(default_factory=set)

    def balance(self, member_id: int, unit: str = POINTS) -> Balance:
        """The balance under lock."""
        return self.books[member_id].balance(unit)


def lock(keys: Iterable[MemberUnit], *, lots: bool = True, into: Locked | None = None) -> Locked:
    """Lock balances in the global order and read them, and their open lots unless told not to.

    Must run inside the transaction that will post. Missing balances are created. Whoever needs several should
    ask for them in one call: between two calls nothing keeps the order.
    """
    wanted = set(keys)
    locked = Locked() if into is None else into
    balances = sorted(wanted - locked.units)
    if balances and not take_balances(locked, balances, ask_for_balances(balances)):
        create_balances(locked, balances)
    if lots and (unread := sorted(wanted - locked.with_lots)):
        take_lots(locked, unread, ask_for_lots(unread))
    return locked


def open_accounts(member_ids: Iterable[int], units: Iterable[str]) -> None:
    """Make new members' balances, so that the first earning finds them."""
    wanted = [(member_id, unit) for member_id in sorted(set(member_ids)) for unit in sorted(set(units))]
    ids, names = [member_id for member_id, _ in wanted], [unit for _, unit in wanted]
    execute(sql.CREATE_AND_LOCK, [integers(ids), texts(names)])


def ask_for_balances(wanted: Sequence[MemberUnit]) -> CursorWrapper:
    """Send the statement that locks all of them or, if one is missing, none."""
    asked = cursor()
    asked.execute(sql.LOCK, [*_columns(wanted), len(wanted)])
    return asked


def take_balances(locked: Locked, wanted: Sequence[MemberUnit], asked: CursorWrapper) -> bool:
    """Take in what was locked; False if a balance is missing, and nothing was locked."""
    rows = asked.fetchall()
    asked.close()
    for member_id, unit, pending, available, held, owed, earned in rows:
        locked.books[member_id].balances[unit] = Balance(pending, available, held, owed, earned)
    if rows:
        locked.units.update(wanted)
    return bool(rows)


def create_balances(locked: Locked, wanted: Sequence[MemberUnit]) -> None:
    """Make those that are missing and lock all, in one order: a lock taken before would break it."""
    execute(sql.CREATE_AND_LOCK, _columns(wanted))
    take_balances(locked, wanted, ask_for_balances(wanted))


def ask_for_lots(wanted: Sequence[MemberUnit]) -> CursorWrapper:
    """Send the statement that reads the open lots of balances."""
    asked = cursor()
    asked.execute(sql.OPEN_LOTS, _columns(wanted))
    return asked


def take_lots(locked: Locked, wanted: Sequence[MemberUnit], asked: CursorWrapper) -> None:
    """Take in the lots that were read under the locks of these balances."""
    for member_id, lot_id, *rest in asked.fetchall():
        locked.books[member_id].lots[lot_id] = Lot(lot_id, *rest)
    asked.close()
    locked.with_lots.update(wanted)


def take_named_lots(locked: Locked, named: Iterable[int]) -> None:
    """Read these lots, too, under the locks of their balances, for what is to return to them."""
    with cursor() as asked:
        asked.execute(sql.NAMED_LOTS, [integers(named)])
        for member_id, lot_id, *rest in asked.fetchall():
            # What the plans before have left of it is newer than its row.
            locked.books[member_id].lots.setdefault(lot_id, Lot(lot_id, *rest))


def _columns(wanted: Sequence[MemberUnit]) -> list[str]:
    return [integers(member for member, _ in wanted), texts([unit for _, unit in wanted])]
