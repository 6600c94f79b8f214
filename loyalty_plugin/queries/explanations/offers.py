"""Why a line has no member price, in a sentence for the member; the quotes decide, this only tells."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from loyalty_plugin.domain.perks import WhyNot

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


def why_no_member_price(code: str) -> str:
    """A sentence, empty for a guest and where a member price there is; an extension's own reason is told plainly."""
    if code in ("", WhyNot.GUEST):
        return ""
    return _(_WORDS.get(code, _WORDS[WhyNot.NO_PERK]))  # type: ignore[call-overload]
