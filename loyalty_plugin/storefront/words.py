"""Numbers, money and refusals as a shop's pages write them, in the reader's language; decides nothing."""

from __future__ import annotations

from typing import Final

from django.utils import formats
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from loyalty_plugin.domain.texts import text_in
from loyalty_plugin.domain.tiers.terms import TierTerms
from loyalty_plugin.domain.values import Money, currency_exponent
from loyalty_plugin.errors import LoyaltyError, TryLater

MINUS: Final = "\N{MINUS SIGN}"
_SYMBOLS: Final = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "CNY": "¥"}
#: Languages that write the sign of a currency in front.
_IN_FRONT: Final = ("en", "zh", "ja", "ko", "he", "nl", "ga", "mt", "tr")

_REFUSALS: Final = {
    "already_member": gettext_noop(
        "There is a membership with this e-mail address or phone number already. If it is yours, sign in; "
        "at the counter we look it up for you."
    ),
    "contact_needed": gettext_noop("Please give an e-mail address or a phone number."),
    "invalid_contact": gettext_noop(
        "This is not complete. A phone number from abroad begins with + and the country code."
    ),
    "date_out_of_range": gettext_noop("This date can’t be right."),
    "birthday_locked": gettext_noop(
        "Your birthday has brought a present already. Our staff can change it for you."
    ),
    "permission_denied": gettext_noop("This is not yours to do. Please sign in again."),
    "member_frozen": gettext_noop("This membership is frozen. Please ask our staff."),
    "insufficient": gettext_noop("You don’t have that many points any more."),
    "below_minimum": gettext_noop("So few points can’t be used at once."),
    "cap_exceeded": gettext_noop("Less of this cart can be paid so."),
    "not_payable": gettext_noop("Points pay nothing in this cart."),
    "reserved_elsewhere": gettext_noop("Points are in use for this cart already. Take them off first."),
    "spending_held": gettext_noop("Points can’t be used at the moment. Please try again later."),
    "unknown_programme": gettext_noop("The membership has not started yet."),
}


def refusal(error: LoyaltyError) -> str:
    """A sentence for the customer: what is wrong, and what to do."""
    if isinstance(error, TryLater):
        return _("We can’t reach our till at the moment. Nothing is lost; please try again in a minute.")
    for kind in type(error).__mro__:
        told = _REFUSALS.get(getattr(kind, "code", ""))
        if told:
            return _(told)
    return _("This could not be done. Please try again, or ask us.")


def number(value: int) -> str:
    """A whole number in the reader's grouping, negative with a true minus sign."""
    text = formats.number_format(abs(value), decimal_pos=0, force_grouping=True)
    return f"{MINUS}{text}" if value < 0 else text


def money(minor: int, currency: str) -> str:
    """Minor units with the currency's sign, or its code where it has none of its own: "€1,234.50", "1.234,50 €"."""
    amount = Money(abs(minor), currency)
    digits = formats.number_format(
        amount.decimal, decimal_pos=currency_exponent(currency), force_grouping=True
    )
    minus = MINUS if minor < 0 else ""
    sign = _SYMBOLS.get(currency)
    if sign is None:
        return f"{minus}{digits}\N{NO-BREAK SPACE}{currency}"
    if (get_language() or "en").startswith(_IN_FRONT):
        return f"{minus}{sign}{digits}"
    return f"{minus}{digits}\N{NO-BREAK SPACE}{sign}"


def tier_name(terms: TierTerms | None) -> str:
    """A tier as the reader calls it; empty for none."""
    return text_in(terms.name, get_language() or "en") if terms is not None else ""
