"""StreamField blocks for a shop's own Wagtail pages: each lays out one part; what it shows is read when it is shown."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from wagtail import blocks

_BLOCKS = "loyalty_plugin/storefront/blocks"
_GROUP = _("Membership")


class _Part(blocks.StructBlock):
    """A part with a heading of the editor's."""

    title = blocks.CharBlock(max_length=120, required=False, label=_("Heading"))


class JoinBlock(_Part):
    """The form to join by, with a line of invitation; for members, the way to their membership."""

    text = blocks.TextBlock(max_length=400, required=False, label=_("Invitation"))

    class Meta:
        icon = "user"
        label = _("Join")
        group = _GROUP
        template = f"{_BLOCKS}/join.html"


class MembershipBlock(_Part):
    """Card, points, what is next, check-in, benefits and the statement of whoever is signed in."""

    lines = blocks.IntegerBlock(
        min_value=0, max_value=100, default=20, label=_("Lines of the statement"), help_text=_("0 for none.")
    )

    class Meta:
        icon = "group"
        label = _("My membership")
        group = _GROUP
        template = f"{_BLOCKS}/membership.html"


class PreferencesBlock(_Part):
    """Name, phone, language, birthday and consents of whoever is signed in, to be changed."""

    class Meta:
        icon = "cog"
        label = _("Preferences")
        group = _GROUP
        template = f"{_BLOCKS}/preferences.html"


class TierTableBlock(_Part):
    """All tiers, what each asks and brings."""

    class Meta:
        icon = "table"
        label = _("Tiers")
        group = _GROUP
        template = f"{_BLOCKS}/tiers.html"


class BenefitsBlock(_Part):
    """What the reader's tier brings; for guests, what the first one would."""

    class Meta:
        icon = "tick"
        label = _("Benefits")
        group = _GROUP
        template = f"{_BLOCKS}/benefits.html"


class CheckInBlock(_Part):
    """Today's visit."""

    class Meta:
        icon = "calendar-check"
        label = _("Check-in")
        group = _GROUP
        template = f"{_BLOCKS}/check_in.html"


class StakeBlock(_Part):
    """Points that the open cart would bring; the page's context has it as `loyalty_cart`."""

    class Meta:
        icon = "order"
        label = _("Points in the cart")
        group = _GROUP
        template = f"{_BLOCKS}/stake.html"


def storefront_blocks() -> list[tuple[str, blocks.Block]]:
    """All of them, for a StreamField."""
    return [
        ("loyalty_join", JoinBlock()),
        ("loyalty_membership", MembershipBlock()),
        ("loyalty_preferences", PreferencesBlock()),
        ("loyalty_tiers", TierTableBlock()),
        ("loyalty_benefits", BenefitsBlock()),
        ("loyalty_check_in", CheckInBlock()),
        ("loyalty_stake", StakeBlock()),
    ]
