"""What publishing a draft would do, reckoned once and kept: its sums, and a line for each member who would lose."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from loyalty_plugin.models.members import Member
from loyalty_plugin.models.programmes import ProgrammeVersion


class DraftPreview(models.Model):
    """The effect of one draft on one first day, for exactly the rules that `digest` stands for.

    Both ways are reckoned: tiers that were earned are kept until their period ends, or judged anew at once.
    `moves` counts members as {"kept": {"from|to": n}, "at_once": …}, `losing` those with a line likewise.
    """

    class Status(models.TextChoices):
        RUNNING = "running", _("running")
        READY = "ready", _("done")
        OBSOLETE = "obsolete", _("replaced by a later one")

    version = models.ForeignKey(ProgrammeVersion, models.CASCADE, related_name="previews")
    digest = models.CharField(max_length=64)
    first_day = models.DateField(_("first day"))
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.RUNNING)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    #: The last member looked at.
    cursor = models.BigIntegerField(default=0)
    looked_at = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    moves = models.JSONField(default=dict)
    losing = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("preview of a draft")
        verbose_name_plural = _("previews of drafts")
        indexes = [models.Index(fields=["version", "-id"], name="lp_preview_newest")]

    def __str__(self) -> str:
        return f"{self.version_id} {self.status}"


class PreviewLine(models.Model):
    """A member who would lose a tier or a benefit, at once or later, in at least one of the two ways.

    Tiers are codes. `drops_on` and `drops_to`: where the earned tier is kept, when it then ends; empty where
    it ends no sooner than without the draft.
    """

    preview = models.ForeignKey(DraftPreview, models.CASCADE, related_name="lines")
    member = models.ForeignKey(Member, models.CASCADE, related_name="+")
    before = models.CharField(_("from"), max_length=50)
    kept = models.CharField(max_length=50)
    at_once = models.CharField(max_length=50)
    drops_on = models.DateField(null=True)
    drops_to = models.CharField(max_length=50, blank=True)
    loses_kept = models.BooleanField()
    loses_at_once = models.BooleanField()

    class Meta:
        verbose_name = _("member who would lose")
        verbose_name_plural = _("members who would lose")
        indexes = [models.Index(fields=["preview", "id"], name="lp_previewline_order")]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.before}"
