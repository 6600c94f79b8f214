"""A shop's goods for staff to choose from, remembered for a minute; where the shop is silent it says so, and reads on.

The shop's cache holds them for all its processes. Nothing here is a price.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from django.core.cache import cache

from loyalty_plugin.domain.facts import PAGE, ShelfFact
from loyalty_plugin.domain.goods import Found, Goods, GoodsKind
from loyalty_plugin.errors import SaleorError, TryLater
from loyalty_plugin.models.programmes import ProgrammeChannel
from loyalty_plugin.registry import ports

#: Seconds that what was read counts: long enough to look around, short enough for a product just made.
LIFETIME: Final = 60
#: Seconds after which a shop that gave no answer is asked again: a page must not wait for it twice.
SILENCE: Final = 10

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    """A channel of a Saleor in which a programme's goods are looked for; `key` names it in a form."""

    key: str
    realm: str
    channel: str


@dataclass(frozen=True, slots=True)
class Named:
    """Goods by kind and id as far as they are known; `silent` where the shop did not answer."""

    goods: Mapping[tuple[GoodsKind, str], Goods]
    silent: bool = False


def places_of(programme_id: int) -> list[Place]:
    """The channels a programme serves, the first one named first. One query."""
    rows = ProgrammeChannel.objects.filter(programme_id=programme_id).select_related("realm").order_by("pk")
    return [Place(str(row.pk), row.realm.api_url, row.slug) for row in rows]


def search(place: Place, kind: GoodsKind, text: str) -> Found | None:
    """What the shop has of a kind by these words; None where it does not answer now."""
    words = " ".join(text.split())[:100]
    return _kept(
        _key("search", place.realm, place.channel, kind, words.lower()),
        lambda: ports.catalogue.search(place.realm, kind, words, channel=place.channel),
    )


def named(realm: str, wanted: Iterable[tuple[GoodsKind, str]]) -> Named:
    """These goods by name, one question to the shop for a hundred of a kind; unknown ones are missing."""
    found: dict[tuple[GoodsKind, str], Goods] = {}
    silent = False
    by_kind: dict[GoodsKind, set[str]] = {}
    for kind, one in wanted:
        by_kind.setdefault(kind, set()).add(one)
    for kind, ids in by_kind.items():
        for page in _pages(sorted(ids)):
            answer = _kept(
                _key("named", realm, kind, *page), partial(ports.catalogue.named, realm, kind, page)
            )
            silent = silent or answer is None
            found |= {(kind, one): goods for one, goods in (answer or {}).items()}
    return Named(found, silent)


def priced(place: Place, variants: Sequence[str] | None = None) -> Sequence[tuple[Goods, ShelfFact]] | None:
    """Variants with what everybody pays there: these (at most PAGE), or some; None where the shop does not answer."""
    wanted = sorted(variants) if variants is not None else None
    return _kept(
        _key("priced", place.realm, place.channel, *(wanted if wanted is not None else ["some"])),
        lambda: ports.catalogue.priced(place.realm, place.channel, wanted),
    )


def variants_of(realm: str, skus: Sequence[str]) -> dict[str, str]:
    """Variant ids by SKU; unknown ones are missing. A hundred a question, never remembered. Raises TryLater, SaleorError."""
    found: dict[str, str] = {}
    for page in _pages(skus):
        found |= ports.catalogue.variants_of(realm, page)
    return found


def _pages(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), PAGE):
        yield ids[start : start + PAGE]


def _key(*parts: str) -> str:
    return "loyalty:goods:" + hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _kept(key: str, read: Callable[[], T]) -> T | None:
    """What is remembered, else what is read; None where the shop gives no answer, which is remembered for a moment."""
    held: tuple[T | None] | None = cache.get(key)
    if held is not None:
        return held[0]
    try:
        made: T | None = read()
    except (TryLater, SaleorError):
        made = None
    cache.set(key, (made,), LIFETIME if made is not None else SILENCE)
    return made
