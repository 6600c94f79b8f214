"""Decides whom an access token of Saleor stands for, customer or staff; grants nothing and asks Saleor nothing.

A token is believed for its few minutes even if the account was closed meanwhile: before money moves, ask Saleor.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Final

import jwt
from jwt import PyJWKSet
from jwt.exceptions import PyJWTError
from saleor_sdk.crypto.utils import decode_jwt, get_key_from_jwks, get_unverified_header

from loyalty_plugin.errors import SignatureRefused, TokenRefused
from loyalty_plugin.saleor.connections import allowed, connected
from loyalty_plugin.saleor.manifest import APP_ID
from loyalty_plugin.saleor.signatures import ALGORITHM, check_header, with_known_key

_MAX_LENGTH: Final = 8192
_NEEDED: Final = ("iss", "iat", "exp", "user_id", "type")


@dataclass(frozen=True, slots=True)
class Customer:
    """Whom a token stands for: a customer's account in one realm (its API URL)."""

    realm: str
    user_id: str
    email: str


@dataclass(frozen=True, slots=True)
class Staff:
    """Whom a token that the Dashboard gave us stands for: staff of one realm, with what they may do through us.

    `permissions` are Saleor's names for what both the person and our App may do.
    """

    realm: str
    user_id: str
    email: str
    permissions: frozenset[str]


def verify_customer_token(token: str) -> Customer:
    """The customer behind an access token.

    Raises TokenRefused for anything else: expired, forged, of another kind (refresh, an App's, staff's), of a Saleor
    we do not know, meant for another audience. Raises TryLater when the key can't be read now.
    """
    claims = _claims(token)
    if claims["type"] != "access" or claims.get("is_staff") is not False:
        raise TokenRefused(reason="kind")
    if not _names_user(claims["user_id"]):
        raise TokenRefused(reason="subject")
    return Customer(realm=claims["iss"], user_id=claims["user_id"], email=str(claims.get("email") or ""))


def verify_staff_token(token: str) -> Staff:
    """The member of staff behind a token that the Dashboard made for our App.

    Raises TokenRefused for anything else: a customer's, another App's, one for another audience, or of a Saleor in
    which we are not installed. Raises TryLater.
    """
    claims = _claims(token, audience=APP_ID)
    if claims["type"] != "thirdparty" or claims.get("is_staff") is not True:
        raise TokenRefused(reason="kind")
    ours = connected(claims["iss"])
    if ours is None or claims.get("app") != ours.app_id or claims.get("aud") != APP_ID:
        raise TokenRefused(reason="app")
    if not _names_user(claims["user_id"]):
        raise TokenRefused(reason="subject")
    held = claims.get("permissions")
    permissions = (
        frozenset(one for one in held if isinstance(one, str)) if isinstance(held, list) else frozenset()
    )
    return Staff(claims["iss"], claims["user_id"], str(claims.get("email") or ""), permissions)


def _claims(token: str, audience: str | None = None) -> dict[str, Any]:
    """Claims of a token signed by an allow-listed Saleor, in its time. Another audience than ours is refused."""
    if len(token) > _MAX_LENGTH:
        raise TokenRefused(reason="length")
    try:
        check_header(get_unverified_header(token))
        # Only to learn whose keys to use; nothing of it is believed before the signature is checked.
        issuer = jwt.decode(token, options={"verify_signature": False}).get("iss")
    except (SignatureRefused, PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise TokenRefused(reason="unreadable") from error
    if not isinstance(issuer, str) or not allowed(issuer):
        raise TokenRefused(reason="issuer")
    try:
        claims = with_known_key(issuer, lambda keys: _decode(token, keys, audience))
    except SignatureRefused as error:
        raise TokenRefused(reason=str(error.details.get("reason"))) from error
    if not isinstance(claims, dict) or any(name not in claims for name in _NEEDED):
        raise TokenRefused(reason="claims")
    return claims


def _decode(token: str, keys: PyJWKSet, audience: str | None) -> Any:
    """Claims whose signature and times are right. The SDK knows no audience and refuses any; ours is checked here."""
    if audience is None:
        return decode_jwt(token, keys)
    key = get_key_from_jwks(kid=get_unverified_header(token)["kid"], jwks=keys)
    return jwt.decode(token, key=key, algorithms=[ALGORITHM], audience=audience)


def _names_user(global_id: object) -> bool:
    try:
        return base64.b64decode(str(global_id), validate=True).startswith(b"User:")
    except (binascii.Error, ValueError):
        return False
