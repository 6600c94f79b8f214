"""Decides whether bytes were signed by a certain Saleor; says nothing about whether what they tell is so.

saleor-sdk finds the key, PyJWT checks the signature with the one algorithm we take. What the SDK leaves open is closed
here: it would take the algorithm from the very header it is to check, and lets PyJWT's errors through.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, TypeVar

from jwt import PyJWKSet
from jwt.api_jws import PyJWS
from jwt.exceptions import PyJWTError
from saleor_sdk.crypto.exceptions import CryptoException, JWKSKeyMissing
from saleor_sdk.crypto.utils import get_key_from_jwks, get_unverified_header

from loyalty_plugin.errors import SignatureRefused, TryLater
from loyalty_plugin.saleor import jwks

ALGORITHM: Final = "RS256"
_JWS: Final = PyJWS()
T = TypeVar("T")


def verify(api_url: str, signature: str, body: bytes) -> None:
    """Pass if this Saleor signed exactly these bytes.

    `signature` is the `Saleor-Signature` header, a detached JWS with unencoded payload. Raises SignatureRefused for
    a proven falsehood, TryLater when the key is not known and can't be read now.
    """
    kid = _key_named(signature.partition(".")[0])

    def check(keys: PyJWKSet) -> None:
        key = get_key_from_jwks(kid, keys)
        _JWS.decode(signature, key, algorithms=[ALGORITHM], detached_payload=body)

    with_known_key(api_url, check)


def with_known_key(api_url: str, check: Callable[[PyJWKSet], T]) -> T:
    """Run a check by the SDK with the keys of a Saleor, once more with newer ones if its key is unknown."""
    try:
        return check(jwks.current(api_url))
    except JWKSKeyMissing:
        pass
    except _FALSE as error:
        raise SignatureRefused(reason=type(error).__name__) from error
    try:
        return check(jwks.newer(api_url))
    except JWKSKeyMissing as error:
        raise TryLater(reason="unknown_key") from error
    except _FALSE as error:
        raise SignatureRefused(reason=type(error).__name__) from error


@lru_cache(maxsize=64)
def _key_named(protected: str) -> str:
    """The key that the first part of a signature names; remembered, since all of one Saleor's begin alike."""
    try:
        header = get_unverified_header(f"{protected}..")
    except _FALSE as error:
        raise SignatureRefused(reason="unreadable") from error
    check_header(header)
    if header.get("b64") is not False or header.get("crit") != ["b64"]:
        raise SignatureRefused(reason="header")
    return str(header["kid"])


def check_header(header: dict[str, Any]) -> None:
    """Raises SignatureRefused unless the header names our one algorithm and a key."""
    if header.get("alg") != ALGORITHM or not isinstance(header.get("kid"), str):
        raise SignatureRefused(reason="header")


#: What PyJWT and the SDK raise at bytes made to confuse them.
_FALSE: Final = (PyJWTError, CryptoException, ValueError, TypeError, KeyError, RecursionError)
