"""Every posting there can be is in exactly one column of the books, and the columns say what it does to the balance."""

from __future__ import annotations

import itertools

import pytest

from loyalty_plugin.domain import liability
from loyalty_plugin.domain.ledger import LOT_ACCOUNTS, Account, Kind
from loyalty_plugin.domain.liability import (
    Column,
    Moved,
    column_of,
    on_liability,
    on_receivable,
    roll_forward,
)

UNITS = ("points", "EUR.principal", "EUR.bonus")
SHAPES = [pair for pair in itertools.product(Account, repeat=2) if pair[0] is not pair[1]]


def test_every_kind_is_classified() -> None:
    assert set(liability.ISSUED) == set(Kind), (
        "say in domain/liability.py what the new kind's value is to the books"
    )


@pytest.mark.parametrize("kind", Kind)
def test_every_posting_has_one_column_that_fits_what_it_does(kind: Kind) -> None:
    both = set(liability.OF_LIABILITY) & set(liability.OF_RECEIVABLE)
    assert both == {Column.SET_OFF}
    for unit, (source, destination) in itertools.product(UNITS, SHAPES):
        column = column_of(kind, unit, source, destination)
        assert (column in liability.OF_LIABILITY) == bool(on_liability(source, destination)), (
            source,
            destination,
        )
        assert (column in liability.OF_RECEIVABLE) == bool(on_receivable(source, destination))
        inside = source in LOT_ACCOUNTS and destination in LOT_ACCOUNTS
        assert (column is Column.MOVED) == inside


@pytest.mark.parametrize(
    ("kind", "unit", "source", "destination", "column"),
    [
        (Kind.EARN, "points", Account.ISSUANCE, Account.PENDING, Column.EARNED),
        (Kind.BONUS, "EUR.bonus", Account.ISSUANCE, Account.AVAILABLE, Column.EARNED),
        (Kind.EARN, "EUR.principal", Account.ISSUANCE, Account.AVAILABLE, Column.BOUGHT),
        (Kind.MATURE, "points", Account.PENDING, Account.AVAILABLE, Column.MOVED),
        (Kind.MATURE, "points", Account.PENDING, Account.OWED, Column.SET_OFF),
        (Kind.CAPTURE, "points", Account.HELD, Account.REDEEMED, Column.USED),
        (Kind.GIVE_BACK, "points", Account.REDEEMED, Account.AVAILABLE, Column.GIVEN_BACK),
        (Kind.GIVE_BACK, "points", Account.REDEEMED, Account.EXPIRED, Column.OUTSIDE),
        (Kind.BRING_BACK, "points", Account.EXPIRED, Account.AVAILABLE, Column.BROUGHT_BACK),
        (Kind.REFUND, "points", Account.AVAILABLE, Account.ISSUANCE, Column.REFUNDED),
        (Kind.REFUND, "points", Account.OWED, Account.ISSUANCE, Column.NEWLY_OWED),
        (Kind.REFUND, "points", Account.WRITTEN_OFF, Account.ISSUANCE, Column.OUTSIDE),
        (Kind.EARN, "points", Account.ISSUANCE, Account.OWED, Column.REPAID),
        (Kind.CLEAR, "points", Account.WRITTEN_OFF, Account.OWED, Column.FORGIVEN),
        (Kind.OPENING, "points", Account.OWED, Account.WRITTEN_OFF, Column.NEWLY_OWED),
        (Kind.OPENING, "points", Account.ISSUANCE, Account.AVAILABLE, Column.TRANSFERRED),
        (Kind.ADJUST, "points", Account.AVAILABLE, Account.ADJUSTMENT, Column.ADJUSTED),
    ],
)
def test_what_things_are(
    kind: Kind, unit: str, source: Account, destination: Account, column: Column
) -> None:
    assert column_of(kind, unit, source, destination) is column


def test_what_is_owed_is_never_netted() -> None:
    sums = [
        Moved("", "points", Kind.EARN, Account.ISSUANCE, Account.AVAILABLE, 100, 50),
        Moved("", "points", Kind.REFUND, Account.OWED, Account.ISSUANCE, 0, 30),
        Moved("", "points", Kind.RELEASE, Account.HELD, Account.OWED, 0, 10),
        Moved("", "points", Kind.HOLD, Account.AVAILABLE, Account.HELD, 20, 0),
    ]
    one = roll_forward(sums)[""]["points"]
    assert (one.opening, one.columns, one.closing) == (100, {Column.EARNED: 50, Column.SET_OFF: -10}, 140)
    assert (one.owed_opening, one.owed_columns, one.owed_closing) == (
        0,
        {Column.NEWLY_OWED: 30, Column.SET_OFF: -10},
        20,
    )
    assert one.states == {Account.AVAILABLE: 130, Account.PENDING: 0, Account.HELD: 10}
