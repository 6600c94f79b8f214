"""Brings an e-mail address or a phone number into the one form it is compared and kept in; it asks nobody."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers

from loyalty_plugin.errors import InvalidContact

#: As many characters as an address may have.
_LONGEST_EMAIL = 254
_EMAIL = re.compile(r"[^\s@<>\",;:()\[\]\\]{1,64}@(?:[^\s@.,;:<>\"()\[\]\\]+\.)+[^\s@.,;:<>\"()\[\]\\]{2,}")


def normal_email(text: str) -> str:
    """The address without blanks around it, its domain in lower case; empty for nothing.

    What stands before the @ is kept as typed, since a host may tell capitals apart; compare without regard to case.
    Raises InvalidContact for what is no address.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    if not text:
        return ""
    if len(text) > _LONGEST_EMAIL or not _EMAIL.fullmatch(text):
        raise InvalidContact(email="invalid")
    name, _, domain = text.rpartition("@")
    return f"{name}@{domain.lower()}"


def normal_phone(text: str, region: str = "") -> str:
    """The number as E.164, "+493012345678"; empty for nothing.

    `region` (ISO 3166, as "DE") is the country of a number written without a country code; without one, such a number
    is refused. Raises InvalidContact for what no country has.
    """
    text = unicodedata.normalize("NFKC", text).strip()
    if not text:
        return ""
    try:
        number = phonenumbers.parse(text, region.upper() or None)
    except phonenumbers.NumberParseException:
        raise InvalidContact(phone="invalid") from None
    if number.extension or not phonenumbers.is_valid_number(number):
        raise InvalidContact(phone="invalid")
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
