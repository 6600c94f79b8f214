"""The ways of sending that a member's perks add to a checkout: looked up from tier and version, constant in queries.

A checkout waits for the answer, so nothing is worked out here: the tier is kept with the member, the version is frozen.
Reads only, asks nobody outside, and gives up soon where the database is slow.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import connection, transaction

from loyalty_plugin.domain.extensions import Shipping, ShippingMethod
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.perks import for_whom_and_when
from loyalty_plugin.models.members import Member
from loyalty_plugin.queries.offers import perks_of, price_fact
from loyalty_plugin.queries.programmes import version_at

#: Milliseconds after which the database is too slow for somebody who waits at a checkout.
PATIENCE: Final = 1_500


@dataclass(frozen=True, slots=True)
class Offered:
    """One way of sending: the perk's id in the version, the way itself, and the programme's currency."""

    perk_id: str
    method: ShippingMethod
    currency: str


def methods_for(realm: str, user_id: str, channel: str, now: datetime) -> list[Offered]:
    """What an active member is offered in a channel; nothing for anybody else. Raises UnknownProgramme."""
    if not user_id:
        return []
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(PATIENCE)])
        member = (
            Member.objects.filter(
                realm__api_url=realm,
                realm__live=True,
                external_id=user_id,
                status=Member.Status.ACTIVE,
                programme__channels__realm__api_url=realm,
                programme__channels__slug=channel,
            )
            .order_by("pk")
            .first()
        )
        if member is None:
            return []
        version = version_at(member.programme_id, now)
    fact, day = price_fact(member, version), local_day(now, version.zone)
    found: list[Offered] = []
    for one in perks_of(version):
        if isinstance(one.perk, Shipping) and for_whom_and_when(one.terms, fact, day, channel):
            method = one.perk.ships(one.params, member.tier)
            if method is not None:
                found.append(Offered(one.terms.id, method, version.currency))
    return found
