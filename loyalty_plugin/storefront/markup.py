"""The programme and its prices in the words of schema.org, as JSON-LD for search engines; it knows no single member."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from loyalty_plugin.domain.facts import MemberFact
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.texts import text_in
from loyalty_plugin.domain.tiers.terms import Metric, TierTerms
from loyalty_plugin.domain.values import Money
from loyalty_plugin.queries.benefits import benefits_of
from loyalty_plugin.queries.offers import newcomer, quote_lines
from loyalty_plugin.storefront.addresses import address
from loyalty_plugin.storefront.prices import Offer
from loyalty_plugin.storefront.visitor import Scene, scene
from loyalty_plugin.storefront.words import tier_name

CONTEXT: Final = "https://schema.org"
#: What JSON allows in a string and a script element does not.
_UNSAFE: Final = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}

Node = dict[str, Any]


def script(node: Node | None) -> SafeString:
    """The node in a script element, safe whatever its texts say; empty for none."""
    if node is None:
        return mark_safe("")
    told = json.dumps({"@context": CONTEXT, **node}, ensure_ascii=False).translate(_UNSAFE)
    return mark_safe(f'<script type="application/ld+json">{told}</script>')


def programme(request: HttpRequest | None) -> Node | None:
    """The MemberProgram that serves this page with its tiers, None where none does.

    Each tier says what it asks (the least spend of any one way by spend alone; other ways in words) and what it brings.
    """
    found = scene(request)
    if found is None:
        return None
    version = found.version
    node: Node = {"@type": "MemberProgram", "@id": _id(request, version), "name": _title(version)}
    join = address("join")
    if join:
        node["url"] = _absolute(request, join)
    tiers = [_tier(request, version, tier) for tier in version.document.ladder]
    return {**node, "hasTiers": tiers}


def product(request: HttpRequest | None, offers: Sequence[Offer], **about: Any) -> Node | None:
    """A Product with an Offer for each variant: what everybody pays, and what each tier does where it is less.

    `about` has name, url, image, sku, description; the first is needed. The same for every reader: a cache may keep it.
    """
    if not offers:
        return None
    found = scene(request)
    prices = _tier_prices(found, offers) if found is not None else {}
    told = {key: value for key, value in about.items() if value}
    for key in ("url", "image"):
        if key in told:
            told[key] = _absolute(request, str(told[key]))
    return {
        "@type": "Product",
        **told,
        "offers": [_offer(request, found, offer, prices.get(offer.variant_id, {})) for offer in offers],
    }


def _offer(request: HttpRequest | None, found: Scene | None, offer: Offer, tiers: dict[str, int]) -> Node:
    listed = _price(offer.price, offer.currency)
    if found is None or not tiers:
        return {"@type": "Offer", **listed}
    below = [
        {
            "@type": "UnitPriceSpecification",
            **_price(price, offer.currency),
            "validForMemberTier": {"@type": "MemberProgramTier", "@id": _id(request, found.version, code)},
        }
        for code, price in tiers.items()
    ]
    specifications = [{"@type": "UnitPriceSpecification", **listed}, *below]
    return {"@type": "Offer", **listed, "priceSpecification": specifications}


def _tier_prices(found: Scene, offers: Sequence[Offer]) -> dict[str, dict[str, int]]:
    """What each tier pays, by variant and tier code, where it is less than everybody does.

    Asked for somebody who has just joined: what a birthday or a label brings is nobody's business here.
    """
    version = found.version
    anybody: MemberFact = newcomer(version, found.now)
    own = [offer for offer in offers if offer.currency == version.currency]
    lines = [offer.as_line() for offer in own]
    prices: dict[str, dict[str, int]] = {}
    for code in version.document.tier_codes:
        quotes = quote_lines(
            version, replace(anybody, tier=code), lines, now=found.now, channel=found.channel
        )
        for offer, quote in zip(own, quotes, strict=True):
            if quote.unit_price < offer.price:
                prices.setdefault(offer.variant_id, {})[code] = quote.unit_price
    return prices


def _tier(request: HttpRequest | None, version: ProgrammeVersion, tier: TierTerms) -> Node:
    node: Node = {
        "@type": "MemberProgramTier",
        "@id": _id(request, version, tier.code),
        "name": tier_name(tier),
    }
    told = "; ".join(benefits_of(version, tier))
    if told:
        node["description"] = told
    requirement = _requirement(version, tier)
    if requirement is not None:
        node["hasTierRequirement"] = requirement
    brings = []
    if version.document.earning.rules:
        brings.append(f"{CONTEXT}/TierBenefitLoyaltyPoints")
    if any(not perk.tiers or tier.code in perk.tiers for perk in version.document.perks):
        brings.append(f"{CONTEXT}/TierBenefitLoyaltyPrice")
    if brings:
        node["hasTierBenefit"] = brings
    return node


def _requirement(version: ProgrammeVersion, tier: TierTerms) -> Node | None:
    spend = [way[0].at_least for way in tier.entry if len(way) == 1 and way[0].metric is Metric.SPEND]
    if not spend:
        return None
    least = _price(min(spend), version.currency)
    return {"@type": "MonetaryAmount", "value": least["price"], "currency": version.currency}


def _price(minor: int, currency: str) -> Node:
    """A decimal point and no sign, whatever the language."""
    return {"price": str(Money(minor, currency)).partition(" ")[0], "priceCurrency": currency}


def _title(version: ProgrammeVersion) -> str:
    titles = version.document.title
    return text_in(titles, get_language() or "en") if titles else version.name


def _id(request: HttpRequest | None, version: ProgrammeVersion, tier: str = "") -> str:
    part = f"{version.code}-{tier}" if tier else version.code
    return _absolute(request, f"/#membership-{part}")


def _absolute(request: HttpRequest | None, path: str) -> str:
    return request.build_absolute_uri(path) if request is not None else path
