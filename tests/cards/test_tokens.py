"""Card codes: what was signed is read back anywhere, and whatever was touched is refused."""

from __future__ import annotations

import random
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty_plugin.domain.cards import base45
from loyalty_plugin.domain.cards.tokens import (
    PREFIX,
    CardToken,
    decode,
    encode,
    public_key_of,
    verify,
)
from loyalty_plugin.errors import CardRefused, DateOutOfRange, InvalidInput
from tests.scale import scaled

PRIVATE = bytes(range(32))
OTHER = bytes(range(1, 33))
KEYS = {7: public_key_of(PRIVATE), 8: public_key_of(OTHER)}
SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

tokens = st.builds(CardToken, st.just(7), st.uuids(), st.dates(date(2020, 1, 1), date(2199, 1, 1)))


@given(tokens)
def test_what_is_signed_is_read_back(token: CardToken) -> None:
    text = encode(token, PRIVATE)
    assert verify(text, KEYS) == token == decode(text)
    assert len(text) == 132  # a QR code of 41 modules holds up to 154


@given(st.binary(max_size=120))
def test_base45_is_read_back(data: bytes) -> None:
    assert base45.decode(base45.encode(data)) == data


@given(st.text(alphabet=SIGNS, max_size=60))
def test_base45_has_one_text_for_one_value(text: str) -> None:
    try:
        data = base45.decode(text)
    except ValueError:
        return
    assert base45.encode(data) == text


def test_base45_as_the_standard_writes_it() -> None:
    assert base45.encode(b"base-45") == "UJCLQE7W581"
    assert base45.encode(b"AB") == "BB8"


def test_mutations_are_refused() -> None:
    rng = random.Random(45)
    token = CardToken(7, UUID(int=rng.getrandbits(128)), date(2026, 11, 23))
    text = encode(token, PRIVATE)
    for _ in range(scaled(1_000, 10_000)):
        mutant = _mutate(text, rng)
        if mutant != text:
            with pytest.raises(CardRefused):
                verify(mutant, KEYS)


def _mutate(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text))
    match rng.randrange(6):
        case 0:
            return text[:at] + rng.choice(SIGNS) + text[at + 1 :]
        case 1:
            return text[:at] + text[at + 1 :]
        case 2:
            return text[:at] + rng.choice(SIGNS) + text[at:]
        case 3:
            return text[:at]
        case 4:
            return text[:at] + text[at].lower() + text[at + 1 :]
        case _:
            data = bytearray(base45.decode(text[len(PREFIX) :]))
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            return PREFIX + base45.encode(bytes(data))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not_a_card"),
        ("HTTPS://EXAMPLE.COM", "not_a_card"),
        (PREFIX + "0" * 500, "not_a_card"),
        (PREFIX + "?", "damaged"),
        (PREFIX + base45.encode(bytes(84)), "damaged"),
        (PREFIX + base45.encode(bytes([0x21]) + bytes(84)), "unknown_kind"),
        (PREFIX + base45.encode(bytes([0x1F]) + bytes(84)), "unknown_kind"),
        (PREFIX + base45.encode(bytes([0x11]) + bytes(84)), "unknown_key"),
        (PREFIX + base45.encode(bytes([0x11, 0, 7]) + bytes(82)), "forged"),
    ],
)
def test_each_refusal_has_its_reason(text: str, reason: str) -> None:
    with pytest.raises(CardRefused) as refused:
        verify(text, KEYS)
    assert refused.value.details["reason"] == reason


def test_another_key_of_ours_does_not_sign_for_this_one() -> None:
    text = encode(CardToken(7, UUID(int=1), date(2026, 1, 1)), OTHER)
    with pytest.raises(CardRefused) as refused:
        verify(text, KEYS)
    assert refused.value.details["reason"] == "forged"


def test_what_does_not_fit_is_refused_before_it_is_signed() -> None:
    with pytest.raises(InvalidInput):
        encode(CardToken(65536, UUID(int=1), date(2026, 1, 1)), PRIVATE)
    for day in (date(2019, 12, 31), date(2200, 1, 1)):
        with pytest.raises(DateOutOfRange):
            encode(CardToken(7, UUID(int=1), day), PRIVATE)
