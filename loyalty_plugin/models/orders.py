"""What we last read of each order and checkout, and the member prices promised on them; the place to lock."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class OrderRecord(models.Model):
    """Our row of an order. Facts are applied under its lock; a fact older than the last applied is dropped."""

    # No database constraint on the few rows that every order points to: each check would take a share lock on
    # them and turn it into a growing multixact. No index of their own for what the indexes below begin with.
    realm = models.ForeignKey(
        "loyalty_plugin.Realm", models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    order_id = models.CharField(max_length=64)
    number = models.CharField(max_length=32, blank=True)
    programme = models.ForeignKey(
        "loyalty_plugin.Programme",
        models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    member = models.ForeignKey(
        "loyalty_plugin.Member", models.SET_NULL, null=True, related_name="orders", db_index=False
    )
    #: Count of facts applied so far; the business keys of this order's entries end with it.
    revision = models.PositiveIntegerField(default=0)
    fact_updated_at = models.DateTimeField(null=True)
    fact = models.JSONField(default=dict)
    paid_at = models.DateTimeField(null=True)
    # What stands at the moment, after refunds: minor units that count as spend, points, qualifying points.
    counted = models.BigIntegerField(default=0)
    points = models.BigIntegerField(default=0)
    qualifying = models.BigIntegerField(default=0)
    # What the first posting decided, of which refunds are a share: the same three, and the money paid then.
    first_counted = models.BigIntegerField(default=0)
    first_points = models.BigIntegerField(default=0)
    first_qualifying = models.BigIntegerField(default=0)
    first_paid = models.BigIntegerField(default=0)
    version = models.ForeignKey(
        "loyalty_plugin.ProgrammeVersion",
        models.PROTECT,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    earn_entry = models.BigIntegerField(null=True)
    #: End of a return window that starts with fulfilment; the lots wait for it.
    window_ends_at = models.DateTimeField(null=True)
    matured_at = models.DateTimeField(null=True)
    #: Paid before the programme began in this shop: counts for tiers, brings no points until they are accepted.
    past = models.BooleanField(default=False)
    #: Of an order placed as a guest: the keyed digest of its e-mail (hex), by which it may be claimed later.
    contact = models.CharField(max_length=64, blank=True, editable=False)
    #: Money paid by hand that a second person confirmed, minor units.
    vouched = models.BigIntegerField(default=0, db_default=0)
    #: From when on the order is to be read anew, though no event came; null: not at all.
    look_due = models.DateTimeField(null=True, editable=False)
    #: Why the order earned nothing, or what it waits for: a stable code.
    outcome = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [models.UniqueConstraint(fields=["realm", "order_id"], name="lp_order_of_realm")]
        indexes = [
            models.Index(fields=["member", "-paid_at"], name="lp_order_member"),
            models.Index(
                fields=["window_ends_at"],
                condition=models.Q(window_ends_at__isnull=False, matured_at__isnull=True),
                name="lp_order_window",
            ),
            models.Index(fields=["realm", "member"], condition=models.Q(past=True), name="lp_order_past"),
            models.Index(
                fields=["look_due"], condition=models.Q(look_due__isnull=False), name="lp_order_look_due"
            ),
            models.Index(
                fields=["contact"],
                condition=models.Q(version__isnull=True) & ~models.Q(contact=""),
                name="lp_order_guest",
            ),
        ]

    def __str__(self) -> str:
        return self.number or self.order_id


class HandMoney(models.Model):
    """Money paid by hand that an order counted without a second person, and when: what the sum of a day is made of."""

    # By the order's name, for our row of it may be made after this one.
    realm = models.ForeignKey("loyalty_plugin.Realm", models.CASCADE, related_name="+", db_index=False)
    order_id = models.CharField(max_length=64)
    programme = models.ForeignKey(
        "loyalty_plugin.Programme", models.CASCADE, related_name="+", db_index=False
    )
    #: Minor units of the programme's currency.
    amount = models.BigIntegerField()
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["realm", "order_id"], name="lp_hand_money_once")]
        indexes = [models.Index(fields=["programme", "counted_at"], name="lp_hand_money_day")]

    def __str__(self) -> str:
        return str(self.amount)


class PricePromise(models.Model):
    """A member price promised on one checkout line; its id travels in the line's override reason."""

    class Status(models.TextChoices):
        PROMISED = "promised", _("promised")
        APPLIED = "applied", _("applied")
        WITHDRAWN = "withdrawn", _("withdrawn")
        KEPT = "kept", _("kept")
        BROKEN = "broken", _("broken")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    member = models.ForeignKey("loyalty_plugin.Member", models.CASCADE, related_name="+")
    version = models.ForeignKey("loyalty_plugin.ProgrammeVersion", models.PROTECT, related_name="+")
    realm = models.ForeignKey("loyalty_plugin.Realm", models.PROTECT, related_name="+")
    checkout_id = models.CharField(max_length=64)
    #: A checkout line's global id in Saleor has 68 characters.
    line_id = models.CharField(max_length=100)
    variant_id = models.CharField(max_length=64)
    quantity = models.PositiveIntegerField()
    #: Unit prices in minor units: what is promised, and the base sent so that promotions land on it.
    unit_price = models.BigIntegerField()
    base_price = models.BigIntegerField()
    #: What anybody else would pay per unit at that moment, and whether these prices hold tax.
    guest_price = models.BigIntegerField(default=0)
    with_tax = models.BooleanField(default=True)
    currency = models.CharField(max_length=3)
    reason = models.JSONField(default=dict)
    status = models.CharField(max_length=9, choices=Status.choices, default=Status.PROMISED)
    created_at = models.DateTimeField()
    valid_until = models.DateTimeField()
    #: From when on it is to be quoted again though nothing was told: it ran out, or what it rests on has changed.
    quote_due = models.DateTimeField(null=True, editable=False)
    #: How often in a row it could not be quoted again, and why the last time (a code of `errors`).
    quote_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    quote_fault = models.CharField(max_length=40, blank=True, editable=False)
    #: How often it was found to hold still after it had run out.
    renewals = models.PositiveSmallIntegerField(default=0)
    #: The order in which it ended.
    order_id = models.CharField(max_length=64, blank=True)
    #: When it was taken back for nobody had touched its line.
    left_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        indexes = [
            models.Index(fields=["checkout_id"], name="lp_promise_checkout"),
            models.Index(
                fields=["quote_due"],
                condition=models.Q(status__in=("promised", "applied")),
                name="lp_promise_due",
            ),
            models.Index(
                fields=["member"],
                condition=models.Q(status__in=("promised", "applied")),
                name="lp_promise_member",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["realm", "checkout_id", "line_id"],
                condition=models.Q(status__in=("promised", "applied")),
                name="lp_promise_one_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.unit_price} {self.currency}"


class PerkUse(models.Model):
    """Pieces of a line at the price of a perk that has limits; the promise's state says whether they count."""

    promise = models.ForeignKey(PricePromise, models.CASCADE, related_name="uses", db_index=False)
    programme = models.ForeignKey(
        "loyalty_plugin.Programme", models.PROTECT, related_name="+", db_index=False
    )
    #: The perk's id in the programme's versions.
    perk = models.CharField(max_length=50)
    member = models.ForeignKey("loyalty_plugin.Member", models.CASCADE, related_name="+", db_index=False)
    pieces = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["promise", "perk"], name="lp_perk_use_once")]
        indexes = [models.Index(fields=["programme", "perk", "member"], name="lp_perk_use")]

    def __str__(self) -> str:
        return f"{self.perk}: {self.pieces}"
