"""The Saleors we are connected to: each a realm named by its API URL, with our installations in it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Held(models.TextChoices):
    """Why nothing may be spent in a realm."""

    RESTORED_HERE = "restored_here", _("our database was restored from a dump")
    RESTORED_THERE = "restored_there", _("Saleor was restored from a dump")


class Gap(models.TextChoices):
    """Why events of a realm may be missing."""

    INACTIVE = "inactive", _("the App was deactivated")
    ENDED = "ended", _("the App was deleted, or its token was refused")
    LIMITED = "limited", _("permissions were missing")
    FAILED = "failed", _("Saleor gave up on events")
    RESTORED = "restored", _("a database was restored from a dump")


class Mode(models.TextChoices):
    """How member prices are guarded in a realm: see docs/modes.md."""

    ASSISTED = "assisted", _("Assisted: detects, does not prevent")
    CONFIRMED = "confirmed", _("Confirmed: orders wait until they were compared")
    ENFORCED = "enforced", _("Enforced: every change goes through this site")


class Realm(models.Model):
    """One Saleor. Foreign ids, token subjects and business keys are only unique together with it."""

    api_url = models.URLField(_("API URL"), max_length=255, unique=True)
    #: A staging copy repeats production's ids; only a live realm posts to live programmes.
    live = models.BooleanField(_("live"), default=True)
    mode = models.CharField(_("mode"), max_length=9, choices=Mode.choices, default=Mode.ASSISTED)
    #: Settings of that shop which matter to member prices, as last read; see `saleor.standing`.
    shop_settings = models.JSONField(default=dict, blank=True, editable=False)
    #: When it first installed us: what was paid there before is past (`services.orders.past`).
    connected_at = models.DateTimeField(_("connected since"), null=True, blank=True, editable=False)
    jwks = models.JSONField(_("signing keys"), default=dict, blank=True, editable=False)
    jwks_read_at = models.DateTimeField(null=True, blank=True, editable=False)
    #: Since when it signs with keys of which we had known none, until somebody has seen it.
    keys_changed_at = models.DateTimeField(null=True, blank=True, editable=False)
    #: The database cluster in which our books were last known to be whole; another one holds a restored dump.
    cluster = models.BigIntegerField(null=True, editable=False)
    #: The newest block we wrote down at that Saleor: `{"block": number, "root": hex}`.
    anchor = models.JSONField(default=dict, blank=True, editable=False)
    #: Nothing of value may be spent there before it is reconciled: why, and since when.
    held = models.CharField(max_length=16, choices=Held.choices, blank=True, editable=False)
    held_since = models.DateTimeField(null=True, blank=True, editable=False)
    #: From when on events may be missing here, and why; empty once it is reconciled.
    gap_since = models.DateTimeField(null=True, blank=True, editable=False)
    gap_reason = models.CharField(max_length=16, choices=Gap.choices, blank=True, editable=False)
    reconciled_at = models.DateTimeField(null=True, blank=True, editable=False)
    #: Somebody asked for a comparison that has not begun yet.
    compare_asked_at = models.DateTimeField(null=True, blank=True, editable=False)

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
        REPLACED = "replaced", _("installed anew")

    #: It is over; nothing comes from it or goes to it any more.
    ENDED = (State.DELETED, State.REPLACED)

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
    #: When that Saleor was last asked how we stand there, and since when it has not answered.
    looked_at = models.DateTimeField(null=True, blank=True)
    unreachable_since = models.DateTimeField(null=True, blank=True)
    #: Deliveries Saleor has given up on, as it last told.
    failed_deliveries = models.PositiveIntegerField(default=0)
    #: What stood in the way of the newest of them: `{"code": …, "facts": …}` as the doctor words it.
    last_obstacle = models.JSONField(default=dict, blank=True)
    #: By how many seconds its clock is ahead of ours.
    skew_seconds = models.IntegerField(default=0)
    #: When we last made a change there that must come back as an event.
    proof_asked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("installation")
        verbose_name_plural = _("installations")
        constraints = [
            models.UniqueConstraint(
                fields=["realm"],
                condition=~models.Q(state__in=["dead", "deleted", "replaced"]),
                name="lp_one_installation_a_realm",
            )
        ]

    def __str__(self) -> str:
        return f"{self.realm_id}: {self.state}"
