"""Whatever comes in as webhook, handshake or look at our health is answered or refused: odd headers, bodies and shapes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.members import Member
from loyalty_plugin.saleor.subscriptions import EVENTS, SHIPPING_LIST
from loyalty_plugin.webhooks.processing import drain_inbox
from tests.doors.graphqlkit import door
from tests.doors.oddkit import (
    EVENTS_DOOR,
    HEALTH,
    JSON,
    ODD,
    REGISTER,
    ada,
    apart,
    nothing_unexpected,
    some,
)
from tests.factories import CHANNEL, NOW, REALM
from tests.saleor.roomkit import APP_ID, KEY, SECRET

__all__ = ["ada", "door", "nothing_unexpected"]


def header_value(value: str) -> str:
    """As a server hands it on: what arrives is bytes, read as Latin-1."""
    return value.encode("utf-8", "replace").decode("latin-1").replace("\r", "").replace("\n", "")


OURS = ("Saleor-Api-Url", "Saleor-Signature", "Saleor-Event", "X-Loyalty-Secret", "Authorization")
ANYBODYS = ("Host", "Accept-Language", "X-Forwarded-For", "Content-Length", "Cookie")
HEADERS = st.dictionaries(
    st.sampled_from([*OURS, *ANYBODYS]),
    ODD.map(header_value) | st.sampled_from([REALM, SECRET, "Bearer x", "a.b.c", "..", "xx-yy;q=z"]),
    max_size=4,
)


@pytest.mark.parametrize("path", [EVENTS_DOOR, REGISTER, HEALTH, "/loyalty/saleor/manifest"])
def test_odd_headers_and_bodies(path: str, ada: Member):
    @some(40)
    @given(HEADERS, st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()))
    def check(headers: dict[str, str], body: bytes) -> None:
        method = "get" if path in (HEALTH, "/loyalty/saleor/manifest") else "post"
        data = {} if method == "get" else {"data": body, "content_type": "application/json"}
        response = apart(lambda: getattr(Client(), method)(path, headers=headers, **data))
        assert response.status_code < 500 or response.status_code == 503, response.content

    check()


EVENT = st.fixed_dictionaries(
    {
        "__typename": st.sampled_from([*EVENTS, SHIPPING_LIST]) | ODD | st.just("\ud800"),
        "recipient": st.just({"id": APP_ID}),
    },
    optional={
        name: JSON
        | st.fixed_dictionaries({"id": ODD}, optional={"user": st.fixed_dictionaries({"id": ODD}) | JSON})
        for name in ("order", "orders", "user", "checkout", "app", "transaction", "issuedAt")
    },
)


def test_signed_events_of_any_shape_are_kept_or_refused_and_worked_off(ada: Member):
    @some(80)
    @given(EVENT)
    def check(content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        headers = {"Saleor-Api-Url": REALM, "Saleor-Signature": KEY.sign(body), "X-Loyalty-Secret": SECRET}

        def act() -> tuple[int, list[str]]:
            post = Client().post(EVENTS_DOOR, body, content_type="application/json", headers=headers)
            drain_inbox(10, NOW)
            return post.status_code, list(InboxItem.objects.values_list("outcome", flat=True))

        status, outcomes = apart(act)
        assert status in (200, 202, 401), content
        assert "unexpected" not in outcomes

    check()


def test_a_signed_question_of_any_shape_is_answered(ada: Member):
    part = (
        st.fixed_dictionaries({}, optional={"id": ODD, "slug": ODD | st.just(CHANNEL), "currencyCode": JSON})
        | JSON
    )

    @some(40)
    @given(st.fixed_dictionaries({}, optional={"user": part, "channel": part}) | JSON)
    def check(checkout: Any) -> None:
        body = json.dumps(
            {"__typename": SHIPPING_LIST, "recipient": {"id": APP_ID}, "checkout": checkout}
        ).encode()
        headers = {"Saleor-Api-Url": REALM, "Saleor-Signature": KEY.sign(body), "X-Loyalty-Secret": SECRET}
        response = apart(
            lambda: Client().post(EVENTS_DOOR, body, content_type="application/json", headers=headers)
        )
        assert (response.status_code, response.content) == (200, b"[]")

    check()
