"""Reads the rows of a price list's file and works out what each would change; refuses row by row, writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from loyalty_plugin.domain.values import MAX_AMOUNT, Money
from loyalty_plugin.errors import LoyaltyError, TooManyDecimals

#: As many rows as one file may have.
MOST_ROWS: Final = 100_000

#: As many different SKUs as one file may name: each hundred is a question to the shop.
MOST_SKUS: Final = 5_000

#: Headings by what they mean, in the languages people export in; compared in lower case without spaces.
HEADINGS: Final[Mapping[str, frozenset[str]]] = {
    "variant": frozenset({"variant", "variantid", "variant_id", "id", "商品编号", "规格编号", "规格id"}),
    "sku": frozenset(
        {"sku", "variantsku", "variant_sku", "artikelnummer", "货号", "貨號", "商品编码", "商品編碼"}
    ),
    "channel": frozenset({"channel", "channelslug", "channel_slug", "kanal", "渠道"}),
    "price": frozenset(
        {"price", "memberprice", "member_price", "preis", "mitgliederpreis", "会员价", "價格", "价格"}
    ),
    "currency": frozenset({"currency", "währung", "币种", "货币"}),
}

#: Why a row, or the file, is refused.
FAULTS: Final[Mapping[str, str]] = {
    "no_price_column": "the file has no column of prices",
    "no_variant_column": "the file has no column of variants",
    "too_many_rows": "the file has more rows than a list may",
    "variant_missing": "the row names no variant",
    "unknown_sku": "the shop has no variant with this SKU",
    "too_many_skus": "the file names more SKUs than can be looked up",
    "variant_too_long": "no id is so long",
    "price_missing": "the row names no price",
    "not_a_price": "the price is text, zero, negative or out of range",
    "thousands_separator": "a comma or a space is in the price: it is written with a point, and nothing else",
    "price_decimals": "the price has more decimals than the currency",
    "other_currency": "the row is in another currency than the programme",
    "foreign_channel": "the programme does not serve this channel",
    "row_twice": "the variant and channel were named by an earlier row",
}

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Fault:
    """A refused row: its number in the file (the heading is 1), a code of FAULTS, and what stood there."""

    row: int
    code: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """What a row changes: prices in minor units, None for no price."""

    variant_id: str
    channel: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """All a file would do. Nothing is applied while it has faults."""

    effects: tuple[Effect, ...]
    faults: tuple[Fault, ...]
    unchanged: int = 0


def plan(
    table: Iterable[Sequence[object]],
    *,
    currency: str,
    channels: Collection[str],
    known: Mapping[Key, int],
    replace: bool,
    skus: Mapping[str, str] | None = None,
) -> Plan:
    """What the rows (the first one the headings) would do to a list of these prices.

    `replace`: variants the file does not name lose their price. `channels`: those of the programme. `skus`: variants by
    SKU, for rows that name no variant id; see `skus_of`.
    """
    rows = iter(table)
    columns = _columns(next(rows, ()))
    named = "variant" in columns or "sku" in columns
    missing = [
        name for name in ("variant", "price") if name not in columns and not (name == "variant" and named)
    ]
    if missing:
        return Plan((), tuple(Fault(1, f"no_{name}_column") for name in missing))
    wanted: dict[Key, int] = {}
    faults: list[Fault] = []
    for number, row in enumerate(rows, start=2):
        if number - 1 > MOST_ROWS:
            faults.append(Fault(number, "too_many_rows", str(MOST_ROWS)))
            break
        cells = {name: _text(row[place]) if place < len(row) else "" for name, place in columns.items()}
        if not any(cells.values()):
            continue
        if not cells.get("variant") and (sku := cells.get("sku")):
            cells["variant"] = (skus or {}).get(sku, "")
            if not cells["variant"]:
                faults.append(Fault(number, "unknown_sku", sku))
                continue
        found = _row(number, cells, currency, channels, wanted)
        if isinstance(found, Fault):
            faults.append(found)
        else:
            wanted[found[0]] = found[1]
    effects = [
        Effect(*key, known.get(key), amount) for key, amount in wanted.items() if known.get(key) != amount
    ]
    unchanged = len(wanted) - len(effects)
    if replace:
        effects += [Effect(*key, amount, None) for key, amount in known.items() if key not in wanted]
    return Plan(tuple(effects), tuple(faults), unchanged)


def skus_of(table: Iterable[Sequence[object]]) -> frozenset[str]:
    """SKUs of rows that name no variant id: to be looked up before planning. At most one more than MOST_SKUS."""
    rows = iter(table)
    columns = _columns(next(rows, ()))
    place, variant = columns.get("sku"), columns.get("variant")
    found: set[str] = set()
    if place is None:
        return frozenset()
    for number, row in enumerate(rows):
        if number >= MOST_ROWS or len(found) > MOST_SKUS:
            break
        named = variant is not None and variant < len(row) and _text(row[variant])
        if not named and place < len(row) and (sku := _text(row[place])):
            found.add(sku)
    return frozenset(found)


def undone(effects: Iterable[Effect]) -> Iterator[Effect]:
    """What brings back what was before."""
    for one in effects:
        yield Effect(one.variant_id, one.channel, one.after, one.before)


def _columns(headings: Sequence[object]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, heading in enumerate(headings):
        text = _text(heading).lower().replace(" ", "")
        for name, words in HEADINGS.items():
            if text in words and name not in found:
                found[name] = place
    return found


def _text(cell: object) -> str:
    return "" if cell is None else str(cell).strip()


def _row(
    number: int, cells: Mapping[str, str], currency: str, channels: Collection[str], wanted: Collection[Key]
) -> Fault | tuple[Key, int]:
    variant, channel, price = cells.get("variant", ""), cells.get("channel", ""), cells["price"]
    stated = cells.get("currency", "").upper()
    # "12.50 EUR" is a price with its currency.
    bare, _space, unit = price.rpartition(" ")
    if unit.isalpha() and len(unit) == 3 and bare:
        price, stated = bare.strip(), unit.upper()
    fault = _wrong(variant, channel, price, stated, currency, channels, wanted)
    if fault:
        return Fault(number, *fault)
    try:
        amount = Money.parse(price, currency).amount
    except TooManyDecimals:
        return Fault(number, "price_decimals", price)
    except LoyaltyError:
        return Fault(number, "not_a_price", price)
    return ((variant, channel), amount) if 0 < amount <= MAX_AMOUNT else Fault(number, "not_a_price", price)


def _wrong(
    variant: str,
    channel: str,
    price: str,
    stated: str,
    currency: str,
    channels: Collection[str],
    wanted: Collection[Key],
) -> tuple[str, str] | None:
    if not variant:
        return "variant_missing", ""
    if len(variant) > 64:
        return "variant_too_long", variant[:64]
    if not price:
        return "price_missing", ""
    if stated and stated != currency:
        return "other_currency", stated
    if any(sign in price for sign in ",'’ \u00a0\u202f") and any(sign.isdigit() for sign in price):
        return "thousands_separator", price
    if not price.replace(".", "", 1).isdecimal() or not price.isascii():
        return "not_a_price", price
    if channel and channel not in channels:
        return "foreign_channel", channel
    if (variant, channel) in wanted:
        return "row_twice", f"{variant} {channel}".strip()
    return None
