"""A signature proves that one Saleor sent exactly these bytes, or it is refused, or it is put off; nothing between."""

from __future__ import annotations

import hmac
import json
from datetime import timedelta

import httpx
import pytest
from django.utils import timezone

from loyalty_plugin.errors import SignatureRefused, TryLater
from loyalty_plugin.models.realms import Installation, Realm
from loyalty_plugin.saleor import jwks
from loyalty_plugin.saleor.signatures import verify
from tests.recorded import facts, needs_facts
from tests.saleor.roomkit import API, KEY, OTHER_API, STRANGER, Key, Wire, b64url, event

BODY = event()


def unsigned() -> str:
    header = {"alg": "none", "b64": False, "crit": ["b64"], "kid": KEY.kid}
    return f"{b64url(json.dumps(header).encode())}.."


def with_hmac() -> str:
    header = {"alg": "HS256", "b64": False, "crit": ["b64"], "kid": KEY.kid}
    protected = b64url(json.dumps(header).encode())
    mac = hmac.digest(KEY.public_pem, protected.encode() + b"." + BODY, "sha256")
    return f"{protected}..{b64url(mac)}"


def attached() -> str:
    return KEY.sign(BODY).replace("..", f".{b64url(BODY)}.")


def test_saleors_own_signature_is_believed(installed: Installation, wire: Wire):
    verify(API, KEY.sign(BODY), BODY)
    assert not wire.requests


def test_what_is_remembered_of_a_header_makes_no_signature_right(installed: Installation, wire: Wire):
    """The first part of all signatures of one key is the same, and read once."""
    verify(API, KEY.sign(BODY), BODY)
    for wrong in (KEY.sign(event("OrderCreated")), unsigned(), f"{KEY.sign(BODY).partition('.')[0]}.."):
        with pytest.raises(SignatureRefused):
            verify(API, wrong, BODY)
    verify(API, KEY.sign(BODY), BODY)


@pytest.mark.parametrize(
    "signature",
    [
        pytest.param("", id="none at all"),
        pytest.param("a.b.c", id="nonsense"),
        pytest.param("..", id="empty parts"),
        pytest.param("\x00é..💥", id="no ASCII"),
        pytest.param(KEY.sign(BODY) + "=", id="padded"),
        pytest.param(KEY.sign(BODY).replace("..", ".*."), id="between the dots"),
        pytest.param(KEY.sign(BODY) + "*", id="another spelling"),
        pytest.param(KEY.sign(BODY) + ".x", id="one part more"),
        pytest.param(KEY.sign(BODY).rpartition(".")[0], id="one part less"),
        pytest.param(unsigned(), id="alg none"),
        pytest.param(with_hmac(), id="HS256 with the public key"),
        pytest.param(KEY.sign(event("OrderCreated")), id="another body"),
        pytest.param(KEY.sign(BODY, kid=None), id="no key named"),
        pytest.param(KEY.sign(BODY, kid=7), id="key is a number"),
        pytest.param(KEY.sign(BODY, b64=True), id="encoded payload"),
        pytest.param(KEY.sign(BODY, b64=None), id="payload unstated"),
        pytest.param(KEY.sign(BODY, crit=None), id="nothing critical"),
        pytest.param(KEY.sign(BODY, crit=["b64", "exp"]), id="something else critical"),
        pytest.param(KEY.sign(BODY, alg="RS512"), id="another algorithm named"),
        pytest.param(Key(KEY.kid).sign(BODY), id="another key of the same name"),
        pytest.param(KEY.sign(BODY)[:-4], id="cut short"),
        pytest.param(attached(), id="with its own payload"),
    ],
)
def test_a_proven_falsehood_is_refused(signature: str, installed: Installation, wire: Wire):
    with pytest.raises(SignatureRefused):
        verify(API, signature, BODY)
    assert not wire.requests


def test_one_byte_more_is_another_body(installed: Installation, wire: Wire):
    with pytest.raises(SignatureRefused):
        verify(API, KEY.sign(BODY), BODY + b" ")


