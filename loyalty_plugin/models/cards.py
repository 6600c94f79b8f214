"""Member cards and the keys that sign their codes; private keys are stored encrypted."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class CardKey(models.Model):
    """An Ed25519 key pair. Old keys stay, so that cards signed with them can be verified."""

    key_id = models.PositiveSmallIntegerField(primary_key=True)
    public_key = models.BinaryField(max_length=32)
    private_key = models.BinaryField(editable=False)
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.key_id)


class Card(models.Model):
    """One card of a membership."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        LOST = "lost", _("reported lost")
        REPLACED = "replaced", _("replaced")
        RETURNED = "returned", _("returned")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    member = models.ForeignKey("loyalty_plugin.Member", models.PROTECT, related_name="cards")
    number = models.CharField(_("card number"), max_length=32, unique=True)
    key = models.ForeignKey(CardKey, models.PROTECT, related_name="+")
    #: The signed text of the QR code, kept so that a card prints again after its private key is gone.
    token = models.CharField(max_length=200, editable=False)
    status = models.CharField(_("state"), max_length=8, choices=Status.choices, default=Status.ACTIVE)
    design = models.CharField(_("design"), max_length=60, blank=True)
    issued_at = models.DateTimeField(_("issued"))
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("card")
        verbose_name_plural = _("cards")

    def __str__(self) -> str:
        return self.number
