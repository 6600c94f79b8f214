"""Personal words about an act, in rows that can be erased; the ledger keeps only their salted digest."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Note(models.Model):
    """Words of a person, found by the digest an entry carries."""

    digest = models.BinaryField(max_length=32, primary_key=True)
    salt = models.BinaryField(max_length=16)
    text = models.TextField(_("words"))

    def __str__(self) -> str:
        return self.text
