"""Exact field types for documents and parameters kept as JSON; they refuse floats and decide nothing else.

JSON has no exact decimals, so amounts and rates travel as text ("12.50", "1.2", "1/3") or whole numbers.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from loyalty_plugin.domain.values import MAX_AMOUNT, Money, parse_decimal, parse_rate
from loyalty_plugin.errors import InvalidAmount


class Terms(BaseModel):
    """Base of everything in a frozen version: immutable, and refusing what it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def exact_text(value: Fraction) -> str:
    """A fraction as the shortest exact text: "3", "1.2", or "1/3" where no decimal is exact."""
    if value.denominator == 1:
        return str(value.numerator)
    rest, twos, fives = value.denominator, 0, 0
    while rest % 2 == 0:
        rest, twos = rest // 2, twos + 1
    while rest % 5 == 0:
        rest, fives = rest // 5, fives + 1
    if rest != 1:
        return f"{value.numerator}/{value.denominator}"
    places = max(twos, fives)
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-places]}.{digits[-places:]}"


def _rate(value: Any) -> Fraction:
    if isinstance(value, Fraction):
        return value
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise PydanticCustomError("not_exact", "a whole number or an exact decimal as text is needed")
    try:
        return parse_rate(value)
    except InvalidAmount as error:
        raise PydanticCustomError("invalid_amount", "not a number from zero") from error


def _amount(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise PydanticCustomError("not_exact", "a whole number or an exact decimal as text is needed")
    try:
        amount = parse_decimal(value)
    except InvalidAmount as error:
        raise PydanticCustomError("invalid_amount", "not an amount") from error
    if amount < 0 or amount > MAX_AMOUNT or int(amount.as_tuple().exponent) < -6:
        raise PydanticCustomError("invalid_amount", "not an amount from zero")
    return amount


def _positive(value: Any) -> Any:
    if value <= 0:
        raise PydanticCustomError("not_positive", "more than zero is needed")
    return value


def _small(value: Fraction) -> Fraction:
    if value > 1_000_000 or value.denominator > 1_000_000:
        raise PydanticCustomError("out_of_range", "at most a million, to a millionth")
    return value


def _language_tags(value: dict[str, str]) -> dict[str, str]:
    for tag, text in value.items():
        if not tag or len(tag) > 35 or not tag.replace("-", "").isalnum():
            raise PydanticCustomError("not_a_language", "keys are language tags such as en or zh-hans")
        if not text.strip():
            raise PydanticCustomError("empty_text", "a text is empty")
    return value


_DECIMAL_SCHEMA = WithJsonSchema({"type": "string", "format": "decimal"})

#: An exact rate or number of points, a Fraction from 0 to a million.
Rate = Annotated[
    Fraction,
    BeforeValidator(_rate),
    AfterValidator(_small),
    PlainSerializer(exact_text, return_type=str),
    _DECIMAL_SCHEMA,
]
PositiveRate = Annotated[Rate, AfterValidator(_positive)]
#: An amount of money in major units of the programme's currency, a Decimal from 0. See `minor`.
Amount = Annotated[
    Decimal,
    BeforeValidator(_amount),
    PlainSerializer(lambda value: format(value, "f"), return_type=str),
    _DECIMAL_SCHEMA,
]
PositiveAmount = Annotated[Amount, AfterValidator(_positive)]
#: A whole number of points.
PointCount = Annotated[int, Field(strict=True, ge=0, le=1_000_000_000)]
PositivePoints = Annotated[int, Field(strict=True, ge=1, le=1_000_000_000)]
#: A name inside a version: lower case, stable, never shown to a customer.
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,49}$")]
#: The code of one of the programme's price lists: a type of its own, so that a form can offer them.
PriceListCode = Annotated[Code, "price_list"]
#: A text by language tag, at least one.
Text = Annotated[dict[str, Annotated[str, Field(max_length=2000)]], AfterValidator(_language_tags)]
#: Ids as the shop knows them.
Ids = Annotated[
    frozenset[Annotated[str, Field(min_length=1, max_length=200)]],
    PlainSerializer(lambda value: sorted(value), return_type=list[str]),
]
Day = Annotated[date, Field(ge=date(1900, 1, 1), le=date(9000, 12, 31))]


@lru_cache(maxsize=4096)
def minor(amount: Decimal, currency: str) -> int:
    """Minor units of an amount in major units. Raises TooManyDecimals, UnknownCurrency, InvalidAmount."""
    return Money.parse(amount, currency).amount
