"""Locks balances in one global order and reads what lies under the locks; changes nothing but empty balances.

Lock order of the whole plugin: order rows, campaign budgets by code, balances by (member, unit). A lot is
only ever written under the balance of its member and unit, so lots need no locks of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from loyalty_plugin.domain.ledger import POINTS, Balance, Books, Lot
from loyalty_plugin.services.posting import sql
from loyalty_plugin.services.posting.arrays import integers, texts
from loyalty_plugin.services.posting.cursors import cursor

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
    _lock_balances(locked, sorted(wanted - locked.units))
    if lots:
        read_lots(locked, wanted)
    return locked


def open_accounts(member_id: int, units: Iterable[str]) -> None:
    """Make a new member's balances, so that the first earning finds them."""
    wanted = sorted(set(units))
    with cursor() as run:
        run.execute(sql.CREATE_AND_LOCK, [integers([member_id] * len(wanted)), texts(wanted)])


def _lock_balances(locked: Locked, wanted: Sequence[MemberUnit]) -> None:
    if not wanted:
        return
    columns = [integers(member for member, _ in wanted), texts([unit for _, unit in wanted])]
    with cursor() as run:
        # Locks all of them or, if one is missing, none: a lock taken before an insert would break the order.
        run.execute(sql.LOCK, [*columns, len(wanted)])
        rows = run.fetchall()
        if not rows:
            run.execute(sql.CREATE_AND_LOCK, columns)
            run.execute(sql.LOCK, [*columns, len(wanted)])
            rows = run.fetchall()
    for member_id, unit, pending, available, held, owed, earned in rows:
        locked.books[member_id].balances[unit] = Balance(pending, available, held, owed, earned)
    locked.units.update(wanted)


def read_lots(locked: Locked, keys: Iterable[MemberUnit]) -> None:
    """Read the open lots of balances that are locked already, unless they were read before."""
    wanted = sorted(set(keys) - locked.with_lots)
    if not wanted:
        return
    with cursor() as run:
        run.execute(
            sql.OPEN_LOTS, [integers(member for member, _ in wanted), texts([unit for _, unit in wanted])]
        )
        for member_id, lot_id, *rest in run.fetchall():
            locked.books[member_id].lots[lot_id] = Lot(lot_id, *rest)
    locked.with_lots.update(wanted)
