"""Checkouts on which a member chose to have no benefits; changes nothing."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.models.declines import Decline
from loyalty_plugin.queries.members import get_member

#: A cart that was left for longer is nobody's concern any more.
_OPEN: Final = timedelta(days=30)
_MOST: Final = 20


def declined_checkouts(actor: Actor, member_id: int, *, now: datetime) -> list[tuple[str, str]]:
    """API URL and checkout id of the carts of the last month, newest first. Raises UnknownMember."""
    get_member(actor, member_id)
    rows = Decline.objects.filter(member_id=member_id, declined_at__gt=now - _OPEN).order_by("-declined_at")
    return list(rows.values_list("realm__api_url", "checkout_id")[:_MOST])
