"""Laws of paying with points and stored value: never more than there is, than is due or than may be paid so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from loyalty_plugin.domain.facts import CheckoutFact, CheckoutLineFact, LineFact, OrderFact
from loyalty_plugin.domain.ledger import POINTS
from loyalty_plugin.domain.paying import (
    Excluded,
    Parts,
    Payable,
    PointsTerms,
    Wallet,
    compose,
    judge,
    payable,
    payable_of,
    used,
)
from loyalty_plugin.domain.paying.parts import between, split_stored
from loyalty_plugin.errors import BelowMinimum, CapExceeded, InsufficientPoints, InvalidAmount, NotPayable

NOW = datetime(2026, 5, 1, tzinfo=UTC)
amounts = st.integers(0, 5_000)
orders = st.sampled_from(["last", "first", "in_proportion"])


@st.composite
def parts(draw: st.DrawFn) -> Parts:
    points = draw(amounts)
    return Parts(
        points, draw(st.integers(1, 5_000)) if points else 0, draw(amounts), draw(amounts), draw(orders)
    )


terms = st.builds(
    PointsTerms,
    points=st.integers(1, 500),
    money=st.integers(1, 500),
    share=st.integers(1, 10_000),
    most=st.none() | st.integers(1, 9_000),
    remainder=st.sampled_from(["covered", "left"]),
)


@given(amounts, amounts, orders, st.data())
def test_stored_value_is_split_to_the_unit_and_within_what_is_there(
    own: int, given_: int, order: Any, data: st.DataObject
) -> None:
    money = data.draw(st.integers(0, own + given_))
    of_own, of_bonus = split_stored(money, principal=own, bonus=given_, bonus_spent=order)
    assert of_own + of_bonus == money
    assert 0 <= of_own <= own
    assert 0 <= of_bonus <= given_


@given(parts(), st.data())
def test_what_less_money_uses_is_a_part_of_what_more_uses(all_: Parts, data: st.DataObject) -> None:
    more = data.draw(st.integers(0, all_.money))
    less = data.draw(st.integers(0, more))
    low, high = used(all_, less), used(all_, more)
    assert (low.money, high.money) == (less, more)
    assert all(a <= b <= c for a, b, c in zip(low[:4], high[:4], all_[:4], strict=True))
    assert used(all_, all_.money)[1:4] == all_[1:4]
    if all_.points_money:
        assert used(all_, all_.money).points == all_.points


@given(parts(), st.lists(st.integers(1, 2_000), max_size=6))
def test_given_back_in_any_steps_it_is_what_was_used(all_: Parts, steps: list[int]) -> None:
    assume(all_.money)
    stands, back = all_.money, dict[str, int]()
    for step in [*steps, all_.money]:
        after = max(0, stands - step)
        for unit, amount in between(all_, after, stands, "EUR").items():
            back[unit] = back.get(unit, 0) + amount
        stands = after
    whole = all_.amounts("EUR")
    if not all_.points_money:
        whole.pop(POINTS, None)
    assert back == whole


@given(terms, st.integers(0, 20_000))
def test_the_last_coin_can_be_paid_or_is_left_as_the_terms_say(of: PointsTerms, amount: int) -> None:
    points = of.needed(amount)
    paid = of.pays(points, amount)
    if of.remainder == "covered":
        assert paid == amount
        assert points == 0 or of.worth(points - 1) < amount
    else:
        assert of.worth(points) <= amount
        assert paid == of.worth(points)


@given(terms, st.integers(0, 9_000), amounts, amounts, st.builds(Payable, amounts, amounts), amounts, orders)
def test_nothing_is_reserved_beyond_balance_and_room(
    of: PointsTerms, asked: int, stored: int, have: int, room: Payable, own: int, order: Any
) -> None:
    wallet = Wallet(have, own, have // 3)
    try:
        made = compose(points=asked, stored=stored, wallet=wallet, room=room, terms=of, bonus_spent=order)
    except (NotPayable, BelowMinimum, CapExceeded, InsufficientPoints, InvalidAmount):
        return
    assert made.points <= min(asked, wallet.points)
    assert made.principal <= wallet.principal
    assert made.bonus <= wallet.bonus
    assert made.points_money <= room.points
    assert made.principal + made.bonus == stored <= room.stored
    assert made.money <= room.both
    assert made.points_money <= of.worth(made.points)
    # Not one point more than what it pays needs.
    assert not made.points or of.worth(made.points - 1) < made.points_money


def test_a_rate_that_does_not_divide() -> None:
    of = PointsTerms(points=3, money=100)
    ask: dict[str, Any] = {"stored": 0, "wallet": Wallet(1_000), "terms": of, "bonus_spent": "last"}
    assert compose(points=10, room=Payable(5_000, 0), **ask)[:2] == (10, 333)
    assert compose(points=500, room=Payable(50, 0), **ask)[:2] == (2, 50)
    left = of.model_copy(update={"remainder": "left"})
    assert compose(points=500, room=Payable(50, 0), **{**ask, "terms": left})[:2] == (1, 33)
    with pytest.raises(BelowMinimum):
        compose(points=500, room=Payable(20, 0), **{**ask, "terms": left})


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"points": 0, "stored": 0}, InvalidAmount),
        ({"points": -1}, InvalidAmount),
        ({"points": True}, InvalidAmount),
        ({"points": 49}, BelowMinimum),
        ({"points": 1_001}, InsufficientPoints),
        ({"stored": 701}, CapExceeded),
        ({"stored": 700, "points": 900}, CapExceeded),
        ({"stored": 401}, InsufficientPoints),
        ({"points": 60, "terms": None}, NotPayable),
        ({"points": 60, "room": Payable(0, 700)}, NotPayable),
        ({"stored": 60, "room": Payable(900, 0)}, NotPayable),
    ],
)
def test_each_refusal_says_why(asked: dict[str, Any], refusal: type[Exception]) -> None:
    given_: dict[str, Any] = {
        "points": 0,
        "stored": 0,
        "wallet": Wallet(1_000, 300, 100),
        "room": Payable(900, 700),
        "terms": PointsTerms(least=50),
        "bonus_spent": "last",
        **asked,
    }
    with pytest.raises(refusal):
        compose(**given_)


# What may be paid so


def line(amount: int, product: str = "tea", **fields: Any) -> CheckoutLineFact:
    return CheckoutLineFact("l" + product, "v" + product, product, 2, amount, amount, amount, **fields)


def checkout(*lines: CheckoutLineFact, total: int, with_tax: bool = True) -> CheckoutFact:
    return CheckoutFact("r", "c", "web", "EUR", "u", "e", total, lines, with_tax=with_tax)


def nothing(_: Any) -> bool:
    return False


def test_excluded_goods_and_caps_leave_less_room() -> None:
    of = PointsTerms(excluded=Excluded(products=frozenset({"gold"})), share=5_000, most=900)
    cart = checkout(line(500), line(300, "gold"), total=2_100)
    assert payable(cart, of, due=2_100, not_by_points=of.excluded.has, not_by_stored=nothing) == (900, 2_100)
    wide = of.model_copy(update={"most": None})
    assert payable(cart, wide, due=2_100, not_by_points=of.excluded.has, not_by_stored=None) == (1_050, 0)
    all_ = wide.model_copy(update={"share": 10_000})
    assert (
        payable(cart, all_, due=2_100, not_by_points=of.excluded.has, not_by_stored=nothing).points == 1_500
    )
    assert payable(cart, all_, due=400, not_by_points=of.excluded.has, not_by_stored=nothing).points == 0
    assert payable(cart, None, due=400, not_by_points=nothing, not_by_stored=nothing) == (0, 400)


def test_where_prices_have_no_tax_the_excluded_share_is_on_the_safe_side() -> None:
    of = PointsTerms(excluded=Excluded(products=frozenset({"gold"})))
    cart = checkout(line(500), line(300, "gold"), total=1_904, with_tax=False)
    room = payable(cart, of, due=1_904, not_by_points=of.excluded.has, not_by_stored=nothing)
    assert room.points == 1_904 - 714


# What an order uses


def order(**fields: Any) -> OrderFact:
    made = OrderFact(
        "r", "o", "7", "web", "EUR", "u", "e", NOW, NOW, "UNFULFILLED",
        (LineFact("l", 1, "tea", "vtea", gross=1_000),), 1_500, 1_300, 500, 400, 0, 0,
    )  # fmt: skip
    return replace(made, **fields)


def test_an_order_uses_what_is_due_and_no_more() -> None:
    of, all_ = PointsTerms(), Parts(600, 600, 300, 100)
    room = payable_of(order(), of, due=1_500, not_by_points=nothing, not_by_stored=nothing)
    assert room == (1_500, 1_500)
    assert judge(order(), all_, room, user_id="u", due=1_500) == (1_000, "")
    assert judge(order(), all_, room, user_id="u", due=250) == (250, "")
    assert judge(order(), all_, room, user_id="u", due=0) == (0, "nothing_due")
    assert judge(order(), all_, room, user_id="other", due=1_500) == (0, "paid_by_another")
    assert judge(order(user_id=""), all_, room, user_id="u", due=1_500) == (0, "paid_by_another")
    assert judge(order(cancelled=True), all_, room, user_id="u", due=1_500) == (0, "order_cancelled")
    for less in (Payable(599, 1_500), Payable(600, 399), Payable(900, 399)):
        assert judge(order(), all_, less, user_id="u", due=1_500) == (0, "paid_for_excluded")
