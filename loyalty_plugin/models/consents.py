"""What members agreed to, when, and in which words; rows are only ever added, and name nobody once a member is erased."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class ConsentWording(models.Model):
    """Words that somebody read before they agreed, kept once."""

    #: SHA-256 of language and text.
    digest = models.BinaryField(max_length=32, unique=True)
    language = models.CharField(max_length=16, blank=True)
    text = models.TextField()

    def __str__(self) -> str:
        return self.text


class Consent(models.Model):
    """One answer for one channel; the newest counts. A consent is withdrawn by a new row, never changed."""

    # No index of its own: the one below begins with it.
    member = models.ForeignKey(
        "loyalty_plugin.Member", models.PROTECT, related_name="consents", db_index=False
    )
    #: One of `domain.consents.ConsentChannel`.
    channel = models.CharField(max_length=16)
    given = models.BooleanField(_("agreed"))
    #: What was read; null where a consent was withdrawn without words.
    wording = models.ForeignKey(ConsentWording, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(_("when"))
    #: Where it was said: one of `domain.consents.JoinSource`, or "preferences".
    source = models.CharField(max_length=20, blank=True)
    #: Who said it, as ledger and trail name an actor.
    actor = models.CharField(max_length=255)

    class Meta:
        indexes = [models.Index(fields=["member", "channel", "-id"], name="lp_consent_newest")]

    def __str__(self) -> str:
        return f"{self.channel} {'yes' if self.given else 'no'}"
