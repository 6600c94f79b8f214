"""Acts that wait for a second person: what is asked, by whom, and how it was decided."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Request(models.Model):
    """An act above a limit. The database itself refuses that one person asks and decides."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")
        EXPIRED = "expired", _("ran out")

    programme = models.ForeignKey("loyalty_plugin.Programme", models.PROTECT, related_name="requests")
    member = models.ForeignKey(
        "loyalty_plugin.Member", models.CASCADE, null=True, blank=True, related_name="requests"
    )
    operation = models.CharField(_("what"), max_length=40)
    #: Points or minor units, signed: what the act would change.
    amount = models.BigIntegerField(_("amount"), default=0)
    unit = models.CharField(max_length=24, default="points")
    payload = models.JSONField(default=dict)
    reason = models.CharField(_("reason"), max_length=40, blank=True)
    words = models.TextField(_("in words"), blank=True)
    #: Why it waits: limit and value, for the sentence the decider reads.
    cause = models.JSONField(default=dict)
    key = models.CharField(max_length=200, unique=True)
    status = models.CharField(_("state"), max_length=9, choices=Status.choices, default=Status.WAITING)
    #: Null: the programme itself asks (an award above its hard maximum).
    requested_by = models.ForeignKey(
        "loyalty_plugin.Person", models.PROTECT, null=True, blank=True, related_name="asked"
    )
    decided_by = models.ForeignKey(
        "loyalty_plugin.Person", models.PROTECT, null=True, blank=True, related_name="decided"
    )
    created_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(requested_by__isnull=True)
                | models.Q(decided_by__isnull=True)
                | ~models.Q(requested_by=models.F("decided_by")),
                name="lp_four_eyes",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["approved", "rejected"])
                | models.Q(decided_by__isnull=False, decided_at__isnull=False),
                name="lp_decision_has_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.amount}"
