"""Array literals arrive in PostgreSQL as the values they were made of, whatever characters are in them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_plugin.domain.ledger import Account
from loyalty_plugin.services.posting import arrays
from tests.services.books import rows

#: All but NUL, which PostgreSQL has no text for, and surrogates, which are no characters.
TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=-9, minutes=-30)), timezone(timedelta(hours=14))])


def through(literal: str, kind: str) -> list[object]:
    [(values,)] = rows(f"SELECT %s::{kind}[]", literal)
    return list(values)


@pytest.mark.django_db
class TestThroughTheDatabase:
    @given(
        values=st.lists(
            TEXT | st.none() | st.sampled_from(["NULL", "null", "", " ", "{}", '\\"', "a,b", "\\"])
        )
    )
    def test_texts(self, values: list[str | None]) -> None:
        assert through(arrays.texts(values), "text") == values

    @given(values=st.lists(st.integers(-(2**63), 2**63 - 1) | st.none()))
    def test_integers(self, values: list[int | None]) -> None:
        assert through(arrays.integers(values), "bigint") == values

    @given(
        values=st.lists(
            st.datetimes(datetime(1, 1, 3), datetime(9998, 1, 1), timezones=ZONES) | st.none()  # noqa: DTZ001
        )
    )
    def test_instants(self, values: list[datetime | None]) -> None:
        assert through(arrays.moments(values), "timestamptz") == values

    @given(values=st.lists(st.dates() | st.none()))
    def test_days(self, values: list[date | None]) -> None:
        assert through(arrays.moments(values), "date") == values

    def test_words(self) -> None:
        assert through(arrays.words(list(Account)), "text") == [account.value for account in Account]

    @given(
        values=st.lists(
            st.tuples(
                TEXT | st.none() | st.sampled_from(["NULL", "", " ", '\\"', "a,b", "\\", "(", ")"]), TEXT
            )
        )
    )
    def test_composites(self, values: list[tuple[str | None, str]]) -> None:
        literal = arrays.composites(
            [f"1,0,1,{arrays.text(one)},{arrays.text(two)},x,1,," for one, two in values]
        )
        assert rows("SELECT unit, source FROM unnest(%s::loyalty_new_posting[])", literal) == values
