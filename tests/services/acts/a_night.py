"""Matures, expires and seals in small batches; whatever is there must be consistent, and go on."""

from __future__ import annotations

from loyalty_plugin.services import expiry, sealing
from loyalty_plugin.services.posting import rebuild
from tests.services.books import NOW, count, rows


def act() -> None:
    expiry.mature(now=NOW, batch=2)
    expiry.expire(now=NOW, batch=2)
    sealing.seal(now=NOW, size=4)


def state() -> list[int]:
    assert rebuild().equal
    by_kind = dict(rows("SELECT kind, count(*) FROM loyalty_plugin_entry GROUP BY kind"))
    [(sealed,)] = rows("SELECT coalesce(sum(entries), 0)::bigint FROM loyalty_plugin_block")
    return [by_kind.get("mature", 0), by_kind.get("expire", 0), sealed, count("jobrun")]
