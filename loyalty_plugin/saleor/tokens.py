"""Decides which customer an access token of Saleor stands for; grants nothing and asks Saleor nothing.

A token is believed for its few minutes even if the account was closed meanwhile: before money moves, ask Saleor.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Final

import jwt
from jwt.exceptions import PyJWTError
from saleor_sdk.crypto.utils import decode_jwt, get_unverified_header

from loyalty_plugin.errors import SignatureRefused, TokenRefused
from loyalty_plugin.saleor.connections import allowed
from loyalty_plugin.saleor.signatures import check_header, with_known_key

_MAX_LENGTH: Final = 8192
_NEEDED: Final = ("iss", "iat", "exp", "user_id", "type")


@dataclass(frozen=True, slots=True)
class Customer:
    """Whom a token stands for: a customer's account in one realm (its API URL)."""

    realm: str
    user_id: str
    email: str


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


def _claims(token: str) -> dict[str, Any]:
    """Claims of a token signed by an allow-listed Saleor, in its time. An audience is refused: it is another's."""
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
        claims = with_known_key(issuer, lambda keys: decode_jwt(token, keys))
    except SignatureRefused as error:
        raise TokenRefused(reason=str(error.details.get("reason"))) from error
    if not isinstance(claims, dict) or any(name not in claims for name in _NEEDED):
        raise TokenRefused(reason="claims")
    return claims


def _names_user(global_id: object) -> bool:
    try:
        return base64.b64decode(str(global_id), validate=True).startswith(b"User:")
    except (binascii.Error, ValueError):
        return False
