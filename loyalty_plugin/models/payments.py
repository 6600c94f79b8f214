"""Payments with points and stored value: what was reserved for which checkout, and every movement of it since.

Our ledger holds the value; these rows say what the shop's payment transaction was told of it.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _


class Payment(models.Model):
    """One payment of a checkout, reserved by a hold. Its token is good for one transaction of the shop's."""

    class State(models.TextChoices):
        RESERVED = "reserved", _("reserved")
        #: The shop is being told that nothing is authorised any more.
        LEAVING = "leaving", _("being released")
        CHARGED = "charged", _("charged")
        RELEASED = "released", _("released")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    hold = models.OneToOneField("loyalty_plugin.Hold", models.PROTECT, related_name="payment")
    member = models.ForeignKey(
        "loyalty_plugin.Member", models.PROTECT, db_index=False, related_name="payments"
    )
    realm = models.ForeignKey("loyalty_plugin.Realm", models.PROTECT, db_index=False, related_name="+")
    #: By whose terms it was reserved.
    version = models.ForeignKey(
        "loyalty_plugin.ProgrammeVersion", models.PROTECT, db_index=False, related_name="+"
    )
    checkout_id = models.CharField(max_length=64)
    channel = models.CharField(max_length=255, blank=True)
    currency = models.CharField(max_length=3)
    #: What it pays in all, minor units, and what of it is points, the member's own money and bonus.
    amount = models.BigIntegerField(_("amount"))
    points = models.BigIntegerField(_("points"), default=0)
    points_money = models.BigIntegerField(default=0)
    principal = models.BigIntegerField(default=0)
    bonus = models.BigIntegerField(default=0)
    bonus_spent = models.CharField(max_length=13, default="last")
    #: The shop's payment transaction that the first question bound it to.
    transaction_id = models.CharField(max_length=128, blank=True)
    order_id = models.CharField(max_length=64, blank=True)
    order_number = models.CharField(_("order"), max_length=32, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.RESERVED)
    #: Why it was released, a code.
    reason = models.CharField(max_length=32, blank=True)
    #: What the order used, and what of that was given back since, minor units.
    charged = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("payment with points or stored value")
        verbose_name_plural = _("payments with points or stored value")
        constraints = [
            models.UniqueConstraint(
                fields=["realm", "transaction_id"],
                condition=~models.Q(transaction_id=""),
                name="lp_payment_transaction",
            ),
            # One at a time: whoever wants another takes this one off first.
            models.UniqueConstraint(
                fields=["realm", "checkout_id"],
                condition=models.Q(state__in=("reserved", "leaving")),
                name="lp_payment_of_checkout",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    amount__gt=0,
                    amount=models.F("points_money") + models.F("principal") + models.F("bonus"),
                    charged__lte=models.F("amount"),
                    refunded__gte=0,
                    refunded__lte=models.F("charged"),
                ),
                name="lp_payment_amounts",
            ),
        ]
        indexes = [
            models.Index(fields=["member", "-created_at"], name="lp_payment_member"),
            models.Index(
                fields=["realm", "order_id"], condition=~models.Q(order_id=""), name="lp_payment_order"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class PaymentMovement(models.Model):
    """What a payment did once it was reserved: charged, given back or let go; each once by its key."""

    class Kind(models.TextChoices):
        CHARGE = "charge", _("charged")
        REFUND = "refund", _("given back")
        CANCEL = "cancel", _("released")

    payment = models.ForeignKey(Payment, models.CASCADE, db_index=False, related_name="movements")
    #: Of the act that caused it: a request of the shop's, or an order.
    key = models.CharField(max_length=128)
    kind = models.CharField(max_length=6, choices=Kind.choices)
    amount = models.BigIntegerField()
    #: By unit of the ledger, what was moved.
    units = models.JSONField(default=dict)
    #: The lines a refund was granted for, as the shop says it.
    lines = models.JSONField(default=list)
    reference = models.CharField(max_length=128)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("movement of a payment")
        verbose_name_plural = _("movements of payments")
        constraints = [models.UniqueConstraint(fields=["payment", "key"], name="lp_paymentmovement_once")]

    def __str__(self) -> str:
        return self.reference