def test_an_unknown_key_is_put_off_after_one_look(installed: Installation, wire: Wire):
    wire.answer = lambda request: httpx.Response(200, json=KEY.jwks)
    for _ in range(20):
        with pytest.raises(TryLater):
            verify(API, STRANGER.sign(BODY), BODY)
    assert [str(request.url) for request in wire.requests] == ["https://saleor.test/.well-known/jwks.json"]
    verify(API, KEY.sign(BODY), BODY)


def test_a_new_key_is_found_by_looking_again(installed: Installation, wire: Wire):
    wire.answer = lambda request: httpx.Response(
        200, json={"keys": [*KEY.jwks["keys"], *STRANGER.jwks["keys"]]}
    )
    verify(API, STRANGER.sign(BODY), BODY)
    jwks.forget()  # another process finds it in the database
    verify(API, STRANGER.sign(BODY), BODY)
    assert len(wire.requests) == 1


def test_the_key_of_another_realm_proves_nothing_here(installed: Installation, wire: Wire, settings):
    settings.LOYALTY = {"SALEOR_API_URLS": (API, OTHER_API)}
    Realm.objects.create(api_url=OTHER_API, jwks=STRANGER.jwks, jwks_read_at=timezone.now())
    verify(OTHER_API, STRANGER.sign(BODY), BODY)
    with pytest.raises(TryLater):
        verify(API, STRANGER.sign(BODY), BODY)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(302, headers={"Location": "https://evil.test/jwks.json"}),
        httpx.Response(200, content=b"{" * 100_000),
        httpx.Response(200, json={"keys": []}),
        httpx.Response(200, json=["keys"]),
        httpx.Response(200, content=b"\xff"),
    ],
    ids=["500", "redirect", "too large", "no keys", "a list", "no JSON"],
)
def test_keys_that_cannot_be_read_replace_nothing(
    answer: httpx.Response, installed: Installation, wire: Wire
):
    wire.answer = lambda request: answer
    with pytest.raises(TryLater):
        verify(API, STRANGER.sign(BODY), BODY)
    assert len(wire.requests) == 1
    verify(API, KEY.sign(BODY), BODY)


def test_old_keys_serve_on_while_saleor_is_away_but_not_for_ever(installed: Installation, wire: Wire):
    def aged(age: timedelta) -> None:
        Realm.objects.update(jwks_read_at=timezone.now() - age)
        jwks.forget()

    aged(jwks.LIFETIME + timedelta(minutes=1))
    verify(API, KEY.sign(BODY), BODY)
    assert len(wire.requests) == 1
    aged(jwks.MAX_AGE + timedelta(minutes=1))
    with pytest.raises(TryLater):
        verify(API, KEY.sign(BODY), BODY)


def test_nothing_outside_the_list_is_called(installed: Installation, wire: Wire, settings):
    settings.LOYALTY = {"SALEOR_API_URLS": ()}
    with pytest.raises(TryLater):
        verify("https://evil.test/graphql/", STRANGER.sign(BODY), BODY)
    assert not wire.requests


@needs_facts
def test_a_real_saleors_signature(db: None, wire: Wire):
    folder = facts()
    sample = json.loads((folder / "signature_sample.json").read_text())
    body = (folder / "signature_sample.body.bin").read_bytes()
    Realm.objects.create(
        api_url=API, jwks=json.loads((folder / "jwks.json").read_text()), jwks_read_at=timezone.now()
    )
    verify(API, sample["signature"], body)
    with pytest.raises(SignatureRefused):
        verify(API, sample["signature"], body.replace(b"order", b"ordre", 1))


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(
            {"kty": "oct", "k": b64url(b"a secret everybody knows, long enough"), "alg": "HS256"}, id="shared"
        ),
        pytest.param(
            {"kty": "OKP", "crv": "Ed25519", "x": b64url(bytes(range(32))), "alg": "EdDSA"}, id="another kind"
        ),
    ],
)
def test_a_key_of_another_kind_proves_nothing(key: dict[str, str], installed: Installation, wire: Wire):
    Realm.objects.update(jwks={"keys": [{**key, "kid": KEY.kid}]})
    with pytest.raises(SignatureRefused):
        verify(API, KEY.sign(BODY), BODY)
