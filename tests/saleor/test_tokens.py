"""The table of confusions about who a token stands for: only a customer's own access token names a customer."""

from __future__ import annotations

import base64
import json
import time

import httpx
import jwt
import pytest

from loyalty_plugin.errors import TokenRefused, TryLater
from loyalty_plugin.models.realms import Installation
from loyalty_plugin.saleor.tokens import Customer, verify_customer_token
from tests.saleor.roomkit import API, KEY, OTHER_API, STRANGER, Key, Wire, b64url

NOW = int(time.time())
STAFF = {"is_staff": True}


def gid(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def with_hmac() -> str:
    claims = jwt.decode(KEY.token(), options={"verify_signature": False})
    parts = [b64url(json.dumps(p).encode()) for p in ({"alg": "HS256", "kid": KEY.kid}, claims)]
    import hmac

    return ".".join([*parts, b64url(hmac.digest(KEY.public_pem, ".".join(parts).encode(), "sha256"))])


def without_algorithm() -> str:
    claims = jwt.decode(KEY.token(), options={"verify_signature": False})
    parts = [b64url(json.dumps(p).encode()) for p in ({"alg": "none", "kid": KEY.kid}, claims)]
    return ".".join([*parts, ""])


def test_a_customers_access_token_names_the_customer(installed: Installation, wire: Wire):
    found = verify_customer_token(KEY.token())
    assert found == Customer(API, gid("User:46"), "ada@mail.example")
    assert not wire.requests


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("", id="none"),
        pytest.param("a.b.c", id="nonsense"),
        pytest.param("x" * 10_000, id="endless"),
        pytest.param(without_algorithm(), id="alg none"),
        pytest.param(with_hmac(), id="HS256 with the public key"),
        pytest.param(KEY.token(type="refresh"), id="refresh"),
        pytest.param(KEY.token(type="thirdparty", app=gid("App:1")), id="Dashboard"),
        pytest.param(KEY.token(type="thirdparty", app=gid("App:2"), **STAFF), id="another App's"),
        pytest.param(KEY.token(**STAFF), id="staff"),
        pytest.param(KEY.token(is_staff=None), id="staff unstated"),
        pytest.param(KEY.token(type=None), id="kind unstated"),
        pytest.param(KEY.token(iss="https://evil.test/graphql/"), id="another issuer"),
        pytest.param(KEY.token(iss=API.rstrip("/")), id="nearly our issuer"),
        pytest.param(KEY.token(iss=None), id="no issuer"),
        pytest.param(KEY.token(iss=7), id="issuer a number"),
        pytest.param(KEY.token(exp=NOW - 60), id="expired"),
        pytest.param(KEY.token(exp=None), id="endless life"),
        pytest.param(KEY.token(nbf=NOW + 86_400), id="not yet valid"),
        pytest.param(KEY.token(iat=NOW + 86_400), id="of the future"),
        pytest.param(KEY.token(aud="loyalty_plugin"), id="for an App"),
        pytest.param(KEY.token(aud="custom:elsewhere"), id="for another audience"),
        pytest.param(KEY.token(user_id=gid("App:46")), id="an App as subject"),
        pytest.param(KEY.token(user_id="46"), id="no global id"),
        pytest.param(KEY.token(user_id=None), id="no subject"),
        pytest.param(Key(KEY.kid).token(), id="another key of the same name"),
        pytest.param(KEY.token()[:-5] + "AAAAA", id="changed"),
        pytest.param(KEY.token(headers={"b64": False, "crit": ["b64"]}), id="unencoded payload"),
    ],
)
def test_everything_else_is_refused(token: str, installed: Installation, wire: Wire):
    with pytest.raises(TokenRefused):
        verify_customer_token(token)
    assert not wire.requests


def test_an_unknown_key_is_put_off(installed: Installation, wire: Wire):
    wire.answer = lambda request: httpx.Response(200, json=KEY.jwks)
    with pytest.raises(TryLater):
        verify_customer_token(STRANGER.token())


def test_the_same_customer_id_of_another_saleor_is_somebody_else(
    installed: Installation, wire: Wire, settings
):
    settings.LOYALTY = {"SALEOR_API_URLS": (API, OTHER_API)}
    wire.answer = lambda request: httpx.Response(200, json=STRANGER.jwks)
    assert verify_customer_token(STRANGER.token(iss=OTHER_API)).realm == OTHER_API
    with pytest.raises(TryLater):
        verify_customer_token(KEY.token(iss=OTHER_API))
