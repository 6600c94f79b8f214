"""Every refusal this plugin can utter, as a type with a stable code; wording belongs to the doors, never here.

The codes are public: they are listed in docs/errors.md (a test keeps the two equal) and never change meaning.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar


class LoyaltyError(Exception):
    """Base of all refusals. `code` is stable; `details` are plain facts a door may put in words."""

    code: ClassVar[str] = "loyalty_error"

    def __init__(self, message: str = "", **details: object) -> None:
        self.details = details
        super().__init__(message or self.code)


class InvalidInput(LoyaltyError):
    """A value that can never be right: negative, huge, NaN, too many decimals, an impossible date."""

    code = "invalid_input"


class InvalidAmount(InvalidInput):
    """An amount that is negative, zero where it may not be, not a number, or beyond the ledger's range."""

    code = "invalid_amount"


class TooManyDecimals(InvalidInput):
    """An amount with more decimals than its currency has minor units."""

    code = "too_many_decimals"


class UnknownCurrency(InvalidInput):
    """Not an ISO 4217 code."""

    code = "unknown_currency"


class InvalidContact(InvalidInput):
    """No e-mail address or phone number can look like that. Details: email or phone."""

    code = "invalid_contact"


class ContactNeeded(InvalidInput):
    """Neither an e-mail address nor a phone number was given."""

    code = "contact_needed"


class UnknownOperation(InvalidInput):
    """The shop's door does no such thing. Details: operation."""

    code = "unknown_operation"


class UndeclaredVariable(InvalidInput):
    """The operation takes nothing at that place. Details: path."""

    code = "undeclared_variable"


class CurrencyMismatch(LoyaltyError):
    """Two currencies met where one was needed."""

    code = "currency_mismatch"


class DateOutOfRange(InvalidInput):
    """A date before the programme began, after year 9000, or an end before its start."""

    code = "date_out_of_range"


class NotFound(LoyaltyError):
    """Nothing of that name that this actor may see."""

    code = "not_found"


class UnknownChannel(NotFound):
    """No programme serves this channel."""

    code = "unknown_channel"


class UnknownMember(NotFound):
    """No such member in this programme."""

    code = "unknown_member"


class UnknownProduct(NotFound):
    """The shop does not know this product."""

    code = "unknown_product"


class UnknownProgramme(NotFound):
    """No such programme, or it has no version in force on that date."""

    code = "unknown_programme"


class KeyConflict(LoyaltyError):
    """The same business key came with another input: one of the two callers is wrong."""

    code = "key_conflict"


class InsufficientPoints(LoyaltyError):
    """The balance does not cover the amount. Details: unit, asked, available."""

    code = "insufficient"


class HoldEnded(LoyaltyError):
    """The hold was captured or released before, or its time is over: it can't end otherwise or last longer.

    Details: hold, state.
    """

    code = "hold_ended"


class HoldExceeded(LoyaltyError):
    """More was to be captured than is held. Details: unit, asked, held."""

    code = "hold_exceeded"


class NotPayable(LoyaltyError):
    """Nothing of this cart may be paid so, or the programme takes no such payment. Details: unit."""

    code = "not_payable"


class BelowMinimum(LoyaltyError):
    """Fewer points than the programme takes at once, or than pay the smallest coin. Details: asked, least."""

    code = "below_minimum"


class CapExceeded(LoyaltyError):
    """More than may be paid so of this cart. Details: asked, most (minor units)."""

    code = "cap_exceeded"


class ReservedElsewhere(LoyaltyError):
    """This checkout has a payment already, which the shop counts on: take it off first. Details: checkout."""

    code = "reserved_elsewhere"


class LotUnavailable(LoyaltyError):
    """A lot that was named does not hold what was asked of it."""

    code = "lot_unavailable"


class AwardNeedsApproval(LoyaltyError):
    """The award is above the programme's hard maximum per entry and waits for a person."""

    code = "award_needs_approval"


class PermissionDenied(LoyaltyError):
    """The actor lacks the permission. Details: operation."""

    code = "permission_denied"


class SecondFactorRequired(PermissionDenied):
    """The act needs a fresh second factor."""

    code = "second_factor_required"


class LimitExceeded(LoyaltyError):
    """Above the actor's limit and not open to a request. Details: limit, used, asked."""

    code = "limit_exceeded"


class SamePerson(PermissionDenied):
    """A request must be decided by another person than the one who made it."""

    code = "same_person"


class RequestClosed(LoyaltyError):
    """The request was decided, withdrawn or has run out already."""

    code = "request_closed"


class AlreadyGranted(LoyaltyError):
    """Another amount was granted for this incident, or waits to be: a second one would come on top.

    Details: amount, currency.
    """

    code = "already_granted"


