"""Signs and verifies the code on a card, offline; whether the card is still good it can't know.

A token is 21 bytes and an Ed25519 signature, in base45 behind "LP1:", 132 signs of a QR code's alphanumeric
mode: version and kind (a half byte each), key id (2), card (16), day of issue (2, days since 2020-01-01).
It names no person: who found a card learns nothing from its code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import IntEnum
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from loyalty_plugin.domain.cards import base45
from loyalty_plugin.errors import CardRefused, DateOutOfRange, InvalidInput

PREFIX: Final = "LP1:"
VERSION: Final = 1
#: What is signed begins so, so that a signature by the same key over other things can never pass as a card.
_DOMAIN: Final = b"loyalty_plugin.card\x01"
_EPOCH: Final = date(2020, 1, 1)
_BODY: Final = 21
_SIGNATURE: Final = 64
_LONGEST: Final = 200


class TokenKind(IntEnum):
    """What a code is for. A printed card identifies; it is no one-time code."""

    CARD = 1


@dataclass(frozen=True, slots=True)
class CardToken:
    """What a code says. `issued` is a day of the programme."""

    key_id: int
    card: UUID
    issued: date
    kind: TokenKind = TokenKind.CARD

    def body(self) -> bytes:
        """The 21 bytes that are signed. Raises InvalidInput, DateOutOfRange where they don't fit."""
        if not 0 <= self.key_id < 1 << 16:
            raise InvalidInput(key_id=self.key_id)
        day = (self.issued - _EPOCH).days
        if not 0 <= day < 1 << 16:
            raise DateOutOfRange(day=self.issued.isoformat())
        head = bytes([VERSION << 4 | self.kind])
        return head + self.key_id.to_bytes(2, "big") + self.card.bytes + day.to_bytes(2, "big")


def encode(token: CardToken, private_key: bytes) -> str:
    """The signed text for the QR code. `private_key` is the raw 32 bytes of the key named by `key_id`."""
    body = token.body()
    signature = Ed25519PrivateKey.from_private_bytes(private_key).sign(_DOMAIN + body)
    return PREFIX + base45.encode(body + signature)


def _split(text: str) -> tuple[CardToken, bytes]:
    if not text.startswith(PREFIX) or len(text) > _LONGEST:
        raise CardRefused(reason="not_a_card")
    try:
        data = base45.decode(text[len(PREFIX) :])
    except ValueError as error:
        raise CardRefused(reason="damaged") from error
    if len(data) != _BODY + _SIGNATURE:
        raise CardRefused(reason="damaged")
    version, kind = data[0] >> 4, data[0] & 15
    if version != VERSION or kind not in set(TokenKind):
        raise CardRefused(reason="unknown_kind")
    issued = _EPOCH + timedelta(days=int.from_bytes(data[19:21], "big"))
    token = CardToken(int.from_bytes(data[1:3], "big"), UUID(bytes=data[3:19]), issued, TokenKind(kind))
    return token, data[_BODY:]


def decode(text: str) -> CardToken:
    """What a code claims, unverified: for choosing the key, never for trusting it. Raises CardRefused."""
    return _split(text)[0]


def verify(text: str, public_keys: Mapping[int, bytes]) -> CardToken:
    """What a code says, once its signature holds. `public_keys`: raw 32 bytes by key id.

    Raises CardRefused with detail `reason`: not_a_card, damaged, unknown_kind, unknown_key or forged.
    """
    token, signature = _split(text)
    key = public_keys.get(token.key_id)
    if key is None:
        raise CardRefused(reason="unknown_key", key_id=token.key_id)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, _DOMAIN + token.body())
    except InvalidSignature as error:
        raise CardRefused(reason="forged") from error
    return token


def public_key_of(private_key: bytes) -> bytes:
    """The raw public key that belongs to a raw private key."""
    return Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw()
