"""Gifts to members that a code of the shop's brings: whose, what, until when, and what became of it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Gift(models.Model):
    """One gift to one member on one occasion. Its code is a voucher at the shop, for one use."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("being made ready")
        READY = "ready", _("ready")
        USED = "used", _("used")

    member = models.ForeignKey("loyalty_plugin.Member", models.CASCADE, related_name="gifts")
    realm = models.ForeignKey("loyalty_plugin.Realm", models.PROTECT, related_name="+")
    #: The perk's id in its version, and what it was for: "birthday:2026".
    perk = models.CharField(max_length=50)
    occasion = models.CharField(max_length=40)
    title = models.CharField(max_length=100)
    code = models.CharField(max_length=40, unique=True)
    #: Days of the programme, both included.
    first_day = models.DateField()
    last_day = models.DateField()
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.WAITING)
    #: The order that used it.
    order_id = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("gift")
        verbose_name_plural = _("gifts")
        constraints = [models.UniqueConstraint(fields=["member", "perk", "occasion"], name="lp_gift_once")]

    def __str__(self) -> str:
        return self.title
