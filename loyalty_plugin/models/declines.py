"""Checkouts on which a member wants no benefits; while the row is there, nothing is laid on that checkout for them."""

from __future__ import annotations

from django.db import models


class Decline(models.Model):
    """One member's choice on one checkout; taken back, it is gone."""

    # No indexes of their own: a choice is looked for by all three, and by the member when it goes with them.
    realm = models.ForeignKey("loyalty_plugin.Realm", models.CASCADE, related_name="+", db_index=False)
    member = models.ForeignKey(
        "loyalty_plugin.Member", models.CASCADE, related_name="declines", db_index=False
    )
    checkout_id = models.CharField(max_length=64)
    declined_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["member", "checkout_id", "realm"], name="lp_decline_once")
        ]

    def __str__(self) -> str:
        return self.checkout_id
