"""The tables of docs/trust.md, row by row: real signatures and tokens at the doors, and what follows of them."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from django.utils import timezone

from loyalty_plugin.errors import TokenRefused, TryLater
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.ledger import Entry
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.realms import Installation, Realm
from loyalty_plugin.registry import bind, ports
from loyalty_plugin.saleor import jwks
from loyalty_plugin.saleor.signatures import verify
from loyalty_plugin.saleor.tokens import Staff, verify_customer_token, verify_staff_token
from loyalty_plugin.webhooks import looking
from loyalty_plugin.webhooks.processing import drain_inbox
from tests import factories
from tests.factories import NOW
from tests.saleor.processingkit import customer
from tests.saleor.roomkit import (
    API,
    APP_ID,
    KEY,
    OTHER_API,
    STRANGER,
    Key,
    Wire,
    b64url,
    deliver,
    event,
)

pytestmark = pytest.mark.django_db
TOLD = (Path(__file__).parents[2] / "docs" / "trust.md").read_text()
BODY = event()


def rows(heading: str) -> list[list[str]]:
    """The table below a heading, its head left out."""
    part = TOLD.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines[1:]]


# --- Deliveries


def detached(header: dict[str, Any], sign: Callable[[bytes], bytes]) -> str:
    protected = b64url(json.dumps({"b64": False, "crit": ["b64"], "kid": KEY.kid, **header}).encode())
    return f"{protected}..{b64url(sign(protected.encode() + b'.' + BODY))}"


def with_public_key(data: bytes) -> bytes:
    return hmac.digest(KEY.public_pem, data, "sha256")


class Shop:
    """What Saleor would answer when it is asked with our own token."""

    def __init__(self, *facts: Any) -> None:
        self.facts = {getattr(fact, "order_id", None) or fact.user_id: fact for fact in facts}

    def orders(self, realm: str, order_ids: list[str]) -> dict[str, Any]:
        return {one: self.facts[one] for one in order_ids if one in self.facts}

    customers = orders


@pytest.fixture
def member(installed: Installation, settings: Any) -> Member:
    settings.LOYALTY = {**settings.LOYALTY, "SALEOR_API_URLS": (API, OTHER_API)}
    club = factories.programme()
    realm = Realm.objects.get(api_url=API)
    club.channels.update(realm=realm)
    made = factories.member(club)
    Member.objects.update(realm=realm)
    Realm.objects.create(api_url=OTHER_API, jwks=STRANGER.jwks, jwks_read_at=timezone.now())
    made.refresh_from_db()
    return made


def fact_of(member: Member, **changes: Any) -> Any:
    return replace(factories.order(member), realm=API, **changes)


def drained(*facts: Any) -> list[str]:
    """Work the inbox off with a Saleor that answers so; the outcomes."""
    before = ports.storefront
    bind(storefront=Shop(*facts))  # type: ignore[arg-type]
    try:
        drain_inbox(100, NOW)
    finally:
        bind(storefront=before)
    return list(InboxItem.objects.order_by("pk").values_list("outcome", flat=True))


def _unknown_type(_: Member) -> int:
    status = deliver(event("Shop"))
    assert drained() == ["not_for_us"]
    return status


def _nameless_type(_: Member) -> int:
    status = deliver(event("3.23.28"))
    assert drained() == []
    return status


def _shaped_ids(member: Member) -> int:
    unpaid = fact_of(member, charged=0, paid_at=None)
    status = deliver(event(order={"id": unpaid.order_id, "user": {"id": member.external_id}}))
    assert drained(unpaid) == ["not_paid"]
    return status


def _shaped_amounts(member: Member) -> int:
    unpaid = fact_of(member, charged=0, paid_at=None)
    order = {"id": unpaid.order_id, "total": 999, "isPaid": True, "chargeStatus": "FULL"}
    status = deliver(event("OrderFullyPaid", order=order))
    assert drained(unpaid) == ["not_paid"]
    return status


def _not_deleted(member: Member) -> int:
    status = deliver(event("CustomerDeleted", user={"id": member.external_id}))
    there = customer(realm=API, user_id=member.external_id, email=member.email)
    assert "left" not in drained(there)
    return status


def _overwritten(_: Member) -> int:
    return deliver(
        BODY, X_Saleor_Api_Url=OTHER_API, X_Saleor_Signature="x", X_Saleor_Event="order_fully_paid"
    )


def _replayed(_: Member) -> int:
    assert deliver(BODY) == 202
    status = deliver(BODY)
    assert InboxItem.objects.count() == 1
    return status


def _replayed_without_body(_: Member) -> int:
    assert deliver(BODY) == 202
    InboxItem.objects.update(body=None, status="done")
    status = deliver(BODY)
    row = InboxItem.objects.get()
    assert (row.body, row.status) == (None, "done")
    return status


def _replayed_after_deletion(_: Member) -> int:
    Installation.objects.update(state=Installation.State.DELETED)
    return deliver(BODY)


def _of_another_app(member: Member) -> int:
    return deliver(event(order={"id": fact_of(member).order_id, "total": "9999"}), X_Loyalty_Secret="")


def _naming_another(_: Member) -> int:
    ours, other = Installation.objects.get(), Realm.objects.get(api_url=OTHER_API)
    Realm.objects.filter(pk=other.pk).update(jwks=Key(KEY.kid).jwks)  # its key has the same name
    secrets = {"token": ours.token, "secret": ours.secret}
    Installation.objects.create(realm=other, app_id=APP_ID, state="active", installed_at=NOW, **secrets)
    return deliver(BODY, Saleor_Api_Url=OTHER_API)


#: What is done, given a member; the status. What must follow is asserted there, or holds for all.
DELIVERIES: dict[str, Callable[[Member], int]] = {
    "signed with HS256, Saleor's public key as the secret": lambda _: deliver(
        BODY, signature=detached({"alg": "HS256"}, with_public_key)
    ),
    "signed with `alg` none": lambda _: deliver(BODY, signature=detached({"alg": "none"}, lambda _: b"")),
    "signed by a key nobody knows": lambda _: deliver(BODY, signature=Key("invented").sign(BODY)),
    "signed by the key of another Saleor": lambda _: deliver(BODY, signature=STRANGER.sign(BODY)),
    "a good signature over another body": lambda _: deliver(BODY, signature=KEY.sign(event("OrderCreated"))),
    "without our secret header": lambda _: deliver(BODY, X_Loyalty_Secret=""),
    "with a wrong secret header": lambda _: deliver(BODY, X_Loyalty_Secret="guessed"),
    "another App's webhook on our address, shaped like ours by aliases": _of_another_app,
    "`__typename` shaped to something else": _unknown_type,
    "`__typename` shaped to what is no name": _nameless_type,
    "`recipient` of another App": lambda _: deliver(event(recipient={"id": "QXBwOjI="})),
    "ids shaped to somebody else's order": _shaped_ids,
    "amounts shaped": _shaped_amounts,
    "sent by staff for an unpaid order": _shaped_amounts,
    "sent by staff for a customer who is not deleted": _not_deleted,
    "Saleor's headers with `X-` overwritten": _overwritten,
    "naming another Saleor in the header": _naming_another,
    "replayed": _replayed,
    "replayed after its body was deleted": _replayed_without_body,
    "replayed after the App was deleted": _replayed_after_deletion,
}


@pytest.mark.parametrize("row", rows("Deliveries"), ids=lambda row: row[0])
def test_deliveries(row: list[str], member: Member, wire: Wire):
    what, status, _ = row
    wire.answer = lambda request: httpx.Response(200, json=KEY.jwks)
    assert DELIVERIES[what](member) == int(status)
    assert InboxItem.objects.exists() == (status == "202")
    assert not Entry.objects.exists()
    member.refresh_from_db()
    assert member.status == Member.Status.ACTIVE


def test_each_confusion_is_told():
    assert {row[0] for row in rows("Deliveries")} == set(DELIVERIES)
    assert {row[0] for row in rows("Tokens")} == set(TOKENS)


def test_nothing_but_ids_is_read_of_a_body():
    """The facts that are booked have no way in from a body: whoever looks is given ids."""
    assert set(looking.orders.__annotations__) == {"realm", "hints", "now", "return"}


# --- Tokens

NOW_SECONDS = int(time.time())


def gid(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


DASHBOARD: dict[str, Any] = {
    "type": "thirdparty",
    "is_staff": True,
    "app": APP_ID,
    "aud": "loyalty_plugin",
    "permissions": ["MANAGE_ORDERS"],
    "user_permissions": ["MANAGE_ORDERS", "MANAGE_USERS"],
}


def unsigned(header: dict[str, Any], signer: Callable[[bytes], bytes], **claims: Any) -> str:
    whole = jwt.decode(KEY.token(**claims), options={"verify_signature": False})
    signing = ".".join(b64url(json.dumps(p).encode()) for p in ({"kid": KEY.kid, **header}, whole))
    return f"{signing}.{b64url(signer(signing.encode()))}"


#: Each confusion of both kinds of token: (as a customer's, as the Dashboard's).
TOKENS: dict[str, Callable[[dict[str, Any]], str]] = {
    "HS256 with Saleor's public key": lambda of: unsigned({"alg": "HS256"}, with_public_key, **of),
    "`alg` none": lambda of: unsigned({"alg": "none"}, lambda _: b"", **of),
    "of type refresh": lambda of: KEY.token(**{**of, "type": "refresh"}),
    "of staff, of type access": lambda of: KEY.token(**{**of, "type": "access", "is_staff": True}),
    "the Dashboard's, for another App": lambda _: KEY.token(**{**DASHBOARD, "app": gid("App:2")}),
    "the Dashboard's, without an audience": lambda _: KEY.token(**{**DASHBOARD, "aud": None}),
    "of another issuer": lambda of: KEY.token(**{**of, "iss": "https://evil.test/graphql/"}),
    "for another audience": lambda of: KEY.token(**{**of, "aud": "somebody.else"}),
    "expired": lambda of: KEY.token(**{**of, "exp": NOW_SECONDS - 60}),
    "not yet valid": lambda of: KEY.token(**{**of, "nbf": NOW_SECONDS + 86_400}),
    "signed by another key of the same name": lambda of: Key(KEY.kid).token(**of),
    "with an App as its subject": lambda of: KEY.token(**{**of, "user_id": gid("App:46")}),
    "a customer's access token": lambda _: KEY.token(),
    "the Dashboard's, for our App": lambda _: KEY.token(**DASHBOARD),
}


@pytest.mark.parametrize("row", rows("Tokens"), ids=lambda row: row[0])
def test_tokens(row: list[str], installed: Installation, wire: Wire):
    what, customer, staff = row
    for of in ({}, DASHBOARD):
        token = TOKENS[what](of)
        assert believed(verify_customer_token, token) == (customer == "yes")
        assert believed(verify_staff_token, token) == (staff == "yes")
    assert not wire.requests


def believed(verify: Callable[[str], Any], token: str) -> bool:
    try:
        verify(token)
    except TokenRefused:
        return False
    return True


def test_what_staff_may_do_through_us_is_what_the_token_says(installed: Installation, wire: Wire):
    assert verify_staff_token(KEY.token(**DASHBOARD)) == Staff(
        API, gid("User:46"), "ada@mail.example", frozenset({"MANAGE_ORDERS"})
    )


def test_a_dashboard_token_of_a_saleor_where_we_are_not_installed(
    installed: Installation, wire: Wire, settings
):
    settings.LOYALTY = {"SALEOR_API_URLS": (API, OTHER_API)}
    Realm.objects.create(api_url=OTHER_API, jwks=KEY.jwks, jwks_read_at=timezone.now())
    with pytest.raises(TokenRefused):
        verify_staff_token(KEY.token(**{**DASHBOARD, "iss": OTHER_API}))


# --- Keys


def test_invented_keys_neither_flood_saleor_nor_keep_a_new_key_out(
    installed: Installation, wire: Wire, monkeypatch: pytest.MonkeyPatch
):
    clock = [1_000.0]
    monkeypatch.setattr(jwks.time, "monotonic", lambda: clock[0])
    published = [KEY.jwks]
    wire.answer = lambda request: httpx.Response(200, json=published[0])
    rotated = Key("rotated")
    waited = None
    for second in range(60):
        clock[0] = 1_000.0 + second
        for number in range(20):
            with pytest.raises(TryLater):
                verify(API, Key.sign(_InventedKey(f"invented-{second}-{number}"), BODY), BODY)
        verify(API, KEY.sign(BODY), BODY)  # known keys never wait
        if second == 21:
            published[0] = {"keys": [*KEY.jwks["keys"], *rotated.jwks["keys"]]}
        if second >= 21 and waited is None:
            try:
                verify(API, rotated.sign(BODY), BODY)
                waited = second - 21
            except TryLater:
                pass
    assert len(wire.requests) == 6
    assert waited is not None
    assert waited <= jwks.PAUSE


class _InventedKey(Key):
    """A name nobody knows; what it signs with does not matter, and is not made anew each time."""

    @property
    def private(self) -> Any:  # type: ignore[override]
        return STRANGER.private


def test_keys_of_one_saleor_make_no_other_wait(installed: Installation, wire: Wire, settings):
    settings.LOYALTY = {"SALEOR_API_URLS": (API, OTHER_API)}
    Realm.objects.create(api_url=OTHER_API, jwks=KEY.jwks, jwks_read_at=timezone.now())
    wire.answer = lambda request: httpx.Response(200, json=STRANGER.jwks)
    with jwks._asking[API]:  # somebody is reading that one's keys, for seconds
        verify(OTHER_API, STRANGER.sign(BODY), BODY)
        with pytest.raises(TryLater):
            verify(API, STRANGER.sign(BODY), BODY)
