"""An order against its promises: each way to differ is found, what is honest is not, and who lost how much is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty_plugin.domain.facts import LineFact, OrderFact
from loyalty_plugin.domain.promises import CODES, OF_RULES, PromisedLine, compare

AT = datetime(2026, 3, 2, tzinfo=UTC)
ID = "11111111-1111-4111-8111-111111111111"
NEWER = "22222222-2222-4222-8222-222222222222"
#: Three units at 8.00 instead of 10.00.
PROMISE = PromisedLine(ID, "Line:1", "v", "User:1", 3, 800, 1_000, True, True)
LINE = LineFact("OrderLine:1", 3, "p", "v", gross=2_400, net=2_000, mark=f"loyalty:{ID}", unit_gross=800)
ORDER = OrderFact(
    realm="r",
    order_id="o",
    number="1",
    channel="c",
    currency="EUR",
    user_id="User:1",
    user_email="",
    created_at=AT,
    updated_at=AT,
    status="UNFULFILLED",
    lines=(LINE,),
    total_gross=2_400,
    total_net=2_000,
    shipping_gross=0,
    shipping_net=0,
    charged=2_400,
    refunded=0,
)


def of(line: LineFact = LINE, **order: Any) -> OrderFact:
    return replace(ORDER, lines=(line,), total_gross=line.gross, **{"charged": line.gross, **order})


CASES = [
    ("as promised", of(), (PROMISE,), {}),
    ("a voucher on top", of(replace(LINE, gross=2_000, unit_gross=667), reduced=True), (PROMISE,), {}),
    ("a cent in the customer's favour", of(replace(LINE, gross=2_397, unit_gross=799)), (PROMISE,), {}),
    ("fewer units", of(replace(LINE, gross=800, quantity=1)), (PROMISE,), {}),
    ("only reserved yet", of(charged=0, authorized=2_400), (PROMISE,), {}),
    ("on account", of(charged=0, may_owe=True), (PROMISE,), {}),
    ("a draft", of(charged=0, status="DRAFT"), (PROMISE,), {}),
    ("nothing was promised", of(replace(LINE, mark="", gross=3_000)), (), {}),
    ("another App's price", of(replace(LINE, mark="staff")), (), {}),
    ("a guest at the list price", of(replace(LINE, mark="", gross=3_000), user_id=""), (PROMISE,), {}),
    ("the line was taken out", of(replace(LINE, mark="", variant_id="w")), (PROMISE,), {}),
    (
        "replaced by a like one whose mark comes late",
        of(),
        (replace(PROMISE, open=False), replace(PROMISE, promise_id=NEWER)),
        {},
    ),
    ("net prices", of(replace(LINE, net=2_400, gross=2_880, unit_net=800)),
     (replace(PROMISE, with_tax=False),), {}),
    ("forged", of(replace(LINE, mark=f"loyalty:{NEWER}")), (), {"unknown_promise": 0}),
    ("nonsense", of(replace(LINE, mark="loyalty:1 OR 1=1")), (), {"unknown_promise": 0}),
    ("taken back", of(), (replace(PROMISE, open=False),), {"withdrawn_promise": 600}),
    ("another's", of(user_id="User:2"), (PROMISE,), {"another_customer": 600}),
    ("a guest's", of(user_id=""), (PROMISE,), {"another_customer": 600}),
    ("more units", of(replace(LINE, quantity=50, gross=40_000)), (PROMISE,), {"more_units": 47 * 200}),
    (
        "more units of what has a limit",
        of(replace(LINE, quantity=5, gross=4_000)),
        (replace(PROMISE, limited=3),),
        {"over_limit": 400},
    ),
    (
        "its pieces went to others meanwhile",
        of(),
        (replace(PROMISE, limited=2, over=1),),
        {"over_limit": 300},
    ),
    ("too much", of(replace(LINE, gross=3_000, unit_gross=1_000)), (PROMISE,), {"charged_more": -600}),
    ("the price is gone", of(replace(LINE, mark="", gross=3_000)), (PROMISE,), {"charged_more": -600}),
    ("a promotion on top", of(replace(LINE, gross=1_440, unit_gross=480)), (PROMISE,), {"charged_less": 960}),
    (
        "nine for the price of three",
        of(replace(LINE, quantity=9)),
        (replace(PROMISE, quantity=9),),
        {"not_quantity_times_price": 4_800},
    ),
    ("not paid", of(charged=1_000), (PROMISE,), {"not_covered": 1_400}),
]  # fmt: skip


@pytest.mark.parametrize(("order", "promises", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_what_differs_is_found(order: OrderFact, promises: Any, expected: dict[str, int]):
    found = compare(order, promises)
    assert {one.code: one.lost for one in found.differences} == expected
    assert not found.kept & found.broken
    if set(expected) - {"unknown_promise", "not_covered"}:
        assert found.broken


def test_every_difference_has_a_case():
    assert {code for case in CASES for code in case[3]} == set(CODES) - OF_RULES


def test_a_line_that_was_split_counts_its_units_together():
    half = replace(LINE, quantity=2, gross=1_600)
    order = replace(ORDER, lines=(half, half), total_gross=3_200, charged=3_200)
    assert [one.code for one in compare(order, [PROMISE]).differences] == ["more_units"]
