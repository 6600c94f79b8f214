"""Keeps personal words in erasable rows; the ledger gets only a salted digest of them."""

from __future__ import annotations

import hashlib
import secrets

from loyalty_plugin.models.notes import Note


def keep(text: str) -> bytes | None:
    """Store the words; their 32-byte digest, or None for no words."""
    if not text.strip():
        return None
    salt = secrets.token_bytes(16)
    digest = hashlib.sha256(salt + text.encode()).digest()
    Note.objects.create(digest=digest, salt=salt, text=text)
    return digest
