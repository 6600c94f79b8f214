"""Why a line has no member price, in a sentence for the member; the quotes decide, this only tells."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.utils.text import get_text_list
from django.utils.translation import get_language, gettext_noop, ngettext
from django.utils.translation import gettext as _

from loyalty_plugin.domain.perks import WhyNot
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.texts import text_in

#: A guest's line and a line nobody made a price for need no words of their own.
_WORDS: Final = {
    WhyNot.MEMBERS_ONLY: gettext_noop("Only for members."),
    WhyNot.GIFT_CARD: gettext_noop("Gift cards have no member price."),
    WhyNot.GIFT_LINE: gettext_noop("A present, so there is nothing to pay."),
    WhyNot.NO_PERK: gettext_noop("No member price on this one."),
    WhyNot.OTHER_TIER: gettext_noop("A member price from a higher tier on."),
    WhyNot.NOT_NOW: gettext_noop("The member price is not on at the moment."),
    WhyNot.PERK_UNAVAILABLE: gettext_noop("The member price can’t be reckoned at the moment."),
    WhyNot.BUNDLE_INCOMPLETE: gettext_noop("Cheaper for members together with its counterparts."),
    WhyNot.LIMIT_REACHED: gettext_noop("The pieces at the member price are used up."),
    WhyNot.PROMOTION_BETTER: gettext_noop("The sale price is the better one, so you keep it."),
    WhyNot.PROMOTION_APART: gettext_noop("On sale, and the member price does not go on top."),
    WhyNot.VOUCHER_APART: gettext_noop("You use a voucher, and the member price does not go with it."),
    WhyNot.FREE: gettext_noop("It costs nothing already."),
    WhyNot.FLOOR: gettext_noop("The price is as low as it goes already."),
    WhyNot.BELOW_FLOOR: gettext_noop("The sale price is lower than a member price may be."),
    WhyNot.THRESHOLD: gettext_noop(
        "At the usual price, so that your cart keeps what it has earned by its size."
    ),
    WhyNot.NO_EXACT_PRICE: gettext_noop(
        "At the usual price: the sale and the member price don’t go together here."
    ),
}


def for_whom_it_is(version: ProgrammeVersion, tiers: Sequence[str]) -> str:
    """Whom a product is kept for, in a sentence; without tiers it is chosen members."""
    if not tiers:
        return _("Only for chosen members.")
    if len(tiers) == len(version.document.tier_codes):
        return _(_WORDS[WhyNot.MEMBERS_ONLY])
    language = get_language() or "en"
    terms = [version.document.tier(code) for code in tiers]
    names = [text_in(one.name, language) for one in terms if one is not None]
    told = ngettext(
        "Only for members of the tier %(tiers)s.", "Only for members of the tiers %(tiers)s.", len(names)
    )
    return told % {"tiers": get_text_list(names, _("and"))}


def why_no_member_price(code: str) -> str:
    """A sentence, empty for a guest and where a member price there is; an extension's own reason is told plainly."""
    if code in ("", WhyNot.GUEST):
        return ""
    return _(_WORDS.get(code, _WORDS[WhyNot.NO_PERK]))  # type: ignore[call-overload]
