"""What is to go out: each row names a desired state of one outside target; and the leases on such targets."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class OutboxItem(models.Model):
    """A desired state outside. An executor compares it with what is there and writes only the difference."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        OBSOLETE = "obsolete", _("replaced by a later one")

    kind = models.CharField(max_length=40)
    realm = models.ForeignKey("loyalty_plugin.Realm", models.PROTECT, null=True, related_name="+")
    target = models.CharField(max_length=320)
    desired = models.JSONField()
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField()
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=40, blank=True)
    detail = models.TextField(blank=True)

    class Meta:
        verbose_name = _("outgoing change")
        verbose_name_plural = _("outgoing changes")
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=models.Q(status="waiting"), name="lp_outbox_due"
            ),
            models.Index(fields=["kind", "target"], name="lp_outbox_target"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.target}"


class Lease(models.Model):
    """The right to act on one outside target for a while; longer than a client's total deadline.

    `fence` grows with every taking, so that a holder that was overtaken can be told.
    """

    target = models.CharField(max_length=320, primary_key=True)
    fence = models.BigIntegerField(default=0)
    holder = models.UUIDField(null=True)
    until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.target
