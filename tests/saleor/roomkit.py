"""Fixtures for tests of the Saleor room: a key that signs as Saleor's does, an installation, a wire one can watch."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from django.test import Client
from django.utils import timezone

from loyalty_plugin import vault
from loyalty_plugin.models.realms import Installation, Realm
from loyalty_plugin.saleor import connections, http, jwks
from tests.factories import NOW

API = "https://saleor.test/graphql/"
OTHER_API = "https://other.test/graphql/"
EVENTS = "/loyalty/saleor/events"
REGISTER = "/loyalty/saleor/register"
APP_ID = "QXBwOjE="
TOKEN = "a-token-of-thirty-characters-x"
SECRET = "the-secret-of-this-installation"


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@dataclass
class Key:
    """An RSA key as one Saleor has it."""

    kid: str

    @cached_property
    def private(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def public_pem(self) -> bytes:
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def jwks(self) -> dict[str, Any]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.private.public_key()))
        return {"keys": [{**public, "use": "sig", "alg": "RS256", "kid": self.kid}]}

    def sign(self, body: bytes, **header: Any) -> str:
        """A detached JWS over raw bytes; `header` replaces parts, None removes one."""
        named = {"alg": "RS256", "b64": False, "crit": ["b64"], "kid": self.kid, "typ": "JWT", **header}
        protected = b64url(json.dumps({k: v for k, v in named.items() if v is not None}).encode())
        signature = self.private.sign(protected.encode() + b"." + body, padding.PKCS1v15(), hashes.SHA256())
        return f"{protected}..{b64url(signature)}"

    def token(self, headers: dict[str, Any] | None = None, **claims: Any) -> str:
        """A customer's access token that outlives the run; `claims` replace parts, None removes one."""
        now = int(time.time())
        named = {
            "iat": now,
            "owner": "saleor",
            "iss": API,
            "exp": now + 86_400,
            "token": "k",
            "email": "ada@mail.example",
            "type": "access",
            "user_id": base64.b64encode(b"User:46").decode(),
            "is_staff": False,
            **claims,
        }
        return jwt.api_jws.encode(
            json.dumps({k: v for k, v in named.items() if v is not None}).encode(),
            self.private,
            algorithm="RS256",
            headers={"kid": self.kid, **(headers or {})},
        )


KEY = Key("the-key")
STRANGER = Key("a-key-nobody-knows")


@dataclass
class Wire:
    """What went out, and what is answered to it."""

    answer: Callable[[httpx.Request], httpx.Response]
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answer(request)


def refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("nothing is to be called in this test", request=request)


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """Every test begins with a process that remembers nothing."""
    connections.forget()
    jwks.forget()
    yield
    connections.forget()
    jwks.forget()


@pytest.fixture
def wire(monkeypatch: pytest.MonkeyPatch) -> Wire:
    """In place of the network; refuses every call until `wire.answer` is set."""
    watched = Wire(refuse)
    client = httpx.Client(transport=httpx.MockTransport(watched), follow_redirects=False)
    monkeypatch.setattr(http, "pool", lambda: client)
    return watched


@pytest.fixture
def installed(db: None) -> Installation:
    """Our App installed and secured at API, its keys known."""
    return install()


def install(state: str = Installation.State.ACTIVE, api_url: str = API, **fields: Any) -> Installation:
    realm, _ = Realm.objects.get_or_create(
        api_url=api_url, defaults={"jwks": KEY.jwks, "jwks_read_at": timezone.now()}
    )
    return Installation.objects.create(
        realm=realm,
        **{
            "app_id": APP_ID,
            "token": vault.encrypt(TOKEN.encode()),
            "secret": vault.encrypt(SECRET.encode()),
            "state": state,
            "installed_at": NOW,
            **fields,
        },
    )


def event(typename: str = "OrderPaid", **more: Any) -> bytes:
    """A body as our own subscriptions ask for it."""
    content = {
        "__typename": typename,
        "issuedAt": "2026-03-02T12:00:00+00:00",
        "recipient": {"id": APP_ID},
        "order": {"id": "T3JkZXI6MQ=="},
        **more,
    }
    return json.dumps(content).encode()


def deliver(
    body: bytes, client: Client | None = None, *, signature: str | None = None, **headers: str
) -> int:
    """Post a delivery as Saleor does; the status. Header names with underscores, an empty one is left out."""
    sent = {
        "Saleor-Event": "order_paid",
        "Saleor-Api-Url": API,
        "Saleor-Signature": KEY.sign(body) if signature is None else signature,
        "X-Loyalty-Secret": SECRET,
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    response = (client or Client()).post(
        EVENTS,
        body,
        content_type="application/json",
        headers={name: value for name, value in sent.items() if value},
    )
    return response.status_code
