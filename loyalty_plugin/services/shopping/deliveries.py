"""Remembers for a day which ways of sending a checkout was offered, so that nobody chooses another's; asks nobody."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from django.core.cache import cache

from loyalty_plugin.domain.shopping import Passed
from loyalty_plugin.models.realms import Realm

#: Seconds for which Saleor keeps them; lost from the cache before, they are worked out anew.
LIFETIME: Final = 24 * 60 * 60


def remember(realm: Realm, checkout_id: str, passed: Passed) -> None:
    """Keep the ids of what was offered just now."""
    payload: Any = (passed.answer.get("data") or {}).get("deliveryOptionsCalculate") or {}
    offered = [one["id"] for one in payload.get("deliveries") or ()]
    cache.set(_key(realm, checkout_id), offered, LIFETIME)


def told(realm: Realm, checkout_id: str, delivery_ids: Sequence[str]) -> bool:
    """Whether all of these were offered to this checkout."""
    return set(delivery_ids) <= set(cache.get(_key(realm, checkout_id)) or ())


def _key(realm: Realm, checkout_id: str) -> str:
    return "loyalty:deliveries:" + hashlib.sha256(f"{realm.pk}|{checkout_id}".encode()).hexdigest()
