"""Programmes and their versions: a draft may change, a published version never does (a trigger sees to it)."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Programme(models.Model):
    """A membership programme: one currency, one time zone, some channels."""

    code = models.SlugField(_("code"), max_length=50, unique=True)
    name = models.CharField(_("name"), max_length=120)
    currency = models.CharField(_("currency"), max_length=3)
    timezone = models.CharField(_("time zone"), max_length=64)
    #: No single award is posted above this without a person.
    max_award = models.BigIntegerField(_("largest award without approval"), default=100_000)
    #: Every customer of the channels becomes a member by itself.
    auto_join = models.BooleanField(_("every customer is a member"), default=True)

    class Meta:
        verbose_name = _("programme")
        verbose_name_plural = _("programmes")

    def __str__(self) -> str:
        return self.name


class ProgrammeChannel(models.Model):
    """A Saleor channel served by a programme; a channel has at most one."""

    programme = models.ForeignKey(Programme, models.CASCADE, related_name="channels")
    realm = models.ForeignKey("loyalty_plugin.Realm", models.PROTECT, related_name="+")
    slug = models.CharField(_("channel"), max_length=255)

    class Meta:
        verbose_name = _("channel")
        verbose_name_plural = _("channels")
        constraints = [models.UniqueConstraint(fields=["realm", "slug"], name="lp_channel_has_one_programme")]

    def __str__(self) -> str:
        return self.slug


class ProgrammeVersion(models.Model):
    """The rules of a programme from a date on. Every ledger entry names the version it was made under."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        PUBLISHED = "published", _("published")

    programme = models.ForeignKey(Programme, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField(_("number"))
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.DRAFT)
    document = models.JSONField(_("rules"))
    note = models.TextField(_("note"), blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    starts_at = models.DateTimeField(_("in force from"), null=True, blank=True)
    published_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("programme version")
        verbose_name_plural = _("programme versions")
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["programme", "number"], name="lp_version_number"),
            models.CheckConstraint(
                condition=models.Q(status="draft")
                | models.Q(starts_at__isnull=False, published_at__isnull=False),
                name="lp_published_has_start",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.programme_id} v{self.number}"


class CampaignBudget(models.Model):
    """Points a campaign may still cause; the row is locked before an award that draws on it is decided."""

    programme = models.ForeignKey(Programme, models.CASCADE, related_name="+")
    code = models.CharField(max_length=50)
    budget = models.BigIntegerField()
    used = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("campaign budget")
        verbose_name_plural = _("campaign budgets")
        constraints = [
            models.UniqueConstraint(fields=["programme", "code"], name="lp_campaign_code"),
            models.CheckConstraint(
                condition=models.Q(used__gte=0, used__lte=models.F("budget")), name="lp_budget_kept"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.used}/{self.budget}"
