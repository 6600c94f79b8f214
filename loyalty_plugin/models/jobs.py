"""Long work as rows: how far it came, where to go on after a crash, and what came out; the queue is not here."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class JobRun(models.Model):
    """One run of a job. `cursor` is where to resume; `done` and `total` show progress."""

    class Status(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    name = models.CharField(_("job"), max_length=40)
    status = models.CharField(_("state"), max_length=7, choices=Status.choices, default=Status.RUNNING)
    started_at = models.DateTimeField(_("started"))
    beat_at = models.DateTimeField(_("last sign of life"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    cursor = models.JSONField(default=dict)
    done = models.BigIntegerField(_("done"), default=0)
    total = models.BigIntegerField(_("of"), null=True)
    result = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("job run")
        verbose_name_plural = _("job runs")
        indexes = [models.Index(fields=["name", "-id"], name="lp_jobrun_name")]

    def __str__(self) -> str:
        return f"{self.name} {self.status}"
