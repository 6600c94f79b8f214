"""Price lists: a member price for each variant and channel, and every change of them with what was before."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class PriceList(models.Model):
    """A named list of prices of a programme, in its currency; a version's perk names it by its code."""

    programme = models.ForeignKey(
        "loyalty_plugin.Programme", models.PROTECT, related_name="price_lists", db_index=False
    )
    code = models.SlugField(_("code"), max_length=50)
    name = models.CharField(_("name"), max_length=120)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("price list")
        verbose_name_plural = _("price lists")
        constraints = [models.UniqueConstraint(fields=["programme", "code"], name="lp_price_list_code")]

    def __str__(self) -> str:
        return self.name


class ListedPrice(models.Model):
    """What one piece of a variant costs by a list: minor units, as the channel enters its prices (net or gross)."""

    price_list = models.ForeignKey(PriceList, models.CASCADE, related_name="prices", db_index=False)
    variant_id = models.CharField(max_length=64)
    #: Empty: in every channel of the programme that has no price of its own.
    channel = models.CharField(max_length=255, blank=True)
    amount = models.BigIntegerField()

    class Meta:
        verbose_name = _("listed price")
        verbose_name_plural = _("listed prices")
        constraints = [
            models.UniqueConstraint(
                fields=["price_list", "variant_id", "channel"], name="lp_listed_price_once"
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="lp_listed_price_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id}: {self.amount}"


class PriceChange(models.Model):
    """A change of a list: first what it would do, then what it did, kept for good, so that it can be undone exactly.

    `effects` are `[variant, channel, amount before, amount after]`, null for no price; `faults` are
    `[row of the file, code, text]`.
    """

    class Status(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        APPLIED = "applied", _("applied")
        UNDONE = "undone", _("undone")

    #: A list with a history is not deleted: what its prices once were must still be told.
    price_list = models.ForeignKey(PriceList, models.PROTECT, related_name="changes", db_index=False)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.PROPOSED)
    #: The file's name, or empty for prices changed by hand.
    source = models.CharField(max_length=200, blank=True)
    effects = models.JSONField(default=list)
    faults = models.JSONField(default=list)
    unchanged = models.PositiveIntegerField(default=0)
    actor = models.CharField(max_length=128)
    created_at = models.DateTimeField()
    applied_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("change of a price list")
        verbose_name_plural = _("changes of price lists")
        indexes = [models.Index(fields=["price_list", "-id"], name="lp_price_change")]

    def __str__(self) -> str:
        return f"{self.price_list_id}: {self.status}"
