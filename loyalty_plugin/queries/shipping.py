"""The ways of sending that a member's perks add to a checkout: looked up from tier and version, in one round trip.

A checkout waits for the answer, so nothing is worked out here: the tier is kept with the member, the version is frozen.
Reads only, asks nobody outside, and gives up soon where the database is slow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, NamedTuple

from loyalty_plugin.cursors import cursor, one_round_trip
from loyalty_plugin.domain.extensions import Shipping, ShippingMethod
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.perks import for_whom_and_when
from loyalty_plugin.queries.offers import perks_of, price_fact
from loyalty_plugin.queries.programmes import COLUMNS, ORDER, as_versions

#: Milliseconds after which the database is too slow for somebody who waits at a checkout.
PATIENCE: Final = 1_500

# Sent with the statement after it, so both are one transaction: the patience ends with it.
_PATIENTLY: Final = "SELECT set_config('statement_timeout', $1, true)"
#: An active member whose programme serves the channel, with each of the programme's versions.
_BUYER: Final = f"""
SELECT m.id, m.tier, m.joined_at, m.birthday, m.birthday_from, m.verified_at, m.labels, {COLUMNS}
  FROM loyalty_plugin_realm r
  JOIN loyalty_plugin_programmechannel c ON c.realm_id = r.id
  JOIN loyalty_plugin_programme p ON p.id = c.programme_id
  JOIN loyalty_plugin_member m ON m.programme_id = p.id AND m.realm_id = r.id
  JOIN loyalty_plugin_programmeversion v ON v.programme_id = p.id AND v.status = 'published'
 WHERE r.api_url = $1 AND r.live AND m.external_id = $2 AND m.status = 'active' AND c.slug = $3
 ORDER BY {ORDER}
"""


@dataclass(frozen=True, slots=True)
class Offered:
    """One way of sending: the perk's id in the version, the way itself, and the programme's currency."""

    perk_id: str
    method: ShippingMethod
    currency: str


class _Buyer(NamedTuple):
    pk: int
    tier: str
    joined_at: datetime
    birthday: date | None
    birthday_from: date | None
    verified_at: datetime | None
    labels: Sequence[str]


def methods_for(realm: str, user_id: str, channel: str, now: datetime) -> list[Offered]:
    """What an active member is offered in a channel; nothing for anybody else."""
    if not user_id:
        return []
    with cursor() as patience, cursor() as asked:
        with one_round_trip():
            patience.execute(_PATIENTLY, [str(PATIENCE)])
            asked.execute(_BUYER, [realm, user_id, channel])
        rows = asked.fetchall()
    if not rows:
        return []
    fields = len(_Buyer._fields)
    version = as_versions(row[fields:] for row in rows).at(now)
    fact, day = price_fact(_Buyer(*rows[0][:fields]), version), local_day(now, version.zone)
    found: list[Offered] = []
    for one in perks_of(version):
        if isinstance(one.perk, Shipping) and for_whom_and_when(one.terms, fact, day, channel):
            method = one.perk.ships(one.params, fact.tier)
            if method is not None:
                found.append(Offered(one.terms.id, method, version.currency))
    return found
