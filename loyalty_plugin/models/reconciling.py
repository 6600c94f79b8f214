"""What was compared with a Saleor, and what came out."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Reconciliation(models.Model):
    """One comparison of a Saleor with our books. Everything that changed there from `since` to `through` was seen."""

    class Status(models.TextChoices):
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")

    realm = models.ForeignKey("loyalty_plugin.Realm", models.CASCADE, related_name="reconciliations")
    status = models.CharField(_("state"), max_length=7, choices=Status.choices, default=Status.RUNNING)
    #: Empty for everything there is.
    since = models.DateTimeField(_("changes since"), null=True)
    through = models.DateTimeField(_("begun"))
    finished_at = models.DateTimeField(_("finished"), null=True)
    #: Where the rolling pass over all orders goes on next time, and over all members; empty at the beginning.
    orders_cursor = models.CharField(max_length=255, blank=True)
    members_cursor = models.BigIntegerField(default=0)
    #: Where the search for orders of ours that are gone goes on.
    own_cursor = models.BigIntegerField(default=0)
    seen = models.BigIntegerField(_("seen"), default=0)
    equal = models.BigIntegerField(_("equal"), default=0)
    healed = models.BigIntegerField(_("healed"), default=0)
    differing = models.BigIntegerField(_("differing"), default=0)
    #: Events that Saleor had given up on, taken in now.
    events = models.BigIntegerField(_("lost events taken in"), default=0)
    error = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        indexes = [models.Index(fields=["realm", "-id"], name="lp_reconciliation_realm")]

    def __str__(self) -> str:
        return f"{self.realm_id} {self.through:%Y-%m-%d %H:%M} {self.status}"


class Difference(models.Model):
    """An order or a customer that was not as the shop had it; `healed` if it is now."""

    reconciliation = models.ForeignKey(Reconciliation, models.CASCADE, related_name="differences")
    kind = models.CharField(max_length=8)
    #: The id in Saleor, and the number people know an order by.
    target = models.CharField(max_length=64)
    number = models.CharField(max_length=32, blank=True)
    healed = models.BooleanField()
    #: A stable code: missed, changed, ours_newer, gone, or the outcome that keeps it from being as it should.
    why = models.CharField(max_length=40)
    #: What we held and what is so, as far as they differ: plain values, amounts in minor units.
    detail = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        indexes = [models.Index(fields=["reconciliation", "healed"], name="lp_difference_report")]

    def __str__(self) -> str:
        return f"{self.kind} {self.number or self.target}: {self.why}"


class GoneOrder(models.Model):
    """An order that holds value in our books and that Saleor has no more. Nothing is taken back before a person decides."""

    realm = models.ForeignKey("loyalty_plugin.Realm", models.CASCADE, related_name="+", db_index=False)
    order_id = models.CharField(max_length=64)
    number = models.CharField(_("order"), max_length=32, blank=True)
    member = models.ForeignKey("loyalty_plugin.Member", models.SET_NULL, null=True, related_name="+")
    noticed_at = models.DateTimeField(_("noticed"))
    settled_at = models.DateTimeField(_("settled"), null=True)
    settled_by = models.ForeignKey("loyalty_plugin.Person", models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("order that is gone")
        verbose_name_plural = _("orders that are gone")
        constraints = [models.UniqueConstraint(fields=["realm", "order_id"], name="lp_gone_order_once")]
        indexes = [
            models.Index(fields=["realm"], condition=models.Q(settled_at=None), name="lp_gone_order_open")
        ]

    def __str__(self) -> str:
        return self.number or self.order_id
