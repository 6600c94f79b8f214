"""Signed names of tiers, by which answers may be kept for all members of a tier; they name nobody and prove no person.

A segment is the same for every member of a tier on a day of the programme, so that it makes one address for all of them.
It is signed, or anybody could ask what the highest tier pays.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from django.core.signing import BadSignature, Signer

from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.errors import InvalidInput

_SALT: Final = "loyalty_plugin.graphql.segment"
#: Pages that were made yesterday may still be open.
_DAYS: Final = timedelta(days=1)


def segment(version: ProgrammeVersion, tier: str, day: date) -> str:
    """The name of a tier on a day of the programme."""
    return Signer(salt=_SALT).sign_object([version.programme_id, tier, day.isoformat()])


def tier_of(text: str, version: ProgrammeVersion, day: date) -> str:
    """The tier's code. Raises InvalidInput for what we did not sign, for another programme, and for what is too old."""
    try:
        programme_id, tier, signed_on = Signer(salt=_SALT).unsign_object(text)
    except (BadSignature, ValueError, TypeError) as error:
        raise InvalidInput(segment="signature") from error
    age = day - date.fromisoformat(signed_on)
    if programme_id != version.programme_id or not timedelta(0) <= age <= _DAYS:
        raise InvalidInput(segment="over")
    if version.document.tier(tier) is None:
        raise InvalidInput(segment="tier")
    return str(tier)
