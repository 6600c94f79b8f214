"""The Saleors that orders come from, and which programme serves which of their channels; decides nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from loyalty_plugin.cursors import rows
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.queries.programmes import Versions, version_by_id, versions_of
from loyalty_plugin.services.posting.arrays import texts

_SHOPS: Final = """
SELECT r.id, r.api_url, r.live, r.connected_at, c.slug, p.id, p.auto_join
  FROM loyalty_plugin_realm r
  LEFT JOIN loyalty_plugin_programmechannel c ON c.realm_id = r.id
  LEFT JOIN loyalty_plugin_programme p ON p.id = c.programme_id
 WHERE r.api_url = ANY($1::text[])
"""


@dataclass(frozen=True, slots=True)
class Shop:
    """One Saleor, as far as an order looks at it."""

    pk: int
    api_url: str
    live: bool
    connected_at: datetime | None


@dataclass(frozen=True, slots=True)
class Served:
    """The programme that serves a channel, with its published versions."""

    programme_id: int
    auto_join: bool
    versions: Versions


@dataclass(frozen=True, slots=True)
class Shops:
    """The Saleors of a batch by their address, and what serves a channel, by Saleor and slug."""

    by_url: dict[str, Shop] = field(default_factory=dict)
    channels: dict[tuple[int, str], Served] = field(default_factory=dict)

    def version(self, version_id: int) -> ProgrammeVersion:
        """The version an order was decided by, also where its programme serves no channel here now."""
        for served in self.channels.values():
            for version in served.versions.all:
                if version.id == version_id:
                    return version
        return version_by_id(version_id)

    def versions_of(self, programme_id: int) -> Versions:
        """The published versions of a programme, as this batch read them."""
        known = (s.versions for s in self.channels.values() if s.programme_id == programme_id)
        return next(known, None) or versions_of(programme_id)


def read_shops(urls: Collection[str]) -> Shops:
    """What is known of these Saleors. One query, and one for each programme."""
    shops = Shops()
    versions: dict[int, Versions] = {}
    for realm_id, url, live, connected_at, slug, programme_id, auto_join in rows(_SHOPS, [texts(list(urls))]):
        shops.by_url[url] = Shop(realm_id, url, live, connected_at)
        if programme_id is None:
            continue
        if programme_id not in versions:
            versions[programme_id] = versions_of(programme_id)
        if versions[programme_id].all:
            shops.channels[realm_id, slug] = Served(programme_id, auto_join, versions[programme_id])
    return shops
