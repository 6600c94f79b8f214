"""The ledger's tables: entries, postings and blocks are insert-only, lots and balances are projections of them.

Only `services.posting` writes here. Personal data never enters, so erasure never breaks the chain.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _


class XidField(models.Field):  # type: ignore[type-arg]  # not generic at run time
    """PostgreSQL's 64-bit transaction id, set by the database."""

    def db_type(self, connection: Any) -> str:
        return "xid8"

    def get_placeholder(self, value: Any, compiler: Any, connection: Any) -> str:
        return "%s" if hasattr(value, "as_sql") else "%s::text::xid8"  # no number casts to it

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> int | None:
        return None if value is None else int(value)


class CurrentXid(models.Func):
    """The id of the transaction that inserts."""

    function = "pg_current_xact_id"
    template = "%(function)s()"
    arity = 0
    output_field = XidField()


class Entry(models.Model):
    """One business act. The columns it carries are those later acts will need; it never changes."""

    id = models.BigAutoField(primary_key=True)
    business_key = models.TextField()
    input_hash = models.BinaryField(max_length=32)
    kind = models.CharField(max_length=16)
    # No database constraint on the two hot rows every entry points to: each check would take a share lock
    # on them and turn it into a growing multixact. `loyalty_verify` checks that they exist.
    programme = models.ForeignKey(
        "loyalty_plugin.Programme", models.PROTECT, db_constraint=False, db_index=False, related_name="+"
    )
    version = models.ForeignKey(
        "loyalty_plugin.ProgrammeVersion",
        models.PROTECT,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    member = models.ForeignKey(
        "loyalty_plugin.Member", models.PROTECT, db_index=False, related_name="entries"
    )
    #: When it happened (lots and tiers count from here) and when it was booked (the books count from here).
    occurred_at = models.DateTimeField(_("effective"))
    recorded_at = models.DateTimeField(_("booked"))
    channel = models.CharField(max_length=255, default="")
    issuing_shop = models.CharField(max_length=64, default="")
    acting_shop = models.CharField(max_length=64, default="")
    order_ref = models.CharField(max_length=320, default="")
    reverses = models.ForeignKey("self", models.PROTECT, null=True, db_index=False, related_name="+")
    batch = models.CharField(max_length=64, default="")
    actor = models.CharField(max_length=128, default="")
    #: What gave the right to post: an order, an approved request, a published version.
    source = models.CharField(max_length=320, default="")
    note_digest = models.BinaryField(max_length=32, null=True)
    active_until = models.DateTimeField(null=True)
    explanation = models.JSONField(null=True)
    cluster = models.BigIntegerField()
    xid = XidField(db_default=CurrentXid())

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        # Not `unique=True`: that would add a second index, for LIKE, to every insert.
        constraints = [models.UniqueConstraint(fields=["business_key"], name="lp_entry_key")]
        indexes = [
            models.Index(fields=["member", "-id"], name="lp_entry_member"),
            # Sealing and checking read by it; transaction ids only mean something within their cluster.
            models.Index(fields=["cluster", "xid"], name="lp_entry_xid"),
            models.Index(fields=["order_ref"], condition=~models.Q(order_ref=""), name="lp_entry_order"),
            models.Index(fields=["batch"], condition=~models.Q(batch=""), name="lp_entry_batch"),
        ]

    def __str__(self) -> str:
        return self.business_key


class Lot(models.Model):
    """What one award brought, and what is left of it by account. Its terms never change (a trigger sees to it)."""

    id = models.BigAutoField(primary_key=True)
    member = models.ForeignKey("loyalty_plugin.Member", models.PROTECT, db_index=False, related_name="lots")
    unit = models.CharField(max_length=24)
    entry = models.ForeignKey(Entry, models.PROTECT, related_name="lots")
    origin_lot = models.ForeignKey("self", models.PROTECT, null=True, db_index=False, related_name="+")
    amount = models.BigIntegerField()
    matures_at = models.DateTimeField(null=True)
    #: The instant the last valid day has ended; null: never, or by inactivity (see Balance.active_until).
    expires_at = models.DateTimeField(null=True)
    #: From a free benefit: available only once the member's contact is verified.
    needs_verification = models.BooleanField(default=False)
    pending = models.BigIntegerField(default=0)
    available = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(pending__gte=0, available__gte=0, held__gte=0, amount__gt=0),
                name="lp_lot_not_negative",
            ),
            # Whatever returns to it was taken from it.
            models.CheckConstraint(
                condition=models.Q(
                    amount__gte=models.F("pending") + models.F("available") + models.F("held")
                ),
                name="lp_lot_never_fuller",
            ),
        ]
        indexes = [
            models.Index(
                fields=["member", "unit"],
                condition=models.Q(pending__gt=0) | models.Q(available__gt=0) | models.Q(held__gt=0),
                name="lp_lot_open",
            ),
            # With the id, since whole days share one instant: the night goes on after the last one it took.
            models.Index(
                fields=["matures_at", "id"], condition=models.Q(pending__gt=0), name="lp_lot_matures"
            ),
            models.Index(
                fields=["expires_at", "id"],
                condition=models.Q(pending__gt=0) | models.Q(available__gt=0),
                name="lp_lot_expires",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.id}: {self.available} {self.unit}"


class Posting(models.Model):
    """Amount > 0 from one account to another: double entry by the row's own shape."""

    pk = models.CompositePrimaryKey("entry_id", "position")
    entry = models.ForeignKey(Entry, models.PROTECT, db_index=False, related_name="postings")
    position = models.SmallIntegerField()
    member = models.ForeignKey(
        "loyalty_plugin.Member", models.PROTECT, db_index=False, related_name="+", db_constraint=False
    )
    unit = models.CharField(max_length=24)
    source = models.CharField(max_length=12)
    destination = models.CharField(max_length=12)
    amount = models.BigIntegerField()
    source_lot = models.ForeignKey(
        Lot, models.PROTECT, null=True, db_index=False, db_constraint=False, related_name="+"
    )
    destination_lot = models.ForeignKey(
        Lot, models.PROTECT, null=True, db_index=False, db_constraint=False, related_name="+"
    )

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="lp_posting_positive"),
            models.CheckConstraint(
                condition=~models.Q(source=models.F("destination")), name="lp_posting_moves"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} → {self.destination}: {self.amount} {self.unit}"


