"""Holds and the lots they hold: what is reserved for an open checkout, until when, and how it ended.

The ledger says how much is held; these rows say for whom. `loyalty_verify` keeps the two equal.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Hold(models.Model):
    """One reservation. It ends once, captured or released, and the row stays as the answer to a repeated request."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        CAPTURED = "captured", _("captured")
        RELEASED = "released", _("released")

    #: The business key of its entry; what ends it is posted under this key and the way it ends.
    key = models.TextField()
    input_hash = models.BinaryField(max_length=32)
    member = models.ForeignKey("loyalty_plugin.Member", models.PROTECT, db_index=False, related_name="holds")
    realm = models.ForeignKey("loyalty_plugin.Realm", models.PROTECT, db_index=False, related_name="+")
    #: What it is held for, as the realm names it (a checkout).
    target = models.CharField(max_length=64, blank=True)
    channel = models.CharField(max_length=255, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    placed_at = models.DateTimeField()
    until = models.DateTimeField(_("reserved until"))
    entry = models.ForeignKey("loyalty_plugin.Entry", models.PROTECT, db_index=False, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_entry = models.ForeignKey(
        "loyalty_plugin.Entry", models.PROTECT, null=True, db_index=False, related_name="+"
    )
    ended_hash = models.BinaryField(max_length=32, null=True)
    #: Why it was released, a code; empty for a captured one.
    reason = models.CharField(max_length=32, blank=True)

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        constraints = [
            models.UniqueConstraint(fields=["key"], name="lp_hold_key"),
            models.CheckConstraint(
                condition=models.Q(state="open", ended_at__isnull=True, ended_entry__isnull=True)
                | models.Q(~models.Q(state="open"), ended_at__isnull=False, ended_entry__isnull=False),
                name="lp_hold_ends_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["until", "id"], condition=models.Q(state="open"), name="lp_hold_due"),
            models.Index(fields=["member"], condition=models.Q(state="open"), name="lp_hold_of_member"),
        ]

    def __str__(self) -> str:
        return self.key


class HoldPortion(models.Model):
    """So much of one lot, in the order in which it was taken."""

    # No index of its own: the constraint below begins with it.
    hold = models.ForeignKey(Hold, models.CASCADE, db_index=False, related_name="portions")
    position = models.SmallIntegerField()
    unit = models.CharField(max_length=24)
    lot = models.ForeignKey("loyalty_plugin.Lot", models.PROTECT, db_index=False, related_name="+")
    amount = models.BigIntegerField()
    #: Of it, what was used in the end; the rest went back.
    captured = models.BigIntegerField(default=0)
    #: Of what was used, what was given back since.
    returned = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("reserved part of a lot")
        verbose_name_plural = _("reserved parts of lots")
        constraints = [
            models.UniqueConstraint(fields=["hold", "position"], name="lp_holdportion_once"),
            models.CheckConstraint(
                condition=models.Q(
                    amount__gt=0,
                    returned__gte=0,
                    captured__gte=models.F("returned"),
                    captured__lte=models.F("amount"),
                ),
                name="lp_holdportion_amounts",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.unit} of lot {self.lot_id}"
