"""The Saleors we are connected to: each a realm named by its API URL, with our installations in it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Realm(models.Model):
    """One Saleor. Foreign ids, token subjects and business keys are only unique together with it."""

    api_url = models.URLField(_("API URL"), max_length=255, unique=True)
    #: A staging copy repeats production's ids; only a live realm posts to live programmes.
    live = models.BooleanField(_("live"), default=True)
    jwks = models.JSONField(_("signing keys"), default=dict, blank=True, editable=False)
    jwks_read_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("Saleor")
        verbose_name_plural = _("Saleors")

    def __str__(self) -> str:
        return self.api_url


class Installation(models.Model):
    """Our App as it was installed into a realm; a reinstall is a new row. Tokens are stored encrypted."""

    class State(models.TextChoices):
        UNVERIFIED = "unverified", _("waiting for activation")
        SECURING = "securing", _("webhooks not secured yet")
        ACTIVE = "active", _("active")
        INACTIVE = "inactive", _("deactivated in Saleor")
        DEAD = "dead", _("token refused")
        DELETED = "deleted", _("deleted in Saleor")

    realm = models.ForeignKey(Realm, models.PROTECT, related_name="installations")
    app_id = models.CharField(max_length=64, blank=True)
    token = models.BinaryField(editable=False)
    #: Our own secret, sent by Saleor with every delivery: current and previous while it is rotated.
    secret = models.BinaryField(editable=False, default=bytes)
    previous_secret = models.BinaryField(editable=False, default=bytes)
    state = models.CharField(max_length=12, choices=State.choices, default=State.UNVERIFIED)
    permissions = models.JSONField(default=list)
    installed_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("installation")
        verbose_name_plural = _("installations")
        constraints = [
            models.UniqueConstraint(
                fields=["realm"],
                condition=~models.Q(state__in=["dead", "deleted"]),
                name="lp_one_installation_a_realm",
            )
        ]

    def __str__(self) -> str:
        return f"{self.realm_id}: {self.state}"
