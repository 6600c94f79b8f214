"""Holds the one RSA key that signs both tokens and webhooks, as Saleor's does; verifies nobody's rights."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from .store import Store


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _b64int(number: int) -> str:
    return b64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def thumbprint(n: str, e: str) -> str:
    """RFC 7638 thumbprint of an RSA key."""
    canonical = json.dumps({"e": e, "kty": "RSA", "n": n}, separators=(",", ":"), sort_keys=True)
    return b64url(hashlib.sha256(canonical.encode()).digest())


class Signer:
    """The key of this Saleor; `anew` throws the one it has away, as a shop does that changes RSA_PRIVATE_KEY."""

    def __init__(self, store: Store, *, anew: bool = False) -> None:
        with store.write() as tx:
            tx.query("SELECT pg_advisory_xact_lock(727273)")
            row = tx.setting("key")
            if row is None or anew:
                row = {"pem": _new_pem()}
                tx.put_setting("key", row)
        loaded = serialization.load_pem_private_key(row["pem"].encode(), None)
        assert isinstance(loaded, rsa.RSAPrivateKey)
        self.key = loaded
        numbers = loaded.public_key().public_numbers()
        self._n, self._e = _b64int(numbers.n), _b64int(numbers.e)
        self.kid = thumbprint(self._n, self._e)

    def jwks(self) -> dict[str, Any]:
        key = {
            "kty": "RSA",
            "key_ops": ["verify"],
            "n": self._n,
            "e": self._e,
            "use": "sig",
            "kid": self.kid,
            "alg": "RS256",
        }
        return {"keys": [key]}

    def detached(self, body: bytes) -> str:
        """The `Saleor-Signature` of a body: a detached, unencoded JWS (RFC 7797)."""
        header = {"alg": "RS256", "b64": False, "crit": ["b64"], "kid": self.kid, "typ": "JWT"}
        protected = b64url(json.dumps(header, separators=(",", ":")).encode())
        signature = self.key.sign(f"{protected}.".encode() + body, padding.PKCS1v15(), hashes.SHA256())
        return f"{protected}..{b64url(signature)}"

    def encode(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": self.kid})

    def decode(self, token: str, verify_expiry: bool = True) -> dict[str, Any]:
        """The claims of one of our own tokens; raises jwt.InvalidTokenError."""
        return jwt.decode(
            token,
            self.key.public_key(),
            algorithms=["RS256"],
            options={"verify_aud": False, "verify_exp": verify_expiry, "verify_iat": False},
        )


def _new_pem() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
