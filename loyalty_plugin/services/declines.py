"""Keeps a member's choice to have no benefits on a checkout, or to have them again; it changes no price itself."""

from __future__ import annotations

from datetime import datetime

from loyalty_plugin.models.declines import Decline
from loyalty_plugin.models.members import Member
from loyalty_plugin.models.realms import Realm


def choose(member: Member, realm: Realm, checkout_id: str, *, wanted: bool, now: datetime) -> None:
    """Remember what the member wants on this checkout of theirs. Whoever calls has made sure that it is theirs."""
    mine = Decline.objects.filter(member=member, realm=realm, checkout_id=checkout_id)
    if wanted:
        mine.delete()
    elif not mine.exists():
        row = Decline(member=member, realm=realm, checkout_id=checkout_id, declined_at=now)
        Decline.objects.bulk_create([row], ignore_conflicts=True)


def declined(member: Member, realm: Realm, checkout_id: str) -> bool:
    """Whether the member wants no benefits on this checkout. One query."""
    return Decline.objects.filter(member=member, realm=realm, checkout_id=checkout_id).exists()
