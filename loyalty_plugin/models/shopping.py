"""Whose the checkouts are that were made through our own door: a guest's session, or a customer of the shop."""

from __future__ import annotations

from django.db import models


class ShopCheckout(models.Model):
    """A checkout made, or completed, through the door. Saleor says whose a customer's is; a guest's only we know."""

    realm = models.ForeignKey("loyalty_plugin.Realm", models.CASCADE, related_name="+", db_index=False)
    checkout_id = models.CharField(max_length=64)
    #: The digest (hex) of the guest's session, empty while it is a customer's; and that customer's id at the shop.
    session = models.CharField(max_length=64, blank=True)
    user_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["realm", "checkout_id"], name="lp_shop_checkout_of_realm")
        ]
        indexes = [
            models.Index(
                fields=["session"], condition=~models.Q(session=""), name="lp_shop_checkout_session"
            ),
            models.Index(fields=["created_at"], name="lp_shop_checkout_created"),
        ]

    def __str__(self) -> str:
        return self.checkout_id
