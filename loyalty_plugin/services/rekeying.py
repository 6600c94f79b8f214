"""Encrypts every stored secret anew under the newest key; knows where secrets are stored, and reads none of them."""

from __future__ import annotations

from typing import Final

from django.db import models, transaction

from loyalty_plugin import vault
from loyalty_plugin.models.cards import CardKey
from loyalty_plugin.models.realms import Installation

#: Every column the vault's secrets are in.
SECRETS: Final[tuple[tuple[type[models.Model], tuple[str, ...]], ...]] = (
    (Installation, ("token", "secret", "previous_secret")),
    (CardKey, ("private_key",)),
)


def rekey() -> int:
    """All or nothing; how many secrets there are. Raises ImproperlyConfigured when one can't be opened."""
    count = 0
    with transaction.atomic():
        for model, columns in SECRETS:
            for row in model._default_manager.select_for_update().order_by("pk"):
                held = [name for name in columns if getattr(row, name)]
                for name in held:
                    setattr(row, name, vault.renew(getattr(row, name)))
                row.save(update_fields=held)
                count += len(held)
    return count
