"""Makes and checks card numbers: prefix, chance, check digit; it never says whose a number is."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from loyalty_plugin.errors import InvalidInput

#: A totally anti-symmetric quasigroup of order ten (H. Michael Damm, 2004).
_DAMM: Final = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)


class Check(StrEnum):
    """How the last digit is computed. Damm finds every single wrong digit and every swap of neighbours."""

    DAMM = "damm"
    LUHN = "luhn"


class NumberScheme(BaseModel):
    """A shop's card numbers: `length` digits in all, beginning with `prefix`, the last a check digit.

    The prefix begins with 9 by default, because 3 to 6 begin the numbers of bank cards. At least nine digits
    in between are drawn at random, so that nobody counts up from their own number to another's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prefix: Annotated[str, Field(pattern=r"^[0-9]{0,8}$")] = "90"
    length: Annotated[int, Field(strict=True, ge=12, le=24)] = 16
    check: Check = Check.DAMM

    @model_validator(mode="after")
    def _has_room(self) -> NumberScheme:
        if self.length - len(self.prefix) - 1 < 9:
            raise PydanticCustomError("too_short", "at least nine digits must be free for chance")
        return self

    @property
    def room(self) -> int:
        """How many numbers there are: draw a secret whole number below this and `compose` it."""
        return int(10 ** (self.length - len(self.prefix) - 1))

    def compose(self, drawn: int) -> str:
        """The number of a draw from 0 to `room` - 1. Raises InvalidInput out of that range."""
        if not 0 <= drawn < self.room:
            raise InvalidInput(drawn=drawn)
        body = f"{self.prefix}{drawn:0{self.length - len(self.prefix) - 1}d}"
        return body + check_digit(body, self.check)

    def parse(self, text: str) -> str:
        """The bare number in a text as people type it, with spaces and hyphens.

        Raises InvalidInput with details `number` and `problem`: not_digits, length, prefix or check_digit.
        """
        number = text.replace(" ", "").replace("\u00a0", "").replace("-", "")
        if not (number.isascii() and number.isdigit()):
            problem = "not_digits"
        elif len(number) != self.length:
            problem = "length"
        elif not number.startswith(self.prefix):
            problem = "prefix"
        elif check_digit(number[:-1], self.check) != number[-1]:
            problem = "check_digit"
        else:
            return number
        raise InvalidInput(number=text[:40], problem=problem)


def check_digit(digits: str, check: Check) -> str:
    """The check digit to put behind `digits`."""
    return _damm(digits) if check is Check.DAMM else _luhn(digits)


def _damm(digits: str) -> str:
    state = 0
    for digit in digits:
        state = int(_DAMM[state][int(digit)])
    return str(state)


def _luhn(digits: str) -> str:
    doubled = (int(d) * (2 - i % 2) for i, d in enumerate(reversed(digits)))
    return str(-sum(n - 9 if n > 9 else n for n in doubled) % 10)


def grouped(number: str) -> str:
    """The number as it is printed: in fours, apart by a space."""
    return " ".join(number[i : i + 4] for i in range(0, len(number), 4))
