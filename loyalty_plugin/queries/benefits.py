"""What a tier brings, in lines for members: the shop's own words where it wrote some, else what its perks tell."""

from __future__ import annotations

from django.utils.translation import get_language

from loyalty_plugin.domain.programmes.brought import brought
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.texts import text_in
from loyalty_plugin.domain.tiers.terms import TierTerms
from loyalty_plugin.queries.comparisons.benefits import brought_text
from loyalty_plugin.queries.offers import perks_of


def benefits_of(version: ProgrammeVersion, tier: TierTerms) -> tuple[str, ...]:
    """A line each, in the reader's language."""
    language = get_language() or "en"
    lines = {known: "\n".join(texts) for known, texts in tier.benefits.items()}
    own = text_in(lines, language).splitlines()
    own += [
        text_in(benefit.text, language)
        for benefit in version.document.benefits
        if not benefit.tiers or tier.code in benefit.tiers
    ]
    if own:
        return tuple(own)
    return tuple(
        brought_text(one) for one in brought(version.document, perks_of(version), tier.code).values()
    )