class InvalidDraft(InvalidInput):
    """A programme draft that contradicts itself. Details: problems, a list of {path, problem}."""

    code = "invalid_draft"


class AlreadyPublished(LoyaltyError):
    """A published version is frozen; make a new draft."""

    code = "already_published"


class PreviewNeeded(LoyaltyError):
    """What this draft would do on that day has not been reckoned, or the draft changed since. Details: first_day."""

    code = "preview_needed"


class PriceFileRefused(InvalidInput):
    """A file of prices that is no table, or has rows that can't be right. Details: reason, or faults (a count)."""

    code = "price_file_refused"


class PriceListChanged(LoyaltyError):
    """Prices of this list were changed since this was shown. Details: prices (a count)."""

    code = "price_list_changed"


class AlreadyMember(LoyaltyError):
    """The customer, e-mail or phone belongs to a member of this programme already."""

    code = "already_member"


class MemberFrozen(LoyaltyError):
    """The membership is frozen; nothing can be spent from it."""

    code = "member_frozen"


class MembershipErased(LoyaltyError):
    """This customer's membership was erased: only they themselves or staff make them a member again."""

    code = "membership_erased"


class ValueInUse(LoyaltyError):
    """Something of value still hangs on the membership, so it can't be erased. Details: unit, amount."""

    code = "value_in_use"


class BirthdayLocked(LoyaltyError):
    """The birthday brought a benefit already and only staff may change it."""

    code = "birthday_locked"


class UnknownExtension(LoyaltyError):
    """No installed app registers this code."""

    code = "unknown_extension"


class DuplicateExtension(LoyaltyError):
    """Two installed apps register the same code."""

    code = "duplicate_extension"


class PastCostChanged(LoyaltyError):
    """Points for past orders would cost another total than the one accepted. Details: accepted, total."""

    code = "past_cost_changed"


class NotVerified(LoyaltyError):
    """The contact is not verified, so what was earned for free can't be spent yet."""

    code = "not_verified"


class SignatureRefused(LoyaltyError):
    """A proven falsehood: bad signature, forged header, another's token. Never retried."""

    code = "signature_refused"


class TokenRefused(LoyaltyError):
    """A customer or staff token that is expired, forged, of another kind or of another shop."""

    code = "token_refused"


class TryLater(LoyaltyError):
    """Not our caller's fault and not final: the keys can't be read, the shop is slow, the database is away."""

    code = "try_later"


class SaleorError(LoyaltyError):
    """Saleor answered with an error. Details: errors."""

    code = "saleor_error"


class SaleorUnreachable(TryLater):
    """Saleor did not answer in time."""

    code = "saleor_unreachable"


class AppTokenDead(TryLater):
    """Saleor no longer knows our App's token: it was deactivated, deleted or replaced. Works again once mended."""

    code = "app_token_dead"


class LeaseTaken(TryLater):
    """Another process acts on the same outside target at the moment. Details: target."""

    code = "lease_taken"


class NotEnforced(LoyaltyError):
    """Checkouts of this Saleor do not go through this site: it is not in enforced mode."""

    code = "not_enforced"


class SessionRefused(LoyaltyError):
    """A guest's session that is forged or too old: the cart is begun anew."""

    code = "session_refused"


class ChargeDiffers(LoyaltyError):
    """What would be charged is not what was shown and promised: read the checkout again. Details: checkout."""

    code = "charge_differs"


class MembersOnly(LoyaltyError):
    """Somebody else is not sold this: it is kept for members, or for some of them. Details: lines or variants."""

    code = "members_only"


class HandshakeRefused(LoyaltyError):
    """An install handshake from a Saleor that is not on the allow-list or does not confirm it."""

    code = "handshake_refused"


class SpendingHeld(LoyaltyError):
    """Nothing may be spent at this Saleor: a dump was restored and is not reconciled yet. Details: realm, reason."""

    code = "spending_held"


class CardRefused(LoyaltyError):
    """A card token that is forged, cut short, or signed by a key we do not know."""

    code = "card_refused"


class CardUnprintable(LoyaltyError):
    """No font at hand has these signs. Details: field, signs (a text of them), names (a list of Unicode names)."""

    code = "card_unprintable"


class CardsUnavailable(LoyaltyError):
    """Cards can't be drawn here: the `cards` extra or a system library is missing. Details: missing."""

    code = "cards_unavailable"


def all_errors() -> Iterator[type[LoyaltyError]]:
    """Every error type there is, base first. Shape: classes, each once."""
    waiting: list[type[LoyaltyError]] = [LoyaltyError]
    while waiting:
        kind = waiting.pop(0)
        yield kind
        waiting.extend(kind.__subclasses__())
