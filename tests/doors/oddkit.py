"""Odd values and a member to send them for; nothing that is logged as unexpected passes for an answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from loyalty_plugin.models.members import Member
from loyalty_plugin.services.orders.apply import apply_orders
from tests.doors.graphqlkit import USER, Door
from tests.factories import NOW, member, order, programme
from tests.scale import scaled

EVENTS_DOOR, REGISTER, HEALTH, GRAPHQL = (
    f"/loyalty/{name}" for name in ("saleor/events", "saleor/register", "health", "graphql/")
)
# Where programs were seen to stumble: NUL, halves of characters, numbers beyond every column, other scripts.
NUMBERS = (
    "0",
    "-1",
    "1",
    "99",
    str(2**31),
    str(2**63),
    str(-(2**64)),
    "1e400",
    "NaN",
    "null",
    "None",
    "true",
)
LETTERS = (
    "",
    " ",
    "\0",
    "a\0b",
    "\x1f",
    "\u202e",
    "é",
    "陈伟",
    "🧡",
    "'",
    '"',
    "%",
    "%s",
    "{}",
    "\\",
    "a" * 5_000,
)
NAMES = ("2026-02-30", "0000-00-00", "9999-12-31", "basic", "active", "-joined_at", "erased", "T3JkZXI6MQ==")
ODD = st.sampled_from([*NUMBERS, *LETTERS, *NAMES]) | st.text(max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | ODD | st.sampled_from(["\ud800", "\ud800x"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ODD, inner, max_size=4),
    max_leaves=8,
)


def some(ordinary: int, full: int = 1_000) -> Callable[..., Any]:
    return settings(
        max_examples=scaled(ordinary, full),
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.fixture
def ada(door: Door, monkeypatch: pytest.MonkeyPatch) -> Member:
    """A member with an order, signed in; nothing that is logged as unexpected passes for an answer."""
    of = member(programme(), external_id=USER)
    apply_orders([order(of, 10_000)], now=NOW)
    door.shop.account()
    door.shop.open_checkout()
    monkeypatch.setattr(door.shop, "orders", lambda realm, ids: {}, raising=False)
    door.sign_in()
    return of


@pytest.fixture(autouse=True)
def nothing_unexpected(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    broken = [record for record in caplog.records if record.levelno >= logging.ERROR and record.exc_info]
    assert not broken, [record.getMessage() for record in broken]


def apart(act: Callable[[], Any]) -> Any:
    """Do it and undo what it did, so that no example depends on another."""
    with transaction.atomic():
        found = act()
        transaction.set_rollback(True)
    return found
