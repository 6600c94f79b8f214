"""Bytes as text of the forty-five signs a QR code packs densest (RFC 9285); it knows nothing of cards."""

from __future__ import annotations

from typing import Final

_SIGNS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES: Final = {sign: value for value, sign in enumerate(_SIGNS)}


def encode(data: bytes) -> str:
    """Two bytes in three signs, a last single byte in two."""
    text = []
    for i in range(0, len(data), 2):
        pair = data[i : i + 2]
        number = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            number, sign = divmod(number, 45)
            text.append(_SIGNS[sign])
    return "".join(text)


def decode(text: str) -> bytes:
    """The bytes of a text. Raises ValueError unless `encode` would give that very text."""
    data = bytearray()
    for i in range(0, len(text), 3):
        group = text[i : i + 3]
        size = len(group) - 1
        if size == 0 or any(sign not in _VALUES for sign in group):
            raise ValueError("not base45")
        number = sum(_VALUES[sign] * 45**place for place, sign in enumerate(group))
        if number >= 256**size:
            raise ValueError("not base45")
        data += number.to_bytes(size, "big")
    return bytes(data)
