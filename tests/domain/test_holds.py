"""What holds do to any books: nothing is lost, the soonest end is used first, and none outlasts what it holds."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_plugin.domain.holds import (
    LONGEST,
    Portion,
    check_asked,
    divide,
    ending,
    held_until,
    latest_end,
    placing,
    portions_of,
)
from loyalty_plugin.domain.intents import Award, Intent, Plan, TakeBack
from loyalty_plugin.domain.ledger import POINTS, QUALIFYING, Balance, Books, Kind, Shortfall, bonus, principal
from loyalty_plugin.domain.settlement import settle
from loyalty_plugin.errors import HoldExceeded, InsufficientPoints, InvalidAmount, InvalidInput

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
UNITS = (POINTS, principal("EUR"), bonus("EUR"))
units = st.sampled_from(UNITS)
moments = st.integers(1, 5_000).map(lambda minutes: BEGIN + timedelta(minutes=minutes))
lots = st.lists(st.tuples(units, st.integers(1, 40), st.none() | moments), min_size=1, max_size=8)
wishes = st.dictionaries(units, st.integers(1, 60), min_size=1)
portions = st.lists(st.builds(Portion, units, st.integers(1, 9), st.integers(1, 30)), max_size=8)


def plan(*intents: Intent) -> Plan:
    return Plan("key", b"", Kind.ADJUST, 1, 1, 1, BEGIN, intents)


def filled(given_lots: list[tuple[str, int, datetime | None]]) -> Books:
    books = Books()
    awards = [Award(unit, amount, expires_at=ends) for unit, amount, ends in given_lots]
    settle(plan(*awards), books, range(1, len(awards) + 1))
    return books


@given(portions, st.dictionaries(units, st.integers(0, 60)) | st.none())
def test_what_is_captured_and_released_is_what_was_held(
    held: list[Portion], asked: dict[str, int] | None
) -> None:
    have = Counter({unit: sum(one.amount for one in held if one.unit == unit) for unit in UNITS})
    try:
        captured, released = divide(held, asked)
    except HoldExceeded:
        assert asked is not None
        assert any(amount > have[unit] for unit, amount in asked.items())
        return
    except InvalidAmount:
        assert asked is not None
        assert not any(asked.values())
        return
    for unit in UNITS:
        taken = sum(one.amount for one in captured if one.unit == unit)
        assert taken == (have[unit] if asked is None else asked.get(unit, 0))
        mine = [one for one in held if one.unit == unit]
        both = [one for one in (*captured, *released) if one.unit == unit]
        whole: Counter[int] = Counter()
        for one in mine:
            whole[one.lot] += one.amount
        again: Counter[int] = Counter()
        for one in both:
            again[one.lot] += one.amount
        assert again == whole
        # The first portions are used and the last go back, with at most one divided.
        firsts = [one for one in captured if one.unit == unit]
        lasts = [one for one in released if one.unit == unit]
        assert len(firsts) + len(lasts) <= len(mine) + 1
        assert [one.lot for one in firsts] == [one.lot for one in mine[: len(firsts)]]


@given(lots, wishes, st.data())
def test_a_hold_takes_all_or_nothing_and_its_end_conserves_everything(
    had: list[tuple[str, int, datetime | None]], asked: dict[str, int], data: st.DataObject
) -> None:
    books = filled(had)
    before = books.copy()
    try:
        settled = settle(plan(*placing(asked)), books, ())
    except InsufficientPoints:
        assert any(amount > before.balance(unit).available for unit, amount in asked.items())
        return
    held = portions_of(settled.postings)
    assert {unit: books.balance(unit).held for unit in asked} == asked
    ends = latest_end(books.lots[one.lot].expires_at for one in held)
    for one in held:
        end = books.lots[one.lot].expires_at
        assert end is None or (ends is not None and ends <= end)
    used = {unit: data.draw(st.integers(0, amount)) for unit, amount in asked.items()}
    if any(used.values()):
        captured, released = divide(held, used)
    else:
        captured, released = (), held
    settle(plan(*ending(captured, released)), books, ())
    for unit in UNITS:
        assert books.balance(unit).held == 0
        assert books.balance(unit).available == before.balance(unit).available - used.get(unit, 0)
        # Gone is what ends soonest: what is left are the last points of the order in which they are spent.
        left = used.get(unit, 0)
        for lot in before.lots_of(unit):
            taken = min(lot.available, left)
            left -= taken
            assert books.lots[lot.id].available == lot.available - taken


@given(st.integers(1, 40), st.data())
def test_what_was_taken_back_meanwhile_is_repaid_by_what_is_released(
    amount: int, data: st.DataObject
) -> None:
    books = filled([(POINTS, amount, None)])
    held = data.draw(st.integers(1, amount))
    kept = portions_of(settle(plan(*placing({POINTS: held})), books, ()).postings)
    taken = data.draw(st.integers(1, amount))
    settle(plan(TakeBack(POINTS, taken, (1,), Shortfall.OWE)), books, ())
    # The checkout can count on what it holds: only what was free is taken, the rest is owed.
    free = amount - held
    owed = max(taken - free, 0)
    assert books.balance(POINTS) == Balance(0, max(free - taken, 0), held, -owed, amount - taken)
    used = data.draw(st.integers(0, held))
    captured, released = divide(kept, {POINTS: used}) if used else ((), kept)
    settle(plan(*ending(captured, released)), books, ())
    net = amount - taken - used
    assert books.balance(POINTS)[1:4] == (max(net, 0), 0, min(net, 0))


@given(moments, st.integers(-100, 3_000), st.lists(st.none() | moments))
def test_no_hold_outlasts_what_it_holds(now: datetime, minutes: int, ends: list[datetime | None]) -> None:
    lasting, latest = timedelta(minutes=minutes), latest_end(ends)
    if not timedelta() < lasting <= LONGEST:
        with pytest.raises(InvalidInput):
            held_until(now, lasting, latest)
        return
    until = held_until(now, lasting, latest)
    assert until <= now + lasting
    assert all(until <= end for end in ends if end is not None)
    assert until in (now + lasting, *ends)


@pytest.mark.parametrize("asked", [{}, {QUALIFYING: 5}, {POINTS: 5, QUALIFYING: 5}])
def test_what_is_never_spent_is_never_held(asked: dict[str, int]) -> None:
    with pytest.raises(InvalidInput):
        check_asked(asked)


@pytest.mark.parametrize("amount", [0, -1, True, 2**63])
def test_only_amounts_above_zero_are_held(amount: int) -> None:
    with pytest.raises(InvalidAmount):
        check_asked({POINTS: amount})
    assert list(check_asked({"EUR.principal": 2, "EUR.bonus": 1})) == ["EUR.bonus", "EUR.principal"]
