"""Members and what is known of their standing; personal data lives here and never in the ledger's tables."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _


class Member(models.Model):
    """One membership in one programme."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        FROZEN = "frozen", _("frozen")
        ERASED = "erased", _("erased")

    programme = models.ForeignKey("loyalty_plugin.Programme", models.PROTECT, related_name="members")
    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    number = models.CharField(_("member number"), max_length=32)
    realm = models.ForeignKey("loyalty_plugin.Realm", models.PROTECT, null=True, blank=True, related_name="+")
    #: The customer's id in the realm, e.g. a Saleor global id; empty for members without an account.
    external_id = models.CharField(_("customer id"), max_length=64, blank=True)
    name = models.CharField(_("name"), max_length=500, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    birthday = models.DateField(_("birthday"), null=True, blank=True)
    #: Set by the first benefit the birthday brings; from then on only staff may change it.
    birthday_locked_at = models.DateTimeField(null=True, blank=True)
    language = models.CharField(_("language"), max_length=16, blank=True)
    labels = models.JSONField(_("labels"), default=list, blank=True)
    joined_at = models.DateTimeField(_("joined"))
    source = models.CharField(_("joined by"), max_length=20, blank=True)
    #: Which poster, till or campaign brought them, as the shop named it, and the channel (slug) they joined in.
    source_ref = models.CharField(_("joined through"), max_length=50, blank=True)
    source_channel = models.CharField(_("joined in"), max_length=255, blank=True)
    verified_at = models.DateTimeField(_("contact verified"), null=True, blank=True)
    status = models.CharField(_("state"), max_length=6, choices=Status.choices, default=Status.ACTIVE)
    # The standing below is a projection: recomputed from facts, versions and a date.
    tier = models.CharField(_("tier"), max_length=50, blank=True)
    tier_since = models.DateField(null=True, blank=True)
    tier_until = models.DateField(null=True, blank=True)
    #: The next day on which the standing can change without any new fact.
    tier_due = models.DateField(null=True, blank=True)
    #: The next day on which a birthday benefit is due.
    birthday_due = models.DateField(null=True, blank=True)
    #: The first day on which a birthday that staff changed brings anything.
    birthday_from = models.DateField(null=True, blank=True)
    #: From when on guest orders of the verified contact are to be looked for; null: nothing to look for.
    claims_due = models.DateTimeField(null=True, blank=True)

    #: As of when, by the shop's clock, its account was taken over: what was read before that changes nothing.
    account_as_of = models.DateTimeField(null=True, blank=True, editable=False)
    #: The last day of the points of somebody whose account at the shop was deleted.
    points_end_on = models.DateField(_("points end"), null=True, blank=True)

    class Meta:
        verbose_name = _("member")
        verbose_name_plural = _("members")
        constraints = [
            models.UniqueConstraint(fields=["programme", "number"], name="lp_member_number"),
            models.UniqueConstraint(
                fields=["programme", "realm", "external_id"],
                condition=~models.Q(external_id=""),
                name="lp_member_of_customer",
            ),
        ]
        indexes = [
            # With the id, since many share one day: the night goes on after the last one it took.
            models.Index(fields=["programme", "tier_due", "id"], name="lp_member_tier_due"),
            models.Index(fields=["programme", "birthday_due"], name="lp_member_birthday_due"),
            models.Index(fields=["realm", "external_id"], name="lp_member_customer"),
            models.Index(Lower("email"), name="lp_member_email"),
            models.Index(fields=["phone"], name="lp_member_phone"),
            models.Index(
                fields=["points_end_on"],
                condition=models.Q(points_end_on__isnull=False),
                name="lp_member_points_end",
            ),
            models.Index(
                fields=["claims_due"], condition=models.Q(claims_due__isnull=False), name="lp_member_claims"
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.number


class TierFact(models.Model):
    """Something that counts for tiers on a day; undone by a second row with the amount negated."""

    # No index of its own: the one below begins with it.
    member = models.ForeignKey(Member, models.CASCADE, related_name="tier_facts", db_index=False)
    #: The day it counts on, and, for what undoes another, the later day from which that is known.
    day = models.DateField()
    known_on = models.DateField(null=True)
    #: One of `domain.tiers.terms.Metric`.
    metric = models.CharField(max_length=16)
    #: Minor units, points or a count, by metric.
    amount = models.BigIntegerField()
    product_id = models.CharField(max_length=64, blank=True)
    #: Business key: what this fact came from; the same thing counts once.
    ref = models.CharField(max_length=255)

    class Meta:
        # Not `unique=True`: that would add a second index, for LIKE, to every insert.
        constraints = [models.UniqueConstraint(fields=["ref"], name="lp_tierfact_once")]
        indexes = [models.Index(fields=["member", "day"], name="lp_tierfact_member_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.metric} {self.amount}"


class TierGrant(models.Model):
    """A tier given by hand or by a perk for a time; stacked on what is earned, never wiped by a recompute."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="tier_grants")
    tier = models.CharField(max_length=50)
    from_day = models.DateField()
    until_day = models.DateField(null=True, blank=True)
    source = models.CharField(max_length=255)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.tier} {self.from_day}–{self.until_day or ''}"


class TierEvent(models.Model):
    """A tier entered, left, or about to be left; announced to member and outside."""

    # No index of its own: those below begin with it.
    member = models.ForeignKey(Member, models.CASCADE, related_name="tier_events", db_index=False)
    day = models.DateField()
    kind = models.CharField(max_length=12)
    tier = models.CharField(max_length=50)
    reason = models.JSONField(default=dict)
    recorded_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["member", "-day"], name="lp_tierevent_member_day")]
        constraints = [
            models.UniqueConstraint(fields=["member", "day", "kind", "tier"], name="lp_tierevent_once")
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.tier}"


class CheckIn(models.Model):
    """A member's visit on one day of the programme; the streak counts days in a row."""

    member = models.ForeignKey(Member, models.CASCADE, related_name="check_ins")
    day = models.DateField()
    streak = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "day"], name="lp_one_check_in_a_day")]

    def __str__(self) -> str:
        return f"{self.day} ({self.streak})"


class ClaimedBenefit(models.Model):
    """A free benefit a verified contact has had, as a keyed digest: remembered even after erasure.

    `owed` keeps what an erased member owed (points, at most zero), so that joining again does not wipe it.
    `member` is whose membership it was had in; null once that is erased, so that no digest leads to its history.
    """

    programme = models.ForeignKey("loyalty_plugin.Programme", models.CASCADE, related_name="+")
    contact = models.BinaryField(max_length=32)
    benefit = models.CharField(max_length=80)
    member = models.ForeignKey(Member, models.SET_NULL, null=True, related_name="claimed", editable=False)
    claimed_at = models.DateTimeField()
    owed = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["programme", "contact", "benefit"], name="lp_benefit_once"),
            models.CheckConstraint(condition=models.Q(owed__lte=0), name="lp_claim_owed"),
        ]

    def __str__(self) -> str:
        return self.benefit
