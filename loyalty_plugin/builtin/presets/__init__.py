"""Programmes a shop can start from in a minute and then change: complete drafts, never published by themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from loyalty_plugin.builtin.presets import beauty, cafe, fashion
from loyalty_plugin.errors import NotFound


@dataclass(frozen=True, slots=True)
class Preset:
    """A draft's beginnings. `build` makes a document's data for a currency (ISO 4217)."""

    code: str
    label: Promise
    description: Promise
    build: Callable[[str], dict[str, Any]]


PRESETS: dict[str, Preset] = {
    preset.code: preset
    for preset in (
        Preset(
            "fashion",
            _("Fashion"),
            _("Three tiers by yearly spend, prices for members, a member day, two weeks to return."),
            fashion.document,
        ),
        Preset(
            "cafe",
            _("Café"),
            _("Points at once for every visit, more for regulars, a check-in and a birthday treat."),
            cafe.document,
        ),
        Preset(
            "beauty",
            _("Beauty"),
            _("Four tiers by points, bands that reward larger baskets, a birthday month, milestones."),
            beauty.document,
        ),
    )
}


def preset(code: str) -> Preset:
    """The preset of this code. Raises NotFound."""
    try:
        return PRESETS[code]
    except KeyError:
        raise NotFound(preset=code) from None
