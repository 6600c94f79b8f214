"""Orders that were not charged as promised, each with what was done about it; the differences are plain values."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Incident(models.Model):
    """One order that differs from what was promised. It stays open until a person has closed it with a reason."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    class Action(models.TextChoices):
        HOLD = "hold", _("hold back")
        CANCEL = "cancel", _("cancel")
        REFUND = "refund", _("grant a refund")
        CONTACT = "contact", _("contact the customer")
        CONFIRM = "confirm", _("confirm all the same")

    class Reason(models.TextChoices):
        HANDLED = "handled", _("Handled: what was to be done is done")
        ACCEPTED = "accepted", _("Accepted: the shop bears it")
        MISTAKE = "mistake", _("A mistake: the order is as it should be")

    realm = models.ForeignKey("loyalty_plugin.Realm", models.PROTECT, related_name="+", db_index=False)
    order_id = models.CharField(max_length=64)
    number = models.CharField(_("order"), max_length=32, blank=True)
    channel = models.CharField(max_length=255, blank=True)
    currency = models.CharField(max_length=3)
    #: Whose promise it was, which may be another person than the buyer.
    member = models.ForeignKey("loyalty_plugin.Member", models.SET_NULL, null=True, related_name="+")
    found_at = models.DateTimeField(_("found"))
    #: `[{"code", "line", "promised", "charged", "lost"}]`, amounts in minor units; see `domain.promises`.
    differences = models.JSONField(default=list)
    #: What the shop lost in all, minor units; below zero, what the customer paid too much.
    lost = models.BigIntegerField(default=0)
    status = models.CharField(_("state"), max_length=6, choices=Status.choices, default=Status.OPEN)
    #: The latest act, and the outgoing change that carries it to Saleor.
    action = models.CharField(_("latest act"), max_length=8, choices=Action.choices, blank=True)
    acted_at = models.DateTimeField(null=True)
    acted_by = models.ForeignKey("loyalty_plugin.Person", models.SET_NULL, null=True, related_name="+")
    change = models.ForeignKey("loyalty_plugin.OutboxItem", models.SET_NULL, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey("loyalty_plugin.Person", models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=8, choices=Reason.choices, blank=True)

    class Meta:
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        constraints = [models.UniqueConstraint(fields=["realm", "order_id"], name="lp_incident_of_order")]
        indexes = [
            models.Index(fields=["-found_at"], condition=models.Q(status="open"), name="lp_incident_open")
        ]

    def __str__(self) -> str:
        return self.number or self.order_id
