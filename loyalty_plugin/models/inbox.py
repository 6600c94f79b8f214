"""What came in: the raw bytes of every webhook, kept as evidence outside the transaction that acts on it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class InboxItem(models.Model):
    """One delivery. Byte-identical retries fold onto the first row."""

    class Status(models.TextChoices):
        NEW = "new", _("new")
        DONE = "done", _("done")
        IGNORED = "ignored", _("nothing to do")
        FAILED = "failed", _("failed")

    # No index of its own: the unique one below begins with it. No constraint in the database: installations are never
    # deleted, and every event would take a lock on its one row, which all that come at the same time share.
    installation = models.ForeignKey(
        "loyalty_plugin.Installation",
        models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    sha256 = models.BinaryField(max_length=32)
    #: `__typename` of the signed body, never the header.
    event = models.CharField(max_length=64)
    body = models.BinaryField(null=True)
    received_at = models.DateTimeField()
    status = models.CharField(max_length=7, choices=Status.choices, default=Status.NEW)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=40, blank=True)
    detail = models.TextField(blank=True)
    processed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("received event")
        verbose_name_plural = _("received events")
        constraints = [
            models.UniqueConstraint(fields=["installation", "sha256"], name="lp_inbox_folds_retries")
        ]
        indexes = [
            models.Index(fields=["id"], condition=models.Q(status="new"), name="lp_inbox_new"),
            models.Index(
                fields=["received_at"], condition=models.Q(body__isnull=False), name="lp_inbox_bodies"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.status}"