class Balance(models.Model):
    """A member's accounts in one unit, kept in step by the writer and recomputable from postings."""

    pk = models.CompositePrimaryKey("member_id", "unit")
    member = models.ForeignKey(
        "loyalty_plugin.Member", models.PROTECT, db_index=False, related_name="balances"
    )
    unit = models.CharField(max_length=24)
    pending = models.BigIntegerField(default=0)
    available = models.BigIntegerField(default=0)
    held = models.BigIntegerField(default=0)
    owed = models.BigIntegerField(default=0)
    #: Ever issued less taken back: what milestones look at.
    earned = models.BigIntegerField(default=0)
    #: Until when the last activity keeps points alive that expire by inactivity.
    active_until = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("balance")
        verbose_name_plural = _("balances")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(pending__gte=0, available__gte=0, held__gte=0, owed__lte=0),
                name="lp_balance_signs",
            )
        ]
        indexes = [
            models.Index(
                fields=["active_until", "member"],
                condition=models.Q(unit="points", available__gt=0, active_until__isnull=False),
                name="lp_balance_inactive",
            )
        ]

    def __str__(self) -> str:
        return f"{self.available} {self.unit}"


class Block(models.Model):
    """A sealed run of entries, chained by hash: all entries of a range of transaction ids."""

    number = models.BigIntegerField(primary_key=True)
    previous_root = models.BinaryField(max_length=32)
    root = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()
    #: The cluster whose transaction ids these are; they restart after a dump is restored elsewhere.
    cluster = models.BigIntegerField()
    xid_from = XidField()
    xid_until = XidField()
    first_entry = models.BigIntegerField()
    last_entry = models.BigIntegerField()
    entries = models.BigIntegerField()

    class Meta:
        verbose_name = _("block")
        verbose_name_plural = _("blocks")

    def __str__(self) -> str:
        return f"block {self.number}"
