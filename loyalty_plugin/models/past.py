"""Points for orders from before the programme: what they would cost, and what of it somebody accepted."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class PastCost(models.Model):
    """What points for a Saleor's past orders would cost, reckoned member by member. It issues nothing."""

    class Status(models.TextChoices):
        RUNNING = "running", _("running")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")
        OBSOLETE = "obsolete", _("replaced by a later one")

    realm = models.ForeignKey("loyalty_plugin.Realm", models.CASCADE, related_name="+")
    status = models.CharField(_("state"), max_length=8, choices=Status.choices, default=Status.RUNNING)
    #: Past orders there are, and how many were looked at; the last member that was.
    total = models.BigIntegerField(_("past orders"))
    done = models.BigIntegerField(_("looked at"), default=0)
    cursor = models.BigIntegerField(default=0)
    # Of those looked at: who gets something, for how many orders, how many points, how many of them are past their
    # last day already, and orders above the largest award.
    members = models.BigIntegerField(_("members"), default=0)
    orders = models.BigIntegerField(_("orders"), default=0)
    points = models.BigIntegerField(_("points"), default=0)
    over = models.BigIntegerField(_("expired already"), default=0)
    waiting = models.BigIntegerField(_("orders above the largest award"), default=0)
    error = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("cost of points for the past")
        verbose_name_plural = _("costs of points for the past")
        constraints = [
            models.UniqueConstraint(
                fields=["realm"],
                condition=models.Q(status__in=["running", "ready", "failed"]),
                name="lp_past_cost_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.realm_id}: {self.points} {self.status}"


class PastCostLine(models.Model):
    """What one member would get for past orders."""

    cost = models.ForeignKey(PastCost, models.CASCADE, related_name="lines", db_index=False)
    member = models.ForeignKey("loyalty_plugin.Member", models.CASCADE, related_name="+")
    orders = models.IntegerField(_("orders"))
    points = models.BigIntegerField(_("points"))
    over = models.BigIntegerField(_("expired already"))
    waiting = models.IntegerField(_("orders above the largest award"))

    class Meta:
        verbose_name = _("member with past orders")
        verbose_name_plural = _("members with past orders")
        indexes = [models.Index(fields=["cost", "-points", "id"], name="lp_past_cost_line")]

    def __str__(self) -> str:
        return f"{self.member_id}: {self.points}"


class PastPoints(models.Model):
    """Points for past orders that somebody accepted at the cost they were shown; never more are posted."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting for another person")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        STOPPED = "stopped", _("stopped: the cost had changed")
        REFUSED = "refused", _("refused")

    realm = models.ForeignKey("loyalty_plugin.Realm", models.PROTECT, related_name="+")
    status = models.CharField(_("state"), max_length=7, choices=Status.choices, default=Status.RUNNING)
    #: What was shown and accepted.
    points = models.BigIntegerField(_("points accepted"))
    members = models.BigIntegerField(_("members"))
    orders = models.BigIntegerField(_("orders"))
    #: What was posted so far.
    posted = models.BigIntegerField(_("points posted"), default=0)
    accepted_by = models.CharField(_("accepted by"), max_length=100)
    person = models.ForeignKey("loyalty_plugin.Person", models.SET_NULL, null=True, related_name="+")
    #: Where it is more than one person may accept: what another one decides about.
    request = models.OneToOneField(
        "loyalty_plugin.Request", models.PROTECT, null=True, related_name="past_points"
    )
    accepted_at = models.DateTimeField(_("accepted"))
    finished_at = models.DateTimeField(_("finished"), null=True)

    class Meta:
        verbose_name = _("points for the past")
        verbose_name_plural = _("points for the past")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(posted__gte=0, posted__lte=models.F("points")), name="lp_past_points_kept"
            ),
            models.UniqueConstraint(
                fields=["realm"],
                condition=models.Q(status__in=["waiting", "running"]),
                name="lp_past_points_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.realm_id}: {self.posted}/{self.points}"
