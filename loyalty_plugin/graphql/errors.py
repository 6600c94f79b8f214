"""Puts refusals into words for customers and keeps everything else to the log; it refuses nothing itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, Final, TypeVar

import strawberry
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_
from graphql import GraphQLError, GraphQLSyntaxError

from loyalty_plugin.errors import LoyaltyError, TokenRefused, TryLater, all_errors
from loyalty_plugin.graphql.refusals import sentence

_log = logging.getLogger(__name__)

_CODES: Final = sorted({kind.code for kind in all_errors() if kind.__module__ == "loyalty_plugin.errors"})
_Codes: Any = Enum("LoyaltyErrorCode", {code.upper(): code for code in _CODES})  # type: ignore[misc]
ErrorCode: Any = strawberry.enum(
    _Codes,
    description="Stable codes of refusals; docs/errors.md explains each.",
)

_WORDS: Final = {
    "already_member": N_("This e-mail address or phone number belongs to another membership already."),
    "below_minimum": N_("Fewer points than that can't be used at once."),
    "birthday_locked": N_("The birthday has brought a gift already. Our staff can change it for you."),
    "cap_exceeded": N_("Of this cart less can be paid so."),
    "charge_differs": N_("Prices in the cart have changed. Please look at the total, and go on from there."),
    "card_unprintable": N_("This card can't be drawn: it has letters that our fonts lack."),
    "cards_unavailable": N_("Cards can't be shown at the moment."),
    "contact_needed": N_("Please give an e-mail address or a phone number."),
    "currency_mismatch": N_("This checkout is in a currency the membership does not use."),
    "date_out_of_range": N_("This date can't be right."),
    "insufficient": N_("There are not enough points for this."),
    "invalid_contact": N_("This e-mail address or phone number is not complete."),
    "invalid_input": N_("This value can't be right."),
    "member_frozen": N_("This membership is frozen. Please ask our staff."),
    "members_only": N_("This is kept for members."),
    "not_payable": N_("Nothing in this cart can be paid so."),
    "not_enforced": N_("This shop's cart is not kept here."),
    "not_found": N_("There is nothing of this kind for you."),
    "permission_denied": N_("This is not yours to do."),
    "reserved_elsewhere": N_("Something is reserved for this cart already. Please take it off first."),
    "session_refused": N_("Your cart was kept too long. Please begin a new one."),
    "spending_held": N_("Nothing can be spent at the moment. Please try again later."),
    "token_refused": N_("Please sign in again."),
    "undeclared_variable": N_("This can't be said here."),
    "unknown_channel": N_("No membership programme serves this channel."),
    "unknown_member": N_("You are not a member yet."),
    "unknown_operation": N_("There is no such thing to be done here."),
    "unknown_programme": N_("The membership programme has not started yet."),
}
_LATER: Final = N_("The shop can't be reached at the moment. Please try again.")
_ANY: Final = N_("This could not be done.")

#: Names of details that tell which argument was refused.
_FIELDS: Final = {
    "birthday": "birthday",
    "name": "name",
    "phone": "phone",
    "email": "email",
    "consents": "consents",
    "channel": "channel",
    "checkout": "checkoutId",
    "lines": "lines",
    "first": "first",
    "after": "after",
    "segment": "segment",
    "language": "language",
}


@strawberry.type(name="LoyaltyError", description="Why a mutation was refused.")
class ErrorType:
    field: str | None = strawberry.field(description="The argument that was refused, where it is one.")
    code: ErrorCode = strawberry.field(description="A stable code for programs.")
    message: str = strawberry.field(
        description="A sentence for the customer, in the language of the request."
    )


def words(error: LoyaltyError) -> str:
    """A sentence for the customer."""
    if isinstance(error, TryLater):
        return _(_LATER)
    return next((_(_WORDS[kind.code]) for kind in _kinds(error) if kind.code in _WORDS), _(_ANY))


def _kinds(error: LoyaltyError) -> Iterator[type[LoyaltyError]]:
    return (kind for kind in type(error).__mro__ if issubclass(kind, LoyaltyError))


def stable(error: LoyaltyError) -> str:
    """The nearest code we have published; an extension's own errors show as the kind they are derived from."""
    return next(kind.code for kind in _kinds(error) if kind.code in _CODES)


def as_type(error: LoyaltyError) -> ErrorType:
    """A refusal as a mutation tells it."""
    field = next((name for detail, name in _FIELDS.items() if detail in error.details), None)
    return ErrorType(field=field, code=ErrorCode(stable(error)), message=words(error))


Payload = TypeVar("Payload")


def told(made: Callable[[], Payload], refused: Callable[[list[ErrorType]], Payload]) -> Payload:
    """The payload of a mutation, or the one that tells why not. A refused token is an error of the request."""
    try:
        return made()
    except TokenRefused:
        raise
    except LoyaltyError as error:
        return refused([as_type(error)])


def plain(errors: list[GraphQLError], runs: bool) -> list[GraphQLError]:
    """Each error with a stable code, and without what an exception says of our insides.

    `runs` says that the document was found valid, so that what is wrong without a place are its variables.
    """
    return [_plain(error, runs) for error in errors]


def _plain(error: GraphQLError, runs: bool) -> GraphQLError:
    cause = error.original_error
    while isinstance(cause, GraphQLError) and cause.original_error is not None:
        cause = cause.original_error
    if error.extensions and "code" in error.extensions:
        return error
    message = error.message
    if isinstance(cause, LoyaltyError):
        message, code = words(cause), stable(cause)
    elif isinstance(error, GraphQLSyntaxError):
        code = "too_long" if "tokens" in error.message else "invalid_syntax"
    elif error.path is None and (cause is None or isinstance(cause, GraphQLError)):
        # The language's own words: they help who writes the document, and tell nothing of us.
        code = "invalid_variables" if runs else "invalid_query"
    elif isinstance(cause, GraphQLError):
        code = "invalid_input"
    else:
        message, code = sentence("internal"), "internal"
    return GraphQLError(
        message,
        nodes=error.nodes,
        source=error.source,
        positions=error.positions,
        path=error.path,
        extensions={"code": code},
    )


def log(errors: list[GraphQLError]) -> None:
    """Log what nobody expected. Refusals and wrong queries are the caller's business."""
    for error in errors:
        if error.original_error is not None and not isinstance(
            error.original_error, LoyaltyError | GraphQLError
        ):
            _log.error("a field failed: %s", error.path, exc_info=error.original_error)
