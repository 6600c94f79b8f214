"""Shows what points for past orders cost and has somebody accept it; what they cost is reckoned elsewhere."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError

from loyalty_plugin.domain.actors import SYSTEM, Actor
from loyalty_plugin.management.progress import Bar
from loyalty_plugin.queries.past import currency_of, liability
from loyalty_plugin.queries.realms import realm_at
from loyalty_plugin.queries.staff import staff_actor
from loyalty_plugin.registry import ports
from loyalty_plugin.services.history import accepting, points


class Table:
    """A CSV file with a row for each member; without a path, none."""

    HEAD = ("member", "orders", "points", "expired_already", "orders_above_maximum")

    def __init__(self, path: Path | None) -> None:
        self._file: TextIO | None = path.open("w", newline="", encoding="utf-8") if path else None
        self._writer = csv.writer(self._file) if self._file else None
        if self._writer:
            self._writer.writerow(self.HEAD)

    def add(self, members: Sequence[points.OfMember]) -> None:
        """The rows of some members."""
        if self._writer:
            self._writer.writerows(
                (one.number, one.orders, one.points, one.over, one.waiting) for one in members
            )

    def close(self) -> None:
        """To be called once all is written."""
        if self._file:
            self._file.close()


def reckon(realm: str, path: Path | None) -> points.Cost:
    """What it costs, with the members in a file. Raises LoyaltyError."""
    return _watched(realm, path, lambda tell: points.reckon(SYSTEM, realm=realm, tell=tell))


def accept(realm: str, total: int, username: str, path: Path | None) -> Any:
    """Post it in the name of a staff account. Raises LoyaltyError, CommandError for an account there is not."""
    actor = _actor(username)
    return _watched(realm, path, lambda tell: accepting.accept(actor, realm=realm, total=total, tell=tell))


def _watched(realm: str, path: Path | None, work: Any) -> Any:
    bar, table = Bar("points"), Table(path)

    def tell(cost: points.Cost, members: Sequence[points.OfMember]) -> None:
        table.add(members)
        bar.show(cost.done, cost.total, cost.done)

    try:
        return work(tell)
    finally:
        table.close()
        bar.end()


def _actor(username: str) -> Actor:
    users = get_user_model()
    user = users._default_manager.filter(**{users.USERNAME_FIELD: username, "is_active": True}).first()
    if user is None:
        raise CommandError(
            f"There is no active staff account '{username}'. Say with --as in whose name you accept."
        )
    return staff_actor(user, via="command", now=ports.clock.now())


def lines(realm: str, cost: points.Cost, value: Decimal | None) -> list[str]:
    """The cost in words. `value` is what a point is worth, in major units of the programme's currency."""
    told = [
        f"Points for past orders: {cost.points:,} for {cost.orders:,} orders of {cost.members:,} members.",
    ]
    if cost.over:
        told.append(f"  {cost.over:,} of them are past their last day and expire at once.")
    if cost.waiting:
        told.append(
            f"  Besides, {cost.waiting:,} orders are above the largest award: each waits for a person."
        )
    currency = currency_of(realm_at(realm))
    if value is None:
        told.append("  Say with --point-value what a point is worth to see the liability in money.")
    elif currency:
        money = liability(cost.points, cost.over, value, currency)
        told.append(f"  Liability at {value} {currency} a point: {money.decimal:,} {currency}.")
    else:
        told.append("  This Saleor's programmes have several currencies: the liability is not one sum.")
    return told
