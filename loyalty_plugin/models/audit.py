"""The trail: who did what, by which door, with which reason; append-only, for data and settings alike."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class AuditRecord(models.Model):
    """One act of a person or of the system. Personal words stay in erasable rows, never here."""

    at = models.DateTimeField(_("when"))
    actor = models.CharField(_("account"), max_length=128)
    person = models.ForeignKey(
        "loyalty_plugin.Person", models.PROTECT, null=True, related_name="+", verbose_name=_("who")
    )
    via = models.CharField(_("door"), max_length=20)
    operation = models.CharField(_("what"), max_length=40)
    #: Kind and id of what was acted on, e.g. "member:12".
    target = models.CharField(_("on"), max_length=120)
    outcome = models.CharField(_("outcome"), max_length=40)
    detail = models.JSONField(_("detail"), default=dict)
    request = models.ForeignKey("loyalty_plugin.Request", models.PROTECT, null=True, related_name="trail")
    factor = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name = _("trail record")
        verbose_name_plural = _("trail")
        indexes = [
            models.Index(fields=["target", "-id"], name="lp_audit_target"),
            models.Index(fields=["person", "operation", "-at"], name="lp_audit_person"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.target}"
